/** What came up, and what never did. */
import { REASON_CODES, WARNING_CODES } from "../../src/model/reason-codes.ts";
import type { GateReport } from "./gate-loop.ts";

/** No snapshot gives these: they are about the node's bundle, its process, or its time server. */
const isOfTheNode = (code: string): boolean => /^(bundle|runtime)\./.test(code) || code === "clock.unattested";

/** Codes of decisions.md that clauses, orders and overrides can give, and that no case gave. */
export function missingCodes(codes: GateReport["codes"]): readonly string[] {
  const warnings = WARNING_CODES.map((code) => `${code} (warning)`);
  return [...REASON_CODES, ...warnings].filter(
    (code) => !isOfTheNode(code.replace(" (warning)", "")) && !(code in codes),
  );
}

export function sumOf(reports: readonly GateReport[]): GateReport {
  const codes: { [code: string]: number } = {};
  for (const report of reports)
    for (const [code, count] of Object.entries(report.codes)) codes[code] = (codes[code] ?? 0) + count;
  const sum = (key: "runs" | "engineRuns" | "allowed"): number => reports.reduce((total, one) => total + one[key], 0);
  const findings = reports.flatMap((report) => report.findings);
  return { runs: sum("runs"), engineRuns: sum("engineRuns"), allowed: sum("allowed"), codes, findings };
}

/** Most frequent first. */
export const printCodes = (codes: GateReport["codes"]): string =>
  Object.entries(codes)
    .sort(([a, many], [b, few]) => few - many || (a < b ? -1 : 1))
    .map(([code, count]) => `${String(count).padStart(8)} ${code}`)
    .join("\n");
