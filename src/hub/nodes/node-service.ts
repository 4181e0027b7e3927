import { createHash } from "node:crypto";
import type { Selectable } from "kysely";
import { assert } from "../../base/assert.ts";
import { canonicalJson } from "../../base/canonical-json.ts";
import { isPublicHex, keyIdOf } from "../../disk/key-file.ts";
import type { StationRegister } from "../../model/documents.ts";
import { isTestNodeId } from "../../model/ids.ts";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import { ENROLMENT_TOKEN_LIFE_MS } from "../../model/limits.ts";
import type { NodeSource, Principal } from "../ports.ts";
import { badRequest, conflict, forbidden, unknownId } from "../refusals.ts";
import type { Write } from "../store/journal.ts";
import type { EnrolmentRow, NodeTables } from "../store/node-tables.ts";
import { type KnownNode, type NodeKey, type NodePorts, nodeOf, nodeRecord } from "./known-node.ts";
import { keyOf, NO_HISTORY, quarantine, release, revoke } from "./node-trust.ts";
import { registerFrom } from "./register-schema.ts";

/** Lets one key become this node's, once, for a quarter of an hour. The token is nowhere kept. */
export interface EnrolmentToken {
  readonly id: string;
  readonly token: string;
  readonly expiresAtMs: number;
}

export interface NodeService extends NodeSource {
  /** Registers a station and answers its node's enrolment token; for a known node that is not enrolled, a new token. */
  readonly register: (register: unknown, by: Principal) => Promise<EnrolmentToken>;
  /** Replaces what stands at a station; the node gets it signed beside its releases. */
  readonly replaceRegister: (node: string, register: unknown, by: Principal) => Promise<KnownNode>;
  /** @throws MaintError BAD_REQUEST, FORBIDDEN for any token that does not hold now, CONFLICT for an enrolled node */
  readonly enrol: (request: {
    readonly token: string;
    readonly node: string;
    readonly publicKey: string;
  }) => Promise<KnownNode>;
  /** Many stations in one commit, for trials with `maint node simulate`: all of them or none. */
  readonly registerFleet: (registers: readonly unknown[], by: Principal) => Promise<readonly EnrolmentToken[]>;
  /** Many nodes in one commit; the first that is refused refuses all. */
  readonly enrolFleet: (requests: readonly Parameters<NodeService["enrol"]>[0][]) => Promise<void>;
  readonly list: () => Promise<readonly KnownNode[]>;
  /** Of those that are not enrolled as well. */
  readonly allIds: () => Promise<readonly string[]>;
  /** By id, behind `after`; `next` is null behind the last one. */
  readonly page: (page: {
    readonly after: string;
    readonly limit: number;
  }) => Promise<{ readonly nodes: readonly KnownNode[]; readonly next: string | null }>;
  readonly get: (node: string) => Promise<KnownNode | undefined>;
  /** The key that is the node's, else the last one that was taken from it. */
  readonly keyOf: (node: string) => Promise<NodeKey | undefined>;
  /** Two of it, or an older copy: it is given nothing new until a person looked. What is so already stays as it is. */
  readonly quarantine: (node: string, why: string) => Promise<void>;
  /** A person looked: it goes on from what it says now. @throws MaintError NOT_FOUND, CONFLICT where it is not quarantined */
  readonly release: (node: string, reason: string, by: Principal) => Promise<KnownNode>;
  /** Its key is never a node's again; the station may be registered and enrolled anew. @throws MaintError NOT_FOUND, CONFLICT */
  readonly revoke: (node: string, reason: string, by: Principal) => Promise<KnownNode>;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export function createNodeService(ports: NodePorts): NodeService {
  const rows = () => ports.db.tables<NodeTables>().selectFrom("node").selectAll();
  const get = async (id: string): Promise<KnownNode | undefined> => {
    const row = await rows().where("id", "=", id).executeTakeFirst();
    return row === undefined ? undefined : nodeOf(row);
  };
  const list = async (): Promise<readonly KnownNode[]> => (await rows().orderBy("id").execute()).map(nodeOf);
  const allIds = async (): Promise<readonly string[]> =>
    (await ports.db.tables<NodeTables>().selectFrom("node").select("id").execute()).map(({ id }) => id);
  /** Tokens of whose misuse the ledger knows: who tries one over and over does not fill it. */
  const toldOf = new Set<string>();
  const enrol = async (requests: readonly EnrolRequest[]): Promise<void> => {
    const misused: Misuse[] = [];
    try {
      await enrolAll(ports, requests, (misuse) => misused.push(misuse));
    } catch (error) {
      const news = misused.filter(({ tokenSha256 }) => !toldOf.has(tokenSha256));
      for (const { tokenSha256 } of news) toldOf.add(tokenSha256);
      if (news.length > 0)
        await ports.journal.commit<NodeTables, void>(async ({ record }) => news.map(misuseRecord).forEach(record));
      throw error;
    }
  };
  return {
    register: async (register, by) => {
      const [token] = await registerAll(ports, [registerFrom(register)], by);
      assert(token !== undefined, "one register, one token");
      return token;
    },
    registerFleet: (registers, by) => registerAll(ports, registers.map(registerFrom), by),
    enrolFleet: enrol,
    replaceRegister: async (node, register, by) => {
      if ((await get(node)) === undefined) throw unknownId("node", node, await allIds());
      await replaceRegister(ports, node, registerFrom(register), by);
      return nodeOf(await rows().where("id", "=", node).executeTakeFirstOrThrow());
    },
    enrol: async (request) => {
      await enrol([request]);
      return nodeOf(await rows().where("id", "=", request.node).executeTakeFirstOrThrow());
    },
    ...{ list, allIds },
    page: async ({ after, limit }) => {
      const found = await rows()
        .where("id", ">", after)
        .orderBy("id")
        .limit(limit + 1)
        .execute();
      const nodes = found.slice(0, limit).map(nodeOf);
      return { nodes, next: found.length > limit ? (nodes.at(-1)?.id ?? null) : null };
    },
    get,
    keyOf: (node) => keyOf(ports, node),
    quarantine: (node, why) => quarantine(ports, node, why),
    release: (node, reason, by) => release(ports, node, reason, by),
    revoke: (node, reason, by) => revoke(ports, node, reason, by),
    ids: async () => {
      const ids = ports.db.tables<NodeTables>().selectFrom("node").select("id").where("enrolled_at_ms", "is not", null);
      return (await ids.orderBy("id").execute()).map(({ id }) => id);
    },
    plantZone: async (node) => (await get(node))?.register.plantZone,
  };
}

async function registerAll(
  ports: NodePorts,
  registers: readonly StationRegister[],
  by: Principal,
): Promise<readonly EnrolmentToken[]> {
  const expiresAtMs = ports.clock.nowMs() + ENROLMENT_TOKEN_LIFE_MS;
  const tokens = registers.map(({ node }) => ({
    id: node,
    token: Buffer.from(ports.random(32)).toString("base64url"),
    expiresAtMs,
  }));
  await ports.journal.commit<NodeTables, void>(async (write) => {
    for (const [index, register] of registers.entries())
      await registerOne(write, register, tokens[index]?.token ?? "", expiresAtMs, by);
  });
  // Nobody's desired set changes: what is registered here has no key yet.
  return tokens;
}

async function registerOne(
  { tables, record }: Write<NodeTables>,
  register: StationRegister,
  token: string,
  expiresAtMs: number,
  by: Principal,
): Promise<void> {
  const id = register.node;
  const known = await tables.selectFrom("node").selectAll().where("id", "=", id).executeTakeFirst();
  if (known?.public_hex) throw conflict(`node ${id} is enrolled already`, "change its register instead");
  const text = canonicalJson(register);
  await tables
    .insertInto("node")
    .values({ ...NEW_NODE, id, register: text })
    .onConflict((found) => found.column("id").doUpdateSet({ register: text }))
    .execute();
  // An older token of this node ends here: one at a time.
  await tables.deleteFrom("enrolment").where("node", "=", id).execute();
  await tables
    .insertInto("enrolment")
    .values({ token_sha256: sha256(token), node: id, expires_at_ms: expiresAtMs, used_at_ms: null })
    .execute();
  record(nodeRecord("node_enrolment", "registered", register, by.id, { expires_at_ms: expiresAtMs }));
}

const NEW_NODE = {
  public_hex: null,
  key_id: null,
  enrolled_at_ms: null,
  generation: 0,
  desired: null,
  report: null,
  report_counter: 0,
  last_seen_ms: null,
  quarantined: null,
  revoked_at_ms: null,
  ledger_size: 0,
} as const;

async function replaceRegister(
  ports: NodePorts,
  node: string,
  register: StationRegister,
  by: Principal,
): Promise<void> {
  if (register.node !== node) throw badRequest(`the register is of ${register.node}, not of ${node}`);
  await ports.journal.commit<NodeTables, void>(async ({ tables, record }) => {
    await tables
      .updateTable("node")
      .set({ register: canonicalJson(register) })
      .where("id", "=", node)
      .execute();
    record(nodeRecord("node_enrolment", "register-changed", register, by.id, {}));
  });
  ports.changed();
}

type EnrolRequest = Parameters<NodeService["enrol"]>[0];

/** A token that is known here, in the wrong hands or at the wrong time. One that was guessed is not known. */
interface Misuse {
  readonly tokenSha256: string;
  readonly ownNode: string;
  readonly askedFor: string;
  readonly because: "used before" | "too old" | "of another node";
}

const misuseRecord = ({ ownNode, askedFor, because }: Misuse): LedgerRecord => ({
  ...{ action_type: "node_enrolment", action: "refused", target: ownNode, user_id: askedFor, smart_id: null },
  details: `the enrolment token of ${ownNode} was shown for ${askedFor}: ${because}`,
  metadata: { asked_for: askedFor, because },
});

async function enrolAll(
  ports: NodePorts,
  requests: readonly EnrolRequest[],
  onMisuse: (misuse: Misuse) => void,
): Promise<void> {
  for (const { node, publicKey } of requests) {
    if (!isTestNodeId(node)) throw badRequest(`"${node}" is no node id`);
    if (!isPublicHex(publicKey)) throw badRequest("publicKey: 64 hex digits of an Ed25519 key were expected");
  }
  const nowMs = ports.clock.nowMs();
  await ports.journal.commit<NodeTables, void>(async (write) => {
    for (const request of requests) await enrolOne(write, request, nowMs, onMisuse);
  });
  // A key begins without a past, and so may the ledger beside it.
  for (const { node } of requests) ports.forgiveLedger(node);
  ports.changed();
}

async function enrolOne(
  { tables, record }: Write<NodeTables>,
  { token, node, publicKey }: EnrolRequest,
  nowMs: number,
  onMisuse: (misuse: Misuse) => void,
): Promise<void> {
  const tokenSha256 = sha256(token);
  const kept = await tables
    .selectFrom("enrolment")
    .selectAll()
    .where("token_sha256", "=", tokenSha256)
    .executeTakeFirst();
  const because = kept === undefined ? null : whyNot(kept, node, nowMs);
  if (kept !== undefined && because !== null) onMisuse({ tokenSha256, ownNode: kept.node, askedFor: node, because });
  // One sentence for every reason: whoever guesses learns nothing.
  if (kept === undefined || because !== null)
    throw forbidden(
      `this token does not enrol ${node}`,
      "tokens hold once, for one node, for 15 minutes: register it again",
    );
  const row = await tables.selectFrom("node").selectAll().where("id", "=", node).executeTakeFirstOrThrow();
  const taken = await tables.selectFrom("node").select("id").where("public_hex", "=", publicKey).executeTakeFirst();
  if (taken !== undefined) throw conflict("this key belongs to a node already", "every node makes a key of its own");
  const dead = await tables
    .selectFrom("revoked_key")
    .select("node")
    .where("public_hex", "=", publicKey)
    .executeTakeFirst();
  if (dead !== undefined) throw conflict("this key was revoked", "make a new one: remove the node's folder first");
  await tables
    .updateTable("node")
    .set({ ...NO_HISTORY, public_hex: publicKey, key_id: keyIdOf(publicKey), enrolled_at_ms: nowMs })
    .where("id", "=", node)
    .execute();
  await tables.updateTable("enrolment").set({ used_at_ms: nowMs }).where("token_sha256", "=", tokenSha256).execute();
  const register = JSON.parse(row.register) as StationRegister;
  record(nodeRecord("node_enrolment", "enrolled", register, node, { key_id: keyIdOf(publicKey) }));
}

function whyNot(kept: Selectable<EnrolmentRow>, node: string, nowMs: number): Misuse["because"] | null {
  if (kept.node !== node) return "of another node";
  if (kept.used_at_ms !== null) return "used before";
  return nowMs >= kept.expires_at_ms ? "too old" : null;
}

export type { KnownNode, NodeKey } from "./known-node.ts";
