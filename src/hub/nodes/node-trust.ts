import { keyIdOf } from "../../disk/key-file.ts";
import type { StationRegister } from "../../model/documents.ts";
import type { Principal } from "../ports.ts";
import { badRequest, conflict, unknownId } from "../refusals.ts";
import type { NodeTables } from "../store/node-tables.ts";
import { type KnownNode, type NodeKey, type NodePorts, nodeOf, nodeRecord } from "./known-node.ts";

/** A key begins without a past. */
export const NO_HISTORY = {
  report_counter: 0,
  ledger_size: 0,
  report: null,
  quarantined: null,
  revoked_at_ms: null,
} as const;

export async function keyOf({ db }: NodePorts, node: string): Promise<NodeKey | undefined> {
  const tables = db.tables<NodeTables>();
  const row = await tables.selectFrom("node").selectAll().where("id", "=", node).executeTakeFirst();
  if (row === undefined) return undefined;
  const { quarantined, report_counter: reportCounter, ledger_size: ledgerSize } = row;
  const known = { quarantined, reportCounter, ledgerSize };
  if (row.public_hex !== null && row.key_id !== null)
    return { publicHex: row.public_hex, keyId: row.key_id, isRevoked: false, ...known };
  const last = await tables
    .selectFrom("revoked_key")
    .selectAll()
    .where("node", "=", node)
    .orderBy("at_ms", "desc")
    .executeTakeFirst();
  return last === undefined
    ? undefined
    : { publicHex: last.public_hex, keyId: keyIdOf(last.public_hex), isRevoked: true, ...known };
}

export async function quarantine({ journal, changed }: NodePorts, node: string, why: string): Promise<void> {
  const isNews = await journal.commit<NodeTables, boolean>(async ({ tables, record }) => {
    const row = await tables.selectFrom("node").selectAll().where("id", "=", node).executeTakeFirst();
    if (row === undefined || row.quarantined !== null) return false;
    await tables.updateTable("node").set({ quarantined: why }).where("id", "=", node).execute();
    record(nodeRecord("node_session", "quarantined", JSON.parse(row.register) as StationRegister, node, { why }));
    return true;
  });
  if (isNews) changed();
}

const MAX_REASON = 2_000;

function reasonOf(reason: string): string {
  if (reason.trim() === "" || reason.length > MAX_REASON) throw badRequest("say why", '--reason "…"');
  return reason.trim();
}

async function rowOf({ db }: NodePorts, node: string) {
  const rows = await db.tables<NodeTables>().selectFrom("node").selectAll().execute();
  const row = rows.find(({ id }) => id === node);
  if (row !== undefined) return row;
  throw unknownId(
    "node",
    node,
    rows.map(({ id }) => id),
  );
}

export async function release(ports: NodePorts, node: string, given: string, by: Principal): Promise<KnownNode> {
  const reason = reasonOf(given);
  const row = await rowOf(ports, node);
  if (row.quarantined === null) throw conflict(`${node} is not quarantined`);
  // It may be a disk that was restored: what it says from here on is its past.
  const change = { quarantined: null, report_counter: 0, ledger_size: 0 };
  ports.forgiveLedger(node);
  await ports.journal.commit<NodeTables, void>(async ({ tables, record }) => {
    await tables.updateTable("node").set(change).where("id", "=", node).execute();
    const register = JSON.parse(row.register) as StationRegister;
    record(nodeRecord("node_session", "released", register, by.id, { reason, was: row.quarantined }));
  });
  ports.changed();
  // What it said of its ledger when it came counted against it; now it is asked again.
  ports.recall(node, "it was released from quarantine");
  return nodeOf({ ...row, ...change });
}

export async function revoke(ports: NodePorts, node: string, given: string, by: Principal): Promise<KnownNode> {
  const reason = reasonOf(given);
  const row = await rowOf(ports, node);
  const { public_hex } = row;
  if (public_hex === null) throw conflict(`${node} has no key that could be revoked`);
  const nowMs = ports.clock.nowMs();
  const change = { ...NO_HISTORY, public_hex: null, key_id: null, enrolled_at_ms: null, revoked_at_ms: nowMs };
  await ports.journal.commit<NodeTables, void>(async ({ tables, record }) => {
    const dead = { public_hex, node, at_ms: nowMs, by_whom: by.id, reason };
    await tables.insertInto("revoked_key").values(dead).execute();
    await tables.updateTable("node").set(change).where("id", "=", node).execute();
    const register = JSON.parse(row.register) as StationRegister;
    record(nodeRecord("node_enrolment", "revoked", register, by.id, { reason, key_id: row.key_id }));
  });
  ports.drop(node, `its key was revoked: ${reason}`);
  ports.changed();
  return nodeOf({ ...row, ...change });
}
