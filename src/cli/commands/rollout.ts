import { Command, InvalidArgumentError } from "commander";
import type { ShadowSummary } from "../../hub/alerts/shadow-store.ts";
import type { RolloutEvent } from "../../hub/core/rollout-engine.ts";
import type { RolloutPolicy } from "../../hub/core/rollout-policy.ts";
import type { Prediction } from "../../hub/rollout/predict-flips.ts";
import type { RolloutPlan } from "../../hub/rollout/rollout-commands.ts";
import type { RolloutView } from "../../hub/rollout/rollout-views.ts";
import { type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";
import { releaseOf } from "../named-release.ts";
import { paintFor } from "../paint.ts";
import { eventLine, planLines, policyLine, predictionLines, rolloutLines, shadowLines } from "../rollout-lines.ts";
import { policyOf, type RolloutOptions, withRolloutOptions } from "../rollout-options.ts";
import { rolloutPath, watchRollout } from "../rollout-watch.ts";

/** `maint rollout`: a version's way to its nodes, wave by wave. */
export function command(): Command {
  const rollout = new Command("rollout").description("plan, start, follow, hold and take back rollouts");
  addStarting(rollout);
  addFollowing(rollout);
  addOrders(rollout);
  return rollout.addHelpText("after", "\nExample:\n  maint rollout plan UV-DAILY@v1.1 --waves 1,10%,100% --soak 30m");
}

function addStarting(rollout: Command): void {
  withHubOptions(
    withRolloutOptions(
      rollout
        .command("plan <release>")
        .description("show which nodes, in which waves, and what would change there; changes nothing"),
    ),
  )
    .option("--days <number>", "recorded decisions that are decided again; 0 for none", wholeNumber, 30)
    .addHelpText("after", "\nExample:\n  maint rollout plan UV-DAILY@v1.1 --waves node:LP-01,25%,100%")
    .action(plan);
  withHubOptions(
    withRolloutOptions(
      rollout.command("start <release>").description("start a held version, or one that was taken back"),
    ),
  )
    .addHelpText("after", "\nExample:\n  maint rollout start UV-DAILY@v1.1 --waves 1,100% --soak 1h --on-breach revert")
    .action(start);
  withHubOptions(
    withRolloutOptions(
      rollout
        .command("default <domain>")
        .description("show or set how a domain's versions go out when nobody says otherwise"),
    ),
  )
    .option("--held", "nothing starts by itself: maint rollout start does it")
    .option("--no-held", "storing a version starts its rollout")
    .addHelpText("after", "\nExample:\n  maint rollout default penetrant --waves 5%,100% --soak 1h --on-breach revert")
    .action(setDefault);
}

function addFollowing(rollout: Command): void {
  withHubOptions(
    rollout.command("list").description("list rollouts; exit code 1 where one is paused or was taken back"),
  )
    .addHelpText("after", "\nExample:\n  maint rollout list")
    .action(list);
  withHubOptions(rollout.command("show <release>").description("show one rollout's waves, failures and record"))
    .addHelpText("after", "\nExample:\n  maint rollout show UV-DAILY@v1.1")
    .action(show);
  withHubOptions(
    rollout
      .command("shadow <release>")
      .description("say how a version tried in the shadow differs from what is enforced; exit code 1 where it does"),
  )
    .addHelpText("after", "\nExample:\n  maint rollout shadow UV-DAILY@v1.1")
    .action(shadow);
  withHubOptions(
    rollout
      .command("watch <release>")
      .description("follow a rollout to its end; exit code 0 where it finished, else 1"),
  )
    .addHelpText("after", "\nExample:\n  maint rollout watch UV-DAILY@v1.1")
    .action(watch);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("a whole number from 0 on is needed");
  return Number(text);
}

const ORDERS = [
  ["pause", "open no further wave"],
  ["resume", "go on, in spite of what has failed up to now"],
  ["advance", "open the next wave without waiting for the gate"],
  ["abort", "end it: nodes that have the version keep it"],
] as const;

function addOrders(rollout: Command): void {
  for (const [kind, description] of ORDERS) {
    const order = withHubOptions(rollout.command(`${kind} <release>`).description(description))
      .requiredOption("--reason <text>", "why, for the ledger")
      .addHelpText(
        "after",
        `\nExample:\n  maint rollout ${kind} UV-DAILY@v1.1 --reason "lamp in bay 3 is being changed"`,
      );
    if (kind === "abort") order.option("--revert", "nodes with an earlier version go back to it");
    order.action((name: string, options: OrderOptions) => give(kind, name, options));
  }
}

interface OrderOptions extends HubOptions {
  readonly reason: string;
  readonly revert?: boolean;
}

type Predicted = RolloutPlan & { readonly prediction?: Prediction };

async function plan(name: string, options: HubOptions & RolloutOptions & { readonly days: number }): Promise<void> {
  const body = { ...releaseOf(name), policy: policyOf(options), days: options.days };
  const answer = (await hubClient(options).post("/v1/rollouts/plan", body)) as Predicted;
  printAnswer(options, answer, [...planLines(answer), ...predictionLines(answer, answer.prediction)]);
}

async function start(name: string, options: HubOptions & RolloutOptions): Promise<void> {
  const body = { ...releaseOf(name), policy: policyOf(options) };
  printView(options, (await hubClient(options).post("/v1/rollouts", body)) as RolloutView);
}

async function setDefault(
  domain: string,
  options: HubOptions & RolloutOptions & { readonly held?: boolean },
): Promise<void> {
  const hub = hubClient(options);
  const path = `/v1/rollouts/defaults/${encodeURIComponent(domain)}`;
  const change = { ...policyOf(options), ...(options.held === undefined ? {} : { held: options.held }) };
  const asked = Object.keys(change).length === 0 ? hub.get(path) : hub.put(path, change);
  const answer = (await asked) as { readonly policy: RolloutPolicy };
  printAnswer(options, answer, [
    `${domain}: waves ${answer.policy.waves.join(", ")}`,
    `  ${policyLine(answer.policy)}`,
  ]);
}

async function give(kind: string, name: string, { reason, revert, ...options }: OrderOptions): Promise<void> {
  const order = kind === "abort" ? { kind, reason, revert: revert === true } : { kind, reason };
  printView(options, (await hubClient(options).post(rolloutPath(name), order)) as RolloutView);
}

const printView = (options: HubOptions, view: RolloutView): void =>
  printAnswer(options, view, rolloutLines(view, Date.now(), paintFor(process.stdout)));

async function list(options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get("/v1/rollouts")) as { readonly rollouts: readonly RolloutView[] };
  const needsSomebody = answer.rollouts.some(({ status }) => status === "paused" || status === "reverted");
  process.exitCode = needsSomebody ? 1 : 0;
  const lines = answer.rollouts.flatMap((view) => rolloutLines(view, Date.now(), paintFor(process.stdout)));
  printAnswer(options, answer, lines.length === 0 ? ["no rollout yet"] : lines);
}

type Shown = RolloutView & { readonly events: readonly RolloutEvent[] };

async function show(name: string, options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get(rolloutPath(name))) as Shown;
  const told = answer.events.filter(({ kind }) => kind !== "observed");
  printAnswer(options, answer, [
    ...rolloutLines(answer, Date.now(), paintFor(process.stdout)),
    ...(answer.policy === null ? [] : [`  ${policyLine(answer.policy)}`]),
    ...told.map((event) => `  ${eventLine(event, answer.waves)}`),
  ]);
}

async function shadow(name: string, options: HubOptions): Promise<void> {
  const summary = (await hubClient(options).get(`${rolloutPath(name)}/shadow`)) as ShadowSummary;
  process.exitCode = summary.newlyBlocked + summary.newlyAllowed > 0 ? 1 : 0;
  printAnswer(options, summary, shadowLines(summary));
}

const watch = (name: string, options: HubOptions): Promise<void> => watchRollout(hubClient(options), name, options);
