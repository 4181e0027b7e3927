import { canonicalJson } from "../../base/canonical-json.ts";
import type { Bundle, BundleClause, BundleOverride, CalibrationClause, ReadingClause } from "../../model/bundle.ts";
import { MAX_ANALYSIS_STEPS } from "../../model/limits.ts";
import { type Budget, type Constraint, conflict, rangeOf, tightest } from "../analysis/difference-constraints.ts";
import { fresher } from "../analysis/longer-spans.ts";
import { constraintsOf, type QuantityOf, readingsOf, variableOf } from "../analysis/reading-constraints.ts";
import { demandsAsMuch } from "../implies.ts";
import { acceptance, isWithin, plausible } from "../intervals.ts";
import { subjectOf } from "./clause-words.ts";

/** What could not be proved: that whatever the newer contract allows satisfies this of the older one. */
export type Unproven =
  | { readonly kind: "scope" }
  | { readonly kind: "clause"; readonly clause: BundleClause }
  | { readonly kind: "override"; readonly override: BundleOverride };

/** Both contracts with their lookups; what was worked out is kept, for many clauses are asked of the same tests. */
interface Pair {
  readonly older: Side;
  readonly newer: Side;
  readonly asked: Map<string, Asked>;
  readonly systems: Map<string, System>;
  /** Beyond it nothing more is proved. */
  readonly budget: Budget;
}

/** Clauses of the newer contract that some test is asked, by what they are about. */
interface Asked {
  readonly key: string;
  readonly all: readonly BundleClause[];
  readonly byTopic: ReadonlyMap<string, readonly BundleClause[]>;
}

/** What all reading clauses together leave of the readings that differences join. */
interface System {
  readonly constraints: readonly Constraint<null>[];
  /** Undefined where the budget ran out. */
  readonly isContradictory: boolean | undefined;
  /** By variable: each way in which its readings are asked for, once. */
  readonly about: ReadonlyMap<string, readonly ReadingClause[]>;
}

interface Side {
  readonly bundle: Bundle;
  readonly kinds: ReadonlyMap<string, string | null>;
  readonly quantityOf: QuantityOf;
  readonly must: readonly BundleClause[];
  readonly mustByOrder: ReadonlyMap<string | null, readonly BundleClause[]>;
}

function sideOf(bundle: Bundle): Side {
  const quantities = new Map(bundle.quantities.map((quantity) => [quantity.name, quantity]));
  const must = bundle.clauses.filter(({ strictness }) => strictness === "must");
  return {
    bundle,
    kinds: new Map(bundle.conditions.map(({ name, testKind }) => [name, testKind])),
    quantityOf: (name) => quantities.get(name),
    must,
    mustByOrder: Map.groupBy(must, ({ order }) => order),
  };
}

/**
 * Empty is the proof that whatever `newer` allows `older` allows too: it binds wherever the older does, each `must` clause is
 * implied by clauses of the newer that are asked whenever it is, and nothing can be overridden that could not be before.
 * What is not empty is not proved, and may hold all the same.
 */
export function unprovenOf(older: Bundle, newer: Bundle): readonly Unproven[] {
  const pair: Pair = {
    ...{ older: sideOf(older), newer: sideOf(newer) },
    ...{ asked: new Map(), systems: new Map(), budget: { steps: MAX_ANALYSIS_STEPS } },
  };
  const unproven: Unproven[] = [];
  if (pair.older.must.length > 0 && !bindsWherever(newer.scope, older.scope)) unproven.push({ kind: "scope" });
  for (const clause of pair.older.must) {
    if (!isImplied(clause, pair)) unproven.push({ kind: "clause", clause });
  }
  for (const override of newer.overrides) {
    const known = older.overrides.some((one) => allowsAsMuch(one, override));
    // A policy for a reason that no clause gives lifts nothing.
    const isIdle = !pair.newer.must.some((clause) => !clause.neverOverridable && canGive(clause, override.reason));
    if (!known && !isIdle) unproven.push({ kind: "override", override });
  }
  return unproven;
}

const bindsWherever = (newer: Bundle["scope"], older: Bundle["scope"]): boolean =>
  (newer.stationType === null || newer.stationType === older.stationType) &&
  (newer.order === null || newer.order === older.order);

/** Whether `a` lets through every override that `b` lets through: no more signatures are asked, for no shorter a time. */
export function allowsAsMuch(a: BundleOverride, b: BundleOverride): boolean {
  if (a.reason !== b.reason || a.capMs < b.capMs) return false;
  const left = b.roles.map((role) => role.toLowerCase());
  return a.roles.every((role) => {
    const at = left.indexOf(role.toLowerCase());
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}

/** Clauses of the newer contract that are asked of every test of which `clause` is asked, of the same items. */
function askedWith(clause: BundleClause, pair: Pair): Asked {
  const { older, newer } = pair;
  const kind = older.kinds.get(clause.condition) ?? null;
  const { stationType, order } = newer.bundle.scope;
  // An order may name single conditions, where the contract does not bind by itself; a name that is gone asks for all.
  const isWhole = (stationType === null && order === null) || !newer.kinds.has(clause.condition);
  const key = canonicalJson([kind, isWhole ? null : clause.condition, clause.order, clause.attribute]);
  const known = pair.asked.get(key);
  if (known !== undefined) return known;
  const ofOrder = clause.order === null ? [] : (newer.mustByOrder.get(clause.order) ?? []);
  const candidates = [...(newer.mustByOrder.get(null) ?? []), ...ofOrder];
  pair.budget.steps -= candidates.length;
  const all = candidates.filter((one) => {
    const ownKind = newer.kinds.get(one.condition) ?? null;
    return (
      (isWhole || one.condition === clause.condition) &&
      (ownKind === null || ownKind === kind) &&
      (one.attribute === null ||
        (canonicalJson(one.attribute) === canonicalJson(clause.attribute) && samePart(one.attribute.equipment, pair)))
    );
  });
  const asked = { key, all, byTopic: Map.groupBy(all, topicOf) };
  pair.asked.set(key, asked);
  return asked;
}

const topicOf = (clause: BundleClause): string => `${clause.kind} ${subjectOf(clause)}`;

/** Whether a role or material stands for the same asset in both, wherever the station binds none. */
function samePart(name: string, { older, newer }: Pair): boolean {
  const assetIn = ({ bundle }: Side): string =>
    bundle.equipment.find((one) => one.name === name)?.asset ??
    bundle.materials.find((one) => one.name === name)?.lot ??
    name;
  return assetIn(older) === assetIn(newer);
}

function isImplied(clause: BundleClause, pair: Pair): boolean {
  const asked = askedWith(clause, pair);
  if (pair.budget.steps < 0 || !knowsGuard(clause, asked.all, pair)) return false;
  const about = asked.byTopic.get(topicOf(clause)) ?? [];
  return partsOf(clause).every((part) => {
    if (part.kind === "reading") return readingHolds(part, asked, pair);
    return about.some((one) => {
      pair.budget.steps -= 1;
      return pair.budget.steps >= 0 && clauseHolds(one, part, pair);
    });
  });
}

/** A guard whose item no register knows blocks: where the guard is gone something else must ask for the item. */
function knowsGuard({ attribute }: BundleClause, asked: readonly BundleClause[], pair: Pair): boolean {
  if (attribute === null) return true;
  return (
    samePart(attribute.equipment, pair) &&
    asked.some(
      (one) =>
        one.attribute?.equipment === attribute.equipment ||
        ("equipment" in one && one.equipment === attribute.equipment),
    )
  );
}

/** What one clause asks in several respects, as clauses that several others may answer for. */
function partsOf(clause: BundleClause): readonly BundleClause[] {
  if (clause.kind === "events") return clause.events.map((event) => ({ ...clause, events: [event] }));
  if (clause.kind !== "calibration") return [clause];
  const { interval, cycles, referencesWithin } = clause;
  const nothing = { ...clause, interval: null, cycles: null, referencesWithin: null, ...NO_WARNINGS };
  return [
    ...(interval === null ? [] : [{ ...nothing, interval }]),
    ...(cycles === null ? [] : [{ ...nothing, cycles, extension: null }]),
    ...(referencesWithin === null ? [] : [{ ...nothing, referencesWithin, extension: null }]),
  ];
}

/** Warnings never block, so they are no part of what must be proved. */
const NO_WARNINGS = { warnBefore: null, warnCyclesBefore: null } as const;

function clauseHolds(one: BundleClause, part: BundleClause, pair: Pair): boolean {
  if (!samePart("equipment" in part ? part.equipment : "material" in part ? part.material : "", pair)) return false;
  const { overrides } = pair.newer.bundle;
  if (!answers(one, part)) return false;
  return overrides.length === 0 || (keepsOverridable(one, part) && overridesAlike(one, part, overrides));
}

/** Whether a clause asks as much as a part of another; what may be overridden is looked at apart. */
function answers(one: BundleClause, part: BundleClause): boolean {
  const bare = { ...withoutWarnings(one), neverOverridable: true };
  // Only the interval is ever extended.
  const own = bare.kind === "calibration" && isWithoutInterval(part) ? { ...bare, extension: null } : bare;
  return demandsAsMuch(own, { ...withoutWarnings(part), neverOverridable: true }, () => false);
}

const isWithoutInterval = (part: BundleClause): boolean => part.kind === "calibration" && part.interval === null;

const keepsOverridable = (one: BundleClause, part: BundleClause): boolean =>
  one.neverOverridable || !part.neverOverridable;

function withoutWarnings(clause: BundleClause): BundleClause {
  if (clause.kind === "calibration") {
    const { interval, extension } = clause;
    return { ...clause, ...NO_WARNINGS, extension: interval === null ? null : extension };
  }
  return clause.kind === "use" ? { ...clause, warnBefore: null } : clause;
}

/**
 * A reason that is overridden in the one must be one that the other gives too: of clauses that differ this is known only where
 * `calibration.overdue` alone can be overridden and nobody may extend.
 */
function overridesAlike(one: BundleClause, part: BundleClause, overrides: readonly BundleOverride[]): boolean {
  if (one.neverOverridable || demandOf(one) === demandOf(part)) return true;
  const touching = overrides.filter(({ reason }) => canGive(one, reason));
  if (touching.length === 0) return true;
  if (one.kind !== "calibration" || part.kind !== "calibration") return false;
  const isPlain = ({ extension, cycles, referencesWithin }: CalibrationClause): boolean =>
    extension === null && cycles === null && referencesWithin === null;
  return touching.every(({ reason }) => reason === "calibration.overdue") && isPlain(one) && isPlain(part);
}

const demandOf = ({ line: _l, column: _c, index: _i, text: _t, because: _b, condition: _n, ...rest }: BundleClause) =>
  canonicalJson(withoutWarnings(rest as BundleClause));

/** The reasons each kind can give, by their first word. A kind that is not here is taken to give any. */
const families: { readonly [K in BundleClause["kind"]]?: readonly string[] } = {
  calibration: ["calibration", "extension", "usage", "reference", "equipment"],
  "warm-up": ["warmup", "equipment"],
  reading: ["reading", "settle", "equipment"],
  use: ["usage", "equipment"],
  events: ["event", "equipment"],
  acknowledgement: ["ack", "equipment"],
  "service-state": ["equipment"],
  "before-and-after-use": ["check", "equipment"],
  "shelf-life": ["lot", "equipment"],
  "check-list": ["check", "equipment"],
};

const canGive = (clause: BundleClause, reason: string): boolean =>
  families[clause.kind]?.includes(reason.split(".")[0] ?? "") ?? true;

/**
 * A reading clause is implied by all clauses about the same readings together: one may say how fresh, another how high. Limits
 * are the acceptance limits, guard bands and plausible ranges included, and those of differences and their sides.
 */
function readingHolds(part: ReadingClause, asked: Asked, pair: Pair): boolean {
  const { older, newer } = pair;
  if (newer.bundle.overrides.some(({ reason }) => canGive(part, reason))) return hasTwin(part, asked, pair);
  const [left, right] = readingsOf(part, older.quantityOf);
  if (left === undefined) return false;
  const system = systemOf([left.name, right?.name ?? left.name], asked, pair);
  // Clauses that nothing satisfies allow nothing, whatever the older one asked.
  if (system.isContradictory !== false) return system.isContradictory === true;
  const { constraints, about } = system;
  const passes = rangeOf(constraints, variableOf(left), right === undefined ? null : variableOf(right));
  if (!isWithin(passes, acceptance(part, right !== undefined))) return false;
  return [left, ...(right === undefined ? [] : [right])].every((side) => {
    const ways = about.get(variableOf(side)) ?? [];
    pair.budget.steps -= ways.length;
    return (
      pair.budget.steps >= 0 &&
      isWithin(rangeOf(constraints, variableOf(side), null), plausible(side)) &&
      ways.some((one) => fresher(one.freshness, part.freshness)) &&
      (part.settledMs === null || ways.some((one) => (one.settledMs ?? -1) >= (part.settledMs ?? 0))) &&
      (part.readWith === null ||
        (ways.some((one) => one.readWith === part.readWith) && sameInstrument(part.readWith, pair)))
    );
  });
}

/** Where reasons of readings can be overridden only the very same clause is known to give the same reasons. */
function hasTwin(part: ReadingClause, { byTopic }: Asked, pair: Pair): boolean {
  const about = byTopic.get(topicOf(part)) ?? [];
  pair.budget.steps -= about.length;
  if (pair.budget.steps < 0) return false;
  const twin = about.find((one) => demandOf(one) === demandOf(part) && keepsOverridable(one, part));
  return twin !== undefined && sameQuantities(part, pair) && sameInstrument(part.readWith, pair);
}

function systemOf(names: readonly string[], { key, all }: Asked, pair: Pair): System {
  const { quantityOf, bundle } = pair.newer;
  const joined = joinedWith(names, bundle);
  const systemKey = `${key} ${[...joined].sort().join(" ")}`;
  const known = pair.systems.get(systemKey);
  if (known !== undefined) return known;
  const readings = all.filter(
    (one) => one.kind === "reading" && readingsOf(one, quantityOf).some(({ name }) => joined.has(name)),
  ) as readonly ReadingClause[];
  pair.budget.steps -= all.length;
  const constraints = tightest(readings.flatMap((one) => constraintsOf(one, quantityOf, null, null)));
  const cycle = conflict(constraints, pair.budget);
  const ways = readings.flatMap((one) =>
    readingsOf(one, quantityOf).map((side) => ({ variable: variableOf(side), one, way: wayOf(one) })),
  );
  const about = new Map(
    [...Map.groupBy(ways, ({ variable }) => variable)].map(([variable, list]) => [
      variable,
      [...new Map(list.map(({ way, one }) => [way, one])).values()],
    ]),
  );
  const system = { constraints, isContradictory: cycle === undefined ? undefined : cycle !== null, about };
  pair.systems.set(systemKey, system);
  return system;
}

const wayOf = ({ freshness, settledMs, readWith }: ReadingClause): string =>
  canonicalJson([freshness, settledMs, readWith]);

/** The readings that differences join with these, directly or through others. */
function joinedWith(names: readonly string[], { quantities }: Bundle): ReadonlySet<string> {
  const joined = new Set(names);
  const differences = quantities.flatMap(({ difference }) => difference ?? []);
  for (let size = -1; size !== joined.size; ) {
    size = joined.size;
    for (const { left, right } of differences) {
      if (!joined.has(left) && !joined.has(right)) continue;
      joined.add(left).add(right);
    }
  }
  return joined;
}

/** The same declarations behind a clause: what is plausible in both, and of which readings it speaks. */
function sameQuantities(part: ReadingClause, { older, newer }: Pair): boolean {
  const [a, b] = [readingsOf(part, older.quantityOf), readingsOf(part, newer.quantityOf)];
  return a.length === b.length && a.every((one, index) => isSameQuantity(one, b[index]));
}

const isSameQuantity = (a: object, b: object | undefined): boolean => {
  const withoutLine = (quantity: object | undefined) => canonicalJson({ ...quantity, line: 0 });
  return withoutLine(a) === withoutLine(b);
};

/** The clauses by which an instrument counts as calibrated are the same, one for one. Source: decisions.md B15. */
function sameInstrument(role: string | null, pair: Pair): boolean {
  if (role === null) return true;
  const { older, newer } = pair;
  const rulesOf = (side: Side): string =>
    canonicalJson(
      side.bundle.clauses
        .filter((clause) => clause.kind === "calibration" && clause.equipment === role)
        .map((clause) => `${demandOf(clause)} ${side.kinds.get(clause.condition) ?? ""}`)
        .sort(),
    );
  if (!samePart(role, pair)) return false;
  if (rulesOf(older) === rulesOf(newer)) return true;
  return isCalibratedAsMuch(role, pair);
}

/** Or each is plainly asked of every test, and each of the older is implied by one of the newer. */
function isCalibratedAsMuch(role: string, { older, newer }: Pair): boolean {
  const plain = (side: Side): readonly CalibrationClause[] | undefined => {
    const all = side.bundle.clauses.filter((one) => one.kind === "calibration" && one.equipment === role);
    const isPlain = (one: BundleClause): boolean =>
      one.strictness === "must" &&
      one.order === null &&
      one.attribute === null &&
      (side.kinds.get(one.condition) ?? null) === null;
    return all.length > 0 && all.every(isPlain) ? (all as CalibrationClause[]) : undefined;
  };
  const [before, after] = [plain(older), plain(newer)];
  if (before === undefined || after === undefined) return false;
  return before.flatMap(partsOf).every((part) => after.some((one) => answers(one, part)));
}
