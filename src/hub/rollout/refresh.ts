import type { Hello, SignedDesired } from "../../model/message.ts";
import type { ContractTables } from "../store/contract-tables.ts";
import type { NodeRow, NodeTables } from "../store/node-tables.ts";
import { nextTurn } from "../store/turns.ts";
import { type DesiredSources, desiredOf, saysTheSame, signDesired, sourcesFrom } from "./desired-sets.ts";
import { enrolled, type FloorNode, releasesOf } from "./known-releases.ts";
import type { RolloutPorts } from "./rollout-ports.ts";

type Tables = ContractTables & NodeTables;

/** Nodes whose sets are made, signed and written in one turn of the loop. */
const NODES_PER_TURN = 48;

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
      ports.db.prepare(SET).run(JSON.stringify(signed), signed.desired.generation, node.id);
      changed.push(signed);
    }
    insertDeployments(ports, changed);
    return changed;
  });
}

// One of each for every node of a release: prepared once, not built anew.
const SET = "update node set desired = ?, generation = ? where id = ?";
const DEPLOY = `insert into deployment (contract, version, node, pushed_at_ms, updated_at_ms) values (?, ?, ?, ?, ?)
  on conflict do nothing`;

function insertDeployments({ db, clock }: RolloutPorts, sets: readonly SignedDesired[]): void {
  const nowMs = clock.nowMs();
  const insert = db.prepare(DEPLOY);
  for (const { desired } of sets)
    for (const [contract, { version }] of [
      ...Object.entries(desired.contracts),
      ...Object.entries(desired.shadows ?? {}),
    ])
      insert.run(contract, version, desired.node, nowMs, nowMs);
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
  const sets = await ports.db.atomically<Tables, readonly (SignedDesired | undefined)[]>(async () => {
    const answers: (SignedDesired | undefined)[] = [];
    stale.clear();
    for (const [index, arrival] of arrivals.entries()) {
      at(index);
      const answer = arrive(ports, arrival, nowMs);
      if (answer === "stale") stale.add(arrival.node);
      answers.push(answer === "stale" || isAhead(ports, arrival.node) ? undefined : answer);
    }
    at(undefined);
    return answers;
  });
  if (stale.size > 0) await refresh(ports, stale);
  return sets;
}

const ARRIVING = "select desired, generation, quarantined from node where id = ?";
const SEEN = "update node set last_seen_ms = ?, generation = ? where id = ?";
const PUSHED = "update deployment set pushed_at_ms = ? where node = ? and acknowledged_at_ms is null";

type ArrivingNode = Pick<NodeRow, "desired" | "generation" | "quarantined">;

/** `stale`: its set is made anew, and pushed with that. */
function arrive({ db }: RolloutPorts, { node, hello }: Arrival, nowMs: number): SignedDesired | "stale" | undefined {
  const row = db.prepare(ARRIVING).get(node) as ArrivingNode | undefined;
  if (row === undefined) return undefined;
  // A hub restored from an older copy counts on from where the node is, else the node would refuse every set.
  const generation = Math.max(row.generation, hello.generation);
  db.prepare(SEEN).run(nowMs, generation, node);
  db.prepare(PUSHED).run(nowMs, node);
  if (row.quarantined !== null) return undefined;
  if (row.desired === null || generation !== row.generation) return "stale";
  return JSON.parse(row.desired) as SignedDesired;
}
