import { PATTERN_ALPHA, PATTERN_FALSE_SHARE, PATTERN_SERIES_DAYS } from "../../model/limits.ts";
import { DEFAULT_CONFIDENCE, shareBounds } from "../statistics/binomial.ts";
import { rateRise } from "../statistics/change-point.ts";
import { moreThanChance } from "../statistics/fisher.ts";
import { falseShares } from "../statistics/many-tests.ts";
import { type Observed, type RateRatio, rateRatio } from "../statistics/rate-ratio.ts";
import { DAY_MS, dayOf, type ExposureView } from "./exposure.ts";
import type { Finding, PatternLimits } from "./find-patterns.ts";
import { type Blocked, troublesOf } from "./new-troubles.ts";
import type { PatternWindow } from "./windows.ts";

/** Blocked decisions of all decisions by the contract. The bounds hold for decisions that do not depend on each other. */
export interface Rate {
  readonly decisions: number;
  readonly exposure: number;
  readonly per1000: number;
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
}

/** One window's figures. Rates are null where no decisions of these nodes have been archived. Times are epoch milliseconds. */
export interface WindowFigures {
  readonly window: string;
  /** Left out itself. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly decisions: number;
  readonly nodes: number;
  /** Enough of both in this window alone. */
  readonly isPattern: boolean;
  /** Over every node that decided by the contract. */
  readonly rate: Rate | null;
  readonly atItsNodes: Rate | null;
  /** Nodes without any: how rare it is there at the most. */
  readonly restOfFleet: Rate | null;
  /** In the window of the same length before, over every node. */
  readonly before: Rate | null;
  /** `rate` over `before`. */
  readonly change: RateRatio | null;
}

/** Days, of which the last is today. */
export interface DailySeries {
  readonly fromMs: number;
  readonly dayMs: number;
  /** Blocked ones. */
  readonly decisions: readonly number[];
  /** Nodes that were blocked on a day and on none of the `PATTERN_SAME_TROUBLE_DAYS` days before: new trouble. */
  readonly newTroubles: readonly number[];
  /** Decisions of nodes that were blocked on none of the days before: where new trouble could be. Null without an archive. */
  readonly decisionsAtRisk: readonly number[] | null;
}

/** From when on nodes got the trouble more often. `p`: how likely a steady rate is to look like this somewhere in the series. */
export interface Rise {
  readonly atMs: number;
  /** New troubles, of decisions in which there could be one. */
  readonly before: Observed;
  readonly after: Observed;
  readonly p: number;
}

/** A node that has the trouble on more of its days than the others on theirs. Of nodes with this `p` or less, that share is wrong. */
export interface OutstandingNode {
  readonly node: string;
  readonly decisions: number;
  readonly blockedDays: number;
  readonly days: number;
  readonly p: number;
}

export interface PatternFigures {
  readonly windows: readonly WindowFigures[];
  readonly series: DailySeries;
  /** Null where none is sure enough. */
  readonly rise: Rise | null;
  readonly outstanding: readonly OutstandingNode[];
}

export interface FiguresInput {
  /** Of one group, back to the widest window's double, or to the begin of the series. */
  readonly findings: readonly Finding[];
  readonly windows: readonly PatternWindow[];
  readonly nowMs: number;
  readonly limits: PatternLimits;
  /** Null for a hub without an archive. */
  readonly exposure: ExposureView | null;
  /** How far back findings are whole. */
  readonly keptFromMs: number;
}

export function figuresOf(input: FiguresInput): PatternFigures {
  const blocked = blockedOf(input.findings);
  const series = seriesOf(blocked, input);
  return {
    windows: input.windows.map((window) => windowFigures(blocked, window, input)),
    series,
    rise: riseOf(series),
    outstanding: outstandingNodes(blocked, input),
  };
}

/** A group's decisions, each where its last alert stands. */
export function blockedOf(findings: readonly Finding[]): readonly Blocked[] {
  const decisions = new Map<string, Blocked>();
  for (const { decision, node, atMs } of findings)
    decisions.set(decision, { node, atMs: Math.max(atMs, decisions.get(decision)?.atMs ?? atMs) });
  return [...decisions.values()];
}

const nodesOf = (blocked: readonly Blocked[]): ReadonlySet<string> => new Set(blocked.map(({ node }) => node));

function windowFigures(all: readonly Blocked[], window: PatternWindow, input: FiguresInput): WindowFigures {
  const { nowMs, limits, exposure, keptFromMs } = input;
  const fromMs = nowMs - window.ms;
  const own = all.filter(({ atMs }) => atMs > fromMs);
  const nodes = nodesOf(own);
  const beforeFromMs = fromMs - window.ms;
  const earlier = all.filter(({ atMs }) => atMs > beforeFromMs && atMs <= fromMs);
  const decided = exposure?.within(fromMs, nowMs);
  const decidedBefore = beforeFromMs >= keptFromMs ? exposure?.within(beforeFromMs, fromMs) : undefined;
  const total = observed(own.length, decided);
  const before = observed(earlier.length, decidedBefore);
  return {
    ...{ window: window.name, fromMs, toMs: nowMs, decisions: own.length, nodes: nodes.size },
    isPattern: own.length >= limits.minAlerts && nodes.size >= limits.minNodes,
    rate: rateOf(total),
    atItsNodes: rateOf(observed(own.length, decided, (node) => nodes.has(node))),
    restOfFleet: rateOf(observed(0, decided, (node) => !nodes.has(node))),
    before: rateOf(before),
    change: total === null || before === null ? null : rateRatio(total, before),
  };
}

/** What was blocked was decided, though its archive may lag behind its alert. */
function observed(
  count: number,
  decided: ReadonlyMap<string, number> | undefined,
  isOf: (node: string) => boolean = () => true,
): Observed | null {
  if (decided === undefined) return null;
  let exposure = 0;
  for (const [node, decisions] of decided) if (isOf(node)) exposure += decisions;
  return exposure === 0 ? null : { count, exposure: Math.max(count, exposure) };
}

export function rateOf(given: Observed | null): Rate | null {
  if (given === null) return null;
  const { count, exposure } = given;
  const { low, high } = shareBounds(count, exposure);
  const per1000 = (share: number): number => share * 1_000;
  return {
    ...{ decisions: count, exposure, per1000: per1000(count / exposure) },
    ...{ low: per1000(low), high: per1000(high), confidence: DEFAULT_CONFIDENCE },
  };
}

function seriesOf(blocked: readonly Blocked[], { nowMs, exposure }: FiguresInput): DailySeries {
  const today = dayOf(nowMs);
  const first = today - PATTERN_SERIES_DAYS + 1;
  const zeros = (): number[] => Array.from({ length: PATTERN_SERIES_DAYS }, () => 0);
  const count = (counts: number[], day: number, by = 1): void => {
    const index = Math.min(day, today) - first;
    if (index >= 0) counts[index] = (counts[index] ?? 0) + by;
  };
  const decisions = zeros();
  for (const { atMs } of blocked) count(decisions, dayOf(atMs));
  const newTroubles = zeros();
  const troubles = troublesOf(blocked, today);
  for (const day of troubles.newOn) count(newTroubles, day);
  const daily = exposure?.daily();
  const decisionsAtRisk = daily === undefined || daily.size === 0 ? null : zeros();
  if (decisionsAtRisk !== null)
    for (const [node, active] of daily ?? [])
      for (const [day, decided] of active) if (!troubles.hasIt(node, day)) count(decisionsAtRisk, day, decided);
  return { fromMs: first * DAY_MS, dayMs: DAY_MS, decisions, newTroubles, decisionsAtRisk };
}

/** By new troubles, for the reason that `troublesOf` gives. */
function riseOf({ fromMs, dayMs, newTroubles, decisionsAtRisk }: DailySeries): Rise | null {
  if (decisionsAtRisk === null) return null;
  const rise = rateRise(newTroubles.map((count, index) => ({ count, exposure: decisionsAtRisk[index] ?? 0 })));
  if (rise === null || rise.p > PATTERN_ALPHA) return null;
  return { atMs: fromMs + rise.at * dayMs, before: rise.before, after: rise.after, p: rise.p };
}

interface NodeDays {
  readonly node: string;
  readonly decisions: number;
  readonly blockedDays: number;
  readonly days: number;
}

/** Which nodes have it more often than chance spreads it over the nodes' days, in the widest window, as far as days are counted. */
function outstandingNodes(blocked: readonly Blocked[], { windows, nowMs, exposure }: FiguresInput): OutstandingNode[] {
  const widest = windows.at(-1);
  const daily = exposure?.daily();
  if (widest === undefined || daily === undefined || daily.size === 0) return [];
  // Blocked days and days must be of the same time.
  const counted = (dayOf(nowMs) - PATTERN_SERIES_DAYS + 1) * DAY_MS;
  const fromMs = Math.max(nowMs - widest.ms, counted - 1);
  const firstDay = dayOf(fromMs + 1);
  const own = Map.groupBy(
    blocked.filter(({ atMs }) => atMs > fromMs),
    ({ node }) => node,
  );
  const nodes = [...new Set([...daily.keys(), ...own.keys()])].map((node): NodeDays => {
    const mine = own.get(node) ?? [];
    const blockedDays = new Set(mine.map(({ atMs }) => dayOf(atMs))).size;
    const active = [...(daily.get(node)?.keys() ?? [])].filter((day) => day >= firstDay).length;
    return { node, decisions: mine.length, blockedDays, days: Math.max(active, blockedDays) };
  });
  return standingOut(nodes);
}

const MAX_ROUNDS = 10;

/**
 * Each node's days against those of the nodes that do not stand out, so that a few bad nodes do not make the usual look bad
 * enough to hide the next. Of all that are named, `PATTERN_FALSE_SHARE` are so by chance on average.
 */
function standingOut(nodes: readonly NodeDays[]): OutstandingNode[] {
  let found: readonly OutstandingNode[] = [];
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const known = new Set(found.map(({ node }) => node));
    const usual = nodes.filter(({ node }) => !known.has(node)).reduce(plusDays, { blockedDays: 0, days: 0 });
    const chances = falseShares(
      nodes.map((node) => chanceOf(node, known.has(node.node) ? plusDays(usual, node) : usual)),
    );
    const next = nodes
      .map((node, index) => ({ ...node, p: chances[index] ?? 1 }))
      .filter(({ p }) => p <= PATTERN_FALSE_SHARE);
    if (next.every(({ node }) => known.has(node))) break;
    found = next;
  }
  return [...found].sort((a, b) => a.p - b.p || (a.node < b.node ? -1 : 1));
}

type Days = Pick<NodeDays, "blockedDays" | "days">;
const plusDays = (a: Days, b: Days): Days => ({ blockedDays: a.blockedDays + b.blockedDays, days: a.days + b.days });

const chanceOf = ({ blockedDays, days }: Days, all: Days): number =>
  moreThanChance({ population: all.days, marked: days, drawn: all.blockedDays, hits: blockedDays });
