import type { Kysely } from "kysely";
import type { Hello, SignedDesired } from "../../model/message.ts";
import type { ContractTables } from "../store/contract-tables.ts";
import type { NodeTables } from "../store/node-tables.ts";
import { nextTurn } from "../store/turns.ts";
import { type DesiredSources, desiredOf, saysTheSame, signDesired, sourcesFrom } from "./desired-sets.ts";
import { enrolled, type FloorNode, releasesOf } from "./known-releases.ts";
import type { RolloutPorts } from "./rollout-ports.ts";

type Tables = ContractTables & NodeTables;

/** Nodes whose sets are made, signed and written in one turn of the loop. */
const NODES_PER_TURN = 24;

/**
 * Makes every node's desired set anew, or those of `only`, and pushes those that changed: a slice a turn, each in a commit of
 * its own. A crash in between leaves sets that are older and whole; the next start makes them anew.
 */
export async function refresh(ports: RolloutPorts, only?: ReadonlySet<string>): Promise<void> {
  const sources = sourcesFrom({
    releases: await releasesOf(ports),
    policy: ports.policy,
    people: await ports.people(),
    orders: await ports.orders(),
    shelf: ports.shelf,
  });
  const nodes = (await enrolled(ports, only)).filter(({ id }) => !isAhead(ports, id));
  for (let from = 0; from < nodes.length; from += NODES_PER_TURN) {
    const pushed = await refreshSlice(ports, sources, nodes.slice(from, from + NODES_PER_TURN));
    // Only what is on the disk goes out: a generation that a node has seen must not be given away twice.
    for (const signed of pushed) ports.push(signed.desired.node, signed);
    await nextTurn();
  }
}

function refreshSlice(
  ports: RolloutPorts,
  sources: DesiredSources,
  nodes: readonly FloorNode[],
): Promise<readonly SignedDesired[]> {
  return ports.db.atomically<Tables, readonly SignedDesired[]>(async (tables) => {
    const ids = nodes.map(({ id }) => id);
    const columns = ["id", "desired", "generation"] as const;
    const rows = await tables.selectFrom("node").select(columns).where("id", "in", ids).execute();
    const known = new Map(rows.map((row) => [row.id, row]));
    const changed: SignedDesired[] = [];
    for (const node of nodes) {
      const row = known.get(node.id);
      if (row === undefined) continue;
      const before = row.desired === null ? undefined : (JSON.parse(row.desired) as SignedDesired);
      const next = desiredOf(node, sources, before?.desired);
      const isStale = before === undefined || before.desired.generation !== row.generation;
      if (!isStale && saysTheSame(before.desired, next)) continue;
      const signed = signDesired({ ...next, generation: row.generation + 1 }, ports.onlineKey);
      await tables
        .updateTable("node")
        .set({ desired: JSON.stringify(signed), generation: signed.desired.generation })
        .where("id", "=", node.id)
        .execute();
      changed.push(signed);
    }
    await insertDeployments(tables, changed, ports.clock.nowMs());
    return changed;
  });
}

/** What one statement takes, far below SQLite's bound on parameters. */
const ROWS_PER_INSERT = 500;

async function insertDeployments(tables: Kysely<Tables>, sets: readonly SignedDesired[], nowMs: number): Promise<void> {
  const fresh = sets.flatMap(({ desired }) =>
    [...Object.entries(desired.contracts), ...Object.entries(desired.shadows ?? {})].map(([contract, { version }]) => ({
      ...{ contract, version, node: desired.node, phase: null, reason: null, detail: null },
      ...{ pushed_at_ms: nowMs, updated_at_ms: nowMs, acknowledged_at_ms: null },
    })),
  );
  for (let from = 0; from < fresh.length; from += ROWS_PER_INSERT)
    await tables
      .insertInto("deployment")
      .values(fresh.slice(from, from + ROWS_PER_INSERT))
      .onConflict((known) => known.doNothing())
      .execute();
}

/** A node whose key is proven. */
export interface Arrival {
  readonly node: string;
  readonly hello: Pick<Hello, "generation" | "restsOn">;
}

/** Whether a node rests on signed metadata that this hub lost. It would refuse every set, and alarm its people with each. */
export function isAhead({ ahead, hasLost }: Pick<RolloutPorts, "ahead" | "hasLost">, node: string): boolean {
  const rests = ahead.get(node);
  if (rests === undefined) return false;
  if (hasLost(rests)) return true;
  ahead.delete(node);
  return false;
}

/** Answers for each the set to push, in one commit; undefined where it was pushed already, or there is none. */
export async function arrivedAll(
  ports: RolloutPorts,
  arrivals: readonly Arrival[],
  at: (index: number | undefined) => void,
): Promise<readonly (SignedDesired | undefined)[]> {
  const nowMs = ports.clock.nowMs();
  const stale = new Set<string>();
  for (const { node, hello } of arrivals)
    if (hello.restsOn !== undefined && ports.hasLost(hello.restsOn)) ports.ahead.set(node, hello.restsOn);
    else ports.ahead.delete(node);
  const sets = await ports.db.atomically<Tables, readonly (SignedDesired | undefined)[]>(async (tables) => {
    const answers: (SignedDesired | undefined)[] = [];
    stale.clear();
    for (const [index, arrival] of arrivals.entries()) {
      at(index);
      const answer = await arrive(tables, arrival, nowMs);
      if (answer === "stale") stale.add(arrival.node);
      answers.push(answer === "stale" || isAhead(ports, arrival.node) ? undefined : answer);
    }
    at(undefined);
    return answers;
  });
  if (stale.size > 0) await refresh(ports, stale);
  return sets;
}

/** `stale`: its set is made anew, and pushed with that. */
async function arrive(
  tables: Kysely<Tables>,
  { node, hello }: Arrival,
  nowMs: number,
): Promise<SignedDesired | "stale" | undefined> {
  const columns = ["desired", "generation", "quarantined"] as const;
  const row = await tables.selectFrom("node").select(columns).where("id", "=", node).executeTakeFirst();
  if (row === undefined) return undefined;
  // A hub restored from an older copy counts on from where the node is, else the node would refuse every set.
  const generation = Math.max(row.generation, hello.generation);
  await tables.updateTable("node").set({ last_seen_ms: nowMs, generation }).where("id", "=", node).execute();
  await tables
    .updateTable("deployment")
    .set({ pushed_at_ms: nowMs })
    .where("node", "=", node)
    .where("acknowledged_at_ms", "is", null)
    .execute();
  if (row.quarantined !== null) return undefined;
  if (row.desired === null || generation !== row.generation) return "stale";
  return JSON.parse(row.desired) as SignedDesired;
}
