import { notSeen, percentCovered } from "./coverage.ts";
import type { ContractReport } from "./run-tests.ts";

/** What `maint test` holds against a run, besides tests that failed. */
export interface Demands {
  /** Percent of clauses that each contract's tests must cover. */
  readonly coverageMin: number | undefined;
  readonly allowUntested: boolean;
}

/** Whether every test passed and every demand is met. */
export function isFine(reports: readonly ContractReport[], demands: Demands): boolean {
  return reports.every(
    (report) => report.tests.every(({ outcome }) => outcome === "passed") && demandsNotMet(report, demands) === null,
  );
}

function demandsNotMet({ tests, coverage }: ContractReport, { coverageMin, allowUntested }: Demands): string | null {
  if (tests.length === 0 && !allowUntested) return "has no tests: nobody can see what it does";
  if (coverageMin === undefined || coverage === null) return null;
  const percent = percentCovered(coverage);
  return percent >= coverageMin ? null : `${percent} % of its clauses are covered, less than ${coverageMin} %`;
}

/** A run for a person at a terminal; the last line counts. */
export function reportLines(reports: readonly ContractReport[], demands: Demands): readonly string[] {
  const lines = reports.flatMap((report) => contractLines(report, demands));
  const outcomes = reports.flatMap(({ tests }) => tests.map(({ outcome }) => outcome));
  const counted = (["passed", "failed", "skipped"] as const).flatMap((word) => {
    const count = outcomes.filter((outcome) => outcome === word).length;
    return count === 0 && word !== "passed" ? [] : [`${count} ${word}`];
  });
  return [...lines, counted.join(", ")];
}

function contractLines(report: ContractReport, demands: Demands): readonly string[] {
  const { contract, file, tests, coverage } = report;
  const lines = [`${contract}: ${tests.length} test${tests.length === 1 ? "" : "s"}${coverageWords(report)}`];
  for (const { name, file: at, line, outcome, problems } of tests) {
    lines.push(`  ${MARK[outcome]} ${name}`);
    for (const problem of problems) lines.push(`      ${at}:${problem.line || line}: ${problem.message}`);
  }
  const open = tests.length === 0 ? [] : (coverage ?? []).filter(({ covered }) => !covered);
  for (const one of open) lines.push(`  - ${file}:${one.line}: ${notSeen(one)}: ${one.text}`);
  const missed = demandsNotMet(report, demands);
  if (missed !== null) lines.push(`  ! ${contract} ${missed}`);
  return lines;
}

const MARK = { passed: "+", failed: "x", skipped: "?" } as const;

function coverageWords({ tests, coverage }: ContractReport): string {
  if (tests.length === 0 || coverage === null) return "";
  const count = (key: "satisfied" | "violated" | "unknown" | "covered"): number =>
    coverage.filter((one) => one[key]).length;
  return `, ${count("covered")} of ${coverage.length} clauses covered (seen satisfied ${count("satisfied")}, violated ${count("violated")}, unknown ${count("unknown")})`;
}
