import type { Exposure, NodeArchive } from "../../src/hub/archive/archived.ts";

export interface Decided {
  readonly node: string;
  readonly atMs: number;
  readonly contract?: string;
  readonly blocked?: boolean;
}

/** Decisions in a list, counted as an archive counts them. Buckets begin at multiples of their length. */
export const decidedArchive = (decisions: readonly Decided[]): Pick<NodeArchive, "exposure"> => ({
  exposure: ({ contract, nodes, fromMs, toMs, bucketMs }) => {
    const buckets = new Map<string, Exposure>();
    for (const one of decisions) {
      if (one.atMs < fromMs || one.atMs >= toMs || nodes?.includes(one.node) === false) continue;
      if (contract !== undefined && (one.contract ?? contract) !== contract) continue;
      const bucketStartMs = Math.floor(one.atMs / bucketMs) * bucketMs;
      const key = `${one.node} ${bucketStartMs}`;
      const known = buckets.get(key) ?? { node: one.node, bucketStartMs, decisions: 0, blocked: 0 };
      const blocked = known.blocked + (one.blocked === true ? 1 : 0);
      buckets.set(key, { ...known, decisions: known.decisions + 1, blocked });
    }
    return buckets.values();
  },
});
