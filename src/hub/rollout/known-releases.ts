import { canonicalJson } from "../../base/canonical-json.ts";
import type { StationRegister } from "../../model/documents.ts";
import type { ContractId, Version } from "../../model/ids.ts";
import type { DesiredContract } from "../../model/message.ts";
import type { VersionRow } from "../contracts/contract-records.ts";
import { type AssignableRelease, assignmentsOf } from "../core/rollout.ts";
import { reaches } from "../core/rollout-engine.ts";
import { DEFAULT_POLICY, type RolloutPolicy } from "../core/rollout-policy.ts";
import type { KnownNode } from "../nodes/node-service.ts";
import type { ContractTables } from "../store/contract-tables.ts";
import type { NodeTables } from "../store/node-tables.ts";
import { inPages } from "../store/turns.ts";
import type { RolloutPorts } from "./rollout-ports.ts";

/** A node as far as rollouts ask. */
export type FloorNode = Pick<KnownNode, "id" | "register">;

/** Nodes that are given something: enrolled, and not set aside as a copy; at most a page of them with `only`. */
export async function enrolled(
  { db }: Pick<RolloutPorts, "db">,
  only?: ReadonlySet<string>,
): Promise<readonly FloorNode[]> {
  const page = (after: string, limit: number) => {
    const rows = db
      .tables<NodeTables>()
      .selectFrom("node")
      .select(["id", "register"])
      .where("id", ">", after)
      .where("enrolled_at_ms", "is not", null)
      .where("quarantined", "is", null)
      .orderBy("id")
      .limit(limit);
    return (only === undefined ? rows : rows.where("id", "in", [...only])).execute();
  };
  return (await inPages(page, ({ id }) => id)).map(({ id, register }) => ({ id, register: registerOf(id, register) }));
}

/** Ten thousand registers are read again and again and change hardly ever. */
const registers = new Map<string, { readonly text: string; readonly register: StationRegister }>();

function registerOf(id: string, text: string): StationRegister {
  const known = registers.get(id);
  if (known?.text === text) return known.register;
  const register = JSON.parse(text) as StationRegister;
  registers.set(id, { text, register });
  return register;
}

/** Without what is long: this is read at every tick. */
export type RowInForce = Omit<VersionRow, "text" | "bundle" | "validation">;

export const inForce = ({ db }: Pick<RolloutPorts, "db">): Promise<RowInForce[]> =>
  db
    .tables<ContractTables>()
    .selectFrom("contract_version")
    .select(["id", "contract", "version", "status", "domain", "title", "source_digest", "bundle_digest", "parent"])
    .select(["changes", "created_by", "created_at_ms", "stored_at_ms", "activated_at_ms", "ended_at_ms"])
    .select(["end_reason", "nodes"])
    .where("status", "in", ["deployed", "active", "monitoring"])
    .orderBy("stored_at_ms")
    .orderBy("id")
    .execute();

export async function releasesOf(ports: RolloutPorts): Promise<readonly AssignableRelease[]> {
  const rows = await inForce(ports);
  await readScopes(ports, rows);
  return rows.flatMap((row, order) => {
    const stored = row.version === null ? undefined : ports.policy.release(row.contract, row.version);
    const stationType = scopes.get(row.bundle_digest ?? "");
    // What PolicyCentral cannot serve is not assigned: nodes keep what they have.
    if (stored === undefined || stationType === undefined) return [];
    const { version, digest, size, target, contract } = stored;
    const state = ports.book.of(contract, version)?.state;
    const mode = state?.policy.mode ?? "enforce";
    const desired: DesiredContract = { version, digest, size, target, mode, from: null, ...scheduled(state?.policy) };
    const nodes = row.nodes === null ? null : new Set(JSON.parse(row.nodes) as string[]);
    const status = row.status as AssignableRelease["status"];
    const open = state === undefined ? WITHOUT_ROLLOUT[status] : reaches(state);
    return [{ contract, version, order, status, stationType, nodes, open, desired }];
  });
}

/** For which station's type a bundle is, by its digest: bundles are large, never change, and are asked for at every step. */
const scopes = new Map<string, string | null>();

async function readScopes(
  { db }: Pick<RolloutPorts, "db">,
  rows: readonly { readonly id: number; readonly bundle_digest: string | null }[],
): Promise<void> {
  const unread = rows.filter(({ bundle_digest }) => bundle_digest !== null && !scopes.has(bundle_digest));
  if (unread.length === 0) return;
  const found = await db
    .tables<ContractTables>()
    .selectFrom("contract_version")
    .select(["bundle", "bundle_digest"])
    .where(
      "id",
      "in",
      unread.map(({ id }) => id),
    )
    .execute();
  for (const { bundle, bundle_digest } of found) {
    if (bundle === null || bundle_digest === null) continue;
    const { scope } = JSON.parse(bundle) as { readonly scope: { readonly stationType: string | null } };
    scopes.set(bundle_digest, scope.stationType);
  }
}

/** What says nothing is left out, so that sets of nodes that know of no schedule stay as they were. */
const scheduled = (policy: RolloutPolicy | undefined): Pick<DesiredContract, "activation"> =>
  policy === undefined || canonicalJson(policy.activation) === canonicalJson(DEFAULT_POLICY.activation)
    ? {}
    : { activation: policy.activation };

/** What is only stored goes nowhere before its rollout begins; what is in use was rolled out before there were rollouts. */
const WITHOUT_ROLLOUT: { readonly [status in AssignableRelease["status"]]: AssignableRelease["open"] } = {
  deployed: new Set(),
  active: "all",
  monitoring: "all",
};

export function targetsOf(
  releases: readonly AssignableRelease[],
  nodes: readonly FloorNode[],
  contract: ContractId,
  version: Version,
): readonly string[] {
  // Contracts do not compete with each other: ten thousand nodes are held against a handful of versions, not against all.
  const own = releases.filter((release) => release.contract === contract);
  return nodes
    .filter(({ id, register }) => assignmentsOf(id, register.station.type, own)[contract]?.version === version)
    .map(({ id }) => id);
}
