import type { BundleClause } from "../../model/bundle.ts";
import type { Scene } from "./scene.ts";

/** One thing changed against what satisfies everything, and what must come of it. */
export interface Case {
  readonly kind: "case";
  readonly name: string;
  /** Statements by what they are about; null drops one. */
  readonly changes: ReadonlyMap<string, string | null>;
  readonly expects: readonly string[];
}

/** A case that is not written, and why. */
export interface NotWritten {
  readonly kind: "left-out";
  readonly name: string;
  readonly why: string;
}
export type CaseOrNot = Case | NotWritten;

export const leftOut = (name: string, why: string): NotWritten => ({ kind: "left-out", name, why });

/** The clause gives this reason: it blocks with its condition, or warns where it says `should`. */
export const violated = ({ strictness, condition }: BundleClause, code: string, subject: string): readonly string[] =>
  strictness === "must"
    ? [`blocked by ${condition}`, `reason ${code} of ${subject}`]
    : [`warning ${code} of ${subject}`];

export const caseOf = (
  name: string,
  changes: readonly (readonly [string, string | null])[],
  expects: readonly string[],
): Case => ({
  kind: "case",
  name,
  changes: new Map(changes),
  expects,
});

/** A change that still satisfies every clause; `clash` says which other clause it would violate. */
export function stillFine(
  { neverAllowed }: Scene,
  name: string,
  changes: readonly (readonly [string, string | null])[],
  { clash = null, warns = [] }: { readonly clash?: string | null; readonly warns?: readonly string[] } = {},
): CaseOrNot {
  const why = neverAllowed ?? clash;
  return why === null ? caseOf(name, changes, ["allowed", ...warns]) : leftOut(name, why);
}
