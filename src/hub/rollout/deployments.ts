import { sql } from "kysely";
import type { ContractId, Version } from "../../model/ids.ts";
import { MAX_LISTED } from "../../model/limits.ts";
import type { Phase } from "../../model/message.ts";
import { releaseProgress } from "../core/rollout.ts";
import type { ContractTables } from "../store/contract-tables.ts";
import { enrolled, releasesOf, targetsOf } from "./known-releases.ts";
import type { RolloutPorts } from "./rollout-ports.ts";

/** How far one node is with one version. `state` sums it up for a person. */
export interface Deployment {
  readonly contract: ContractId;
  readonly version: Version;
  readonly node: string;
  readonly state: "activated" | "waiting" | "stalled" | "replaced";
  readonly phase: Phase | null;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly live: boolean;
  readonly pushedAtMs: number;
  readonly acknowledgedAtMs: number | null;
}

export interface DeploymentPage {
  /** Version and node of the last one that was read, `v1.0/LP-01`. */
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

export interface DeploymentsFound {
  readonly deployments: readonly Deployment[];
  /** Null behind the last one. */
  readonly next: string | null;
}

export async function deployments(
  ports: RolloutPorts,
  contract: ContractId,
  { after = "", limit = MAX_LISTED }: DeploymentPage = {},
): Promise<DeploymentsFound> {
  const [version = "", node = ""] = after.split("/");
  const rows = await ports.db
    .tables<ContractTables>()
    .selectFrom("deployment")
    .selectAll()
    .where("contract", "=", contract)
    .where(sql<boolean>`(version, node) > (${version}, ${node})`)
    .orderBy("version")
    .orderBy("node")
    .limit(limit + 1)
    .execute();
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const releases = await releasesOf(ports);
  const nodes = await enrolled(ports, new Set(shown.map((row) => row.node)));
  const nowMs = ports.clock.nowMs();
  const targets = new Map(
    [...new Set(shown.map((row) => row.version))].map((one) => [
      one,
      new Set(targetsOf(releases, nodes, contract, one)),
    ]),
  );
  return {
    next: rows.length > limit && last !== undefined ? `${last.version}/${last.node}` : null,
    deployments: shown.map((row) => {
      const live = ports.isLive(row.node);
      const target = { node: row.node, phase: row.phase, live, pushedAtMs: row.pushed_at_ms };
      const { activated, stalled } = releaseProgress([target], nowMs, ports.phaseDeadlineMs);
      const open = activated.length > 0 ? "activated" : stalled.length > 0 ? "stalled" : "waiting";
      return {
        ...{ contract, version: row.version, node: row.node, live },
        state: targets.get(row.version)?.has(row.node) === true ? open : "replaced",
        ...{ phase: row.phase, reason: row.reason, detail: row.detail },
        ...{ pushedAtMs: row.pushed_at_ms, acknowledgedAtMs: row.acknowledged_at_ms },
      };
    }),
  };
}
