import { type Command, Option } from "commander";
import type { ListedEvidence, ListedRecord } from "../agent/evidence-routes.ts";
import { EVIDENCE_KINDS, type EvidenceBody } from "../model/evidence.ts";
import { type AgentOptions, agentToken, agentUrl, askAgent } from "./agent-client.ts";

interface ListOptions extends AgentOptions {
  readonly kind?: string;
  readonly subject?: string;
  readonly limit: string;
  readonly before?: string;
}

/** `maint record list`: everything that was recorded at a node, what was recorded last first, and what corrects what. */
export function listCommand(record: Command): void {
  record
    .command("list")
    .description("print what was recorded, the newest first, and what corrects what")
    .requiredOption("--node <id>", "the node whose agent keeps it")
    .addOption(new Option("--kind <kind>", "only this kind").choices(EVIDENCE_KINDS))
    .option("--subject <name>", "only of this role, asset, quantity, step, material or test")
    .option("--limit <count>", "at most this many", "20")
    .option("--before <seq>", "only what stands before this ledger entry: the next page")
    .option("--token <file>", "token file (else MAINT_TOKEN_FILE, else the node's own token)")
    .option("--node-url <url>", "the agent's address (else the one of the data folder)")
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  maint record list --node LP-01 --kind calibration --subject light-meter")
    .action(list);
}

async function list(options: ListOptions): Promise<void> {
  const query = new URLSearchParams({ limit: options.limit });
  for (const name of ["kind", "subject", "before"] as const)
    if (options[name] !== undefined) query.set(name, options[name]);
  const call = { path: `/v1/evidence?${query}`, url: agentUrl(options), token: agentToken(options, "machine") };
  const { body } = await askAgent({ method: "GET", ...call });
  const { evidence, next } = body as { readonly evidence: readonly ListedEvidence[]; readonly next: number | null };
  const lines = evidence.length === 0 ? ["nothing is recorded"] : evidence.flatMap(linesOf);
  const more = next === null ? [] : [`earlier ones: --before ${next}`];
  process.stdout.write(options.json === true ? `${JSON.stringify(body)}\n` : `${[...lines, ...more].join("\n")}\n`);
}

function linesOf(record: ListedEvidence): readonly string[] {
  const { id, kind, subject, takenAt, by, corrects, correctedBy } = record;
  const indent = " ".repeat(id.length + 2);
  const line = `${id}  ${takenAt}  ${kind} ${plain(subject)}  ${said(record)}  by ${plain(by)}`;
  return [
    line,
    ...(corrects === null ? [] : [`${indent}corrects ${corrects.id}: ${said(corrects)}, by ${plain(corrects.by)}`]),
    ...(correctedBy.length === 0 ? [] : [`${indent}corrected by ${correctedBy.join(", ")}: it counts no more`]),
  ];
}

/** The fields of a record as `name value`, in the order in which they were written down. */
function said({ body }: ListedRecord): string {
  const { kind: _, ...fields } = body as EvidenceBody & { readonly [field: string]: unknown };
  const words = Object.entries(fields).map(([name, value]) => `${name} ${plain(value)}`);
  return words.length === 0 ? "said" : words.join(", ");
}

/** Text that somebody typed never reaches the terminal as it is: JSON writes control characters as escapes. */
const plain = (value: unknown): string =>
  typeof value === "string" && /^[\p{L}\p{N}\p{P}\p{S} ]*$/u.test(value) && !value.startsWith('"')
    ? value
    : JSON.stringify(value).replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g, escaped);

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
