import type { LedgerRecord } from "../../model/ledger-entry.ts";
import { MAX_REFUSALS_NAMED, MAX_REFUSED_SHOWN, REFUSALS_SUMMED_MS } from "../../model/limits.ts";

/** Something that a node, or whoever says to be one, was refused. */
export interface Refusal {
  /** Past-tense word of the ledger entry. */
  readonly action: string;
  /** As it calls itself; proven or not. */
  readonly node: string;
  /** A sentence; the same for the same reason. */
  readonly details: string;
  /** Where it came from; null where that says nothing. */
  readonly address: string | null;
}

/**
 * What was refused, for the hub's ledger: the first time as an entry of its own, what follows for the same reason as a count, so that
 * whoever is refused over and over, or under a thousand names, does not fill the ledger. No count is lost but by a crash, and that
 * one is of a minute at most.
 */
export interface RefusalBook {
  /** Durable when fulfilled where it is `news`, an entry of its own; counted where it is not. */
  readonly note: (refusal: Refusal) => Promise<"news" | "counted">;
  /** Writes what was counted in minutes that are over. */
  readonly flush: () => Promise<void>;
  /** Writes all that was counted. Before the ledger closes. */
  readonly close: () => Promise<void>;
}

export interface RefusalPorts {
  readonly hubId: string;
  /** Durable when fulfilled. */
  readonly append: (records: readonly LedgerRecord[]) => Promise<unknown>;
  /** Milliseconds that nobody sets. */
  readonly monotonicMs: () => number;
}

/** What is counted together. */
interface Tally {
  readonly action: string;
  /** The node; the hub for many of them. */
  readonly target: string;
  readonly details: string;
  readonly sinceMs: number;
  /** Not written yet. */
  count: number;
  readonly nodes: Set<string>;
  readonly addresses: Set<string>;
}

export function openRefusalBook({ hubId, append, monotonicMs }: RefusalPorts): RefusalBook {
  const named = new Map<string, Tally>();
  /** Of those that found no place among the named, by what was refused to them. */
  const others = new Map<string, Tally>();
  const tallyOf = ({ action, details }: Refusal, target: string): Tally => ({
    ...{ action, target, details, sinceMs: monotonicMs(), count: 0 },
    ...{ nodes: new Set<string>(), addresses: new Set<string>() },
  });
  const write = async (isDue: (tally: Tally) => boolean): Promise<void> => {
    const sums: LedgerRecord[] = [];
    for (const tallies of [named, others])
      for (const [key, tally] of tallies) {
        if (!isDue(tally)) continue;
        tallies.delete(key);
        if (tally.count > 0) sums.push(sumOf(tally, hubId));
      }
    if (sums.length > 0) await append(sums);
  };
  const isOver = ({ sinceMs }: Tally): boolean => monotonicMs() - sinceMs >= REFUSALS_SUMMED_MS;
  return {
    note: async (refusal) => {
      const key = JSON.stringify([refusal.action, refusal.node, refusal.details]);
      const before = named.get(key);
      if (before !== undefined && isOver(before)) await write((tally) => tally === before);
      const known = named.get(key);
      if (known !== undefined) return counted(known, refusal);
      if (named.size < MAX_REFUSALS_NAMED) {
        named.set(key, tallyOf(refusal, refusal.node));
        await append([recordOf(refusal, hubId)]);
        return "news";
      }
      const rest = others.get(refusal.action) ?? tallyOf(refusal, hubId);
      others.set(refusal.action, rest);
      return counted(rest, refusal);
    },
    flush: () => write(isOver),
    close: () => write(() => true),
  };
}

function counted(tally: Tally, { node, address }: Refusal): "counted" {
  tally.count += 1;
  if (tally.nodes.size < MAX_REFUSED_SHOWN) tally.nodes.add(node);
  if (address !== null && tally.addresses.size < MAX_REFUSED_SHOWN) tally.addresses.add(address);
  return "counted";
}

const recordOf = ({ action, node, details, address }: Refusal, hubId: string): LedgerRecord => ({
  ...{ action_type: "node_session", action, target: node, details, user_id: hubId, smart_id: null },
  metadata: address === null ? {} : { address },
});

function sumOf({ action, target, details, count, nodes, addresses }: Tally, hubId: string): LedgerRecord {
  const times = `${count} more ${count === 1 ? "time" : "times"} within a minute`;
  return {
    ...{ action_type: "node_session", action, target, user_id: hubId, smart_id: null },
    details: target === hubId ? `${action}, of many: ${times}` : `${details}: ${times}`,
    metadata: { count, nodes: [...nodes], addresses: [...addresses] },
  };
}
