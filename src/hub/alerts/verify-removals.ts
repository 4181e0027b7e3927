import { createHash } from "node:crypto";
import type { LedgerReader } from "../../disk/ledger-file.ts";
import type { SqlConnection } from "../store/database.ts";
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
}

interface RemovedRange {
  readonly first_alert: number;
  readonly last_alert: number;
  readonly sha256: string;
}

/** By their numbers. A hub that was restored removes again, and maybe in other stretches: what it says last counts. */
export async function namedRemovals(
  db: Pick<SqlConnection, "prepare">,
  ledger: Pick<LedgerReader, "page">,
): Promise<readonly NamedRemoval[]> {
  const found: NamedRemoval[] = [];
  for await (const { entry, record } of ledgerRecords(db, ledger, "alert_retention")) {
    if (record.action !== "removed") continue;
    const { ranges } = record.metadata as { readonly ranges: readonly RemovedRange[] };
    for (const { first_alert: firstAlert, last_alert: lastAlert, sha256 } of ranges)
      found.push({ entry, firstAlert, lastAlert, sha256 });
  }
  return withoutOverlaps(found);
}

/** `removals` in the order in which they were written. */
function withoutOverlaps(removals: readonly NamedRemoval[]): readonly NamedRemoval[] {
  const places = removals.map((removal, place) => ({ removal, place }));
  const kept: (typeof places)[number][] = [];
  for (const one of places.sort((a, b) => a.removal.firstAlert - b.removal.firstAlert || a.place - b.place)) {
    let last = kept.at(-1);
    while (last !== undefined && last.removal.lastAlert >= one.removal.firstAlert && last.place < one.place) {
      kept.pop();
      last = kept.at(-1);
    }
    if (last === undefined || last.removal.lastAlert < one.removal.firstAlert) kept.push(one);
  }
  return kept.map(({ removal }) => removal);
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
 * Holds removals to what the ledger says had come: all of it went, and byte for byte.
 * @param gone what entries name and hub.db does not have, by its first number
 */
export function verifyRemovals(
  { prepare }: Pick<SqlConnection, "prepare">,
  removals: readonly NamedRemoval[],
  gone: ReadonlyMap<number, Named>,
): Removals {
  const removed = new Set<number>();
  const faults: RemovalFault[] = [];
  const numbers = [...gone.keys()].sort((a, b) => a - b);
  let at = 0;
  for (const { entry, firstAlert, lastAlert, sha256 } of removals) {
    const own: Named[] = [];
    for (; at < numbers.length && (numbers[at] ?? 0) <= lastAlert; at += 1) {
      const number = numbers[at] ?? 0;
      const batch = gone.get(number);
      if (batch === undefined || number < firstAlert) continue;
      own.push(batch);
      removed.add(number);
    }
    const still = prepare(STILL).all(firstAlert, lastAlert) as readonly { readonly first_alert: number }[];
    for (const { first_alert } of still)
      faults.push({
        firstAlert: first_alert,
        entry,
        message: "the ledger says that retention removed it, and it is in hub.db",
      });
    const message = "what retention removed is not what the ledger says had come";
    if (still.length === 0 && !isWhat(own, sha256)) faults.push({ firstAlert, entry, message });
  }
  return { removed, faults };
}

/** True too where a batch was recorded without a digest: then nobody can tell. */
function isWhat(batches: readonly Named[], sha256: string): boolean {
  const digests = batches.map(({ batch }) => batch?.sha256);
  if (digests.includes(undefined)) return true;
  const hash = createHash("sha256");
  for (const digest of digests) hash.update(digest ?? "");
  return hash.digest("hex") === sha256;
}
