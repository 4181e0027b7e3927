import { type Kysely, type Selectable, sql } from "kysely";
import type { Alert } from "../../model/alert.ts";
import type { AlertRow, AlertTables } from "../store/alerts-tables.ts";
import { closeGroup, countIn, groupBefore } from "./alert-groups.ts";
import {
  type Acknowledgement,
  type AlertFilter,
  type AlertRecord,
  fingerprintOf,
  type NumberedAlert,
  type PlannedNotice,
  severityRank,
} from "./alert-record.ts";

/** The alerts' rows in hub.db; what they mean is the service's business. */
export interface AlertStore {
  /** The records of the alerts stored; those already there by (node, epoch, seq) are left as they are. */
  readonly insert: (arrivals: readonly Arrival[], receivedAtMs: number) => Promise<readonly AlertRecord[]>;
  /** Highest seq stored of the epoch, 0 for none. */
  readonly storedUpTo: (node: string, epoch: string) => Promise<number>;
  readonly list: (filter: AlertFilter) => Promise<readonly AlertRecord[]>;
  /** Behind a number of the hub, in the order of numbers. */
  readonly after: (number: number, limit: number) => Promise<readonly NumberedAlert[]>;
  readonly find: (id: string) => Promise<AlertRecord | undefined>;
  readonly openOf: (fingerprint: string) => Promise<readonly AlertRecord[]>;
  /** Of those, the ones that add notices. */
  readonly raisingOf: (fingerprint: string) => Promise<readonly AlertRecord[]>;
  /** Every open one of a group. */
  readonly acknowledge: (fingerprint: string, acknowledgement: Acknowledgement) => Promise<void>;
  readonly markSent: (id: string, key: string, atMs: number) => Promise<void>;
}

export interface Arrival {
  readonly alert: Alert;
  readonly plan: readonly PlannedNotice[];
}

const ID = /^alert-([1-9]\d{0,14})$/;
const rowId = (id: string): number | undefined => {
  const match = ID.exec(id);
  return match === null ? undefined : Number(match[1]);
};

/** Over the database, or over a transaction of it. */
export function alertStore(tables: Kysely<AlertTables>): AlertStore {
  const rows = tables.selectFrom("alert").selectAll().orderBy("id");
  const records = (found: readonly Selectable<AlertRow>[]) => withNotices(tables, found);
  return {
    insert: async (arrivals, receivedAtMs) => {
      const inserted: Selectable<AlertRow>[] = [];
      for (const arrival of arrivals) {
        const { open, openRank } = await groupBefore(tables, fingerprintOf(arrival.alert));
        const raises = open === 0 || severityRank[arrival.alert.severity] > openRank;
        const row = await tables
          .insertInto("alert")
          .values({ ...rowOf(arrival, receivedAtMs), raises: raises ? 1 : 0 })
          .onConflict((conflict) => conflict.columns(["node", "epoch", "seq"]).doNothing())
          .returningAll()
          .executeTakeFirst();
        if (row === undefined) continue;
        inserted.push(row);
        await countIn(tables, recordOf(row, []), raises);
      }
      return inserted.map((row) => recordOf(row, []));
    },
    storedUpTo: async (node, epoch) => {
      const last = async (table: "alert" | "shadow_decision"): Promise<number> => {
        const row = await tables
          .selectFrom(table)
          .select((build) => build.fn.max("seq").as("last"))
          .where("node", "=", node)
          .where("epoch", "=", epoch)
          .executeTakeFirst();
        return Number(row?.last ?? 0);
      };
      // One stream of records, kept by what they are.
      return Math.max(await last("alert"), await last("shadow_decision"));
    },
    list: async (filter) => records(await listRows(tables, filter)),
    after: async (number, limit) => {
      const behind = tables.selectFrom("alert").select(["id", "body"]).where("id", ">", number);
      const found = await behind.orderBy("id").limit(limit).execute();
      return found.map(({ id, body }) => ({ number: id, id: `alert-${id}`, alert: JSON.parse(body) as Alert }));
    },
    find: async (id) => (await records(await rows.where("id", "=", rowId(id) ?? 0).execute()))[0],
    openOf: async (fingerprint) =>
      records(await rows.where("fingerprint", "=", fingerprint).where("acknowledged_by", "is", null).execute()),
    raisingOf: async (fingerprint) =>
      records(
        await rows
          .where("fingerprint", "=", fingerprint)
          .where("acknowledged_by", "is", null)
          .where("raises", "=", sql.lit(1))
          .execute(),
      ),
    acknowledge: async (fingerprint, { by, atMs, note }) => {
      await tables
        .updateTable("alert")
        .set({ acknowledged_by: by, acknowledged_at_ms: atMs, acknowledgement_note: note })
        .where("fingerprint", "=", fingerprint)
        .where("acknowledged_by", "is", null)
        .execute();
      await closeGroup(tables, fingerprint);
    },
    markSent: async (id, key, atMs) =>
      void (await tables
        .insertInto("alert_notice")
        .values({ alert_id: rowId(id) ?? 0, key, sent_at_ms: atMs })
        .onConflict((conflict) => conflict.doNothing())
        .execute()),
  };
}

const rowOf = ({ alert, plan }: Arrival, receivedAtMs: number) => ({
  node: alert.node,
  epoch: alert.epoch,
  seq: alert.seq,
  fingerprint: fingerprintOf(alert),
  contract: alert.contract,
  at_ms: alert.atMs,
  received_at_ms: receivedAtMs,
  body: JSON.stringify(alert),
  plan: JSON.stringify(plan),
  acknowledged_by: null,
  acknowledged_at_ms: null,
  acknowledgement_note: null,
});

function listRows(tables: Kysely<AlertTables>, filter: AlertFilter): Promise<Selectable<AlertRow>[]> {
  let query = tables.selectFrom("alert").selectAll();
  if (filter.contract !== undefined) query = query.where("contract", "=", filter.contract);
  if (filter.node !== undefined) query = query.where("node", "=", filter.node);
  if (filter.state === "open") query = query.where("acknowledged_by", "is", null);
  if (filter.state === "acknowledged") query = query.where("acknowledged_by", "is not", null);
  if (filter.sinceMs !== undefined) query = query.where("at_ms", ">=", filter.sinceMs);
  query = query.orderBy("at_ms", "desc").orderBy("id", "desc");
  return (filter.limit === undefined ? query : query.limit(filter.limit)).execute();
}

async function withNotices(
  tables: Kysely<AlertTables>,
  rows: readonly Selectable<AlertRow>[],
): Promise<readonly AlertRecord[]> {
  const open = rows.filter((row) => row.acknowledged_by === null).map((row) => row.id);
  const sent = new Map<number, string[]>();
  // Slices, because SQLite takes a bounded number of parameters.
  for (let from = 0; from < open.length; from += 1_000) {
    const slice = open.slice(from, from + 1_000);
    const notices = await tables.selectFrom("alert_notice").selectAll().where("alert_id", "in", slice).execute();
    for (const { alert_id, key } of notices) sent.set(alert_id, [...(sent.get(alert_id) ?? []), key]);
  }
  return rows.map((row) => recordOf(row, sent.get(row.id) ?? []));
}

const recordOf = (row: Selectable<AlertRow>, sent: readonly string[]): AlertRecord => ({
  id: `alert-${row.id}`,
  alert: JSON.parse(row.body) as Alert,
  fingerprint: row.fingerprint,
  receivedAtMs: row.received_at_ms,
  acknowledgement:
    row.acknowledged_by === null
      ? null
      : { by: row.acknowledged_by, atMs: row.acknowledged_at_ms ?? 0, note: row.acknowledgement_note ?? "" },
  plan: JSON.parse(row.plan) as readonly PlannedNotice[],
  sent,
});
