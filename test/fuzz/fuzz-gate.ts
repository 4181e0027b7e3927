/**
 * Decides random contracts, snapshots and instants by the compiled evaluator, by json-rules-engine and by the interpreter in
 * test/reference, and compares: `node test/fuzz/fuzz-gate.ts --count 1000000 --seed 1 --workers 2`.
 * `--engine-every N` asks json-rules-engine one case in N (0: none); `--only I` shows one case and what each says of it.
 * Exit code 1 where two differ: the smallest such contract, snapshot and instant is printed.
 */
import { gateCase } from "./gate-case.ts";
import { missingCodes, printCodes, sumOf } from "./gate-codes.ts";
import { judged, judgedByEngine, ourJudges, printCase } from "./gate-judge.ts";
import { fuzzGateInWorkers } from "./gate-workers.ts";
import { runOptions, wholeOption } from "./run-options.ts";

const LIMIT_MS = 120_000;
const MOST_FINDINGS = 5;
/** Fewer cases than this need not give every code. */
const ENOUGH_FOR_ALL_CODES = 20_000;
/** Where less is allowed, the comparison says little about what allows. */
const LEAST_ALLOWED = 0.15;

const ABOUT = `Decides random contracts, snapshots and instants by the compiled evaluator, by json-rules-engine and by the
interpreter in test/reference, and compares. Exit code 1 where two differ; the smallest such case is printed.`;
const values = runOptions(ABOUT, {
  count: { type: "string", default: "1000000", is: "cases" },
  seed: { type: "string", default: "1", is: "the same cases again" },
  workers: { type: "string", default: "2", is: "processes" },
  "engine-every": { type: "string", default: "1", is: "json-rules-engine decides one case in n; 0: none" },
  only: { type: "string", is: "show this case, and what each says of it" },
});

const whole = (name: keyof typeof values, least: number): number => wholeOption(values, name, least);

const seed = whole("seed", 0);

if (values.only === undefined) {
  const count = whole("count", 1);
  const started = performance.now();
  const reports = await fuzzGateInWorkers({
    ...{ seed, end: count, limitMs: LIMIT_MS, mostFindings: MOST_FINDINGS },
    ...{ engineEvery: whole("engine-every", 0), workers: whole("workers", 1) },
  });
  const seconds = (performance.now() - started) / 1000;
  const { runs, engineRuns, allowed, codes, findings } = sumOf(reports);
  console.log(
    `seed ${seed}: ${runs} cases decided by the compiled evaluator and the interpreter, ${engineRuns} of them by json-rules-engine, ` +
      `in ${seconds.toFixed(0)} s (${(runs / seconds).toFixed(0)}/s); ${((100 * allowed) / runs).toFixed(1)} % allowed; ${findings.length} findings`,
  );
  console.log(printCodes(codes));
  for (const { index, what } of findings) console.log(`case ${index} (--seed ${seed} --only ${index}):\n${what}\n`);
  const missing = count >= ENOUGH_FOR_ALL_CODES && findings.length === 0 ? missingCodes(codes) : [];
  if (missing.length > 0) console.log(`no case gave ${missing.join(", ")}`);
  const isPoor = count >= ENOUGH_FOR_ALL_CODES && findings.length === 0 && allowed / runs < LEAST_ALLOWED;
  if (isPoor) console.log("too little was allowed for this to say much");
  process.exitCode = findings.length === 0 && missing.length === 0 && !isPoor ? 0 : 1;
} else {
  const made = gateCase(seed, whole("only", 0));
  const { answer, differs } = judged(made, ourJudges);
  const byEngine = await judgedByEngine(made, ourJudges);
  console.log(`${printCase(made)}\n${JSON.stringify(answer)}`);
  for (const one of [differs, byEngine]) if (one !== undefined) console.log(`${one.who}: ${one.other}`);
  process.exitCode = differs === undefined && byEngine === undefined ? 0 : 1;
}
