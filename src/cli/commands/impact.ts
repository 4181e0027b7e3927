import { Command, InvalidArgumentError, Option } from "commander";
import { parseInstant, printUtc } from "../../base/civil-time.ts";
import { MaintError } from "../../base/maint-error.ts";
import {
  DISPOSITIONS,
  type DisposedItem,
  type DispositionWord,
  type Impact,
  type ImpactCandidate,
  type ImpactCause,
  type ImpactStation,
  type ImpactView,
  wordsOf,
} from "../../hub/impact/impact-model.ts";
import type { Suspect, SuspectTime } from "../../hub/impact/suspects.ts";
import { type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";

interface OpenOptions extends HubOptions {
  readonly asset: string;
  readonly certificate?: string;
  readonly since?: string;
  readonly until?: string;
  readonly note: string;
}

interface ShowOptions extends HubOptions {
  readonly from: number;
  readonly limit: number;
}

interface DisposeOptions extends HubOptions {
  readonly part?: readonly string[];
  readonly item?: readonly string[];
  readonly all?: boolean;
  readonly as: DispositionWord;
  readonly note: string;
}

interface CloseOptions extends HubOptions {
  readonly note: string;
}

/** `maint impact`: an instrument was found bad: what rested on it, and what people decide about that. */
export function command(): Command {
  const impact = new Command("impact").description(
    "trace what rested on an instrument that was found out of tolerance, or whose certificate was taken back",
  );
  const example = "\nExample:\n  maint impact";
  withHubOptions(
    impact.command("list").description("list impacts, and findings that nobody opened; exit code 1 where one is open"),
  )
    .addHelpText("after", `${example} list`)
    .action(list);
  withHubOptions(
    impact.command("open").description("find every decision, test, order and part that rested on an instrument"),
  )
    .requiredOption("--asset <id>", "the instrument, as the station's register calls it")
    .option(
      "--certificate <number>",
      "which calibration found it out of tolerance, or was taken back; else the latest finding",
    )
    .option("--since <instant>", "by hand: from then on, with offset; else since its last good calibration", instant)
    .option("--until <instant>", "by hand: before then; else until now and on", instant)
    .requiredOption("--note <text>", "why")
    .addHelpText(
      "after",
      `${example} open --asset LM-01 --note "as found 8 % low"\n  maint impact open --asset LM-01 --since 2026-11-02T06:00:00-06:00 --note "dropped"`,
    )
    .action(open);
  withHubOptions(
    impact.command("show").argument("<id>").description("look into the archive anew; exit code 1 while it is open"),
  )
    .option("--from <number>", "the first item to print", wholeNumber, 0)
    .option("--limit <number>", "at most so many items", wholeNumber, 100)
    .addHelpText("after", `${example} show impact-1`)
    .action(show);
  withHubOptions(
    impact.command("dispose").argument("<id>").description("say what becomes of parts and tests that rested on it"),
  )
    .option("--part <id...>", "of these parts")
    .option("--item <key...>", "of these items, as `show` prints them")
    .addOption(new Option("--all", "of all that have no disposition yet").conflicts(["part", "item"]))
    .addOption(new Option("--as <word>", "what").choices(DISPOSITIONS).makeOptionMandatory())
    .requiredOption("--note <text>", "why")
    .addHelpText("after", `${example} dispose impact-1 --part P-7 P-8 --as retest --note "on Monday"`)
    .action(dispose);
  withHubOptions(
    impact.command("close").argument("<id>").description("close it; everything it reached has a disposition"),
  )
    .requiredOption("--note <text>", "what it came to")
    .addHelpText("after", `${example} close impact-1 --note "12 parts tested again, none failed"`)
    .action(close);
  return impact.addHelpText("after", `${example} list`);
}

function instant(text: string): string {
  const ms = parseInstant(text);
  if (ms === undefined) throw new InvalidArgumentError("an instant such as 2026-11-24T08:00:00-06:00 is needed");
  return printUtc(ms);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("a whole number from 0 on is needed");
  return Number(text);
}

async function list(options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get("/v1/impacts")) as {
    readonly impacts: readonly Impact[];
    readonly candidates: readonly ImpactCandidate[];
  };
  const { impacts, candidates } = answer;
  const lines = [...impacts.map(summary), ...candidates.map(shownCandidate)];
  printAnswer(options, answer, lines.length === 0 ? ["no impacts"] : lines);
  if (candidates.length > 0 || impacts.some(isOpen)) process.exitCode = 1;
}

const isOpen = ({ state, lastLook }: Impact): boolean => state === "open" || lastLook.undisposed > 0;

function summary(impact: Impact): string {
  const { id, state, lastLook } = impact;
  const { items, undisposed, counts } = lastLook;
  const found = state === "closed" && undisposed > 0 ? `  ${undisposed} FOUND SINCE IT WAS CLOSED` : "";
  return `${id}  ${state}  ${plain(wordsOf(impact))}: ${items} parts and tests, ${undisposed} without disposition, at ${counts.nodes.length} nodes${found}`;
}

function shownCandidate({ asset, certificate, words }: ImpactCandidate): string {
  const named = certificate === null ? "" : ` --certificate ${certificate}`;
  return plain(`NOT OPENED  ${words}: maint impact open --asset ${asset}${named} --note "…"`);
}

/** Control characters in what people wrote must not steer a terminal. */
const plain = (text: string): string => text.replaceAll(/\p{Cc}/gu, " ");

async function open(options: OpenOptions): Promise<void> {
  const { asset, certificate, since, until, note } = options;
  printView(
    options,
    (await hubClient(options).post("/v1/impacts", { asset, certificate, since, until, note })) as ImpactView,
  );
}

async function show(id: string, options: ShowOptions): Promise<void> {
  const path = `/v1/impacts/${encodeURIComponent(id)}?from=${options.from}&limit=${Math.max(1, options.limit)}`;
  const view = (await hubClient(options).get(path)) as ImpactView;
  printView(options, view);
  if (isOpen(view)) process.exitCode = 1;
}

async function dispose(id: string, options: DisposeOptions): Promise<void> {
  const { part = [], item = [], all, note } = options;
  const named = [...part.map((one) => `part:${one}`), ...item];
  if (all !== true && named.length === 0)
    throw new MaintError("MAINT_ERR_USAGE", "of what? say --part, --item or --all");
  const body = { items: all === true ? "all" : named, disposition: options.as, note };
  printView(
    options,
    (await hubClient(options).post(`/v1/impacts/${encodeURIComponent(id)}/dispositions`, body)) as ImpactView,
  );
}

async function close(id: string, options: CloseOptions): Promise<void> {
  const view = await hubClient(options).post(`/v1/impacts/${encodeURIComponent(id)}/close`, { note: options.note });
  printView(options, view as ImpactView);
}

function printView(options: { readonly json?: boolean }, view: ImpactView): void {
  const { suspects, items, stations, lastLook, closed } = view;
  const { allowed, blocked, unclear, tests, orders, parts } = lastLook.counts;
  printAnswer(options, view, [
    summary(view),
    `    ${plain(view.note)} (${view.openedBy}, ${printUtc(view.openedAtMs)})`,
    ...(closed === null ? [] : [`    closed by ${closed.by}, ${printUtc(closed.atMs)}: ${plain(closed.note)}`]),
    ...suspects.map(shownSuspect),
    `rested on it: ${allowed} allowed decisions (${blocked} more blocked), ${tests} tests, ${orders} orders, ${parts} parts`,
    ...(unclear === 0
      ? []
      : [`of ${unclear} nobody can say whether they did: what was decided on was too large to keep`]),
    ...items.map(shownItem),
    ...(items.length < lastLook.items ? [`… ${lastLook.items} in all; --from, --limit`] : []),
    ...stations.map((one) => shownStation(view.cause, one)),
  ]);
}

const timeOf = ({ fromMs, toMs }: SuspectTime): string =>
  `${fromMs === null ? "ever" : printUtc(fromMs)} to ${toMs === null ? "now" : printUtc(toMs)}`;

function shownSuspect(suspect: Suspect): string {
  const via = suspect.via.map(({ standard, performedOn }) => `${standard} on ${performedOn}`);
  const how = via.length === 0 ? "" : `, calibrated with ${via.reverse().join(", that one with ")}`;
  return plain(`suspect: ${suspect.asset} from ${timeOf(suspect)}${how}`);
}

function shownItem({ key, tests, orders, nodes, decisions, disposition, lastAtMs }: DisposedItem): string {
  const of = [`tests ${tests.join(", ")}`, ...(orders.length === 0 ? [] : [`order ${orders.join(", ")}`])].join("; ");
  const decided =
    disposition === null ? "NO DISPOSITION" : `${disposition.disposition} by ${disposition.by}: ${disposition.note}`;
  return plain(
    `  ${key}  ${decisions.length} decisions at ${nodes.join(", ")}, last ${printUtc(lastAtMs)}  (${of})  ${decided}`,
  );
}

function shownStation(cause: ImpactCause, { node, certificate, closed, toDo }: ImpactStation): string {
  if (closed !== null)
    return plain(`at ${node}: settled by ${closed.by}, ${printUtc(closed.atMs)}: ${closed.disposition}`);
  if (toDo === null)
    return plain(
      `at ${node}: its record names no certificate (${certificate ?? "none"}); the warning ends with its next calibration`,
    );
  return plain(
    `at ${node}: until this is recorded there it ${cause.kind === "revoked" ? "accepts the certificate" : "warns"}: ${toDo}`,
  );
}
