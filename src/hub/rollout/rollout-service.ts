import { oneAtATime } from "../../base/one-at-a-time.ts";
import type { Result } from "../../base/result.ts";
import type { ContractId, Digest, Version } from "../../model/ids.ts";
import type { Hello, Report, SignedDesired } from "../../model/message.ts";
import type { VersionRow } from "../contracts/contract-records.ts";
import { assignmentsOf } from "../core/rollout.ts";
import type { RolloutEvent } from "../core/rollout-engine.ts";
import type { RolloutPolicy } from "../core/rollout-policy.ts";
import type { Principal } from "../ports.ts";
import { createGroups } from "../session/groups.ts";
import type { Write } from "../store/journal.ts";
import type { RolloutTables } from "../store/rollout-tables.ts";
import { type DeploymentPage, type DeploymentsFound, deployments } from "./deployments.ts";
import { enrolled, releasesOf, targetsOf } from "./known-releases.ts";
import { moveReleases } from "./move-releases.ts";
import { type NodePackage, packageFor } from "./node-package.ts";
import { type Arrival, arrivedAll, refresh } from "./refresh.ts";
import {
  beginStored,
  defaultOf,
  type NamedRelease,
  orderRollout,
  planRollout,
  type RolloutOrder,
  type RolloutPlan,
  setDefault,
  startRollout,
  supersedeOlder,
} from "./rollout-commands.ts";
import type { RolloutPorts } from "./rollout-ports.ts";
import { listRollouts, type RolloutView, showRollout, viewOf } from "./rollout-views.ts";
import { runRollouts } from "./run-rollouts.ts";
import { type NodeReport, takeReports } from "./take-reports.ts";
import { type WhyNot, whyNot } from "./why-not.ts";

export interface RolloutService {
  /** Makes every node's desired set anew, and pushes those that changed. */
  readonly refresh: () => Promise<void>;
  /** Lets rollouts go as far as they can now, without making desired sets anew. */
  readonly settle: () => Promise<void>;
  readonly arrived: (node: string, hello: Hello) => Promise<SignedDesired | undefined>;
  /** Durable when fulfilled. */
  readonly report: (node: string, report: Report) => Promise<Result<undefined, string>>;
  /** Moves releases on: deployed → active → monitoring, and the version before to deprecated. */
  readonly evaluate: () => Promise<void>;
  /** @throws MaintError BAD_REQUEST for a policy that makes no sense, NOT_FOUND for a version that is not in force */
  readonly plan: (release: NamedRelease, change: Partial<RolloutPolicy>) => Promise<RolloutPlan>;
  readonly start: (release: NamedRelease, change: Partial<RolloutPolicy>, by: Principal) => Promise<RolloutView>;
  readonly order: (release: NamedRelease, order: RolloutOrder, by: Principal) => Promise<RolloutView>;
  readonly list: () => Promise<readonly RolloutView[]>;
  /** With every event of its record. */
  readonly show: (release: NamedRelease) => Promise<RolloutView & { readonly events: readonly RolloutEvent[] }>;
  readonly default: (domain: string) => Promise<RolloutPolicy>;
  readonly setDefault: (domain: string, change: Partial<RolloutPolicy>, by: Principal) => Promise<RolloutPolicy>;
  /** For the change that stores a version. */
  readonly begin: (
    row: VersionRow & NamedRelease,
    change: Partial<RolloutPolicy>,
    by: string,
  ) => Promise<(write: Write<RolloutTables>) => Promise<() => Promise<void>>>;
  /** What a node would be given over the wire, and the digests of all bytes it rests on. @throws MaintError NOT_FOUND, CONFLICT */
  readonly packageFor: (node: string) => Promise<NodePackage>;
  readonly blob: (digest: Digest) => Uint8Array | undefined;
  readonly whyNot: (node: string, contract: ContractId | undefined) => Promise<WhyNot>;
  /** By version, then node; `after` is the `next` of the page before. */
  readonly deployments: (contract: ContractId, page?: DeploymentPage) => Promise<DeploymentsFound>;
  readonly targetsOf: (contract: ContractId, version: Version) => Promise<readonly string[]>;
  /** Nodes that this version is meant for, and no other contract. */
  readonly leftWithout: (contract: ContractId, version: Version) => Promise<readonly string[]>;
  /** Whether the node has a proven session now. */
  readonly isLive: (node: string) => boolean;
}

export function createRolloutService(ports: RolloutPorts): RolloutService {
  const serially = oneAtATime();
  const later = settledLater(() => serially(() => goOn(ports)), ports.failed);
  const arrivals = createGroups<Arrival, SignedDesired | undefined>(PER_COMMIT, (items, at) =>
    serially(() => arrivedAll(ports, items, at)),
  );
  const reports = createGroups<NodeReport, Result<undefined, string>>(PER_COMMIT, (items, at) =>
    serially(() => takeReports(ports, items, at)),
  );
  return {
    refresh: () => serially(() => refresh(ports)),
    settle: () => serially(async () => void (await runRollouts(ports))),
    plan: (release, change) => planRollout(ports, release, change),
    start: async (release, change, by) => {
      await serially(async () => {
        await startRollout(ports, release, change, by);
        await goOn(ports);
      });
      return viewOf(ports, release);
    },
    order: async (release, order, by) => {
      await serially(async () => {
        await orderRollout(ports, release, order, by);
        // A revert or an abort changes whom the version is for, also where no rollout is left that could say so.
        await runRollouts(ports);
        await refresh(ports);
        await moveReleases(ports);
      });
      return viewOf(ports, release);
    },
    list: () => listRollouts(ports),
    show: (release) => showRollout(ports, release),
    default: (domain) => defaultOf(ports, domain),
    setDefault: (domain, change, by) => setDefault(ports, domain, change, by),
    begin: async (row, change, by) => {
      const begin = await beginStored(ports, row, change, by);
      return async (write) => {
        const remember = await begin(write);
        return () =>
          serially(async () => {
            remember();
            await supersedeOlder(ports, row);
          });
      };
    },
    packageFor: (node) => packageFor(ports, node),
    blob: (digest) => ports.shelf.bytes(digest),
    whyNot: (node, contract) => whyNot(ports, node, contract),
    arrived: (node, hello) => arrivals({ node, hello }),
    report: async (node, report) => {
      const taken = await reports({ node, report });
      if (taken.ok) later.ask();
      return taken;
    },
    evaluate: later.now,
    deployments: (contract, page) => deployments(ports, contract, page),
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

/** Reports and arrivals that are committed in one turn of the loop. */
const PER_COMMIT = 64;
/** How soon reports move a rollout on; work that takes long is done again after REST times as long. */
const SOON_MS = 20;
const REST = 4;

/** Ten thousand reports in a second are looked at a few times, not ten thousand times. */
function settledLater(
  work: () => Promise<void>,
  failed: (error: unknown) => void,
): { readonly ask: () => void; readonly now: () => Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let restMs = SOON_MS;
  const now = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const begun = performance.now();
    await work();
    restMs = Math.max(SOON_MS, (performance.now() - begun) * REST);
  };
  const ask = (): void => {
    timer ??= setTimeout(() => now().catch(failed), restMs);
  };
  return { now, ask };
}

/** What reports and time bring about: waves, then what is pushed, then what a release has become. */
async function goOn(ports: RolloutPorts): Promise<void> {
  if (await runRollouts(ports)) await refresh(ports);
  await moveReleases(ports);
}
