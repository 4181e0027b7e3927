import type { Severity } from "./alert.ts";
import type { ContractId } from "./ids.ts";

/**
 * A compiled contract: RFC 8785 JSON, the only thing a node decides by. It holds permit rules and nothing else:
 * the runtime computes typed constant facts, the rules say which of them permit. Source: language.md "Compiling".
 * Decimals are strings, so that no reader takes them through a double. Lines and columns count from 1.
 */
export interface Bundle {
  readonly format: "maint-bundle/1";
  readonly contract: ContractId;
  readonly title: string;
  readonly doc: string | null;
  /** Digest of the `.maint` bytes this was compiled from. */
  readonly source: { readonly digest: string };
  readonly following: readonly string[];
  /** Whom the contract binds: null means every station type / any order. */
  readonly scope: { readonly stationType: string | null; readonly order: string | null };
  readonly equipment: readonly BundleEquipment[];
  readonly materials: readonly BundleMaterial[];
  readonly quantities: readonly BundleQuantity[];
  readonly conditions: readonly BundleCondition[];
  readonly clauses: readonly BundleClause[];
  readonly overrides: readonly BundleOverride[];
  readonly whenBlocked: readonly BundleNotice[];
  readonly rules: readonly BundleRule[];
  readonly facts: readonly BundleFact[];
  readonly tests: readonly BundleTest[];
}

export interface BundleEquipment {
  readonly name: string;
  readonly type: string;
  /** The asset id where a station's register binds none; null where the contract names no default. */
  readonly asset: string | null;
  readonly line: number;
}

export interface BundleMaterial {
  readonly name: string;
  readonly lot: string | null;
  readonly line: number;
}

export interface BundleQuantity {
  readonly name: string;
  /** Canonical unit symbol of model/units. */
  readonly unit: string;
  /** Ends included, in `unit`. */
  readonly plausible: { readonly from: string; readonly to: string } | null;
  /** Set for `Q is A minus B`: Q is computed, never read. */
  readonly difference: { readonly left: string; readonly right: string } | null;
  readonly line: number;
}

export interface BundleCondition {
  readonly name: string;
  /** `before every fluorescent-inspection test`; null is `before every test`. */
  readonly testKind: string | null;
  readonly line: number;
}

/** One `.maint` clause. `index` is its place in `Bundle.clauses` and its name in rules and facts (`c3`). */
interface ClauseBase<K extends string> {
  readonly kind: K;
  readonly index: number;
  readonly condition: string;
  readonly strictness: "must" | "should";
  readonly line: number;
  readonly column: number;
  /** The clause as the formatter prints it on one line, `because` left out. */
  readonly text: string;
  readonly because: string | null;
  /** `for order "…",` */
  readonly order: string | null;
  /** `when the lamp is battery-powered,` */
  readonly attribute: { readonly equipment: string; readonly attribute: string } | null;
  readonly neverOverridable: boolean;
}

/** Elapsed time in milliseconds, or whole calendar units. */
export type Span =
  | { readonly kind: "elapsed"; readonly ms: number }
  | { readonly kind: "calendar"; readonly count: number; readonly unit: "day" | "month" | "year" };

export type PlantPeriod = "day" | "shift" | "week" | "month" | "quarter";

export type Freshness =
  | { readonly kind: "period"; readonly period: PlantPeriod }
  | { readonly kind: "every"; readonly span: Span }
  | { readonly kind: "latest" };

/** Decimals in `unit`, the unit as the author wrote it. `low`/`high` of one-sided limits are null. */
export interface Limit {
  readonly unit: string;
  readonly low: { readonly value: string; readonly inclusive: boolean } | null;
  readonly high: { readonly value: string; readonly inclusive: boolean } | null;
}

export interface CalibrationClause extends ClauseBase<"calibration"> {
  readonly equipment: string;
  /** Null where the clause names cycles alone. */
  readonly interval: Span | null;
  readonly cycles: number | null;
  readonly warnBefore: Span | null;
  readonly warnCyclesBefore: number | null;
  /** `with each reference standard calibrated within 12 months of its use` */
  readonly referencesWithin: Span | null;
  readonly extension: { readonly cap: Span; readonly roles: readonly string[] } | null;
}

export interface WarmUpClause extends ClauseBase<"warm-up"> {
  readonly equipment: string;
  readonly ms: number;
}

export interface ReadingClause extends ClauseBase<"reading"> {
  readonly quantity: string;
  readonly readWith: string | null;
  readonly freshness: Freshness;
  readonly limit: Limit;
  readonly guardBand: { readonly value: string; readonly unit: string } | null;
  readonly settledMs: number | null;
}

export interface UseClause extends ClauseBase<"use"> {
  readonly equipment: string;
  readonly counter: "hours" | "cycles";
  readonly every: string;
  readonly warnBefore: string | null;
  readonly enoughLeft: boolean;
}

export interface EventsClause extends ClauseBase<"events"> {
  readonly equipment: string;
  /** `dropped`, `overloaded`: each gives the reason `event.<kind>`. */
  readonly events: readonly string[];
}

export interface AcknowledgementClause extends ClauseBase<"acknowledgement"> {
  /** Who: the operator of the test, anybody twice, or a role. */
  readonly who:
    | { readonly kind: "operator" }
    | { readonly kind: "people"; readonly count: number }
    | { readonly kind: "role"; readonly role: string };
  readonly step: string;
  readonly freshness: Freshness;
}

export interface ServiceStateClause extends ClauseBase<"service-state"> {
  readonly equipment: string;
}

export interface BeforeAndAfterUseClause extends ClauseBase<"before-and-after-use"> {
  readonly equipment: string;
}

export interface ShelfLifeClause extends ClauseBase<"shelf-life"> {
  readonly material: string;
  readonly openedWithin: Span | null;
}

export interface CheckListClause extends ClauseBase<"check-list"> {
  readonly equipment: string;
  readonly items: readonly string[];
  readonly freshness: Freshness;
}

export type BundleClause =
  | CalibrationClause
  | WarmUpClause
  | ReadingClause
  | UseClause
  | EventsClause
  | AcknowledgementClause
  | ServiceStateClause
  | BeforeAndAfterUseClause
  | ShelfLifeClause
  | CheckListClause;

export type ClauseKind = BundleClause["kind"];

/** `QA and Supervisor together may override calibration.overdue for at most 8 hours` */
export interface BundleOverride {
  readonly roles: readonly string[];
  readonly reason: string;
  readonly capMs: number;
  readonly line: number;
}

/** `when blocked, tell supervisor with severity high, and after 15 minutes tell plant-manager` */
export interface BundleNotice {
  readonly role: string;
  readonly severity: Severity;
  readonly afterMs: number;
  readonly line: number;
}

/** The parts a clause is judged in, each by one rule. Source: decisions.md B19. */
export const partsOfClause = {
  calibration: ["interval", "cycles", "references"],
  "warm-up": ["on-time"],
  reading: ["limit"],
  use: ["use"],
  events: ["events"],
  acknowledgement: ["acknowledgement"],
  "service-state": ["service"],
  "before-and-after-use": ["checks"],
  "shelf-life": ["life"],
  "check-list": ["check"],
} as const satisfies Readonly<Record<ClauseKind, readonly string[]>>;

export type ClausePart = (typeof partsOfClause)[ClauseKind][number];

/**
 * A json-rules-engine 7 rule. `name` is `c<index>` for a clause's first part in `partsOfClause`, `c<index>.<part>` for
 * the others. Its facts are `<name>.state` (equal "known") and signs −1, 0, 1: `<name>.vsLimit` (reading − low limit,
 * or whatever must not fall below), `<name>.vsHigh` (reading − high limit, or use/age − what must not be passed).
 */
export interface BundleRule {
  readonly name: string;
  readonly conditions: { readonly all: readonly BundleRuleCondition[] };
  readonly event: { readonly type: "permit"; readonly params: { readonly clause: number; readonly part: ClausePart } };
  /** The source map: where in the `.maint` file this rule comes from. */
  readonly source: { readonly line: number; readonly column: number };
}

export const RULE_OPERATORS = [
  "equal",
  "greaterThan",
  "greaterThanInclusive",
  "lessThan",
  "lessThanInclusive",
] as const;
export type RuleOperator = (typeof RULE_OPERATORS)[number];

export interface BundleRuleCondition {
  readonly fact: string;
  readonly operator: RuleOperator;
  readonly value: string | number;
}

/** What the runtime must compute before the rules run: for readers and for checking, the rules' own facts are the truth. */
export interface BundleFact {
  readonly name: string;
  readonly type: "state" | "sign";
  readonly clause: number;
  readonly subject: string;
  readonly unit: string | null;
}

/** A `test` of the contract in compiled form: a snapshot, an instant, and what is expected. A node runs these before it activates. */
export interface BundleTest {
  readonly name: string;
  readonly line: number;
  /**
   * Local plant time, `2026-11-24T09:00`, as every instant in a snapshot that a test's statements wrote: the compiler knows
   * no zone's transitions, the runtime puts the offset in before it decides.
   */
  readonly at: string;
  readonly plantZone: string;
  /** A snapshot as decisions.md has it, decimals as strings under `{"$number": "…"}`. */
  readonly snapshot: { readonly [key: string]: unknown };
  readonly expect: readonly BundleExpectation[];
}

export type BundleExpectation =
  | { readonly kind: "allowed"; readonly line: number }
  | { readonly kind: "blocked"; readonly by: readonly string[]; readonly line: number }
  | { readonly kind: "reason"; readonly code: string; readonly subject: string; readonly line: number }
  | { readonly kind: "warning"; readonly code: string; readonly subject: string; readonly line: number };
