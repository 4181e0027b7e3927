import type { ClausePart } from "../../model/bundle.ts";

/** Of a difference: below, at, above. */
export type Sign = -1 | 0 | 1;

/** One thing found about one subject. `more` holds the figures for the operator's screen. */
export interface Finding {
  readonly code: string;
  readonly subject: string;
  readonly more: string | null;
}

/** What a clause shows of its evidence beside the verdict. */
export interface Shown {
  readonly reading: string | null;
  readonly limit: string | null;
  readonly instrument: string | null;
  readonly certificate: string | null;
  readonly dueOn: string | null;
}

/**
 * The facts of one part of a clause, computed exactly; the rules say whether they permit. `state` is "known" or the code that
 * applies; a sign is null wherever the state is not "known". Source: decisions.md "Two evaluators", model/bundle `BundleRule`.
 */
export interface PartFacts {
  readonly part: ClausePart;
  readonly state: string;
  readonly vsLimit: Sign | null;
  readonly vsHigh: Sign | null;
  readonly vsPlanned: Sign | null;
  /** What the state says: empty exactly when it is "known". */
  readonly findings: readonly Finding[];
  /** What the signs say where they do not permit, else null. Rules and this must agree, or the decision is blocked. */
  readonly breach: Finding | null;
  /** Given only where the part gives no reason. Source: decisions.md B19. */
  readonly warnings: readonly Finding[];
  /** Asked for only when the decision is explained. */
  readonly shown: () => Shown;
}

export const NOTHING_SHOWN: Shown = { reading: null, limit: null, instrument: null, certificate: null, dueOn: null };

/** What is shown, or how to find it: numbers become words only for somebody who reads them. */
export type ToShow = Shown | (() => Shown);

const later = (shown: ToShow): (() => Shown) => (typeof shown === "function" ? shown : () => shown);

export const finding = (code: string, subject: string, more: string | null = null): Finding => ({
  code,
  subject,
  more,
});

/** The evidence is not such that a limit could be judged. */
export function notKnown(part: ClausePart, findings: readonly Finding[], shown: ToShow = NOTHING_SHOWN): PartFacts {
  return {
    part,
    state: findings[0]?.code ?? "runtime.error",
    vsLimit: null,
    vsHigh: null,
    vsPlanned: null,
    findings,
    breach: null,
    warnings: [],
    shown: later(shown),
  };
}

export interface Known {
  readonly vsLimit?: Sign;
  readonly vsHigh?: Sign;
  readonly vsPlanned?: Sign;
  readonly breach?: Finding | null;
  readonly warnings?: readonly Finding[];
}

/** The evidence is known and typed; the signs decide. */
export function known(part: ClausePart, facts: Known, shown: ToShow = NOTHING_SHOWN): PartFacts {
  const { vsLimit = null, vsHigh = null, vsPlanned = null, breach = null, warnings = [] } = facts;
  return { part, state: "known", vsLimit, vsHigh, vsPlanned, findings: [], breach, warnings, shown: later(shown) };
}

/** Before its end or over: intervals are half-open, so an instant has no third side. Source: decisions.md. */
export const sideOf = (instantMs: number, endMs: number): Sign => (instantMs < endMs ? -1 : 1);
