import { type Selectable, sql } from "kysely";
import type { StationRegister } from "../../model/documents.ts";
import type { ContractId, Version } from "../../model/ids.ts";
import type { Report, StandingTest } from "../../model/message.ts";
import type { HubDatabase } from "../store/database.ts";
import type { NodeRow, NodeTables } from "../store/node-tables.ts";
import type { StandingTables } from "../store/standing-tables.ts";

/** Whether a station may test now, by what its node said last. `unknown`: it is away, or has not said yet. */
export type Verdict = "may-test" | "blocked" | "unknown";

export interface FloorStatus {
  readonly counts: FloorCounts;
  readonly stations: readonly StationStatus[];
  /** The `after` of the next page; null behind the last one. */
  readonly next: string | null;
}

/** Of the whole floor, whatever the page. */
export interface FloorCounts {
  readonly nodes: number;
  readonly connected: number;
  readonly mayTest: number;
  readonly blocked: number;
  readonly unknown: number;
}

export interface StationStatus {
  /** The node's. */
  readonly id: string;
  readonly station: StationRegister["station"];
  readonly verdict: Verdict;
  readonly enrolledAtMs: number | null;
  readonly live: boolean;
  readonly generation: number;
  readonly lastSeenMs: number | null;
  readonly quarantined: string | null;
  readonly active: { readonly [contract: ContractId]: { readonly version: Version } };
  /** What it said last; null where it has not. */
  readonly standing: { readonly receivedAtMs: number; readonly tests: readonly StandingTest[] } | null;
}

export interface FloorQuery {
  readonly after: string;
  readonly limit: number;
  readonly station?: string | undefined;
  /** Only those that may not test, or of which nobody knows. */
  readonly blockedOnly: boolean;
}

type Tables = NodeTables & StandingTables;

/** One look over all nodes for the counts, and only what is shown is read in full: ten thousand stations are one answer's worth. */
export async function floorStatus(
  { db, isLive }: { readonly db: HubDatabase; readonly isLive: (node: string) => boolean },
  { after, limit, station, blockedOnly }: FloorQuery,
): Promise<FloorStatus> {
  const { ids, blocked, free } = await idsOf(db);
  const all = ids.map((id) => ({ id, verdict: verdictOf(id, blocked, isLive(id) ? free : NOBODY) }));
  const ofStation = station === undefined ? undefined : await nodesOfStation(db, station);
  const wanted = all.filter(
    ({ id, verdict }) =>
      id > after && (!blockedOnly || verdict !== "may-test") && (ofStation === undefined || ofStation.has(id)),
  );
  const page = wanted.slice(0, limit);
  return {
    counts: countsOf(all, isLive),
    stations: await stationsOf(db, page, isLive),
    next: wanted.length > limit ? (page.at(-1)?.id ?? null) : null,
  };
}

interface Judged {
  readonly id: string;
  readonly verdict: Verdict;
}

const NOBODY: ReadonlySet<string> = new Set();

/** By every kind of test the node named. What it said before it went away is known to have been so, not to be so. */
function verdictOf(id: string, blocked: ReadonlySet<string>, free: ReadonlySet<string>): Verdict {
  if (blocked.has(id)) return "blocked";
  return free.has(id) ? "may-test" : "unknown";
}

/** One row with ten thousand ids, from an index alone, instead of ten thousand rows: a node's row is long. */
async function idsOf(db: HubDatabase) {
  const tables = db.tables<Tables>();
  const listed = sql<string>`json_group_array(id)`.as("ids");
  const nodes = tables.selectFrom(tables.selectFrom("node").select("id").orderBy("id").as("node")).select(listed);
  const standing = tables.selectFrom("standing").select(sql<string>`json_group_array(node)`.as("ids"));
  const read = (row: { readonly ids: string }): readonly string[] => JSON.parse(row.ids) as string[];
  return {
    ids: read(await nodes.executeTakeFirstOrThrow()),
    blocked: new Set(read(await standing.where("blocked", ">", 0).executeTakeFirstOrThrow())),
    free: new Set(read(await standing.where("blocked", "=", 0).executeTakeFirstOrThrow())),
  };
}

function countsOf(all: readonly Judged[], isLive: (node: string) => boolean): FloorCounts {
  const count = { "may-test": 0, blocked: 0, unknown: 0 };
  let connected = 0;
  for (const { id, verdict } of all) {
    count[verdict] += 1;
    if (isLive(id)) connected += 1;
  }
  const { "may-test": mayTest, blocked, unknown } = count;
  return { nodes: all.length, connected, mayTest, blocked, unknown };
}

async function nodesOfStation(db: HubDatabase, station: string): Promise<ReadonlySet<string>> {
  const rows = await db
    .tables<NodeTables>()
    .selectFrom("node")
    .select("id")
    .where(sql<boolean>`json_extract(register, '$.station.id') = ${station}`)
    .execute();
  return new Set(rows.map(({ id }) => id));
}

async function stationsOf(
  db: HubDatabase,
  page: readonly Judged[],
  isLive: (node: string) => boolean,
): Promise<readonly StationStatus[]> {
  if (page.length === 0) return [];
  const rows = await db
    .tables<Tables>()
    .selectFrom("node")
    .leftJoin("standing", "standing.node", "node.id")
    .select(["node.id", "register", "enrolled_at_ms", "generation", "last_seen_ms", "quarantined", "report"])
    .select(["received_at_ms", "tests"])
    .where(
      "node.id",
      "in",
      page.map(({ id }) => id),
    )
    .execute();
  const known = new Map(rows.map((row) => [row.id, row]));
  return page.flatMap(({ id, verdict }) => {
    const row = known.get(id);
    return row === undefined ? [] : [stationOf(row, verdict, isLive(id))];
  });
}

type Row = Pick<
  Selectable<NodeRow>,
  "id" | "register" | "enrolled_at_ms" | "generation" | "last_seen_ms" | "quarantined" | "report"
> & { readonly received_at_ms: number | null; readonly tests: string | null };

function stationOf(row: Row, verdict: Verdict, live: boolean): StationStatus {
  const { station } = JSON.parse(row.register) as StationRegister;
  const { active = {} } = (row.report === null ? {} : JSON.parse(row.report)) as Partial<Report>;
  const { received_at_ms, tests } = row;
  return {
    ...{ id: row.id, station, verdict, enrolledAtMs: row.enrolled_at_ms, live, generation: row.generation },
    ...{ lastSeenMs: row.last_seen_ms, quarantined: row.quarantined },
    active: Object.fromEntries(Object.entries(active).map(([contract, { version }]) => [contract, { version }])),
    standing:
      received_at_ms === null || tests === null
        ? null
        : { receivedAtMs: received_at_ms, tests: JSON.parse(tests) as StandingTest[] },
  };
}
