import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import { parsePlainJson } from "../../base/strict-json.ts";
import { writeAtomically } from "../../disk/atomic-write.ts";
import { keyIdOf, verifyHex } from "../../disk/key-file.ts";
import { type LedgerReader, readLedgerFile } from "../../disk/ledger-file.ts";
import { type Receipt, type SignedReceipt, verifyReceipt } from "../../ledger/receipt.ts";
import { MAX_JSON_BYTES, MAX_JSON_DEPTH } from "../../model/limits.ts";
import { type AgentOptions, agentToken, agentUrl, askAgent } from "../agent-client.ts";
import { decisionLines } from "../decision-lines.ts";
import { readTextFile } from "../evaluation.ts";
import { givenKey, mustBeKeyOf } from "../given-key.ts";

interface ShowOptions extends AgentOptions {
  readonly seq: string;
  readonly out?: string;
  readonly force?: boolean;
}

interface VerifyOptions {
  readonly key: string;
  readonly ledger?: string;
  readonly json?: boolean;
}

/** `maint receipt`: the signed decision that travels with a part, and its verification without any server. */
export function command(): Command {
  const receipt = new Command("receipt").description("fetch and verify the signed receipt of a decision");
  receipt
    .command("get")
    .description("fetch the receipt of a decision from its node")
    .requiredOption("--node <id>", "the node that decided")
    .requiredOption("--seq <n>", "ledger position of the decision, as `maint gate` prints it")
    .option("-o, --out <file>", "where it is written; without it, standard output")
    .option("--force", "replace the file that is there")
    .option("--token <file>", "token file (else MAINT_TOKEN_FILE, else the node's own token)")
    .option("--node-url <url>", "the agent's address (else the one of the data folder)")
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  maint receipt get --node LP-01 --seq 41 -o part-7.receipt.json")
    .action(getReceipt);
  receipt
    .command("verify")
    .description("verify a receipt offline; exit code 0 it holds, 1 it does not")
    .argument("<file>", "the receipt, JSON")
    .requiredOption(
      "--key <key>",
      "the node's public key: what `maint ledger key` prints there, or the 64 hex digits of `maint status --node`",
    )
    .option("--ledger <file>", "the node's ledger, or a copy of it: the receipt must stand in it")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  maint receipt verify part-7.receipt.json --key 3f0a…")
    .action(verifyFile);
  return receipt.addHelpText("after", "\nExample:\n  maint receipt verify part-7.receipt.json --key 3f0a…");
}

async function getReceipt(options: ShowOptions): Promise<void> {
  if (!/^\d{1,15}$/.test(options.seq))
    throw new MaintError("MAINT_ERR_USAGE", `"${options.seq}" is no ledger position`, {
      help: "a whole number, as `maint gate` prints it",
    });
  const path = `/v1/receipt?seq=${options.seq}`;
  const call = { method: "GET", path, url: agentUrl(options), token: agentToken(options, "machine") } as const;
  const { body } = await askAgent(call);
  const { receipt } = body as SignedReceipt;
  const text = `${JSON.stringify(body, null, 2)}\n`;
  if (options.out === undefined) {
    process.stdout.write(options.json === true ? `${JSON.stringify(body)}\n` : text);
    return;
  }
  if (options.force !== true && existsSync(options.out))
    throw new MaintError("MAINT_ERR_FILE_EXISTS", `${options.out}: is there already`, {
      help: "name another, or say --force",
    });
  writeAtomically(options.out, text);
  const said = { file: options.out, node: receipt.node, seq: receipt.ledger.seq, allow: receipt.decision.allow };
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(said)}\n`
      : `receipt of ${receipt.node}, ledger entry ${receipt.ledger.seq}, written to ${options.out}\n`,
  );
}

async function verifyFile(file: string, { key, ledger, json }: VerifyOptions): Promise<void> {
  const help = "maint ledger key --node ID prints it at the node, maint status --node ID shows its hex digits";
  const signedBy = givenKey(key, { whose: "a node", help });
  const parsed = parsePlainJson(await readTextFile(file, MAX_JSON_BYTES), { maxDepth: MAX_JSON_DEPTH });
  if (!parsed.ok) {
    const { line, column, message } = parsed.error;
    throw new MaintError("MAINT_ERR_BAD_JSON", `${file}:${line}:${column}: ${message}`);
  }
  const reader = ledger === undefined ? undefined : openLedger(ledger);
  try {
    const checked = verifyReceipt(parsed.value, {
      ...{ verify: verifyHex, keyIdOf, publicHex: signedBy.publicHex },
      ...(reader === undefined ? {} : { entryAt: (seq: number) => entryAt(reader, seq) }),
    });
    if (checked.ok) mustBeKeyOf(checked.value.receipt.node, signedBy, help);
    const answer = checked.ok
      ? { file, holds: true, checks: checked.value.holds, receipt: checked.value.receipt }
      : { file, holds: false, ...checked.error };
    const lines = checked.ok
      ? [`HOLDS  ${file}`, ...checked.value.holds.map((line) => `  ${line}`), ...told(checked.value.receipt)]
      : [`DOES NOT HOLD  ${file}`, `  ${checked.error.fault}: ${checked.error.message}`];
    process.stdout.write(json === true ? `${JSON.stringify(answer)}\n` : `${lines.join("\n")}\n`);
    process.exitCode = checked.ok ? 0 : 1;
  } finally {
    reader?.close();
  }
}

/** A ledger that does not hold vouches for nothing. */
function openLedger(path: string): LedgerReader {
  const reader = readLedgerFile(path);
  const { finding } = reader.verify();
  if (finding === null) return reader;
  reader.close();
  throw new MaintError("MAINT_ERR_LEDGER_DAMAGED", `${path}: entry ${finding.seq} does not hold: ${finding.message}`, {
    help: `verify the receipt without it, or restore ${join(path)}`,
  });
}

function entryAt(reader: LedgerReader, seq: number) {
  const [entry] = reader.list({ from: seq, limit: 1 });
  return entry?.seq === seq ? entry : undefined;
}

function told({ node, part, decision, ledger }: Receipt): readonly string[] {
  const { testId, operator, order, contracts } = decision;
  const known = [
    ["node", node],
    ["test", testId],
    ["part", part],
    ["operator", operator],
    ["order", order],
    ["ledger", `entry ${ledger.seq} of ${ledger.time} (${ledger.timeSource} time)`],
    ["contracts", contracts.map(({ contract, version }) => `${contract}@${version ?? "file"}`).join(", ")],
  ] as const;
  return [
    ...known.flatMap(([name, value]) => (value === null || value === "" ? [] : [`  ${name}: ${value}`])),
    ...decisionLines(decision),
  ];
}
