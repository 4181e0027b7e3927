import { compare, parseDecimal, parseJsonNumber, type Rational } from "../../base/rational.ts";
import type { BundleQuantity } from "../../model/bundle.ts";
import { MAX_PROPOSAL_DECISIONS } from "../../model/limits.ts";
import { convert, findUnit } from "../../model/units.ts";
import type { ArchivedDecision, NodeArchive } from "../archive/archived.ts";
import { shareWithin } from "../archive/share-within.ts";
import { nextTurn } from "../store/turns.ts";

/** Readings of one quantity that decisions rested on, in its unit. */
export interface ArchivedReadings {
  readonly values: readonly Rational[];
  /** Decisions that were read. */
  readonly decisions: number;
  /** False where there is more than is read: then it is a fair share of the tests, of all nodes and times alike. */
  readonly isWhole: boolean;
}

export interface ReadingsAsked {
  readonly contract: string;
  readonly quantity: BundleQuantity;
  readonly fromMs: number;
  readonly toMs: number;
}

const DECISIONS_PER_TURN = 256;

/**
 * What stood in the snapshots of a contract's archived decisions. A reading that served the tests of a whole day is one reading:
 * it is told by its node and its instant. What is no number, of a unit that does not convert, without an instant, or outside the
 * plausible range is no reading, as for the gate. A difference of two readings is never read, so it has none.
 */
export async function archivedReadings(
  archive: Pick<NodeArchive, "decisions" | "exposure">,
  { contract, quantity, fromMs, toMs }: ReadingsAsked,
  limit = MAX_PROPOSAL_DECISIONS,
): Promise<ArchivedReadings> {
  const seen = new Map<string, Rational>();
  let decisions = 0;
  const share = shareWithin(archive, { contract, fromMs, toMs }, limit);
  for (const decision of archive.decisions({ contract, fromMs, toMs, share })) {
    decisions += 1;
    const reading = readingIn(decision, quantity);
    if (reading !== undefined) seen.set(`${decision.node} ${reading.takenAt}`, reading.value);
    if (decisions % DECISIONS_PER_TURN === 0) await nextTurn();
  }
  return { values: [...seen.values()], decisions, isWhole: share === 1 };
}

type Fields = { readonly [field: string]: unknown };
const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

function readingIn(
  { recorded }: ArchivedDecision,
  quantity: BundleQuantity,
): { readonly value: Rational; readonly takenAt: string } | undefined {
  const readings = fieldsOf(recorded.snapshot?.["readings"]);
  if (!Object.hasOwn(readings, quantity.name)) return undefined;
  const { value, unit, takenAt } = fieldsOf(readings[quantity.name]);
  const written = fieldsOf(value)["$number"];
  if (typeof written !== "string" || typeof unit !== "string" || typeof takenAt !== "string") return undefined;
  const [number, from, to] = [parseJsonNumber(written), findUnit(unit), findUnit(quantity.unit)];
  if (number === undefined || from === undefined || to === undefined) return undefined;
  const inUnit = convert(number, from, to);
  return inUnit === undefined || !isPlausible(inUnit, quantity) ? undefined : { value: inUnit, takenAt };
}

function isPlausible(value: Rational, { plausible }: BundleQuantity): boolean {
  if (plausible === null) return true;
  const [from, to] = [parseDecimal(plausible.from), parseDecimal(plausible.to)];
  return from !== undefined && to !== undefined && compare(value, from) >= 0 && compare(value, to) <= 0;
}
