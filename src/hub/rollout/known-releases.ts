import { canonicalJson } from "../../base/canonical-json.ts";
import type { ContractId, Version } from "../../model/ids.ts";
import type { DesiredContract } from "../../model/message.ts";
import type { VersionRow } from "../contracts/contract-records.ts";
import { type AssignableRelease, assignmentsOf } from "../core/rollout.ts";
import { reaches } from "../core/rollout-engine.ts";
import { DEFAULT_POLICY, type RolloutPolicy } from "../core/rollout-policy.ts";
import type { KnownNode } from "../nodes/node-service.ts";
import type { ContractTables } from "../store/contract-tables.ts";
import type { RolloutPorts } from "./rollout-ports.ts";

/** Nodes that are given something: enrolled, and not set aside as a copy. */
export const enrolled = async ({ nodes }: RolloutPorts): Promise<readonly KnownNode[]> =>
  (await nodes.list()).filter(({ enrolledAtMs, quarantined }) => enrolledAtMs !== null && quarantined === null);

export const inForce = ({ db }: RolloutPorts): Promise<VersionRow[]> =>
  db
    .tables<ContractTables>()
    .selectFrom("contract_version")
    .selectAll()
    .where("status", "in", ["deployed", "active", "monitoring"])
    .orderBy("stored_at_ms")
    .orderBy("id")
    .execute();

export async function releasesOf(ports: RolloutPorts): Promise<readonly AssignableRelease[]> {
  return (await inForce(ports)).flatMap((row, order) => {
    const stored = row.version === null ? undefined : ports.policy.release(row.contract, row.version);
    // What PolicyCentral cannot serve is not assigned: nodes keep what they have.
    if (stored === undefined || row.bundle === null) return [];
    const { version, digest, size, target, contract } = stored;
    const state = ports.book.of(contract, version)?.state;
    const mode = state?.policy.mode ?? "enforce";
    const desired: DesiredContract = { version, digest, size, target, mode, from: null, ...scheduled(state?.policy) };
    const { scope } = JSON.parse(row.bundle) as { readonly scope: { readonly stationType: string | null } };
    const nodes = row.nodes === null ? null : (JSON.parse(row.nodes) as string[]);
    const status = row.status as AssignableRelease["status"];
    const open = state === undefined ? WITHOUT_ROLLOUT[status] : reaches(state);
    return [{ contract, version, order, status, stationType: scope.stationType, nodes, open, desired }];
  });
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
  nodes: readonly KnownNode[],
  contract: ContractId,
  version: Version,
): readonly string[] {
  return nodes
    .filter(({ id, register }) => assignmentsOf(id, register.station.type, releases)[contract]?.version === version)
    .map(({ id }) => id);
}
