import { DAY_MS } from "../../base/civil-time.ts";
import type { Bundle, BundleClause } from "../../model/bundle.ts";
import type { DecidedContract, Decision } from "../../model/decision.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { snapshotFromValues } from "../../model/snapshot-parse.ts";
import type { ArchivedDecision } from "../archive/archived.ts";
import { covers, type Suspect } from "./suspects.ts";

/** How one decision rested on one suspect. */
export interface Reliance {
  readonly asset: string;
  readonly how: HowRelied;
  readonly contract: string;
  readonly condition: string;
  readonly line: number;
}

export type HowRelied =
  /** A reading that the clause judged was taken with it while it was suspect. */
  | "reading"
  /** The clause is about it. */
  | "equipment"
  /** Nobody can say: what was decided on was too large to keep, or the hub has the contract's version no more. */
  | "unclear";

/** The compiled contract that decided; undefined where the hub has it no more. */
export type BundleOf = (decided: DecidedContract) => Bundle | undefined;

/** What of a decision rested on suspects, by the clauses that were judged; empty where nothing did. */
export function relianceOf(
  { recorded, atMs }: ArchivedDecision,
  suspects: readonly Suspect[],
  bundleOf: BundleOf,
): readonly Reliance[] {
  const { decision, snapshot: values } = recorded;
  const snapshot = values === null ? null : snapshotFromValues(values);
  const bundles = new Map(decision.contracts.map((one) => [one.contract, bundleOf(one)]));
  const found: Reliance[] = [];
  for (const judged of judgedClauses(decision)) {
    const place = { contract: judged.contract, condition: judged.condition, line: judged.line };
    const add = (asset: string, how: HowRelied): void => void found.push({ asset, how, ...place });
    const bundle = bundles.get(judged.contract);
    const clause = bundle?.clauses.find(
      ({ line, condition }) => line === judged.line && condition === judged.condition,
    );
    if (bundle === undefined || clause === undefined || snapshot === null) {
      for (const asset of judged.instruments) {
        const how = readingWith(asset, suspects, snapshot, atMs);
        if (how !== undefined) add(asset, how);
      }
      if (!mayName(clause) || judged.instruments.length > 0) continue;
      for (const asset of whoKnows(snapshot, suspects, atMs)) add(asset, "unclear");
      continue;
    }
    for (const { asset, atMs: usedAtMs, how } of restsOn(clause, bundle, snapshot, atMs))
      if (isSuspect(suspects, asset, usedAtMs)) add(asset, how);
  }
  return distinct(found);
}

interface JudgedClause {
  readonly contract: string;
  readonly condition: string;
  readonly line: number;
  readonly instruments: readonly string[];
}

const judgedClauses = ({ conditions }: Decision): readonly JudgedClause[] =>
  conditions.flatMap(({ contract, name: condition, clauses }) =>
    // Of a difference both are named.
    clauses.map(({ line, instrument }) => ({ contract, condition, line, instruments: instrument?.split(", ") ?? [] })),
  );

/** How a reading rested on its instrument where nobody knows which reading the clause judged. It may be older than the decision. */
function readingWith(
  asset: string,
  suspects: readonly Suspect[],
  snapshot: Snapshot | null,
  atMs: number,
): "reading" | "unclear" | undefined {
  if (isSuspect(suspects, asset, atMs)) return "reading";
  const own = [...(snapshot?.readings.values() ?? [])].filter(({ takenWith }) => takenWith === asset);
  if (own.some(({ takenAt }) => isSuspect(suspects, asset, takenAt ?? atMs))) return "reading";
  const isLong = (one: Suspect): boolean => one.toMs !== null && atMs - one.toMs > READING_LIFE_MS;
  const mayBe = suspects.some((one) => one.asset === asset && (one.fromMs ?? 0) <= atMs && !isLong(one));
  return snapshot === null && mayBe ? "unclear" : undefined;
}

/** The longest that a period of a contract lets a reading live: a quarter. */
const READING_LIFE_MS = 92 * DAY_MS;

/** Suspects that a clause may have been about: all that was known of there, and nobody's name where that was not kept. */
function whoKnows(snapshot: Snapshot | null, suspects: readonly Suspect[], atMs: number): readonly string[] {
  if (snapshot === null) return suspects.some((suspect) => covers(suspect, atMs)) ? [""] : [];
  // By its register, or by its contract's default, which only the contract would say.
  const known = new Set([...snapshot.station.roles.values(), ...snapshot.equipment.keys()]);
  return [...known].filter((asset) => isSuspect(suspects, asset, atMs));
}

/** What cannot be told apart without its bundle may be about equipment. */
const mayName = (clause: BundleClause | undefined): boolean =>
  clause === undefined || (clause.kind !== "acknowledgement" && clause.kind !== "shelf-life");

const isSuspect = (suspects: readonly Suspect[], asset: string, atMs: number): boolean =>
  suspects.some((suspect) => suspect.asset === asset && covers(suspect, atMs));

interface Used {
  readonly asset: string;
  /** When it was used: a reading lives longer than the minute in which it was taken. */
  readonly atMs: number;
  readonly how: "reading" | "equipment";
}

function restsOn(clause: BundleClause, bundle: Bundle, snapshot: Snapshot, atMs: number): readonly Used[] {
  switch (clause.kind) {
    case "acknowledgement":
    case "shelf-life":
      return [];
    case "reading": {
      const { difference = null } = bundle.quantities.find(({ name }) => name === clause.quantity) ?? {};
      const read = difference === null ? [clause.quantity] : [difference.left, difference.right];
      return read.flatMap((quantity) => {
        const { takenWith, takenAt } = snapshot.readings.get(quantity) ?? {};
        return takenWith === undefined ? [] : [{ asset: takenWith, atMs: takenAt ?? atMs, how: "reading" as const }];
      });
    }
    default: {
      const { asset = null } = bundle.equipment.find(({ name }) => name === clause.equipment) ?? {};
      return [
        { asset: snapshot.station.roles.get(clause.equipment) ?? asset ?? clause.equipment, atMs, how: "equipment" },
      ];
    }
  }
}

function distinct(found: readonly Reliance[]): readonly Reliance[] {
  const seen = new Set<string>();
  return found.filter((one) => {
    const key = JSON.stringify([one.asset, one.how, one.contract, one.condition, one.line]);
    return seen.size !== seen.add(key).size;
  });
}
