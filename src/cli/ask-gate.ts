import { MaintError } from "../base/maint-error.ts";
import type { Decision, DecisionDetail } from "../model/decision.ts";
import { type AgentOptions, agentToken, agentUrl, askAgent } from "./agent-client.ts";

/** `maint gate` as it was asked. Light on purpose: no part of the command line's own library is loaded for it. */
export interface GateOptions extends AgentOptions {
  readonly test?: string;
  readonly kind?: string;
  readonly order?: string;
  readonly part?: string;
  readonly plannedHours?: string;
  readonly plannedCycles?: string;
  readonly start?: boolean;
  readonly end?: boolean;
  readonly result?: string;
  readonly preview?: boolean;
}

type Answer = Decision & {
  readonly ledgerSeq: number | null;
  readonly preview?: boolean;
  readonly running?: { readonly test: string; readonly startedAt: string } | null;
};

interface Ended {
  readonly test: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly ledgerSeq: number;
  readonly closingChecks: readonly string[];
}

const BLOCKED = 10;
const UNAVAILABLE = 69;

/** Exit code 0 allowed, 10 blocked, 69 nobody there to ask, which is blocked too. @throws MaintError for what is asked wrongly */
export async function askGate(options: GateOptions): Promise<void> {
  refuseMixture(options);
  if (options.end === true) {
    await end(options);
    return;
  }
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
  const mayStart = answer.allow === true && answer.preview !== true;
  process.exitCode = mayStart ? 0 : answer.ledgerSeq === null && answer.preview !== true ? UNAVAILABLE : BLOCKED;
}

function refuseMixture({ start, end: ends, preview, result, test }: GateOptions): void {
  const chosen = [start, ends, preview].filter((one) => one === true).length;
  if (chosen > 1) throw new MaintError("MAINT_ERR_USAGE", "--start, --end and --preview exclude each other");
  if ((start === true || ends === true) && test === undefined)
    throw new MaintError("MAINT_ERR_USAGE", "a test that starts or ends is named", { help: "--test T-1" });
  if (result !== undefined && ends !== true) throw new MaintError("MAINT_ERR_USAGE", "--result goes with --end");
}

/** Exit code 0 the end is kept, 2 no such test runs, 69 nobody there to tell. */
async function end(options: GateOptions): Promise<void> {
  const url = agentUrl(options);
  const call = { method: "POST", path: "/v1/test/end", url, token: agentToken(options, "machine") } as const;
  const { body } = await askAgent(call, { test: options.test, ...given("result", options.result) });
  const { test, startedAt, endedAt, ledgerSeq, closingChecks } = body as Ended;
  const checks = closingChecks.map((asset) => `  to do: check ${asset} after use (maint record check --when closing)`);
  const lines = [
    `ENDED  test ${test} at ${options.node}, ${startedAt} to ${endedAt}; ledger entry ${ledgerSeq}`,
    ...checks,
  ];
  process.stdout.write(`${options.json === true ? JSON.stringify(body) : lines.join("\n")}\n`);
}

async function ask(options: GateOptions): Promise<Answer> {
  const { test, kind, order, part, plannedHours, plannedCycles } = options;
  const planned = { ...given("hours", plannedHours), ...given("cycles", plannedCycles) };
  const body = {
    ...{ ...given("test", test), ...given("kind", kind), ...given("order", order), ...given("part", part) },
    ...(Object.keys(planned).length === 0 ? {} : { planned }),
    ...(options.preview === true ? { preview: true } : {}),
  };
  const url = agentUrl(options);
  const call = {
    method: "POST",
    path: options.start === true ? "/v1/test/start" : "/v1/gate",
    url,
    token: agentToken(options, "machine"),
  } as const;
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
  // Loaded for a terminal alone: a test program that reads a pipe waits for every module.
  process.stdout.isTTY === true ? process.getBuiltinModule("node:util").styleText(["bold", colour], text) : text;

function describe(decision: Answer): readonly string[] {
  const { allow, node, testId, at, ledgerSeq } = decision;
  const verdict = `${decision.preview === true ? "PREVIEW  " : ""}${allow ? bold("green", "ALLOWED") : bold("red", "BLOCKED")}`;
  const what = testId === null ? "a test" : `test ${testId}`;
  const details = decision.details.flatMap((detail) => explain(detail, decision));
  const known = new Set(decision.details.map(({ code, subject }) => `${code}:${subject}`));
  const bare = decision.reasons.filter((reason) => !known.has(reason)).map((reason) => `  ${reason}`);
  const todo = decision.getToGreen.map(({ text, who }) => `  - ${text} (${who})`);
  const running = decision.running ?? null;
  return [
    `${verdict}  ${what} at ${node ?? "this node"}, ${at}`,
    ...details,
    ...bare,
    ...(running === null ? [] : [`running since ${running.startedAt}`]),
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
