import { setTimeout as pause } from "node:timers/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { DAY_MS } from "../../base/civil-time.ts";
import type { ShownAlertRetention } from "../../hub/alerts/alert-retention.ts";
import type { AlertVerification } from "../../hub/alerts/verify-alerts.ts";
import { SEVERITIES } from "../../model/alert.ts";
import { ALERTS_HELD_MS } from "../../model/limits.ts";
import {
  type AlertDetailsAnswer,
  alertLines,
  detailLines,
  type ListedAlert,
  type MetricsAnswer,
  metricsLines,
  noticeLine,
  type OutboxAnswer,
  retentionLines,
} from "../alert-lines.ts";
import { type HubOptions, hubClient, LONG_PATIENCE_MS, printAnswer, withHubOptions } from "../hub-client.ts";

/** `maint alert`: what nodes reported, who was told, and who took it up. */
export function command(): Command {
  const alert = new Command("alert").description("list, follow and acknowledge alerts, and see who was told");
  withFilter(withHubOptions(alert.command("list").description("list alerts, the last to come first")))
    .option("--state <state>", "open or acknowledged")
    .option("--since <instant>", "only those from this instant on, by the node's clock, 2026-11-24T06:00:00Z")
    .option("--until <instant>", "only those before this instant")
    .option("--before <alert>", "only those that came before this one: the next page")
    .option("--limit <count>", "at most so many", countOf, 100)
    .addHelpText("after", "\nExample:\n  maint alert list --contract UV-DAILY --state open --severity high")
    .action(list);
  withFilter(withHubOptions(alert.command("tail").description("print alerts as they come, until Ctrl-C")))
    .option("--after <alert>", "begin behind this one, as after an interruption; else with the next to come")
    .addHelpText("after", "\nExample:\n  maint alert tail --severity high\n  maint alert tail --after alert-17 --json")
    .action(tail);
  withHubOptions(alert.command("show <id>").description("an alert, its incident, and who was told when"))
    .addHelpText("after", "\nExample:\n  maint alert show alert-17")
    .action(show);
  withHubOptions(
    alert
      .command("ack <ids...>")
      .description("acknowledge alerts, or groups by fingerprint, and those that say the same"),
  )
    .requiredOption("--note <text>", "what was done about it")
    .addHelpText("after", '\nExample:\n  maint alert ack alert-17 alert-21 --note "lamp changed, measured again"')
    .action(acknowledge);
  withHubOptions(alert.command("metrics").description("how long it took to tell people, and them to acknowledge"))
    .addOption(
      new Option("--by <part>", "per what").choices(["severity", "contract", "station", "role"]).default("severity"),
    )
    .option("--since <instant>", "incidents that began from this instant on (else of the last 30 days)")
    .option("--until <instant>", "incidents that began before this instant")
    .addHelpText("after", "\nExample:\n  maint alert metrics --by station --since 2026-11-01T00:00:00Z")
    .action(metrics);
  withHubOptions(
    alert.command("verify").description("hold the stored alerts to the ledger; exit code 1 where they differ"),
  )
    .addHelpText("after", "\nExample:\n  maint alert verify")
    .action(verify);
  withHubOptions(
    alert.command("retain").description("show or set how much of alerts is kept; what is beyond goes for good"),
  )
    .option("--days <number>", "what came in so many days", countOf)
    .option("--records <number>", "the newest so many, alerts and trials", countOf)
    .addOption(new Option("--forever", "everything").conflicts(["days", "records"]))
    .option("--reason <text>", "why, for the ledger")
    .addHelpText(
      "after",
      `\nWhat waits for a person, a notice or a proposal stays, and so does what came in the last ${ALERTS_HELD_MS / DAY_MS} days.\n` +
        '\nExample:\n  maint alert retain\n  maint alert retain --days 400 --reason "as the quality manual says"',
    )
    .action(retain);
  withHubOptions(alert.command("test-notice").description("send a trial notice, and say what became of it"))
    .requiredOption("--to <role-or-channel>", "a role, along its routes, or a channel by its name")
    .option("--address <address>", "where the channel is e-mail")
    .addHelpText("after", "\nExample:\n  maint alert test-notice --to supervisor")
    .action(testNotice);
  alert.addCommand(outboxCommand());
  return alert.addHelpText("after", "\nExample:\n  maint alert list --state open");
}

function outboxCommand(): Command {
  const outbox = new Command("outbox").description("notices on their way, and those that were given up");
  withHubOptions(outbox.command("list").description("list notices, the newest first"))
    .addOption(new Option("--state <state>", "only these").choices(["waiting", "delivered", "dead", "summarised"]))
    .option("--limit <count>", "at most so many", countOf, 100)
    .addHelpText("after", "\nExample:\n  maint alert outbox list --state dead")
    .action(listOutbox);
  withHubOptions(outbox.command("retry [ids...]").description("send given-up notices again"))
    .option("--all", "all of them")
    .addHelpText("after", "\nExample:\n  maint alert outbox retry notice-17\n  maint alert outbox retry --all")
    .action(retry);
  return outbox.addHelpText("after", "\nExample:\n  maint alert outbox list --state dead");
}

const withFilter = (command: Command): Command =>
  command
    .option("--contract <id>", "only those of this contract")
    .option("--node <id>", "only those of this node")
    .option("--reason <code>", "only those with this reason code, reading.out-of-limits")
    .addOption(new Option("--severity <severity>", "only this and worse").choices(SEVERITIES));

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("a whole number from 1 was expected");
  return count;
}

interface FilterOptions extends HubOptions {
  readonly contract?: string;
  readonly node?: string;
  readonly reason?: string;
  readonly severity?: string;
}

interface ListOptions extends FilterOptions {
  readonly state?: string;
  readonly since?: string;
  readonly until?: string;
  readonly before?: string;
  readonly limit: number;
}

/** What was given, as a query. */
function queryOf(parts: { readonly [name: string]: string | undefined }): URLSearchParams {
  const given = Object.entries(parts).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return new URLSearchParams(given);
}

async function list(options: ListOptions): Promise<void> {
  const { contract, node, reason, severity, state, since, until, before, limit } = options;
  const query = queryOf({ contract, node, reason, severity, state, since, until, before, limit: String(limit) });
  const answer = (await hubClient(options).get(`/v1/alerts?${query}`)) as {
    readonly alerts: readonly ListedAlert[];
    readonly groups: readonly { readonly open: number }[];
    readonly next: string | null;
  };
  const open = answer.groups.reduce((sum, group) => sum + group.open, 0);
  const lines = answer.alerts.flatMap(alertLines);
  lines.push(answer.alerts.length === 0 ? "no alerts" : `${answer.alerts.length} listed, ${open} open`);
  if (answer.next !== null) lines.push(`more: --before ${answer.next}`);
  printAnswer(options, answer, lines);
}

const WAIT_S = 20;
const PAUSE_MS = 1_000;

/** Asks on and on; after an interruption it goes on behind the last alert that it printed. */
async function tail(options: FilterOptions & { readonly after?: string }): Promise<void> {
  const hub = hubClient(options);
  const { contract, node, reason, severity } = options;
  for (let { after } = options; ; ) {
    const begun = performance.now();
    const query = queryOf({ contract, node, reason, severity, after, wait: String(after === undefined ? 0 : WAIT_S) });
    const page = (await hub.get(`/v1/alerts/tail?${query}`)) as {
      readonly alerts: readonly ListedAlert[];
      readonly next: string;
    };
    for (const alert of page.alerts) printAnswer(options, alert, alertLines(alert));
    // A hub with no place for those who wait answers at once.
    if (after !== undefined && page.alerts.length === 0 && performance.now() - begun < PAUSE_MS) await pause(PAUSE_MS);
    after = page.next;
  }
}

async function show(id: string, options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get(`/v1/alerts/${encodeURIComponent(id)}`)) as AlertDetailsAnswer;
  printAnswer(options, answer, detailLines(answer));
}

async function acknowledge(ids: readonly string[], options: HubOptions & { readonly note: string }): Promise<void> {
  const answer = (await hubClient(options).post("/v1/alerts/acknowledge", { ids, note: options.note })) as {
    readonly ids: readonly string[];
    readonly count: number;
    readonly by: string;
  };
  const more = answer.count - answer.ids.length;
  const named = answer.ids.join(", ") + (more > 0 ? ` and ${more} more` : "");
  printAnswer(options, answer, [`${named} acknowledged by ${answer.by}`]);
}

interface MetricsOptions extends HubOptions {
  readonly by: string;
  readonly since?: string;
  readonly until?: string;
}

async function metrics(options: MetricsOptions): Promise<void> {
  const { by, since, until } = options;
  const answer = (await hubClient(options).get(`/v1/alerts/metrics?${queryOf({ by, since, until })}`)) as MetricsAnswer;
  printAnswer(options, answer, metricsLines(answer));
}

async function verify(options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get("/v1/alerts/verify", {
    patienceMs: LONG_PATIENCE_MS,
  })) as AlertVerification;
  process.exitCode = answer.findingCount === 0 ? 0 : 1;
  const lines = answer.findings.map(
    ({ firstAlert, entry, message }) => `${firstAlert}, entry ${entry ?? "none"}: ${message}`,
  );
  const { removed } = answer;
  if (removed.batches > 0) lines.push(removedLine(removed));
  const said =
    answer.findingCount === 0
      ? `all ${answer.records} records in ${answer.batches} batches are those that the ledger names`
      : `${answer.findingCount} of ${answer.batches} batches do not hold`;
  printAnswer(options, answer, [...lines, said]);
}

function removedLine({ records, entries }: AlertVerification["removed"]): string {
  const [first, last] = [entries.at(0), entries.at(-1)];
  const by = first === undefined ? "" : first === last ? `entry ${first}: ` : `entries ${first} to ${last}: `;
  return `removed by retention, ${by}${records} records`;
}

interface RetainOptions extends HubOptions {
  readonly days?: number;
  readonly records?: number;
  readonly forever?: boolean;
  readonly reason?: string;
}

async function retain(options: RetainOptions): Promise<void> {
  const { days = null, records = null, forever, reason } = options;
  const isAsking = days === null && records === null && forever !== true;
  if (isAsking !== (reason === undefined)) {
    const { MaintError } = await import("../../base/maint-error.ts");
    const why = isAsking ? "how much is kept? say --days, --records or --forever" : "say why: --reason";
    throw new MaintError("MAINT_ERR_USAGE", why);
  }
  const hub = hubClient(options);
  const path = "/v1/alerts/retention";
  const answer = await (isAsking
    ? hub.get(path, { patienceMs: LONG_PATIENCE_MS })
    : hub.put(path, { days, records, reason }));
  printAnswer(options, answer, retentionLines(answer as ShownAlertRetention));
}

async function testNotice(options: HubOptions & { readonly to: string; readonly address?: string }): Promise<void> {
  const { to, address } = options;
  const body = { to, ...(address === undefined ? {} : { address }) };
  const answer = (await hubClient(options).post("/v1/alerts/trial", body)) as OutboxAnswer;
  process.exitCode = answer.notices.every(({ state }) => state === "delivered") ? 0 : 1;
  printAnswer(options, answer, answer.notices.map(noticeLine));
}

async function listOutbox(options: HubOptions & { readonly state?: string; readonly limit: number }): Promise<void> {
  const query = queryOf({ state: options.state, limit: String(options.limit) });
  const answer = (await hubClient(options).get(`/v1/alerts/outbox?${query}`)) as OutboxAnswer;
  printAnswer(options, answer, answer.notices.length === 0 ? ["no notices"] : answer.notices.map(noticeLine));
}

async function retry(ids: readonly string[], options: HubOptions & { readonly all?: boolean }): Promise<void> {
  if ((ids.length === 0) === (options.all !== true)) {
    const { MaintError } = await import("../../base/maint-error.ts");
    throw new MaintError("MAINT_ERR_USAGE", "name notices, or say --all");
  }
  const answer = (await hubClient(options).post("/v1/alerts/outbox/retry", {
    ids: options.all === true ? "all" : ids,
  })) as {
    readonly retried: readonly string[];
  };
  const { retried } = answer;
  printAnswer(options, answer, [retried.length === 0 ? "nothing was given up" : `${retried.join(", ")} go out again`]);
}
