/**
 * Fuzzes the parser, the formatter and the compiler: `node test/fuzz/fuzz-parse.ts --count 1000000 --seed 1 --workers 2`.
 * `--compile-every N` compiles one case in N (0: none); `--only I` shows and runs one case. Exit code 1 where something was found.
 */
import { createHash } from "node:crypto";
import { fuzz } from "./fuzz-loop.ts";
import { fuzzInWorkers } from "./fuzz-workers.ts";
import { ourSubject } from "./invariants.ts";
import { fuzzCase, fuzzSources } from "./mutator.ts";
import { runOptions, wholeOption } from "./run-options.ts";

const LIMIT_MS = 1000;

const ABOUT = "Fuzzes the parser, the formatter and the compiler. Exit code 1 where something was found.";
const values = runOptions(ABOUT, {
  count: { type: "string", default: "1000000", is: "cases" },
  seed: { type: "string", default: "1", is: "the same cases again" },
  workers: { type: "string", default: "2", is: "processes" },
  "compile-every": { type: "string", default: "10", is: "compile one case in n; 0: none" },
  only: { type: "string", is: "show this case, and run it alone" },
});

const whole = (name: keyof typeof values, least: number): number => wholeOption(values, name, least);

const seed = whole("seed", 0);
const compileEvery = whole("compile-every", 0);
const sources = fuzzSources();

if (values.only === undefined) {
  const count = whole("count", 1);
  const started = performance.now();
  const reports = await fuzzInWorkers({
    seed,
    end: count,
    compileEvery,
    limitMs: LIMIT_MS,
    workers: whole("workers", 1),
  });
  const seconds = (performance.now() - started) / 1000;
  const sum = (key: "runs" | "compiled" | "sound"): number => reports.reduce((total, one) => total + one[key], 0);
  const [slowest] = reports.map((one) => one.slowest).sort((a, b) => b.ms - a.ms);
  const findings = reports.flatMap((one) => one.findings);
  const digest = createHash("sha256").update(sources.join("\0")).digest("hex").slice(0, 12);
  console.log(
    `seed ${seed}, ${sources.length} sources (${digest}): ${sum("runs")} cases parsed and formatted, ${sum("sound")} of them sound, ` +
      `${sum("compiled")} compiled, in ${seconds.toFixed(0)} s (${(sum("runs") / seconds).toFixed(0)}/s); ` +
      `slowest ${slowest?.ms.toFixed(0)} ms (case ${slowest?.index}); ${findings.length} findings`,
  );
  for (const { index, what } of findings) console.log(`case ${index}: ${what}`);
  process.exitCode = findings.length === 0 ? 0 : 1;
} else {
  const only = whole("only", 0);
  console.log(fuzzCase(sources, seed, only));
  const plan = { seed, first: only, step: 1, end: only + 1, compileEvery: 1, limitMs: LIMIT_MS };
  const { findings, slowest } = fuzz(plan, sources, ourSubject, () => performance.now());
  console.log(`${slowest.ms.toFixed(0)} ms, ${findings.length} findings`);
  for (const { what } of findings) console.log(what);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
