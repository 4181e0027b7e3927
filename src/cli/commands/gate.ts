import { styleText } from "node:util";
import { Command } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import type { Decision, DecisionDetail } from "../../model/decision.ts";
import { type AgentOptions, agentToken, agentUrl, askAgent } from "../agent-client.ts";

interface GateOptions extends AgentOptions {
  readonly test?: string;
  readonly kind?: string;
  readonly order?: string;
  readonly part?: string;
  readonly plannedHours?: string;
  readonly plannedCycles?: string;
}

type Answer = Decision & { readonly ledgerSeq: number | null };

const BLOCKED = 10;
const UNAVAILABLE = 69;

/** `maint gate`: may this test start? Exit code 0 allowed, 10 blocked, 69 nobody there to ask, which is blocked too. */
export function command(): Command {
  return new Command("gate")
    .description("ask a node whether a test may start; exit code 0 allowed, 10 blocked, 69 no agent (blocked)")
    .requiredOption("--node <id>", "the node whose agent is asked")
    .option("--test <id>", "id of the test about to start")
    .option("--kind <kind>", "kind of test, as contracts name it")
    .option("--order <id>", "client order the test belongs to")
    .option("--part <id>", "part under test, for the record")
    .option("--planned-hours <n>", "use planned for the whole test, in hours")
    .option("--planned-cycles <n>", "use planned for the whole test, in cycles")
    .option("--token <file>", "token file of the operator (else MAINT_TOKEN_FILE, else the node's own token)")
    .option("--node-url <url>", "the agent's address (else the one of the data folder)")
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--json", "print the decision as JSON")
    .addHelpText("after", "\nExample:\n  maint gate --node LP-01 --test T-1 --token keys/STF-1.token")
    .action(gate);
}

async function gate(options: GateOptions): Promise<void> {
  let answer: Answer;
  try {
    answer = await ask(options);
  } catch (error) {
    if (!(error instanceof MaintError) || error.exitCode !== UNAVAILABLE) throw error;
    unavailable(options, error);
    return;
  }
  const lines = options.json === true ? [JSON.stringify(answer)] : describe(answer);
  process.stdout.write(`${lines.join("\n")}\n`);
  // A decision that could not be written down was made by nobody.
  process.exitCode = answer.allow === true ? 0 : answer.ledgerSeq === null ? UNAVAILABLE : BLOCKED;
}

async function ask(options: GateOptions): Promise<Answer> {
  const { test, kind, order, part, plannedHours, plannedCycles } = options;
  const planned = { ...given("hours", plannedHours), ...given("cycles", plannedCycles) };
  const body = {
    ...{ ...given("test", test), ...given("kind", kind), ...given("order", order), ...given("part", part) },
    ...(Object.keys(planned).length === 0 ? {} : { planned }),
  };
  const url = agentUrl(options);
  const call = { method: "POST", path: "/v1/gate", url, token: agentToken(options, "machine") } as const;
  const { body: answer } = await askAgent(call, body);
  if (typeof (answer as Partial<Answer> | undefined)?.allow === "boolean") return answer as Answer;
  throw new MaintError("MAINT_ERR_AGENT_ANSWER", `what answers at ${url} is no agent`, { exitCode: UNAVAILABLE });
}

const given = (name: string, value: string | undefined): { readonly [name: string]: string } =>
  value === undefined ? {} : { [name]: value };

function unavailable(options: GateOptions, error: MaintError): void {
  const reason = "runtime.unavailable:node";
  if (options.json === true) {
    const blocked = {
      allow: false,
      reasons: [reason],
      warnings: [],
      node: options.node,
      testId: options.test ?? null,
      ledgerSeq: null,
    };
    process.stdout.write(
      `${JSON.stringify({ ...blocked, error: { code: error.code, message: error.message, help: error.help ?? null } })}\n`,
    );
  } else {
    process.stdout.write(`${bold("red", "BLOCKED")}  ${reason}\n  ${error.message}\n`);
    if (error.help !== undefined) process.stdout.write(`  to do: ${error.help}\n`);
  }
  process.exitCode = UNAVAILABLE;
}

const bold = (colour: "red" | "green" | "yellow", text: string): string =>
  process.stdout.isTTY === true ? styleText(["bold", colour], text) : text;

function describe(decision: Answer): readonly string[] {
  const { allow, node, testId, at, ledgerSeq } = decision;
  const verdict = allow ? bold("green", "ALLOWED") : bold("red", "BLOCKED");
  const what = testId === null ? "a test" : `test ${testId}`;
  const details = decision.details.flatMap((detail) => explain(detail, decision));
  const known = new Set(decision.details.map(({ code, subject }) => `${code}:${subject}`));
  const bare = decision.reasons.filter((reason) => !known.has(reason)).map((reason) => `  ${reason}`);
  const todo = decision.getToGreen.map(({ text, who }) => `  - ${text} (${who})`);
  return [
    `${verdict}  ${what} at ${node ?? "this node"}, ${at}`,
    ...details,
    ...bare,
    ...(todo.length === 0 ? [] : ["what would make it allowed:", ...todo]),
    `contracts: ${decision.contracts.map(({ contract, version }) => `${contract}@${version ?? "file"}`).join(", ") || "none"}; ledger entry ${ledgerSeq ?? "none"}`,
  ];
}

function explain(detail: DecisionDetail, decision: Answer): readonly string[] {
  const { severity, code, subject, contract, condition, line, text, because } = detail;
  const mark = severity === "warning" ? `${bold("yellow", "warning")} ` : "";
  const clause = decision.conditions
    .filter((outcome) => outcome.contract === contract && outcome.name === condition)
    .flatMap(({ clauses }) => clauses)
    .find((outcome) => outcome.line === line);
  return [
    `  ${mark}${code}:${subject}  ${text}`,
    ...(clause === undefined ? [] : [`    ${contract} line ${line}, ${condition}: ${clause.text}`]),
    ...(because === null ? [] : [`    because ${because}`]),
  ];
}
