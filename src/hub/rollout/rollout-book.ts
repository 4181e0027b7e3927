import type { ContractId, Version } from "../../model/ids.ts";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import {
  fold,
  foldRollout,
  type RolloutEvent,
  type RolloutState,
  type StartedEvent,
  startOf,
} from "../core/rollout-engine.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal, Write } from "../store/journal.ts";
import type { RolloutTables } from "../store/rollout-tables.ts";

/** A rollout and where its record stands. */
export interface KeptRollout {
  readonly id: number;
  /** Of the event that comes next. */
  readonly seq: number;
  readonly state: RolloutState;
}

/** The latest rollout of every version, in memory as it is on the disk. */
export interface RolloutBook {
  readonly of: (contract: ContractId, version: Version) => KeptRollout | undefined;
  /** The latest of every version, in the order in which they began. */
  readonly all: () => readonly KeptRollout[];
  /** Writes events and their ledger entries as one; in memory once they are durable. */
  readonly append: (kept: KeptRollout, events: readonly RolloutEvent[]) => Promise<KeptRollout>;
  /** Begins a rollout within a change of somebody else's. Call what it answers once that change is durable. */
  readonly begin: (write: Write<RolloutTables>, started: StartedEvent) => Promise<() => void>;
  /** Every event of a rollout, the first one first. */
  readonly events: (id: number) => Promise<readonly RolloutEvent[]>;
}

const nameOf = ({ contract, version }: { readonly contract: ContractId; readonly version: Version }): string =>
  `${contract}@${version}`;

export async function openRolloutBook(
  db: HubDatabase,
  journal: Pick<Journal, "commit">,
  hubId: string,
  log: (line: string) => void = () => undefined,
): Promise<RolloutBook> {
  const events = async (id: number): Promise<readonly RolloutEvent[]> => {
    const rows = await db
      .tables<RolloutTables>()
      .selectFrom("rollout_event")
      .selectAll()
      .where("rollout", "=", id)
      .orderBy("seq")
      .execute();
    return rows.map(({ event }) => JSON.parse(event) as RolloutEvent);
  };
  const latest = new Map<string, KeptRollout>();
  for (const row of await db.tables<RolloutTables>().selectFrom("rollout").selectAll().orderBy("id").execute()) {
    const read = await events(row.id);
    latest.delete(nameOf(row));
    latest.set(nameOf(row), { id: row.id, seq: read.length, state: foldRollout(read) });
  }
  const remember = (kept: KeptRollout): void => {
    latest.delete(nameOf(kept.state));
    latest.set(nameOf(kept.state), kept);
  };
  return {
    of: (contract, version) => latest.get(nameOf({ contract, version })),
    all: () => [...latest.values()].sort((a, b) => a.id - b.id),
    events,
    async append(kept, added) {
      const said = added.flatMap((event) => recordOf(kept.state, event, hubId));
      await journal.commit<RolloutTables, void>(async ({ tables, record }) => {
        const rows = added.map((event, index) => ({
          ...{ rollout: kept.id, seq: kept.seq + index, event: JSON.stringify(event) },
        }));
        await tables.insertInto("rollout_event").values(rows).execute();
        for (const one of said) record(one);
      });
      const after = { id: kept.id, seq: kept.seq + added.length, state: added.reduce(fold, kept.state) };
      latest.set(nameOf(kept.state), after);
      // Whoever looks after the hub hears what the ledger holds: above all that a version was taken back.
      for (const { target, action, details } of said) log(`rollout of ${target}: ${action}: ${details}`);
      return after;
    },
    async begin({ tables, record }, started) {
      const { contract, version, atMs } = started;
      const row = { contract, version, started_at_ms: atMs };
      const { id } = await tables.insertInto("rollout").values(row).returning("id").executeTakeFirstOrThrow();
      await tables
        .insertInto("rollout_event")
        .values({ rollout: id, seq: 0, event: JSON.stringify(started) })
        .execute();
      const state = startOf(started);
      for (const said of recordOf(state, started, hubId)) record(said);
      return () => remember({ id, seq: 1, state });
    },
  };
}

/** What single nodes report stands in the ledger by itself; here is what became of the whole. */
function recordOf(state: RolloutState, event: RolloutEvent, hubId: string): readonly LedgerRecord[] {
  if (!isTold(event)) return [];
  const by = "by" in event ? event.by : hubId;
  return [
    {
      action_type: "rollout",
      action: event.kind,
      target: nameOf(state),
      details: sentenceOf(state, event),
      user_id: by,
      smart_id: state.contract,
      metadata: metadataOf(event),
    },
  ];
}

type Told = Exclude<RolloutEvent, { readonly kind: "observed" } | { readonly kind: "joined" | "left" }>;

const isTold = (event: RolloutEvent): event is Told => !["observed", "joined", "left"].includes(event.kind);

function sentenceOf({ waves }: RolloutState, event: Told): string {
  const wave = (index: number): string => {
    const { name = "", nodes = [] } = waves[index] ?? {};
    return `wave ${index + 1} of ${waves.length} (${name}, ${nodes.length} nodes)`;
  };
  switch (event.kind) {
    case "started":
      return `${event.waves.length} waves for ${event.waves.flatMap(({ nodes }) => nodes).length} nodes`;
    case "wave-opened":
      return `${wave(event.wave)} opened`;
    case "soak-began":
      return `${wave(event.wave)} is good and soaks`;
    case "wave-passed":
      return `${wave(event.wave)} passed`;
    case "advanced":
      return `${wave(event.wave)} opened by hand: ${event.reason}`;
    case "finished":
      return "all waves passed";
    case "reverted":
      return `${event.nodes.length} nodes go back: ${event.reason}`;
    default:
      return event.reason;
  }
}

function metadataOf(event: Told): { readonly [key: string]: unknown } {
  if (event.kind === "started") return { policy: event.policy, waves: event.waves };
  if (event.kind === "reverted") return { node_list: event.nodes, reason: event.reason };
  return "wave" in event ? { wave: event.wave } : {};
}
