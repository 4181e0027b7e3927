import { createHash } from "node:crypto";
import { oneAtATime } from "../../base/one-at-a-time.ts";
import {
  MAX_PATTERN_ALERTS,
  MAX_PATTERNS_LISTED,
  PATTERN_ALERTS_PER_TURN,
  PATTERN_ANALYSES_KEPT,
  PATTERN_KEPT_MS,
  PATTERN_SAME_TROUBLE_DAYS,
  PATTERN_SERIES_DAYS,
} from "../../model/limits.ts";
import type { AlertService } from "../alerts/alert-service.ts";
import type { NodeArchive } from "../archive/archived.ts";
import type { Clock, NodeSource, Principal } from "../ports.ts";
import { badRequest, unknownId } from "../refusals.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import type { PatternTables } from "../store/patterns-tables.ts";
import { nextTurn } from "../store/turns.ts";
import { DAY_MS, type ExposureView, exposureView } from "./exposure.ts";
import { figuresOf, type PatternFigures } from "./figures.ts";
import {
  type AlertPattern,
  type EquipmentReview,
  type Finding,
  PATTERN_LIMITS,
  type PatternLimits,
  patternsIn,
  reviewOfNode,
} from "./find-patterns.ts";
import { type FactorFloor, type PatternFactors, patternFactors } from "./pattern-factors.ts";
import { openPatternState, type PatternState } from "./pattern-state.ts";
import { DEFAULT_WINDOWS, type PatternWindow, readWindows, WIDEST_WINDOW } from "./windows.ts";

/** What `maint pattern list --json` prints. The names of the four figures are given from outside. */
export interface PatternAnalysis {
  /** Alerts of the decisions that were looked at. */
  readonly total_alerts: number;
  readonly unique_patterns: number;
  /** How many of them are critical. */
  readonly critical_patterns: number;
  /** How many of them a next version of their contract could meet. */
  readonly recommended_updates: number;
  readonly patterns: readonly FleetPattern[];
  readonly equipment_reviews: readonly FleetReview[];
  /** Patterns and reviews beyond what one answer holds. */
  readonly left_off: number;
  readonly windows: readonly PatternWindow[];
  readonly at_ms: number;
}

export interface FleetPattern extends AlertPattern, PatternFigures {
  /** Nodes concerned of all enrolled ones. */
  readonly fleet: { readonly nodes: number; readonly enrolled: number };
  /** All of them; `alerts` names the newest. */
  readonly alertCount: number;
  /** False where a limit dropped blocked decisions of its time: then its counts are too low. */
  readonly isComplete: boolean;
}

export interface FleetReview extends EquipmentReview {
  /** The pattern in which this node stands out; null where it alone has the trouble. */
  readonly pattern: string | null;
  /** How likely chance is to single it out so, corrected for the number of nodes; null where no decisions are archived. */
  readonly p: number | null;
}

/** What a call may say otherwise than the defaults. */
export interface PatternRequest {
  /** Alerts from this instant on, epoch milliseconds, instead of the widest window. */
  readonly sinceMs?: number | undefined;
  /** `1d`, `12h`; the widest decides. */
  readonly windows?: readonly string[] | undefined;
  readonly minAlerts?: number | undefined;
  readonly minNodes?: number | undefined;
}

export interface PatternPorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
  readonly alerts: Pick<AlertService, "after">;
  readonly nodes: Pick<NodeSource, "ids">;
  /** Null for a hub that archives no ledgers: then there are counts and no rates. */
  readonly archive: Pick<NodeArchive, "exposure" | "decisions"> | null;
  readonly floor: FactorFloor;
}

export interface PatternService {
  /** Takes account of some alerts that came since the last time; call it every while. True where there may be more. */
  readonly follow: () => Promise<boolean>;
  /** Up to which alert it took account of them. */
  readonly followed: () => Promise<number>;
  /**
   * Looks at the windows that end now; the analysis is kept and is a ledger entry.
   * @throws MaintError BAD_REQUEST for windows or a begin that are not kept
   */
  readonly analyse: (by: Principal, request?: PatternRequest) => Promise<PatternAnalysis>;
  /** The last analysis as it was answered, undefined before the first. */
  readonly latest: () => Promise<PatternAnalysis | undefined>;
  /** A pattern as it stands now over all that is kept. @throws MaintError NOT_FOUND */
  readonly find: (id: string) => Promise<FleetPattern>;
  /** The same with what its blocked decisions have in common more than others have. @throws MaintError NOT_FOUND */
  readonly show: (id: string) => Promise<ShownPattern>;
}

export interface ShownPattern extends FleetPattern {
  /** Null for a hub without an archive. */
  readonly factors: PatternFactors | null;
}

export function createPatternService(ports: PatternPorts): PatternService {
  const tables = ports.db.tables<PatternTables>();
  const state = openPatternState(ports.db);
  const serially = oneAtATime();
  const follow = () => serially(() => takeSome(ports, state));
  const upToDate = async (): Promise<void> => {
    while (await follow()) await nextTurn();
  };
  return {
    follow,
    followed: state.followed,
    analyse: async (by, request = {}) => {
      const scope = scopeOf(request, ports.clock.nowMs());
      await upToDate();
      const analysis = await analysed(ports, state, scope);
      await ports.journal.commit<PatternTables, void>(async ({ tables: writable, record }) => {
        const body = JSON.stringify(analysis);
        const row = { at_ms: analysis.at_ms, analysed_by: by.id, body };
        const { id } = await writable
          .insertInto("pattern_analysis")
          .values(row)
          .returning("id")
          .executeTakeFirstOrThrow();
        await writable
          .deleteFrom("pattern_analysis")
          .where("id", "<=", id - PATTERN_ANALYSES_KEPT)
          .execute();
        record(entryOf(analysis, { id, body, by }));
      });
      return analysis;
    },
    latest: async () => {
      const query = tables.selectFrom("pattern_analysis").select("body").orderBy("id", "desc").limit(1);
      const row = await query.executeTakeFirst();
      return row === undefined ? undefined : (JSON.parse(row.body) as PatternAnalysis);
    },
    find: async (id) => {
      await upToDate();
      return found(ports, state, id);
    },
    show: async (id) => {
      await upToDate();
      const pattern = await found(ports, state, id);
      if (ports.archive === null) return { ...pattern, factors: null };
      const toMs = ports.clock.nowMs();
      const bounds = { fromMs: toMs - (DEFAULT_WINDOWS.at(-1)?.ms ?? 0), toMs };
      return { ...pattern, factors: await patternFactors(pattern, ports.archive, ports.floor, bounds) };
    },
  };
}

async function found(ports: PatternPorts, state: PatternState, id: string): Promise<FleetPattern> {
  const nowMs = ports.clock.nowMs();
  const wide = { windows: [...DEFAULT_WINDOWS, WIDEST_WINDOW], limits: PATTERN_LIMITS, nowMs };
  const { patterns } = await analysed(ports, state, { ...wide, only: id });
  const [pattern] = patterns;
  if (pattern !== undefined) return pattern;
  throw unknownId("pattern", id, await state.busy(nowMs - WIDEST_WINDOW.ms, PATTERN_LIMITS.minAlerts));
}

/** One transaction for some alerts, so that a flood of them leaves the loop to others in between. */
async function takeSome({ alerts, clock }: PatternPorts, state: PatternState): Promise<boolean> {
  const page = await alerts.after(await state.followed(), PATTERN_ALERTS_PER_TURN);
  await state.take(page, clock.nowMs());
  return page.length === PATTERN_ALERTS_PER_TURN;
}

interface Scope {
  /** The widest last. */
  readonly windows: readonly PatternWindow[];
  readonly limits: PatternLimits;
  readonly nowMs: number;
  readonly only?: string;
}

const MAX_MINIMUM = 1_000;

function scopeOf(request: PatternRequest, nowMs: number): Scope {
  const { minAlerts = PATTERN_LIMITS.minAlerts, minNodes = PATTERN_LIMITS.minNodes } = request;
  for (const minimum of [minAlerts, minNodes])
    if (!Number.isInteger(minimum) || minimum < 1 || minimum > MAX_MINIMUM)
      throw badRequest(`a minimum is a whole number from 1 to ${MAX_MINIMUM}`);
  const limits = { minAlerts, minNodes };
  if (request.sinceMs !== undefined) {
    if (request.sinceMs > nowMs) throw badRequest("patterns look back: that time has not come");
    // The instant itself belongs to it.
    const since = { name: "since", ms: nowMs - request.sinceMs + 1 };
    if (since.ms > WIDEST_WINDOW.ms) throw badRequest(`patterns look back ${WIDEST_WINDOW.name} at the most`);
    return { windows: [...DEFAULT_WINDOWS.filter(({ ms }) => ms < since.ms), since], limits, nowMs };
  }
  const windows =
    request.windows === undefined ? { ok: true as const, value: DEFAULT_WINDOWS } : readWindows(request.windows);
  if (!windows.ok) throw badRequest(windows.error);
  return { windows: windows.value, limits, nowMs };
}

async function analysed(ports: PatternPorts, state: PatternState, scope: Scope): Promise<PatternAnalysis> {
  const { windows, limits, nowMs, only } = scope;
  const fromMs = nowMs - (windows.at(-1)?.ms ?? 0);
  const keptFromMs = nowMs - PATTERN_KEPT_MS;
  const readFromMs = Math.max(
    keptFromMs,
    Math.min(2 * fromMs - nowMs, nowMs - (PATTERN_SERIES_DAYS + PATTERN_SAME_TROUBLE_DAYS) * DAY_MS),
  );
  const enrolled = (await ports.nodes.ids()).length;
  const exposures = new Map<string | null, ExposureView | null>();
  const exposureOf = (contract: string | null): ExposureView | null => {
    const known = exposures.get(contract);
    if (known !== undefined) return known;
    const view = ports.archive === null ? null : exposureView(ports.archive, contract, nowMs);
    exposures.set(contract, view);
    return view;
  };
  const patterns: FleetPattern[] = [];
  const reviews: FleetReview[] = [];
  const busy = await state.busy(fromMs, limits.minAlerts);
  for (const id of only === undefined ? busy : busy.filter((one) => one === only)) {
    const { findings, isComplete } = await state.group(id, readFromMs);
    const recent = findings.filter(({ atMs }) => atMs > fromMs);
    const found = patternsIn(recent, limits);
    const exposure = exposureOf(recent[0]?.contract ?? null);
    const figures = figuresOf({ findings, windows, nowMs, limits, exposure, keptFromMs });
    for (const pattern of found.patterns) {
      patterns.push({
        ...pattern,
        ...shortened(pattern),
        ...figures,
        fleet: { nodes: pattern.nodes.length, enrolled },
        isComplete,
      });
      reviews.push(...standingOut(pattern.id, recent, figures, limits));
    }
    for (const review of found.equipmentReviews) {
      const p = figures.series.decisionsAtRisk === null ? null : (figures.outstanding[0]?.p ?? 1);
      reviews.push({ ...review, ...shortened(review), pattern: null, p });
    }
    await nextTurn();
  }
  return answerOf({ patterns, reviews, total: await state.countAlerts(fromMs), windows, nowMs });
}

const shortened = ({ alerts }: { readonly alerts: readonly string[] }) => ({
  alerts: alerts.slice(-MAX_PATTERN_ALERTS),
  alertCount: alerts.length,
});

/** Among several nodes with the trouble, one that has it far more often is looked at as equipment, too. */
function standingOut(
  pattern: string,
  recent: readonly Finding[],
  { outstanding }: PatternFigures,
  { minAlerts }: PatternLimits,
): readonly FleetReview[] {
  return outstanding
    .filter(({ decisions }) => decisions >= minAlerts)
    .map(({ node, p }) => {
      const review = reviewOfNode(recent.filter((finding) => finding.node === node));
      return { ...review, ...shortened(review), pattern, p };
    });
}

interface Answer {
  readonly patterns: readonly FleetPattern[];
  readonly reviews: readonly FleetReview[];
  readonly total: number;
  readonly windows: readonly PatternWindow[];
  readonly nowMs: number;
}

function answerOf({ patterns, reviews, total, windows, nowMs }: Answer): PatternAnalysis {
  const byDecisions = (a: { id: string; decisions: number }, b: { id: string; decisions: number }): number =>
    b.decisions - a.decisions || (a.id < b.id ? -1 : 1);
  const listed = { patterns: [...patterns].sort(byDecisions), reviews: [...reviews].sort(byDecisions) };
  const leftOff = (all: readonly unknown[]): number => Math.max(0, all.length - MAX_PATTERNS_LISTED);
  return {
    total_alerts: total,
    unique_patterns: patterns.length,
    critical_patterns: patterns.filter(({ critical }) => critical).length,
    recommended_updates: patterns.filter(({ recommendation }) => recommendation === "early-warning").length,
    patterns: listed.patterns.slice(0, MAX_PATTERNS_LISTED),
    equipment_reviews: listed.reviews.slice(0, MAX_PATTERNS_LISTED),
    left_off: leftOff(patterns) + leftOff(reviews),
    windows,
    at_ms: nowMs,
  };
}

/** The row is forgotten some day; what it said of each pattern stands here, and the digest of all of it. */
const entryOf = (
  analysis: PatternAnalysis,
  { id, body, by }: { readonly id: number; readonly body: string; readonly by: Principal },
) => ({
  action_type: "pattern_analysis" as const,
  action: "analysed",
  target: "alerts",
  details: `${analysis.unique_patterns} patterns in ${analysis.total_alerts} alerts`,
  user_id: by.id,
  smart_id: null,
  metadata: {
    analysis: id,
    sha256: createHash("sha256").update(body).digest("hex"),
    pattern_count: analysis.unique_patterns,
    total_alerts: analysis.total_alerts,
    critical_patterns: analysis.critical_patterns,
    recommended_updates: analysis.recommended_updates,
    patterns: analysis.patterns.map((pattern) => pattern.id),
    equipment_reviews: analysis.equipment_reviews.map((review) => review.id),
    figures: analysis.patterns.map((pattern) => ({
      ...{ pattern: pattern.id, contract: pattern.contract, condition: pattern.condition, reason: pattern.reason },
      ...{ decisions: pattern.decisions, nodes: pattern.nodes.length, alerts: pattern.alertCount },
      ...{ first_seen_ms: pattern.firstSeenMs, last_seen_ms: pattern.lastSeenMs },
    })),
  },
});
