import type { LedgerReader } from "../../disk/ledger-file.ts";
import type { SqlConnection } from "../store/database.ts";
import { nextTurn } from "../store/turns.ts";
import { alertId } from "./alert-record.ts";
import { digestOf } from "./intake.ts";
import { type NamedBatch, namedBatches } from "./named-batches.ts";
import { namedRemovals, verifyRemovals } from "./verify-removals.ts";

/** Where what hub.db keeps of alerts is not what the ledger says was kept. */
export interface AlertFinding {
  /** Of the batch that does not hold. */
  readonly firstAlert: string;
  /** Of the ledger; null where no entry names the batch. */
  readonly entry: number | null;
  readonly message: string;
}

export interface AlertVerification {
  readonly batches: number;
  readonly records: number;
  /** Batches that are gone because retention removed them, and the first and the last entry of the ledger that say so. */
  readonly removed: { readonly batches: number; readonly records: number; readonly entries: readonly number[] };
  /** The first MAX_FINDINGS; `findingCount` counts all. */
  readonly findings: readonly AlertFinding[];
  readonly findingCount: number;
}

interface StoredBatch {
  readonly first_alert: number;
  readonly count: number;
  readonly node: string;
  readonly epoch: string;
  readonly first_seq: number;
  readonly body: string;
}

const MAX_FINDINGS = 100;
const BATCHES_PER_TURN = 256;

/**
 * Compares every batch in hub.db with the digest that the ledger holds of it, either way round. The ledger itself is verified by
 * `maint ledger verify`; this is what ties the alerts to it. Works on files, beside a hub that runs or without one.
 */
export async function verifyAlerts(
  db: Pick<SqlConnection, "prepare">,
  ledger: Pick<LedgerReader, "page">,
): Promise<AlertVerification> {
  const findings: AlertFinding[] = [];
  const counts = { batches: 0, records: 0, findingCount: 0 };
  const say = (first: number, entry: number | null, message: string): void => {
    counts.findingCount += 1;
    if (findings.length < MAX_FINDINGS) findings.push({ firstAlert: alertId(first), entry, message });
  };
  // In this order: of every batch up to the last one either the waiting entry is seen, or the one in the ledger.
  const last = db.prepare(LAST).get() as { readonly last: number };
  const named = await namedBatches(db, ledger);
  const seen = new Set<number>();
  for (let after = 0; ; ) {
    const batches = db.prepare(PAGE).all(after, last.last) as unknown as readonly StoredBatch[];
    for (const batch of batches) {
      const known = named.get(batch.first_alert);
      seen.add(batch.first_alert);
      counts.batches += 1;
      counts.records += batch.count;
      const message = faultOf(batch, known?.batch);
      if (message !== null) say(batch.first_alert, known?.entry ?? null, message);
    }
    const end = batches.at(-1);
    if (end === undefined || batches.length < BATCHES_PER_TURN) break;
    after = end.first_alert;
    await nextTurn();
  }
  const one = db.prepare(ONE);
  const gone = [...named].filter(([first]) => !seen.has(first) && one.get(first) === undefined);
  // Read last: what a hub that runs removed since then is written down already.
  const removals = await namedRemovals(db, ledger);
  const { removed, faults } = await verifyRemovals(db, removals, named);
  for (const { firstAlert, entry, message } of faults) say(firstAlert, entry, message);
  for (const [first, { entry }] of gone)
    if (!removed.has(first)) say(first, entry, "the ledger names it, and it is gone from hub.db");
  const records = [...removed].reduce((sum, first) => sum + (named.get(first)?.batch?.count ?? 1), 0);
  const entries = removals.flatMap(({ entry }) => entry ?? []).sort((a, b) => a - b);
  const ends = [...new Set([...entries.slice(0, 1), ...entries.slice(-1)])];
  return { ...counts, removed: { batches: removed.size, records, entries: ends }, findings };
}

const LAST = "select coalesce(max(first_alert), 0) as last from alert_batch";
const ONE = "select 1 from alert_batch where first_alert = ?";
const PAGE = `select first_alert, count, node, epoch, first_seq, body from alert_batch
  where first_alert > ? and first_alert <= ? order by first_alert limit ${BATCHES_PER_TURN}`;

/** Null where it holds. `named` is null for one that was recorded without a digest, undefined for one that no entry names. */
function faultOf(batch: StoredBatch, named: NamedBatch | null | undefined): string | null {
  if (named === null) return null;
  const { node, epoch, first_seq, count, body } = batch;
  const found = `${count} records of ${node} from ${epoch}/${first_seq} on`;
  if (named === undefined) return `no entry of the ledger names these ${found}`;
  const said = `${named.count} records of ${named.node} from ${named.epoch}/${named.from_seq} on`;
  if (said !== found) return `hub.db has ${found}, the ledger says ${said}`;
  return digestOf(body) === named.sha256 ? null : `${found} are not those that the ledger says`;
}
