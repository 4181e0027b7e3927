import { oneAtATime } from "../../base/one-at-a-time.ts";
import type { Result } from "../../base/result.ts";
import type { ContractId, Version } from "../../model/ids.ts";
import type { Hello, Phase, Report, SignedDesired } from "../../model/message.ts";
import { assignmentsOf, releaseProgress } from "../core/rollout.ts";
import type { ContractTables } from "../store/contract-tables.ts";
import { enrolled, releasesOf, targetsOf } from "./known-releases.ts";
import { moveReleases } from "./move-releases.ts";
import { arrived, refresh } from "./refresh.ts";
import type { RolloutPorts } from "./rollout-ports.ts";
import { takeReport } from "./take-reports.ts";

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

export interface RolloutService {
  /** Makes every node's desired set anew, and pushes those that changed. */
  readonly refresh: () => Promise<void>;
  readonly arrived: (node: string, hello: Hello) => Promise<SignedDesired | undefined>;
  /** Durable when fulfilled. */
  readonly report: (node: string, report: Report) => Promise<Result<undefined, string>>;
  /** Moves releases on: deployed → active → monitoring, and the version before to deprecated. */
  readonly evaluate: () => Promise<void>;
  readonly deployments: (contract: ContractId) => Promise<readonly Deployment[]>;
  readonly targetsOf: (contract: ContractId, version: Version) => Promise<readonly string[]>;
  /** Nodes that this version is meant for, and no other contract. */
  readonly leftWithout: (contract: ContractId, version: Version) => Promise<readonly string[]>;
  /** Whether the node has a proven session now. */
  readonly isLive: (node: string) => boolean;
}

export function createRolloutService(ports: RolloutPorts): RolloutService {
  const serially = oneAtATime();
  return {
    refresh: () => serially(() => refresh(ports)),
    arrived: (node, hello) => serially(() => arrived(ports, node, hello)),
    report: (node, report) =>
      serially(async () => {
        const taken = await takeReport(ports, node, report);
        if (taken.ok) await moveReleases(ports);
        return taken;
      }),
    evaluate: () => serially(() => moveReleases(ports)),
    deployments: (contract) => deployments(ports, contract),
    isLive: ports.isLive,
    leftWithout: async (contract, version) => {
      const [releases, nodes] = [await releasesOf(ports), await enrolled(ports)];
      return targetsOf(releases, nodes, contract, version).filter((id) => {
        const type = nodes.find((node) => node.id === id)?.register.station.type ?? "";
        return Object.keys(assignmentsOf(id, type, releases)).every((other) => other === contract);
      });
    },
    targetsOf: async (contract, version) =>
      targetsOf(await releasesOf(ports), await enrolled(ports), contract, version),
  };
}

async function deployments(ports: RolloutPorts, contract: ContractId): Promise<readonly Deployment[]> {
  const rows = await ports.db
    .tables<ContractTables>()
    .selectFrom("deployment")
    .selectAll()
    .where("contract", "=", contract)
    .execute();
  const releases = await releasesOf(ports);
  const nodes = await enrolled(ports);
  const nowMs = ports.clock.nowMs();
  return rows.map((row) => {
    const targets = targetsOf(releases, nodes, contract, row.version);
    const live = ports.isLive(row.node);
    const target = { node: row.node, phase: row.phase, live, pushedAtMs: row.pushed_at_ms };
    const { activated, stalled } = releaseProgress([target], nowMs, ports.phaseDeadlineMs);
    const open = activated.length > 0 ? "activated" : stalled.length > 0 ? "stalled" : "waiting";
    return {
      contract,
      version: row.version,
      node: row.node,
      state: targets.includes(row.node) ? open : "replaced",
      phase: row.phase,
      reason: row.reason,
      detail: row.detail,
      live,
      pushedAtMs: row.pushed_at_ms,
      acknowledgedAtMs: row.acknowledged_at_ms,
    };
  });
}
