import type { ContractId, Digest, Version } from "./ids.ts";

/** What a decision says. Reasons block, warnings do not. `at` is plant time with offset, `atUtc` ends in Z. */
export interface Decision {
  readonly allow: boolean;
  /** `code:subject`, sorted, without duplicates. */
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
  /** The same reasons and warnings with what a person needs. */
  readonly details: readonly DecisionDetail[];
  readonly conditions: readonly ConditionOutcome[];
  /** What would turn `blocked` to `allowed`, fewest first; empty when allowed. */
  readonly getToGreen: readonly Remedy[];
  readonly at: string;
  readonly atUtc: string;
  readonly contracts: readonly DecidedContract[];
  readonly engine: EngineChoice;
  readonly node: string | null;
  readonly operator: string | null;
  readonly order: string | null;
  readonly testId: string | null;
  readonly testKind: string | null;
}

export type EngineChoice = "both" | "fast" | "reference";

export interface DecidedContract {
  readonly contract: ContractId;
  /** Null where a contract file is evaluated that is no stored release. */
  readonly version: Version | null;
  readonly digest: Digest;
}

export interface DecisionDetail {
  readonly severity: "reason" | "warning";
  readonly code: string;
  readonly subject: string;
  readonly contract: ContractId | null;
  readonly condition: string | null;
  /** Line of the `.maint` file; null for reasons that no clause gives (`clock.*`, `contract.*`). */
  readonly line: number | null;
  /** For the operator's screen: what is wrong, with figures. */
  readonly text: string;
  /** The author's `because`. */
  readonly because: string | null;
}

export interface ConditionOutcome {
  readonly contract: ContractId;
  readonly name: string;
  readonly state: ClauseState;
  readonly clauses: readonly ClauseOutcome[];
}

/** unknown: the evidence is missing or invalid; violated: known, and outside the limit. */
export type ClauseState = "satisfied" | "violated" | "unknown";

export interface ClauseOutcome {
  readonly line: number;
  readonly text: string;
  readonly strictness: "must" | "should";
  readonly state: ClauseState;
  /** What was judged, in the contract's unit or as a date; null when missing. */
  readonly reading: string | null;
  readonly limit: string | null;
  readonly instrument: string | null;
  readonly certificate: string | null;
  /** Plant date, where the clause has one. */
  readonly dueOn: string | null;
  /** `code:subject` of the first reason of the clause, or null. */
  readonly reason: string | null;
}

/** One action of get-to-green. `who` is a role or `operator`. */
export interface Remedy {
  readonly text: string;
  readonly who: string;
  /** The reasons this action removes. */
  readonly removes: readonly string[];
}
