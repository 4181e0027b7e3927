import type { Hello, SignedDesired } from "../../model/message.ts";
import type { ContractTables } from "../store/contract-tables.ts";
import type { NodeTables } from "../store/node-tables.ts";
import { desiredOf, saysTheSame, signDesired } from "./desired-sets.ts";
import { enrolled, releasesOf } from "./known-releases.ts";
import type { RolloutPorts } from "./rollout-ports.ts";

type Tables = ContractTables & NodeTables;

/** Makes every node's desired set anew, and pushes those that changed. */
export async function refresh(ports: RolloutPorts): Promise<void> {
  const sources = {
    releases: await releasesOf(ports),
    metadata: ports.policy.metadata(),
    assignment: ports.policy.assignment,
    people: await ports.people(),
    orders: await ports.orders(),
    shelf: ports.shelf,
  };
  const nowMs = ports.clock.nowMs();
  const nodes = await enrolled(ports);
  const pushed = await ports.db.atomically<Tables, readonly SignedDesired[]>(async (tables) => {
    const changed: SignedDesired[] = [];
    for (const node of nodes) {
      const row = await tables.selectFrom("node").selectAll().where("id", "=", node.id).executeTakeFirstOrThrow();
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
      const given = [...Object.entries(next.contracts), ...Object.entries(next.shadows ?? {})];
      const fresh = given.map(([contract, { version }]) => ({
        contract,
        version,
        node: node.id,
        phase: null,
        reason: null,
        detail: null,
        pushed_at_ms: nowMs,
        updated_at_ms: nowMs,
        acknowledged_at_ms: null,
      }));
      if (fresh.length > 0)
        await tables
          .insertInto("deployment")
          .values(fresh)
          .onConflict((known) => known.doNothing())
          .execute();
      changed.push(signed);
    }
    return changed;
  });
  // Only what is on the disk goes out: a generation that a node has seen must not be given away twice.
  for (const signed of pushed) ports.push(signed.desired.node, signed);
}

/** Answers the set to push; undefined where it was pushed already, or there is none. */
export async function arrived(ports: RolloutPorts, node: string, hello: Hello): Promise<SignedDesired | undefined> {
  const tables = ports.db.tables<NodeTables>();
  const nowMs = ports.clock.nowMs();
  const row = await tables.selectFrom("node").selectAll().where("id", "=", node).executeTakeFirst();
  if (row === undefined) return undefined;
  // A hub restored from an older copy counts on from where the node is, else the node would refuse every set.
  const generation = Math.max(row.generation, hello.generation);
  await tables.updateTable("node").set({ last_seen_ms: nowMs, generation }).where("id", "=", node).execute();
  await ports.db
    .tables<ContractTables>()
    .updateTable("deployment")
    .set({ pushed_at_ms: nowMs })
    .where("node", "=", node)
    .where("acknowledged_at_ms", "is", null)
    .execute();
  if (row.quarantined !== null) return undefined;
  if (row.desired !== null && generation === row.generation) return JSON.parse(row.desired) as SignedDesired;
  // Pushed by refresh itself.
  await refresh(ports);
  return undefined;
}
