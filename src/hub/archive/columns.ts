import { parseInstant } from "../../base/civil-time.ts";
import type { LedgerEntry } from "../../model/ledger-entry.ts";
import type { RecordedMetadata } from "./archived.ts";

/** What of an entry is asked for by column; read from its bytes alone, so that `verify` can read it again. */
export interface EntryColumns {
  readonly timeMs: number;
  /** Of an evidence record, what kind it is. */
  readonly evidence: string | null;
  /** Null as well for an entry that calls itself a decision and has not the form of one: it is kept, and is none here. */
  readonly decision: DecisionColumns | null;
}

export interface DecisionColumns {
  readonly atMs: number;
  readonly allow: boolean;
  readonly test: string | null;
  readonly order: string | null;
  readonly part: string | null;
  /** Without doubles. */
  readonly contracts: readonly string[];
  /**
   * Instruments and equipment that the decision may have rested on, without doubles: all that its snapshot knows, what readings
   * were taken with, what clauses named. `NOT_KEPT` where the snapshot was too large to keep and nobody can say.
   */
  readonly assets: readonly string[];
}

export const NOT_KEPT = "";

export function columnsOf(entry: LedgerEntry): EntryColumns {
  return { timeMs: Date.parse(entry.time), evidence: evidenceOf(entry), decision: decisionOf(entry) };
}

function evidenceOf({ action_type, metadata }: LedgerEntry): string | null {
  if (action_type !== "evidence_record") return null;
  const kind = (metadata as { readonly record?: { readonly kind?: unknown } }).record?.kind;
  return typeof kind === "string" ? kind : null;
}

function decisionOf({ action_type, metadata }: LedgerEntry): DecisionColumns | null {
  if (action_type !== "gate_decision") return null;
  const { decision, part = null, facts } = metadata as Partial<RecordedMetadata>;
  const atMs = typeof decision?.atUtc === "string" ? parseInstant(decision.atUtc) : undefined;
  if (decision === undefined || atMs === undefined || typeof facts !== "object") return null;
  const { allow, testId: test, order, contracts } = decision;
  const isWhole =
    typeof allow === "boolean" &&
    [test, order, part].every(isTextOrNull) &&
    Array.isArray(contracts) &&
    contracts.every((one) => typeof one?.contract === "string");
  if (!isWhole) return null;
  const named = [...new Set(contracts.map(({ contract }) => contract))];
  return { atMs, allow, test, order, part, contracts: named, assets: assetsOf(metadata as Partial<RecordedMetadata>) };
}

function assetsOf({ decision, snapshot = null }: Partial<RecordedMetadata>): readonly string[] {
  const outcomes = Array.isArray(decision?.conditions) ? decision.conditions : [];
  const clauses = outcomes.flatMap((one) => (Array.isArray(one?.clauses) ? one.clauses : []));
  // A difference of two readings names both of its instruments.
  const named = clauses.flatMap(({ instrument = null } = {}) => instrument?.split?.(", ") ?? []);
  if (snapshot === null) return distinctTexts([...named, NOT_KEPT]);
  const { equipment, readings } = snapshot;
  const takenWith = valuesOf(readings).map(
    (reading) => (reading as { readonly takenWith?: unknown } | null)?.takenWith,
  );
  return distinctTexts([...named, ...takenWith, ...Object.keys(isObject(equipment) ? equipment : {})]);
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const valuesOf = (value: unknown): readonly unknown[] => (isObject(value) ? Object.values(value) : []);
const distinctTexts = (values: readonly unknown[]): readonly string[] => [
  ...new Set(values.filter((value) => typeof value === "string")),
];

const isTextOrNull = (value: unknown): boolean => value === null || typeof value === "string";
