import { type Kysely, sql } from "kysely";
import { assert } from "../../base/assert.ts";
import type { Alert } from "../../model/alert.ts";
import type { AlertTables } from "../store/alerts-tables.ts";
import type { HubDatabase } from "../store/database.ts";
import {
  type AcknowledgedColumns,
  type AlertFilter,
  type AlertRecord,
  acknowledgementIn,
  alertId,
  alertNumber,
  fingerprintOf,
  incidentId,
  type NumberedAlert,
  severityRank,
} from "./alert-record.ts";

/** Reads what was taken in; alerts stand in their batches, and are found there by group and number. */
export interface AlertStore {
  /** The latest numbers first. */
  readonly list: (filter: AlertFilter) => Promise<readonly AlertRecord[]>;
  /** Behind a number of the hub, in the order of numbers. */
  readonly after: (number: number, limit: number) => Promise<readonly NumberedAlert[]>;
  readonly find: (id: string) => AlertRecord | undefined;
  /** Of one that is there. */
  readonly findNumber: (number: number) => AlertRecord;
  /** The first `limit` alerts of an incident, in the order of numbers. */
  readonly ofIncident: (incident: IncidentPlace, limit: number) => readonly NumberedAlert[];
}

export interface IncidentPlace {
  readonly group_id: number;
  readonly first_alert: number;
  readonly last_alert: number;
}

/** Runs that one look reads; a look with a narrow filter takes several. */
const RUNS_PER_LOOK = 256;
const BATCHES_PER_LOOK = 64;

export function alertStore(db: Pick<HubDatabase, "tables" | "prepare">): AlertStore {
  const tables = db.tables<AlertTables>();
  const findNumber = (number: number): AlertRecord => {
    const found = recordAt(db, number);
    assert(found !== undefined, `alert ${number} is stored`);
    return found;
  };
  return {
    list: (filter) => listRecords(tables, filter),
    after: (number, limit) => listAfter(tables, number, limit),
    find: (id) => {
      const number = alertNumber(id);
      return number === undefined ? undefined : recordAt(db, number);
    },
    findNumber,
    ofIncident: (incident, limit) => alertsOfIncident(db, incident, limit),
  };
}

const read = (body: string): readonly Alert[] => JSON.parse(body) as readonly Alert[];

const AT = `select first_alert, count, received_at_ms, body from alert_batch where first_alert <= ?
  order by first_alert desc limit 1`;
const INCIDENT_AT = `select i.id, i.acknowledged_by, i.acknowledged_at_ms, i.note from alert_incident i
  join alert_group g on g.id = i.group_id
  where g.fingerprint = ? and i.first_alert <= ? order by i.first_alert desc limit 1`;

interface BatchPart {
  readonly first_alert: number;
  readonly count: number;
  readonly received_at_ms: number;
  readonly body: string;
}

interface IncidentPart extends AcknowledgedColumns {
  readonly id: number;
}

/** Undefined for a number that is not given out, and for one of a shadow decision. */
function recordAt({ prepare }: Pick<HubDatabase, "prepare">, number: number): AlertRecord | undefined {
  const batch = prepare(AT).get(number) as BatchPart | undefined;
  if (batch === undefined || number >= batch.first_alert + batch.count) return undefined;
  const alert = read(batch.body)[number - batch.first_alert];
  assert(alert !== undefined, "a batch holds as many records as it says");
  if (alert.kind === "shadow-decision") return undefined;
  const fingerprint = fingerprintOf(alert);
  const incident = prepare(INCIDENT_AT).get(fingerprint, number) as IncidentPart | undefined;
  assert(incident !== undefined, "every alert is of an incident");
  return recordOf(number, alert, { fingerprint, receivedAtMs: batch.received_at_ms, incident });
}

function recordOf(
  number: number,
  alert: Alert,
  known: { readonly fingerprint: string; readonly receivedAtMs: number; readonly incident: IncidentPart },
): AlertRecord {
  const { fingerprint, receivedAtMs, incident } = known;
  const acknowledgement = acknowledgementIn(incident);
  return {
    ...{ number, id: alertId(number), alert, fingerprint, receivedAtMs },
    ...{ incident: incidentId(incident.id), acknowledgement },
  };
}

interface RunPart extends Omit<IncidentPart, "id"> {
  readonly first_alert: number;
  readonly incident: number;
  readonly fingerprint: string;
  readonly node: string;
  readonly contract: string | null;
  readonly condition: string | null;
  readonly reason: string;
  readonly subject: string;
}

/** Runs are small, so that many can be looked through; only the bodies of those that fit are read. */
async function listRecords(tables: Kysely<AlertTables>, filter: AlertFilter): Promise<readonly AlertRecord[]> {
  const { limit = Number.MAX_SAFE_INTEGER, beforeNumber = Number.MAX_SAFE_INTEGER } = filter;
  const records: AlertRecord[] = [];
  for (let before = beforeNumber; ; ) {
    const runs = await listRuns(tables, filter, before);
    const bodies = await bodiesOf(tables, runs);
    for (const [first, ofBatch] of Map.groupBy(runs, (run) => run.first_alert)) {
      const found = alertsOf(ofBatch, bodies.get(first), filter).filter(({ number }) => number < beforeNumber);
      records.push(...found.reverse());
      if (records.length >= limit) return records.slice(0, limit);
    }
    const last = runs.at(-1);
    if (last === undefined || runs.length < RUNS_PER_LOOK) return records;
    before = last.first_alert;
  }
}

/** All runs of a batch or none, so that its alerts come in their order. */
async function listRuns(tables: Kysely<AlertTables>, filter: AlertFilter, before: number): Promise<readonly RunPart[]> {
  let query = tables
    .selectFrom("alert_run as r")
    .innerJoin("alert_group as g", "g.id", "r.group_id")
    .innerJoin("alert_incident as i", "i.id", "r.incident")
    .select(["r.first_alert", "r.incident", "g.fingerprint", "g.node", "g.contract", "g.condition", "g.reason"])
    .select(["g.subject", "i.acknowledged_by", "i.acknowledged_at_ms", "i.note"])
    .where("r.first_alert", "<", before);
  const { contract, node, reason, severity, state, sinceMs, untilMs } = filter;
  if (contract !== undefined) query = query.where("g.contract", "=", contract);
  if (node !== undefined) query = query.where("g.node", "=", node);
  if (reason !== undefined) query = query.where("g.reason", "=", reason);
  if (severity !== undefined) query = query.where("r.rank", ">=", severityRank[severity]);
  if (state === "open") query = query.where("i.acknowledged_at_ms", "is", null);
  if (state === "acknowledged") query = query.where("i.acknowledged_at_ms", "is not", null);
  if (sinceMs !== undefined) query = query.where("r.last_at_ms", ">=", sinceMs);
  if (untilMs !== undefined) query = query.where("r.first_at_ms", "<", untilMs);
  const rows = await query
    .orderBy("r.first_alert", "desc")
    .limit(RUNS_PER_LOOK + MAX_RUNS_OF_A_BATCH)
    .execute();
  if (rows.length <= RUNS_PER_LOOK) return rows;
  const cut = rows[RUNS_PER_LOOK - 1]?.first_alert;
  return rows.filter((row, index) => index < RUNS_PER_LOOK || row.first_alert === cut);
}

/** A batch has at most RECORDS_PER_FRAME records, each of a group of its own at the worst. */
const MAX_RUNS_OF_A_BATCH = 100;

async function bodiesOf(
  tables: Kysely<AlertTables>,
  runs: readonly RunPart[],
): Promise<ReadonlyMap<number, BatchPart>> {
  const wanted = [...new Set(runs.map((run) => run.first_alert))];
  const found = new Map<number, BatchPart>();
  for (let from = 0; from < wanted.length; from += BATCHES_PER_LOOK) {
    const rows = await tables
      .selectFrom("alert_batch")
      .select(["first_alert", "count", "received_at_ms", "body"])
      .where("first_alert", "in", wanted.slice(from, from + BATCHES_PER_LOOK))
      .execute();
    for (const row of rows) found.set(row.first_alert, row);
  }
  return found;
}

function alertsOf(runs: readonly RunPart[], batch: BatchPart | undefined, filter: AlertFilter): AlertRecord[] {
  // Retention removed it after its runs were read.
  if (batch === undefined) return [];
  return read(batch.body).flatMap((alert, index) => {
    if (alert.kind === "shadow-decision" || !fits(alert, filter)) return [];
    const run = runs.find((one) => isOf(one, alert));
    if (run === undefined) return [];
    const { fingerprint } = run;
    const known = { fingerprint, receivedAtMs: batch.received_at_ms, incident: { ...run, id: run.incident } };
    return [recordOf(batch.first_alert + index, alert, known)];
  });
}

const isOf = (run: RunPart, alert: Alert): boolean =>
  run.contract === alert.contract &&
  run.condition === alert.condition &&
  run.reason === alert.reason &&
  run.subject === alert.subject &&
  run.node === alert.node;

/** What a run says of all of its alerts together, said of one. */
const fits = ({ atMs, severity }: Alert, filter: AlertFilter): boolean =>
  (filter.sinceMs === undefined || atMs >= filter.sinceMs) &&
  (filter.untilMs === undefined || atMs < filter.untilMs) &&
  (filter.severity === undefined || severityRank[severity] >= severityRank[filter.severity]);

async function listAfter(
  tables: Kysely<AlertTables>,
  number: number,
  limit: number,
): Promise<readonly NumberedAlert[]> {
  const found: NumberedAlert[] = [];
  // The batch in which the number itself stands may have more behind it.
  const own = await tables
    .selectFrom("alert_batch")
    .select("first_alert")
    .where("first_alert", "<=", number)
    .orderBy("first_alert", "desc")
    .limit(1)
    .executeTakeFirst();
  for (let from = own?.first_alert ?? 0; ; ) {
    const batches = await tables
      .selectFrom("alert_batch")
      .select(["first_alert", "body"])
      .where("first_alert", ">=", from)
      .where("alerts", ">", sql.lit(0))
      .orderBy("first_alert")
      .limit(BATCHES_PER_LOOK)
      .execute();
    for (const { first_alert, body } of batches) {
      found.push(...numbered(first_alert, body).filter((one) => one.number > number));
      if (found.length >= limit) return found.slice(0, limit);
    }
    const last = batches.at(-1);
    if (last === undefined || batches.length < BATCHES_PER_LOOK) return found;
    from = last.first_alert + 1;
  }
}

const numbered = (first: number, body: string): readonly NumberedAlert[] =>
  read(body).flatMap((alert, index) =>
    alert.kind === "shadow-decision" ? [] : [{ number: first + index, id: alertId(first + index), alert }],
  );

const OF_INCIDENT = `select b.first_alert, b.body, g.fingerprint from alert_run r
  join alert_batch b on b.first_alert = r.first_alert join alert_group g on g.id = r.group_id
  where r.group_id = ? and r.first_alert > ? and r.first_alert <= ? order by r.first_alert`;

function alertsOfIncident(
  { prepare }: Pick<HubDatabase, "prepare">,
  { group_id, first_alert, last_alert }: IncidentPlace,
  limit: number,
): readonly NumberedAlert[] {
  const found: NumberedAlert[] = [];
  // A batch begins before the alert that it brought.
  const rows = prepare(OF_INCIDENT).iterate(group_id, first_alert - MAX_RUNS_OF_A_BATCH, last_alert) as Iterable<{
    readonly first_alert: number;
    readonly body: string;
    readonly fingerprint: string;
  }>;
  for (const row of rows) {
    for (const one of numbered(row.first_alert, row.body)) {
      if (one.number < first_alert || fingerprintOf(one.alert) !== row.fingerprint) continue;
      found.push(one);
      if (found.length === limit) return found;
    }
  }
  return found;
}
