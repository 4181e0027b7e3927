import { canonicalJson } from "../base/canonical-json.ts";
import { printUtc } from "../base/civil-time.ts";
import { LEDGER_READ_QUIET_MS, MAX_REMEMBERED_READS } from "../model/limits.ts";
import type { PublicKey } from "./key-file.ts";
import type { LedgerFile, LedgerFileVerification, LedgerQuery } from "./ledger-file.ts";
import {
  type CheckpointAnswer,
  type ConsistencyAnswer,
  checkpointOf,
  consistencyOf,
  type EntryAnswer,
  entryOf,
  type InclusionAnswer,
  inclusionOf,
  type ListAnswer,
  listOf,
} from "./ledger-questions.ts";

/**
 * Where people read the ledger of a running hub or agent. Who reads entries is written into the ledger before the answer goes out;
 * what holds hashes alone (checkpoints, consistency) is for everybody who may ask, as often as they like.
 */
export interface LedgerDesk {
  readonly list: (query: LedgerQuery, by: string) => ListAnswer;
  readonly entry: (seq: number, by: string) => EntryAnswer;
  readonly inclusion: (seq: number, size: number | undefined, by: string) => InclusionAnswer;
  readonly consistency: (from: number, to: number | undefined) => ConsistencyAnswer;
  /** Signed now, where the latest does not cover all entries. */
  readonly checkpoint: () => CheckpointAnswer;
  readonly verify: (by: string) => Promise<LedgerFileVerification>;
}

/** What was read last by one person in one way: reading on from there is the same reading. */
interface Reading {
  readonly atMs: number;
  readonly place: number;
}

interface Read {
  readonly by: string;
  readonly action: string;
  readonly filter: object;
  readonly place?: number;
  readonly details: string;
}

export function openLedgerDesk(ledger: LedgerFile, key: PublicKey, nowMs: () => number): LedgerDesk {
  const readings = new Map<string, Reading>();
  /**
   * One entry for a reading, not for a page of it: who reads to the end finds the entry that says so and nothing after it, and
   * would otherwise never arrive.
   */
  const note = ({ by, action, filter, place = 0, details }: Read): void => {
    const name = canonicalJson([by, action, filter]);
    const known = readings.get(name);
    const atMs = nowMs();
    if (known !== undefined && Math.abs(atMs - known.atMs) < LEDGER_READ_QUIET_MS && place >= known.place) return;
    const what = { action_type: "ledger_read", action, target: ledger.owner, details: `${by} ${details}` } as const;
    ledger.append([{ ...what, user_id: by, smart_id: null, metadata: { filter } }]);
    readings.delete(name);
    readings.set(name, { atMs, place });
    if (readings.size > MAX_REMEMBERED_READS) readings.delete(readings.keys().next().value as string);
  };
  let walking: Promise<LedgerFileVerification> | null = null;
  return {
    list: (query, by) => {
      const { from = 0, to, limit: _limit, newestFirst = false, ...asked } = query;
      const filter = { ...asked, newestFirst };
      // Newest first goes down from `to`, so that less of it is more: counted from the other end.
      const place = newestFirst ? -(to ?? Number.MAX_SAFE_INTEGER) : from;
      // What is listed is what was there before this reading, or a later page would show it.
      const until = ledger.head().size;
      note({ by, action: "listed", filter, place, details: `reads entries ${wordsOf(query)}` });
      return listOf(ledger, { ...query, to: Math.min(to ?? until, until) });
    },
    entry: (seq, by) => {
      const answer = entryOf(ledger, seq);
      note({ by, action: "shown", filter: { seq }, details: `reads entry ${seq}` });
      return answer;
    },
    inclusion: (seq, size, by) => {
      ledger.checkpoint();
      const answer = inclusionOf(ledger, seq, size);
      note({ by, action: "proved", filter: { seq }, details: `takes entry ${seq} with its proof` });
      return answer;
    },
    consistency: (from, to) => {
      ledger.checkpoint();
      return consistencyOf(ledger, from, to);
    },
    checkpoint: () => {
      ledger.checkpoint();
      return checkpointOf(ledger, key);
    },
    verify: (by) => {
      note({ by, action: "verified", filter: {}, details: "has the ledger verified" });
      // One walk serves all who ask meanwhile: it is the dearest thing there is to ask.
      walking ??= ledger.verifyInTurns().finally(() => {
        walking = null;
      });
      return walking;
    },
  };
}

function wordsOf(query: LedgerQuery): string {
  const said = [
    ["of type", query.actionType],
    ["with action", query.action],
    ["about", query.target],
    ["of contract", query.smartId],
    ["by", query.userId],
    ["since", query.fromMs === undefined ? undefined : printUtc(query.fromMs)],
    ["until", query.toMs === undefined ? undefined : printUtc(query.toMs)],
  ].flatMap(([words, value]) => (value === undefined ? [] : [`${words} ${value}`]));
  const place = query.newestFirst === true ? `back from ${query.to ?? "the newest"}` : `from ${query.from ?? 0} on`;
  return [place, ...said].join(", ");
}
