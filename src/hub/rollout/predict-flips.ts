import { DAY_MS } from "../../base/civil-time.ts";
import { REPLAY_PATIENCE_MS } from "../../model/limits.ts";
import type { ContractService } from "../contracts/contract-service.ts";
import type { Clock } from "../ports.ts";
import { candidateBundle } from "../replay/candidate-bundle.ts";
import type { ReplayService } from "../replay/replay-service.ts";
import type { ReplayStation, ReplaySummary } from "../replay/replay-summary.ts";
import type { RolloutPlan } from "./rollout-commands.ts";

/** How many of a node's recorded decisions would have been others under the version that is rolled out. */
export interface PredictedFlips extends Omit<ReplayStation, "node"> {
  /** Nodes of the wave with a verdict that would change, the most first. */
  readonly nodes: readonly ReplayStation[];
}

export type Prediction =
  | {
      readonly kind: "predicted";
      readonly days: number;
      readonly decisions: number;
      readonly waves: readonly PredictedFlips[];
    }
  /** The archive is still being read for the first time; what is read stays, so that asking again is quicker. */
  | { readonly kind: "pending"; readonly days: number };

export interface PredictPorts {
  readonly replays: Pick<ReplayService, "summarize">;
  readonly contracts: Pick<ContractService, "show">;
  readonly clock: Clock;
}

/** Decides the last days' decisions of the plan's nodes again, by the same engine as `maint replay`. */
export async function predictFlips(plan: RolloutPlan, days: number, ports: PredictPorts): Promise<Prediction> {
  const { contract, version, waves } = plan;
  const candidate = await candidateBundle(ports.contracts, { contract, version });
  const nodes = waves.flatMap((wave) => wave.nodes);
  const fromMs = ports.clock.nowMs() - days * DAY_MS;
  const summary = await patiently(ports.replays.summarize({ candidate, filter: { nodes, fromMs }, examples: 0 }));
  if (summary === undefined) return { kind: "pending", days };
  return {
    ...{ kind: "predicted", days, decisions: summary.counts.decisions },
    waves: waves.map((wave) => flipsOf(summary, new Set(wave.nodes))),
  };
}

/** Undefined where it takes longer than whoever waits for the answer. */
async function patiently<T>(work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), REPLAY_PATIENCE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}

export function flipsOf({ stations }: Pick<ReplaySummary, "stations">, nodes: ReadonlySet<string>): PredictedFlips {
  const own = stations.filter(({ node }) => nodes.has(node));
  const sum = (field: keyof Omit<ReplayStation, "node">): number => own.reduce((total, one) => total + one[field], 0);
  const changed = own.filter((one) => one.newlyBlocked + one.newlyAllowed > 0);
  const flips = (one: ReplayStation): number => one.newlyBlocked + one.newlyAllowed;
  return {
    ...{ concerned: sum("concerned"), allowed: sum("allowed") },
    ...{ newlyBlocked: sum("newlyBlocked"), newlyAllowed: sum("newlyAllowed") },
    nodes: [...changed].sort((a, b) => flips(b) - flips(a) || (a.node < b.node ? -1 : 1)),
  };
}
