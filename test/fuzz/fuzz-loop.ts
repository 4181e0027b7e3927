import { compileViolation, formatViolation, ourSubject, parseViolation, type Subject } from "./invariants.ts";
import { fuzzCase } from "./mutator.ts";

export interface FuzzPlan {
  readonly seed: number;
  /** Cases `first`, `first + step`, … below `end`. */
  readonly first: number;
  readonly step: number;
  readonly end: number;
  /** Every case is parsed and formatted; one in `compileEvery` is compiled as well, none where it is 0. */
  readonly compileEvery: number;
  readonly limitMs: number;
}

export interface FuzzFinding {
  readonly index: number;
  readonly what: string;
}

export interface FuzzReport {
  readonly runs: number;
  readonly compiled: number;
  readonly sound: number;
  readonly slowest: { readonly index: number; readonly ms: number };
  readonly findings: readonly FuzzFinding[];
}

const MOST_FINDINGS = 20;

/**
 * Runs the cases of a plan. `clock` gives milliseconds; `begins` is told each case before it runs, so that whoever watches can
 * tell which one never came back. Ends early after twenty findings.
 */
export function fuzz(
  plan: FuzzPlan,
  sources: readonly string[],
  subject: Subject,
  clock: () => number,
  begins: (index: number) => void = () => undefined,
): FuzzReport {
  const findings: FuzzFinding[] = [];
  let runs = 0;
  let compiled = 0;
  let sound = 0;
  let slowest = { index: plan.first, ms: 0 };
  for (let index = plan.first; index < plan.end && findings.length < MOST_FINDINGS; index += plan.step) {
    const text = fuzzCase(sources, plan.seed, index);
    const checks = [parseViolation, formatViolation];
    if (plan.compileEvery > 0 && index % plan.compileEvery === 0) checks.push(compileViolation);
    begins(index);
    for (const check of checks) {
      const before = clock();
      try {
        const what = check(text, subject);
        if (what !== undefined) findings.push({ index, what: `${check.name}: ${what}` });
      } catch (error) {
        findings.push({ index, what: `${check.name} threw: ${error instanceof Error ? error.stack : String(error)}` });
      }
      const ms = clock() - before;
      if (ms > slowest.ms) slowest = { index, ms };
      if (ms > plan.limitMs) findings.push({ index, what: `${check.name} took ${Math.round(ms)} ms` });
    }
    runs += 1;
    if (checks.length === 3) compiled += 1;
    if (ourSubject.format(text).ok) sound += 1;
  }
  return { runs, compiled, sound, slowest, findings };
}
