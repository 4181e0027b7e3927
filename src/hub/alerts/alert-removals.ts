import { printUtc } from "../../base/civil-time.ts";
import type { MaintError } from "../../base/maint-error.ts";
import { notFound, unknownId } from "../refusals.ts";
import type { HubDatabase } from "../store/database.ts";
import type { AlertPorts } from "./alert-ports.ts";
import { alertId, alertNumber } from "./alert-record.ts";
import type { AlertStore } from "./alert-store.ts";

/** All that retention removed so far. */
export interface RemovedSoFar {
  readonly batches: number;
  /** Numbers that were given out, of alerts and trials. */
  readonly records: number;
  readonly alerts: number;
  readonly incidents: number;
}

/** The most of a time that retention may have removed: what went at once is not told apart. */
export interface RemovedOfTime {
  /** By the nodes' clocks. */
  readonly alerts: number;
  /** By when they began, the hub's clock. */
  readonly incidents: number;
}

export interface TimeWindow {
  /** Half-open, epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
}

type Prepares = Pick<HubDatabase, "prepare">;

const SO_FAR = `select coalesce(sum(batches), 0) as batches, coalesce(sum(last_alert - first_alert + 1), 0) as records,
  coalesce(sum(alerts), 0) as alerts, coalesce(sum(incidents), 0) as incidents from alert_removal`;
const OF_TIME = `select coalesce(sum(alerts) filter (where to_ms >= ?1 and from_ms < ?2), 0) as alerts,
  coalesce(sum(incidents) filter (where opened_to_ms >= ?1 and opened_from_ms < ?2), 0) as incidents from alert_removal`;
const OF_NUMBER = `select last_alert, at_ms, entry_of, ledger_size from alert_removal where first_alert <= ?
  order by first_alert desc limit 1`;

export const removedSoFar = ({ prepare }: Prepares): RemovedSoFar => ({ ...(prepare(SO_FAR).get() as RemovedSoFar) });

export const removedOfTime = ({ prepare }: Prepares, { fromMs, toMs }: TimeWindow): RemovedOfTime => ({
  ...(prepare(OF_TIME).get(fromMs, toMs) as RemovedOfTime),
});

/** What to say of an alert that retention removed; undefined where it did not. */
function removedByRetention(
  { db: { prepare }, ledger }: Pick<AlertPorts, "db" | "ledger">,
  number: number,
): MaintError | undefined {
  const row = prepare(OF_NUMBER).get(number) as
    | { readonly last_alert: number; readonly at_ms: number; readonly entry_of: number; readonly ledger_size: number }
    | undefined;
  if (row === undefined || number > row.last_alert) return undefined;
  const said = `${alertId(number)} was removed by retention, ${printUtc(row.at_ms)}`;
  // It stands soon behind what the ledger had when it was written.
  const query = { from: row.ledger_size, limit: 1, target: alertId(row.entry_of) } as const;
  const [entry] = ledger.page({ ...query, actionType: "alert_retention", action: "removed" }).entries;
  return entry === undefined
    ? notFound(said, "maint ledger list --type alert_retention")
    : notFound(`${said}: entry ${entry.seq} of the hub's ledger`, `maint ledger show ${entry.seq}`);
}

/** That it was removed, and where that is written; else the names that are nearest. */
export async function noSuchAlert(
  ports: Pick<AlertPorts, "db" | "ledger">,
  store: Pick<AlertStore, "list">,
  asked: string,
): Promise<MaintError> {
  const number = alertNumber(asked);
  const removed = number === undefined ? undefined : removedByRetention(ports, number);
  if (removed !== undefined) return removed;
  const known = await store.list({ limit: 100 });
  return unknownId(
    "alert",
    asked,
    known.map(({ id }) => id),
  );
}
