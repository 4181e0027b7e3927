import type { ContractId, Digest, Version } from "../../model/ids.ts";
import { MAX_REPLAY_CAUSES } from "../../model/limits.ts";
import { shareBounds } from "../statistics/binomial.ts";
import type { Cause, ReplayAnswer } from "./compare-verdicts.ts";
import { addNumber, addNumbers, type NumberSet, numberSet, sizeOf } from "./number-set.ts";
import type {
  ExampleKind,
  ReplayCause,
  ReplayCounts,
  ReplayExample,
  ReplayFilter,
  ReplayReason,
  ReplayShare,
  ReplayStation,
  ReplaySummary,
  WhyNotJudged,
} from "./replay-summary.ts";

/** Where a decision stands. `test` is a number for its test id, the same in every part of a replay; null where it has none. */
export interface Place {
  readonly node: string;
  readonly seq: number;
  readonly atMs: number;
  readonly test: number | null;
  /** For examples, of which few are kept. */
  readonly about: () => Pick<ReplayExample, "test" | "order" | "part">;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Flips {
  newlyBlocked: number;
  newlyAllowed: number;
}

/** Counts so far. Plain values and typed arrays: it travels from a worker as it is. */
export interface Tally {
  readonly examplesKept: number;
  readonly counts: Mutable<ReplayCounts>;
  firstMs: number;
  lastMs: number;
  readonly stations: Map<string, Mutable<ReplayStation>>;
  /** By contract, condition and reason, JSON; those beyond the limit under one key. */
  readonly reasons: Map<string, Flips>;
  /** By contract and condition, JSON. */
  readonly conditions: Map<string, Flips>;
  readonly notJudged: Map<WhyNotJudged, number>;
  readonly tests: { readonly concerned: NumberSet; readonly newlyBlocked: NumberSet; readonly newlyAllowed: NumberSet };
  /** Of each kind the latest, at most `examplesKept`. */
  readonly examples: { readonly [kind in ExampleKind]: ReplayExample[] };
}

export const openTally = (examplesKept: number): Tally => ({
  examplesKept,
  counts: {
    ...{ decisions: 0, concerned: 0, unconcerned: 0, unchangedAllowed: 0, unchangedBlocked: 0, newlyBlocked: 0 },
    ...{ newlyAllowed: 0, blockedOtherwise: 0, notReproducible: 0, notJudged: 0, newlyWarned: 0 },
  },
  firstMs: Number.POSITIVE_INFINITY,
  lastMs: Number.NEGATIVE_INFINITY,
  ...{ stations: new Map(), reasons: new Map(), conditions: new Map(), notJudged: new Map() },
  tests: { concerned: numberSet(), newlyBlocked: numberSet(), newlyAllowed: numberSet() },
  examples: { newlyBlocked: [], newlyAllowed: [], blockedOtherwise: [], notReproducible: [], notJudged: [] },
});

/** Counts one that was allowed and still is, without a word: nearly all of them. */
export function countAllowed(tally: Tally, { node, atMs, test }: Pick<Place, "node" | "atMs" | "test">): void {
  const { counts, tests } = tally;
  counts.decisions += 1;
  counts.concerned += 1;
  counts.unchangedAllowed += 1;
  if (atMs < tally.firstMs) tally.firstMs = atMs;
  if (atMs > tally.lastMs) tally.lastMs = atMs;
  const station = stationOf(tally, node);
  station.concerned += 1;
  station.allowed += 1;
  if (test !== null) addNumber(tests.concerned, test);
}

/** Counts one decision. */
export function count(tally: Tally, place: Place, answer: ReplayAnswer): void {
  const { counts } = tally;
  counts.decisions += 1;
  tally.firstMs = Math.min(tally.firstMs, place.atMs);
  tally.lastMs = Math.max(tally.lastMs, place.atMs);
  switch (answer.kind) {
    case "unconcerned":
      counts.unconcerned += 1;
      return;
    case "not-judged":
      counts.notJudged += 1;
      tally.notJudged.set(answer.why, (tally.notJudged.get(answer.why) ?? 0) + 1);
      keep(tally, "notJudged", place, { before: answer.before, now: [], why: answer.why });
      return;
    case "not-reproducible":
      counts.notReproducible += 1;
      keep(tally, "notReproducible", place, { before: answer.before, now: answer.now, why: null });
      return;
    case "judged":
      countJudged(tally, place, answer);
  }
}

function countJudged(tally: Tally, place: Place, answer: Extract<ReplayAnswer, { readonly kind: "judged" }>): void {
  const { counts, tests } = tally;
  const { change, allowed, before, now, causes, newlyWarned } = answer;
  const station = stationOf(tally, place.node);
  counts.concerned += 1;
  station.concerned += 1;
  if (allowed) station.allowed += 1;
  if (newlyWarned) counts.newlyWarned += 1;
  if (place.test !== null) addNumber(tests.concerned, place.test);
  if (change === "unchanged") {
    if (allowed) counts.unchangedAllowed += 1;
    else counts.unchangedBlocked += 1;
    return;
  }
  const kind = EXAMPLE_OF[change];
  counts[kind] += 1;
  keep(tally, kind, place, { before, now, why: null });
  if (kind === "blockedOtherwise") return;
  station[kind] += 1;
  if (place.test !== null) addNumber(tests[kind], place.test);
  countCauses(tally, kind, causes);
}

const EXAMPLE_OF = {
  "newly-blocked": "newlyBlocked",
  "newly-allowed": "newlyAllowed",
  "blocked-otherwise": "blockedOtherwise",
} as const;

function stationOf(tally: Tally, node: string): Mutable<ReplayStation> {
  const known = tally.stations.get(node);
  if (known !== undefined) return known;
  const made = { node, concerned: 0, allowed: 0, newlyBlocked: 0, newlyAllowed: 0 };
  tally.stations.set(node, made);
  return made;
}

/** Names come from evidence and overrides: what is beyond the limit is counted together. */
const OTHERS = JSON.stringify([null, null, "other:reasons"]);

function countCauses(tally: Tally, kind: keyof Flips, causes: readonly Cause[]): void {
  const conditions = new Set<string>();
  for (const { contract, condition, reason } of causes) {
    conditions.add(JSON.stringify([contract, condition]));
    flip(tally.reasons, JSON.stringify([contract, condition, reason]), kind, OTHERS);
  }
  for (const key of conditions) flip(tally.conditions, key, kind, JSON.stringify([null, null]));
}

function flip(into: Map<string, Flips>, key: string, kind: keyof Flips, others: string): void {
  const place = into.has(key) || into.size < MAX_REPLAY_CAUSES ? key : others;
  const flips = into.get(place) ?? { newlyBlocked: 0, newlyAllowed: 0 };
  flips[kind] += 1;
  into.set(place, flips);
}

/** The latest first; of the same instant by node and place, so that the order of the work does not matter. */
const laterFirst = (a: ReplayExample, b: ReplayExample): number =>
  b.atMs - a.atMs || (a.node < b.node ? -1 : a.node > b.node ? 1 : b.seq - a.seq);

function keep(
  { examples, examplesKept }: Tally,
  kind: ExampleKind,
  { node, seq, atMs, about }: Place,
  said: Pick<ReplayExample, "before" | "now" | "why">,
): void {
  const list = examples[kind];
  const last = list.at(-1);
  if (examplesKept === 0 || (list.length >= examplesKept && last !== undefined && last.atMs > atMs)) return;
  list.push({ node, seq, atMs, ...about(), ...said });
  list.sort(laterFirst);
  if (list.length > examplesKept) list.pop();
}

/** Adds what another worker counted. */
export function merge(into: Tally, from: Tally): void {
  for (const key of Object.keys(from.counts) as (keyof ReplayCounts)[]) into.counts[key] += from.counts[key];
  into.firstMs = Math.min(into.firstMs, from.firstMs);
  into.lastMs = Math.max(into.lastMs, from.lastMs);
  for (const [node, station] of from.stations) {
    const known = stationOf(into, node);
    for (const key of ["concerned", "allowed", "newlyBlocked", "newlyAllowed"] as const) known[key] += station[key];
  }
  mergeFlips(into.reasons, from.reasons, OTHERS);
  mergeFlips(into.conditions, from.conditions, JSON.stringify([null, null]));
  for (const [why, times] of from.notJudged) into.notJudged.set(why, (into.notJudged.get(why) ?? 0) + times);
  for (const key of ["concerned", "newlyBlocked", "newlyAllowed"] as const)
    addNumbers(into.tests[key], from.tests[key]);
  for (const kind of Object.keys(into.examples) as ExampleKind[]) {
    into.examples[kind].push(...from.examples[kind]);
    into.examples[kind].sort(laterFirst);
    into.examples[kind].splice(into.examplesKept);
  }
}

function mergeFlips(into: Map<string, Flips>, from: ReadonlyMap<string, Flips>, others: string): void {
  for (const [key, { newlyBlocked, newlyAllowed }] of from) {
    const place = into.has(key) || into.size < MAX_REPLAY_CAUSES ? key : others;
    const flips = into.get(place) ?? { newlyBlocked: 0, newlyAllowed: 0 };
    flips.newlyBlocked += newlyBlocked;
    flips.newlyAllowed += newlyAllowed;
    into.set(place, flips);
  }
}

/** What was asked, beside what was counted. */
export interface Asked {
  readonly contract: ContractId;
  readonly candidate: Digest;
  readonly against: Version | null;
  readonly inForceFromMs: number | null;
  readonly filter: ReplayFilter;
}

/** The answer, in an order that does not depend on how the work was shared out. */
export function summaryOf(asked: Asked, tally: Tally): ReplaySummary {
  const { counts, examples, tests } = tally;
  const allowed = counts.unchangedAllowed + counts.newlyBlocked;
  return {
    ...asked,
    span: counts.decisions === 0 ? null : { firstMs: tally.firstMs, lastMs: tally.lastMs },
    counts: { ...counts },
    tests: {
      concerned: sizeOf(tests.concerned),
      newlyBlocked: sizeOf(tests.newlyBlocked),
      newlyAllowed: sizeOf(tests.newlyAllowed),
    },
    newlyBlocked: shareOf(counts.newlyBlocked, allowed),
    newlyAllowed: shareOf(counts.newlyAllowed, counts.concerned - allowed),
    stations: [...tally.stations.values()].sort((a, b) => (a.node < b.node ? -1 : 1)),
    conditions: [...tally.conditions].map(([key, flips]) => causeIn(key, flips)).sort(mostFirst),
    reasons: [...tally.reasons].map(([key, flips]) => reasonIn(key, flips)).sort(mostFirst),
    examples,
    notJudged: [...tally.notJudged]
      .map(([why, times]) => ({ why, count: times }))
      .sort((a, b) => b.count - a.count || (a.why < b.why ? -1 : 1)),
  };
}

const shareOf = (flips: number, of: number): ReplayShare => ({
  ...{ count: flips, of, share: of === 0 ? null : flips / of },
  ...(of === 0 ? { low: 0, high: 1 } : shareBounds(flips, of)),
});

function causeIn(key: string, flips: Flips): ReplayCause {
  const [contract, condition] = JSON.parse(key) as [string | null, string | null];
  return { contract, condition, ...flips };
}

function reasonIn(key: string, flips: Flips): ReplayReason {
  const [contract, condition, reason] = JSON.parse(key) as [string | null, string | null, string];
  return { contract, condition, reason, ...flips };
}

function mostFirst(a: ReplayCause, b: ReplayCause): number {
  const times = ({ newlyBlocked, newlyAllowed }: ReplayCause): number => newlyBlocked + newlyAllowed;
  return times(b) - times(a) || (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
}
