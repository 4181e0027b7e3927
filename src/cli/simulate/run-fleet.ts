import { createTimerWheel } from "../../hub/session/timer-wheel.ts";
import type { Digest } from "../../model/ids.ts";
import type { Desired } from "../../model/message.ts";
import type { Fleet } from "./fleet-file.ts";
import { createSetCheck } from "./set-check.ts";
import { type SimFaults, SimNode } from "./sim-node.ts";

export interface FleetOptions {
  /** `http://…` of the hub. */
  readonly hubUrl: string;
  readonly fleet: Fleet;
  readonly lean: boolean;
  readonly faults: SimFaults;
  /** Nodes first dial within this time. */
  readonly spreadMs: number;
  /** Each node is cut about once in this time; null is never. */
  readonly flapMs: number | null;
}

export interface FleetCounts {
  readonly nodes: number;
  readonly live: number;
  /** Nodes that answered a set since they were last counted from zero. */
  readonly converged: number;
  /** Sessions that began, sets that were answered. */
  readonly welcomed: number;
  readonly answered: number;
  /** Blobs that came. */
  readonly fetched: number;
  /** Refusals by their word. */
  readonly refused: { readonly [word: string]: number };
}

export interface RunningFleet {
  readonly counts: () => FleetCounts;
  /** Forgets who converged, for the next measurement. `from` counts only sets that run this digest, where it is given. */
  readonly recount: (digest?: string) => void;
  readonly cutAll: () => void;
  /** Every live node asks for this blob, whether it had it or not. */
  readonly refetch: (digest: Digest) => void;
  readonly stop: () => void;
}

/** Starts all nodes of a fleet in this process. */
export function runFleet(options: FleetOptions): RunningFleet {
  const { fleet, flapMs } = options;
  const wheel = createTimerWheel(20);
  const tally = { live: 0, welcomed: 0, answered: 0, fetched: 0 };
  const refused = new Map<string, number>();
  const converged = new Set<string>();
  let awaited: string | undefined;
  const runs = (desired: Desired): boolean =>
    awaited === undefined || Object.values(desired.contracts).some(({ digest }) => digest === awaited);
  const url = new URL("/v1/node", options.hubUrl);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const world = {
    ...{ url: url.href, hub: fleet.hub, faults: options.faults, after: wheel.after },
    check: createSetCheck(fleet.root, options.lean),
    note: (what: "welcomed" | "closed" | "refused", detail = "unknown") => {
      if (what === "refused") refused.set(detail, (refused.get(detail) ?? 0) + 1);
      else tally.live += what === "welcomed" ? 1 : -1;
      if (what === "welcomed") tally.welcomed += 1;
    },
    fetched: () => {
      tally.fetched += 1;
    },
    answered: (node: string, desired: Desired) => {
      tally.answered += 1;
      if (runs(desired)) converged.add(node);
    },
  };
  const nodes = fleet.nodes.map((node) => new SimNode(node, world));
  for (const node of nodes) node.start(Math.random() * options.spreadMs);
  if (flapMs !== null) {
    for (const node of nodes) {
      const flap = (): void => {
        node.cut();
        wheel.after(flapMs * (0.5 + Math.random()), flap);
      };
      wheel.after(Math.random() * flapMs, flap);
    }
  }
  return {
    counts: () => ({
      ...tally,
      nodes: nodes.length,
      converged: converged.size,
      refused: Object.fromEntries(refused),
    }),
    recount: (digest) => {
      awaited = digest;
      converged.clear();
    },
    cutAll: () => {
      for (const node of nodes) node.cut();
    },
    refetch: (digest) => {
      for (const node of nodes) node.refetch(digest);
    },
    stop: () => {
      for (const node of nodes) node.stop();
      wheel.stop();
    },
  };
}
