import { MAX_LISTED } from "../../model/limits.ts";
import type { Standing, StandingDue, StandingTest } from "../../model/message.ts";
import type { Clock } from "../ports.ts";
import type { HubDatabase } from "../store/database.ts";
import type { StandingTables } from "../store/standing-tables.ts";

/** What one node last said of its station. */
export interface NodeStanding {
  readonly node: string;
  readonly atMs: number;
  readonly receivedAtMs: number;
  readonly operator: string | null;
  readonly tests: readonly StandingTest[];
}

export interface NodeDue extends StandingDue {
  readonly node: string;
}

export interface DueQuery {
  readonly untilMs: number;
  readonly node?: string;
  readonly limit: number;
}

/** What may be tested where, by what the nodes said last. It is a picture, not a decision: the gate at the node decides. */
export interface StandingService {
  /** Kept within FLUSH_MS; the latest of a node counts. */
  readonly take: (node: string, standing: Standing) => void;
  /** By node; of those that block something where `blockedOnly`. */
  readonly list: (filter?: {
    readonly node?: string;
    readonly blockedOnly?: boolean;
    readonly after?: string;
    readonly limit?: number;
  }) => Promise<{ readonly standing: readonly NodeStanding[]; readonly next: string | null }>;
  /** What lapses up to an instant, in the order in which it does; what holds already comes first. */
  readonly due: (query: DueQuery) => Promise<readonly NodeDue[]>;
  /** Writes what waits. Call before the database is closed. */
  readonly flush: () => Promise<void>;
}

export interface StandingPorts {
  readonly db: HubDatabase;
  readonly clock: Clock;
  readonly failed: (error: unknown) => void;
}

/** Ten thousand nodes that speak at once are one transaction. */
const FLUSH_MS = 200;

export function createStandingService({ db, clock, failed }: StandingPorts): StandingService {
  let waiting = new Map<string, { readonly standing: Standing; readonly receivedAtMs: number }>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const batch = waiting;
    waiting = new Map();
    if (batch.size > 0) writing = writing.then(() => write(db, batch));
    return writing;
  };
  return {
    take: (node, standing) => {
      waiting.set(node, { standing, receivedAtMs: clock.nowMs() });
      timer ??= setTimeout(() => flush().catch(failed), FLUSH_MS);
    },
    list: async ({ node, blockedOnly = false, after = "", limit = MAX_LISTED } = {}) => {
      let query = db.tables<StandingTables>().selectFrom("standing").selectAll().orderBy("node");
      if (node !== undefined) query = query.where("node", "=", node);
      if (blockedOnly) query = query.where("blocked", ">", 0);
      const rows = await query
        .where("node", ">", after)
        .limit(limit + 1)
        .execute();
      const standing = rows.slice(0, limit).map((row) => ({
        ...{ node: row.node, atMs: row.at_ms, receivedAtMs: row.received_at_ms, operator: row.operator },
        tests: JSON.parse(row.tests) as StandingTest[],
      }));
      return { standing, next: rows.length > limit ? (standing.at(-1)?.node ?? null) : null };
    },
    due: async ({ untilMs, node, limit }) => {
      let query = db.tables<StandingTables>().selectFrom("standing_due").selectAll().where("from_ms", "<=", untilMs);
      if (node !== undefined) query = query.where("node", "=", node);
      const rows = await query.orderBy("from_ms").orderBy("node").orderBy("place").limit(limit).execute();
      return rows.map((row) => ({ node: row.node, ...(JSON.parse(row.due) as StandingDue) }));
    },
    flush,
  };
}

function write(
  db: HubDatabase,
  batch: ReadonlyMap<string, { readonly standing: Standing; readonly receivedAtMs: number }>,
): Promise<void> {
  return db.atomically<StandingTables, void>(async (tables) => {
    for (const [node, { standing, receivedAtMs }] of batch) {
      const { atMs, operator, tests, due } = standing;
      const row = {
        ...{ at_ms: Math.trunc(atMs), received_at_ms: receivedAtMs, operator, tests: JSON.stringify(tests) },
        blocked: tests.filter(({ allow }) => !allow).length,
      };
      await tables
        .insertInto("standing")
        .values({ node, ...row })
        .onConflict((conflict) => conflict.column("node").doUpdateSet(row))
        .execute();
      await tables.deleteFrom("standing_due").where("node", "=", node).execute();
      const rows = due.map((one, place) => ({
        ...{ node, place, from_ms: Math.trunc(one.fromMs), severity: one.severity, due: JSON.stringify(one) },
      }));
      if (rows.length > 0) await tables.insertInto("standing_due").values(rows).execute();
    }
  });
}
