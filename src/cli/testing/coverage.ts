import type { Bundle, BundleClause } from "../../model/bundle.ts";
import type { Decision } from "../../model/decision.ts";

/** In which states some test saw a clause. */
export interface ClauseCoverage {
  readonly line: number;
  readonly text: string;
  readonly satisfied: boolean;
  /** Known evidence outside the limit. */
  readonly violated: boolean;
  /** Evidence missing, or not to be trusted. */
  readonly unknown: boolean;
  /** Seen satisfied, and seen violated where the clause can be: one that only a role acknowledges is either there or missing. */
  readonly covered: boolean;
}

/** What tests saw of a contract's clauses, in the order of the bundle. */
export function coverageOf(bundle: Bundle, decisions: readonly Decision[]): readonly ClauseCoverage[] {
  const seen = decisions.flatMap(({ conditions }) =>
    conditions.flatMap(({ name, clauses }) => clauses.map((outcome) => ({ name, ...outcome }))),
  );
  return bundle.clauses.map((clause) => {
    const { line, text, condition } = clause;
    // Two clauses of one line and one text in one condition are the same demand.
    const same = seen.filter((outcome) => outcome.name === condition && outcome.line === line && outcome.text === text);
    const satisfied = same.some(({ state }) => state === "satisfied");
    const violated = same.some(({ state }) => state === "violated");
    const unknown = same.some(({ state }) => state === "unknown");
    const covered = satisfied && (canBeViolated(clause) ? violated : unknown);
    return { line, text, satisfied, violated, unknown, covered };
  });
}

const canBeViolated = (clause: BundleClause): boolean =>
  clause.kind !== "acknowledgement" || clause.who.kind !== "role";

/** Of a contract without clauses everything is covered. Rounded down, so that 100 means all of them. */
export const percentCovered = (coverage: readonly ClauseCoverage[]): number =>
  coverage.length === 0 ? 100 : Math.floor((coverage.filter(({ covered }) => covered).length * 100) / coverage.length);

/** What no test saw of a clause that is not covered, in words. */
export function notSeen({ satisfied, violated, unknown }: ClauseCoverage): string {
  if (!satisfied && !violated && !unknown) return "was never judged";
  if (!satisfied) return "was never seen satisfied";
  return unknown ? "was only seen satisfied or without evidence, never violated" : "was never seen violated";
}
