import type { ArchivedDecision } from "../archive/archived.ts";
import type { Reliance } from "./reliance.ts";

/** What people decide about: a part, else a test, else one decision. Only what was let start is one. */
export interface ImpactItem {
  /** `part:P-7`, `test:LP-01/T-3`, `decision:LP-01/41`. */
  readonly key: string;
  readonly part: string | null;
  readonly tests: readonly string[];
  readonly orders: readonly string[];
  readonly nodes: readonly string[];
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** Node and ledger seq of the decisions that rested on a suspect. */
  readonly decisions: readonly ItemDecision[];
}

export interface ItemDecision {
  readonly node: string;
  /** Which line of the node's ledger; 0 where it never forked. */
  readonly strand: number;
  readonly seq: number;
  readonly atMs: number;
  readonly reliances: readonly Reliance[];
}

export interface ImpactFound {
  readonly items: readonly ImpactItem[];
  readonly counts: FoundCounts;
}

export interface FoundCounts {
  /** That rested on a suspect and let a test start. */
  readonly allowed: number;
  /** That rested on one and let nothing start: nobody has to decide about them. */
  readonly blocked: number;
  /** Of the allowed ones, those of which nobody can say whether they did. */
  readonly unclear: number;
  readonly tests: number;
  readonly orders: number;
  readonly parts: number;
  readonly nodes: readonly string[];
}

/** Collects decisions as they are read. */
export interface ItemCollector {
  readonly add: (decision: ArchivedDecision, reliances: readonly Reliance[]) => void;
  readonly size: () => number;
  readonly found: () => ImpactFound;
}

export function collectItems(): ItemCollector {
  const items = new Map<
    string,
    { first: ArchivedDecision; decisions: ItemDecision[]; tests: Set<string>; orders: Set<string> }
  >();
  let blocked = 0;
  let unclear = 0;
  return {
    size: () => items.size,
    add: (decision, reliances) => {
      const { allow, testId, order } = decision.recorded.decision;
      if (!allow) {
        blocked += 1;
        return;
      }
      if (reliances.every(({ how }) => how === "unclear")) unclear += 1;
      const key = keyOf(decision);
      const item = items.get(key) ?? { first: decision, decisions: [], tests: new Set(), orders: new Set() };
      items.set(key, item);
      const { node, strand = 0, entry, atMs } = decision;
      item.decisions.push({ node, strand, seq: entry.seq, atMs, reliances });
      if (testId !== null) item.tests.add(testId);
      if (order !== null) item.orders.add(order);
    },
    found: () => {
      const all = [...items].map(([key, { first, decisions, tests, orders }]): ImpactItem => {
        const times = decisions.map(({ atMs }) => atMs);
        return {
          ...{ key, part: first.recorded.part, tests: [...tests], orders: [...orders], decisions },
          nodes: [...new Set(decisions.map(({ node }) => node))],
          ...{ firstAtMs: times.reduce((a, b) => Math.min(a, b)), lastAtMs: times.reduce((a, b) => Math.max(a, b)) },
        };
      });
      return {
        items: all.sort((a, b) => a.firstAtMs - b.firstAtMs || (a.key < b.key ? -1 : 1)),
        counts: countsOf(all, blocked, unclear),
      };
    },
  };
}

function keyOf({ node, strand = 0, entry, recorded }: ArchivedDecision): string {
  const { testId } = recorded.decision;
  if (recorded.part !== null) return `part:${recorded.part}`;
  const place = strand === 0 ? node : `${node}~${strand}`;
  return testId === null ? `decision:${place}/${entry.seq}` : `test:${node}/${testId}`;
}

const countsOf = (items: readonly ImpactItem[], blocked: number, unclear: number): FoundCounts => ({
  ...{ blocked, unclear },
  allowed: items.reduce((sum, { decisions }) => sum + decisions.length, 0),
  tests: new Set(items.flatMap(({ tests, nodes }) => tests.map((one) => `${nodes[0]} ${one}`))).size,
  orders: new Set(items.flatMap(({ orders }) => orders)).size,
  parts: items.filter(({ part }) => part !== null).length,
  nodes: [...new Set(items.flatMap(({ nodes }) => nodes))].sort(),
});
