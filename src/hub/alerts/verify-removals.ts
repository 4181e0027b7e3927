import { createHash } from "node:crypto";
import type { LedgerReader } from "../../disk/ledger-file.ts";
import type { SqlConnection } from "../store/database.ts";
import { nextTurn } from "../store/turns.ts";
import type { RetainedAlerts } from "./alert-removal.ts";
import { ledgerRecords } from "./ledger-records.ts";
import type { Named } from "./named-batches.ts";

/** Numbers without a gap that the ledger says retention removed. */
export interface NamedRemoval {
  /** Null while it waits to be written. */
  readonly entry: number | null;
  readonly firstAlert: number;
  readonly lastAlert: number;
  /** Over the digests of its batches, in their order. */
  readonly sha256: string;
  /** Whether a person had set what it goes by; not known while it waits. */
  readonly isAsked: boolean;
}

interface RemovedRange {
  readonly first_alert: number;
  readonly last_alert: number;
  readonly sha256: string;
}

/** By their numbers. Some may have the same in them: a hub that was restored removes again. */
export async function namedRemovals(
  db: Pick<SqlConnection, "prepare">,
  ledger: Pick<LedgerReader, "page">,
): Promise<readonly NamedRemoval[]> {
  // One that waits may be in the ledger, too: that one comes later, and takes its place.
  const found = new Map<string, NamedRemoval>();
  let set: Partial<RetainedAlerts> = {};
  for await (const { entry, record } of ledgerRecords(db, ledger, "alert_retention")) {
    if (record.action !== "removed") {
      if (entry !== null) set = record.metadata;
      continue;
    }
    const { ranges, retention } = record.metadata as {
      readonly ranges: readonly RemovedRange[];
      readonly retention: RetainedAlerts;
    };
    const isAsked = entry === null || (retention.days === set.days && retention.records === set.records);
    for (const { first_alert: firstAlert, last_alert: lastAlert, sha256 } of ranges)
      found.set(`${firstAlert} ${lastAlert} ${sha256}`, { entry, firstAlert, lastAlert, sha256, isAsked });
  }
  return [...found.values()].sort((a, b) => a.firstAlert - b.firstAlert);
}

interface Removals {
  /** First numbers of the batches that were removed. */
  readonly removed: ReadonlySet<number>;
  readonly faults: readonly RemovalFault[];
}

interface RemovalFault {
  readonly firstAlert: number;
  readonly entry: number | null;
  readonly message: string;
}

const STILL = "select first_alert from alert_batch where first_alert >= ? and first_alert <= ? order by first_alert";

/**
 * Holds removals to what the ledger says had come and was asked for: all of it went, byte for byte.
 * @param named all that came, by its first number
 */
export async function verifyRemovals(
  { prepare }: Pick<SqlConnection, "prepare">,
  removals: readonly NamedRemoval[],
  named: ReadonlyMap<number, Named>,
): Promise<Removals> {
  const removed = new Set<number>();
  const faults: RemovalFault[] = [];
  const numbers = removals.length === 0 ? [] : [...named.keys()].sort((a, b) => a - b);
  let at = 0;
  for (const { entry, firstAlert, lastAlert, sha256, isAsked } of removals) {
    while (at < numbers.length && (numbers[at] ?? 0) < firstAlert) at += 1;
    let end = at;
    while (end < numbers.length && (numbers[end] ?? 0) <= lastAlert) end += 1;
    const own = numbers.slice(at, end);
    const rows = prepare(STILL).all(firstAlert, lastAlert) as readonly { readonly first_alert: number }[];
    const still = new Set(rows.map(({ first_alert }) => first_alert));
    const there = "the ledger says that retention removed it, and it is in hub.db";
    for (const first of still) faults.push({ firstAlert: first, entry, message: there });
    for (const first of own) if (!still.has(first)) removed.add(first);
    const message = "what retention removed is not what the ledger says had come";
    const batches = own.map((first) => named.get(first)?.batch ?? null);
    if (still.size === 0 && !isWhat(batches, sha256)) faults.push({ firstAlert, entry, message });
    if (!isAsked) faults.push({ firstAlert, entry, message: "retention removed it by a limit that nobody had set" });
    await nextTurn();
  }
  return { removed, faults };
}

/** True too where a batch was recorded without a digest: then nobody can tell. */
function isWhat(batches: readonly Named["batch"][], sha256: string): boolean {
  const digests = batches.map((batch) => batch?.sha256);
  if (digests.includes(undefined)) return true;
  const hash = createHash("sha256");
  for (const digest of digests) hash.update(digest ?? "");
  return hash.digest("hex") === sha256;
}
