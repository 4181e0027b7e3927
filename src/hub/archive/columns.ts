import { parseInstant } from "../../base/civil-time.ts";
import type { LedgerEntry } from "../../model/ledger-entry.ts";
import type { RecordedMetadata } from "./archived.ts";

/** What of an entry is asked for by column; read from its bytes alone, so that `verify` can read it again. */
export interface EntryColumns {
  readonly timeMs: number;
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
}

export function columnsOf(entry: LedgerEntry): EntryColumns {
  return { timeMs: Date.parse(entry.time), decision: decisionOf(entry) };
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
  return { atMs, allow, test, order, part, contracts: [...new Set(contracts.map(({ contract }) => contract))] };
}

const isTextOrNull = (value: unknown): boolean => value === null || typeof value === "string";
