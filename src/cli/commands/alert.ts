import { Command, InvalidArgumentError } from "commander";
import { printUtc } from "../../base/civil-time.ts";
import type { Severity } from "../../model/alert.ts";
import { type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";
import { paintFor } from "../paint.ts";

/** `maint alert`: what nodes reported, and who took it up. */
export function command(): Command {
  const alert = new Command("alert").description("list and acknowledge alerts");
  withHubOptions(alert.command("list").description("list alerts, newest first"))
    .option("--contract <id>", "only those of this contract")
    .option("--node <id>", "only those of this node")
    .option("--state <state>", "open or acknowledged")
    .option("--since <instant>", "only those from this instant on, 2026-11-24T06:00:00Z")
    .option("--limit <count>", "at most so many", countOf, 100)
    .addHelpText("after", "\nExample:\n  maint alert list --contract UV-DAILY --state open")
    .action(list);
  withHubOptions(alert.command("ack <id>").description("acknowledge an alert and those that say the same"))
    .requiredOption("--note <text>", "what was done about it")
    .addHelpText("after", '\nExample:\n  maint alert ack alert-17 --note "lamp changed, measured again"')
    .action(acknowledge);
  return alert.addHelpText("after", "\nExample:\n  maint alert list --state open");
}

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("a whole number from 1 was expected");
  return count;
}

interface ListOptions extends HubOptions {
  readonly contract?: string;
  readonly node?: string;
  readonly state?: string;
  readonly since?: string;
  readonly limit: number;
}

interface ListedAlert {
  readonly id: string;
  readonly node: string;
  readonly atMs: number;
  readonly severity: Severity;
  readonly contract: string | null;
  readonly reason: string;
  readonly subject: string;
  readonly text: string;
  readonly state: string;
  readonly acknowledgement: { readonly by: string; readonly note: string } | null;
}

async function list(options: ListOptions): Promise<void> {
  const query = new URLSearchParams({ limit: String(options.limit) });
  for (const name of ["contract", "node", "state", "since"] as const) {
    const value = options[name];
    if (value !== undefined) query.set(name, value);
  }
  const answer = (await hubClient(options).get(`/v1/alerts?${query}`)) as {
    readonly alerts: readonly ListedAlert[];
    readonly groups: readonly { readonly open: number }[];
  };
  const open = answer.groups.reduce((sum, group) => sum + group.open, 0);
  const lines = answer.alerts.flatMap(alertLines);
  lines.push(answer.alerts.length === 0 ? "no alerts" : `${answer.alerts.length} listed, ${open} open`);
  printAnswer(options, answer, lines);
}

const URGENT: ReadonlySet<Severity> = new Set(["critical", "emergency"]);

function alertLines(alert: ListedAlert): readonly string[] {
  const paint = paintFor(process.stdout) ?? ((_style: string, text: string): string => text);
  const style = URGENT.has(alert.severity) ? "error" : "warning";
  const severity = alert.state === "open" ? paint(style, alert.severity) : alert.severity;
  const { acknowledgement } = alert;
  const state = acknowledgement === null ? "open" : `acknowledged by ${acknowledgement.by}: ${acknowledgement.note}`;
  const head = [alert.id, printUtc(alert.atMs), alert.node, severity, `${alert.reason}:${alert.subject}`].join("  ");
  return [head, paint("faint", `    ${alert.contract ?? "no contract"} · ${alert.text} · ${state}`)];
}

async function acknowledge(id: string, options: HubOptions & { readonly note: string }): Promise<void> {
  const path = `/v1/alerts/${encodeURIComponent(id)}/acknowledge`;
  const answer = (await hubClient(options).post(path, { note: options.note })) as {
    readonly ids: readonly string[];
    readonly by: string;
  };
  printAnswer(options, answer, [`${answer.ids.join(", ")} acknowledged by ${answer.by}`]);
}
