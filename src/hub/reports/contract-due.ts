import type { ClauseOutcome } from "../../model/decision.ts";
import type { ArchivedDecision } from "../archive/archived.ts";
import type { Calibrated } from "./calibrated.ts";

/**
 * The calibrations that a decision may mean by a certificate. Its number is the laboratory's own: two laboratories give the same
 * one, and one certificate may be about a whole set of items. A clause names the number and the day it was performed; the node
 * knows of no other items than those recorded there.
 */
export type NamedCalibrations = (node: string, clause: ClauseOutcome) => readonly string[];

/** Assets whose calibration a clause at a node may name. */
export function namedCalibrations(calibrated: readonly Calibrated[]): NamedCalibrations {
  const assets = new Map<string, Set<string>>();
  for (const { asset, nodes, body } of calibrated)
    if (body.certificate !== undefined)
      for (const node of nodes) {
        const key = JSON.stringify([node, body.certificate, body.performedOn]);
        assets.set(key, (assets.get(key) ?? new Set()).add(asset));
      }
  return (node, { certificate, reading }) =>
    certificate === null ? [] : [...(assets.get(JSON.stringify([node, certificate, reading])) ?? [])];
}

/** The earliest due date that a contract gave a calibration, where one governs it. */
export type ContractDue = (calibration: Pick<Calibrated, "asset" | "body">) => string | undefined;

const calibrationKey = (asset: string, certificate: string | undefined, performedOn: string): string =>
  JSON.stringify([asset, certificate, performedOn]);

/** From what decisions said beside a certificate. Where it stays open which item a clause was about, none is given its date. */
export function contractDue(decided: readonly ArchivedDecision[], calibrated: readonly Calibrated[]): ContractDue {
  const named = namedCalibrations(calibrated);
  const due = new Map<string, string>();
  for (const decision of decided) {
    const clauses = decision.recorded.decision.conditions.flatMap((condition) => condition.clauses);
    for (const clause of clauses) {
      const { certificate, reading, dueOn } = clause;
      if (certificate === null || reading === null || dueOn === null) continue;
      for (const asset of meant(decision, clause, clauses, named)) {
        const key = calibrationKey(asset, certificate, reading);
        const known = due.get(key);
        if (known === undefined || dueOn < known) due.set(key, dueOn);
      }
    }
  }
  return ({ asset, body }) => due.get(calibrationKey(asset, body.certificate, body.performedOn));
}

/** The items a clause was about, of those that its certificate is about. */
function meant(
  { node, recorded: { snapshot } }: ArchivedDecision,
  clause: ClauseOutcome,
  clauses: readonly ClauseOutcome[],
  named: NamedCalibrations,
): readonly string[] {
  const known = membersOf(snapshot, "equipment");
  const assets = named(node, clause).filter((asset) => snapshot === null || known.has(asset));
  if (assets.length < 2) return assets;
  const words = new Set(clause.text.split(/[^A-Za-z0-9-]+/));
  const inRoles = [...membersOf(snapshot?.["station"], "roles")].filter(([role]) => words.has(role));
  const own = assets.filter(
    (asset) => words.has(asset) || clause.reason?.endsWith(`:${asset}`) || inRoles.some(([, item]) => item === asset),
  );
  if (own.length > 0) return own;
  // A set under one certificate, where each item has a clause and all clauses say the same day: which is whose does not matter.
  const others = clauses.filter(
    ({ certificate, reading }) => certificate === clause.certificate && reading === clause.reading,
  );
  const isWhole = new Set(others.map(({ text }) => text)).size >= assets.length;
  return isWhole && others.every(({ dueOn }) => dueOn === clause.dueOn) ? assets : [];
}

/** A snapshot is a node's own writing: what is not of the form it should have has no members. */
function membersOf(value: unknown, member: string): ReadonlyMap<string, unknown> {
  const found =
    typeof value === "object" && value !== null ? new Map<string, unknown>(Object.entries(value)).get(member) : null;
  return new Map(typeof found === "object" && found !== null ? Object.entries(found) : []);
}
