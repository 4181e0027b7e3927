import type { ContractId, Version } from "../../model/ids.ts";
import { countWave, type RolloutEvent, type RolloutState, type WaveCount } from "../core/rollout-engine.ts";
import type { RolloutPolicy } from "../core/rollout-policy.ts";
import type { Wave } from "../core/rollout-waves.ts";
import { notFound } from "../refusals.ts";
import { inForce } from "./known-releases.ts";
import type { KeptRollout } from "./rollout-book.ts";
import { type NamedRelease, nameOf } from "./rollout-commands.ts";
import type { RolloutPorts } from "./rollout-ports.ts";

/** A rollout as people see it. Times are epoch milliseconds. */
export interface RolloutView {
  readonly contract: ContractId;
  readonly version: Version;
  /** `held`: stored, and nobody has started it. */
  readonly status: RolloutState["status"] | "held";
  readonly because: { readonly by: string; readonly reason: string; readonly atMs: number } | null;
  readonly policy: RolloutPolicy | null;
  readonly startedBy: string | null;
  readonly startedAtMs: number | null;
  /** Number of the wave that is open, from 1; 0 before the first. */
  readonly wave: number;
  readonly waves: readonly WaveView[];
  /** When the open wave passes if nothing else happens; null where it does not soak. */
  readonly soaksUntilMs: number | null;
  /** The first MAX_FAILURES_SHOWN. */
  readonly failures: readonly {
    readonly node: string;
    readonly phase: string | null;
    readonly reason: string | null;
  }[];
}

export interface WaveView extends WaveCount {
  readonly name: string;
  readonly state: "closed" | "open" | "soaking" | "passed";
  /** Of those that wait: it is in force there, and no decision has proved it yet. */
  readonly proving: number;
  /** Of those that wait: verified, and waiting for its hour. */
  readonly scheduled: number;
}

const MAX_FAILURES_SHOWN = 100;

export async function listRollouts(ports: RolloutPorts): Promise<readonly RolloutView[]> {
  const kept = ports.book.all().map(shownOf);
  const rows = await inForce(ports);
  const held = rows.flatMap(({ contract, version, status }) =>
    version === null || status !== "deployed" || ports.book.of(contract, version) !== undefined
      ? []
      : [heldView({ contract, version })],
  );
  return [...kept, ...held];
}

/** @throws MaintError NOT_FOUND */
export function viewOf({ book }: Pick<RolloutPorts, "book">, named: NamedRelease): RolloutView {
  const kept = book.of(named.contract, named.version);
  if (kept === undefined) throw notFound(`no rollout of ${nameOf(named)} was started`, "maint rollout list");
  return shownOf(kept);
}

export async function showRollout(
  ports: RolloutPorts,
  named: NamedRelease,
): Promise<RolloutView & { readonly events: readonly RolloutEvent[] }> {
  const view = viewOf(ports, named);
  const kept = ports.book.of(named.contract, named.version);
  return { ...view, events: kept === undefined ? [] : await ports.book.events(kept.id) };
}

const heldView = ({ contract, version }: NamedRelease): RolloutView => ({
  ...{ contract, version, status: "held", because: null, policy: null, startedBy: null, startedAtMs: null },
  ...{ wave: 0, waves: [], soaksUntilMs: null, failures: [] },
});

function shownOf({ state }: KeptRollout): RolloutView {
  const { contract, version, status, because, policy, startedBy, startedAtMs, wave, waves } = state;
  const failures = [...state.outcomes.values()].filter(({ outcome }) => outcome === "failed");
  return {
    ...{ contract, version, status, policy, startedBy, startedAtMs, wave: wave + 1 },
    because: because === null ? null : { by: because.by, reason: because.reason, atMs: because.atMs },
    waves: waves.map((one, index) => waveView(state, one, index)),
    soaksUntilMs: status === "running" && state.soakSinceMs !== null ? state.soakSinceMs + policy.soakMs : null,
    failures: failures.slice(0, MAX_FAILURES_SHOWN).map(({ node, phase, reason }) => ({ node, phase, reason })),
  };
}

function waveView(state: RolloutState, wave: Wave, index: number): WaveView {
  const waiting = wave.nodes.map((node) => state.outcomes.get(node)).filter((one) => one?.outcome === "waiting");
  return {
    ...{ name: wave.name, state: stateOf(state, index), ...countWave(state, wave) },
    proving: waiting.filter((one) => one?.phase === "activated").length,
    scheduled: waiting.filter((one) => one?.phase === "scheduled").length,
  };
}

function stateOf({ wave, passed, soakSinceMs }: RolloutState, index: number): WaveView["state"] {
  if (index > wave) return "closed";
  if (index < passed) return "passed";
  return soakSinceMs === null ? "open" : "soaking";
}
