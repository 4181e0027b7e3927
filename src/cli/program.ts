import { Command, CommanderError, type OutputConfiguration } from "commander";
import { MaintError } from "../base/maint-error.ts";
import { PRODUCT_VERSION } from "../model/product-version.ts";
import { reportError } from "./report-error.ts";

/** A verb of the command line: its module is loaded only when it is asked for, so that `maint gate` stays quick. */
interface Verb {
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: () => Command }>;
}

const verbs: { readonly [name: string]: Verb } = {
  check: { summary: "check contracts and say what is wrong with them", load: () => import("./commands/check.ts") },
  fmt: { summary: "print contracts in the one format", load: () => import("./commands/fmt.ts") },
  build: { summary: "compile contracts to bundles", load: () => import("./commands/build.ts") },
  doc: { summary: "write contracts as pages for auditors", load: () => import("./commands/doc.ts") },
  import: { summary: "turn a SMART contract's YAML into a contract", load: () => import("./commands/import.ts") },
  export: { summary: "write contracts as SMART YAML", load: () => import("./commands/export.ts") },
  diff: { summary: "say what a newer version of contracts changes", load: () => import("./commands/diff.ts") },
  explain: { summary: "explain a diagnostic or a reason code", load: () => import("./commands/explain.ts") },
  test: { summary: "run the tests inside contracts", load: () => import("./commands/test.ts") },
  eval: { summary: "decide one snapshot, or many, without a server", load: () => import("./commands/eval.ts") },
  keys: { summary: "make and list signing keys", load: () => import("./commands/keys.ts") },
  hub: { summary: "run the hub", load: () => import("./commands/hub.ts") },
  node: { summary: "enrol and run the agent of a test node", load: () => import("./commands/node.ts") },
  backup: { summary: "copy a hub's or a node's data while it runs", load: () => import("./commands/backup.ts") },
  restore: { summary: "put a backup back", load: () => import("./commands/restore.ts") },
  person: { summary: "add people and their tokens", load: () => import("./commands/person.ts") },
  contract: { summary: "create, validate, store and follow contracts", load: () => import("./commands/contract.ts") },
  release: { summary: "sign, approve and verify releases", load: () => import("./commands/release.ts") },
  rollout: { summary: "bring versions to nodes in waves", load: () => import("./commands/rollout.ts") },
  "why-not": {
    summary: "say why a node does not run the newest version",
    load: () => import("./commands/why-not.ts"),
  },
  record: { summary: "record evidence at a node", load: () => import("./commands/record.ts") },
  evidence: {
    summary: "import calibrations from certificates and lists",
    load: () => import("./commands/evidence.ts"),
  },
  gate: { summary: "ask a node whether a test may start", load: () => import("./commands/gate.ts") },
  due: { summary: "say what will lapse, and what it will block", load: () => import("./commands/due.ts") },
  receipt: {
    summary: "fetch and verify the signed receipt of a decision",
    load: () => import("./commands/receipt.ts"),
  },
  status: { summary: "say how a hub or a node is", load: () => import("./commands/status.ts") },
  alert: { summary: "list and acknowledge alerts", load: () => import("./commands/alert.ts") },
  pattern: { summary: "find alert patterns across nodes", load: () => import("./commands/pattern.ts") },
  replay: {
    summary: "decide recorded decisions again under another version",
    load: () => import("./commands/replay.ts"),
  },
  proposal: { summary: "read, accept or reject proposed versions", load: () => import("./commands/proposal.ts") },
  order: { summary: "link and close client orders", load: () => import("./commands/order.ts") },
  impact: { summary: "trace what rested on an instrument found bad", load: () => import("./commands/impact.ts") },
  report: { summary: "make and verify reports for auditors", load: () => import("./commands/report.ts") },
  archive: { summary: "read what the hub archived of nodes' ledgers", load: () => import("./commands/archive.ts") },
  ledger: { summary: "list and verify a ledger", load: () => import("./commands/ledger.ts") },
  story: { summary: "run hub, nodes and the UV story on this machine", load: () => import("./commands/story.ts") },
};

/**
 * Runs one command line and answers its exit code: 0 fine, 1 findings, 2 usage or bad input, 10 blocked, 69 unavailable.
 * Prints a stack trace only with `--debug`. Never throws.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const debug = args.includes("--debug");
  const given = args.filter((word) => word !== "--debug");
  // Only the module of a verb knows its help: `maint help gate` is `maint gate --help`.
  const words = given[0] === "help" && isVerb(given[1]) ? [...given.slice(1), "--help"] : given;
  const program = new Command("maint")
    .description("Maintenance and calibration contracts that decide whether a test may start.")
    .version(PRODUCT_VERSION, "-V, --version")
    .addHelpText(
      "after",
      "\nExample:\n  maint check contracts\n\n--debug before or behind any command shows stack traces.",
    )
    .exitOverride()
    .configureOutput(usageErrors(words.includes("--json")));
  process.exitCode = 0;
  try {
    await addVerbs(program, words[0]);
    await program.parseAsync([...words], { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return reportError(error, { json: words.includes("--json"), debug });
  }
}

const isVerb = (word: string | undefined): word is string => word !== undefined && Object.hasOwn(verbs, word);

async function addVerbs(program: Command, asked: string | undefined): Promise<void> {
  const verb = isVerb(asked) ? verbs[asked] : undefined;
  if (verb !== undefined) {
    const { command } = await verb.load();
    program.addCommand(overridden(command(), program));
    return;
  }
  for (const [name, { summary }] of Object.entries(verbs)) program.command(name).summary(summary).description(summary);
}

/** Subcommands do not inherit it: without this a usage error would end the process before its exit code is ours. */
function overridden(command: Command, from: Command): Command {
  command.copyInheritedSettings(from);
  for (const sub of command.commands) overridden(sub, from);
  return command;
}

/** Usage errors look like every other error of ours. */
const usageErrors = (json: boolean): OutputConfiguration => ({
  outputError: (text) => {
    const [message = "", ...hints] = text
      .replace(/^error: /, "")
      .trim()
      .split("\n");
    const help = hints.join(" ").replace(/^\((.*)\)$/, "$1");
    reportError(new MaintError("MAINT_ERR_USAGE", message, help === "" ? {} : { help }), { json, debug: false });
  },
});
