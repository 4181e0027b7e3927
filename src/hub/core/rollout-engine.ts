import type { ContractId, Version } from "../../model/ids.ts";
import type { Phase } from "../../model/message.ts";
import type { RolloutPolicy } from "./rollout-policy.ts";
import type { Wave } from "./rollout-waves.ts";

/**
 * One version's way to its nodes, as a fold over recorded events: `next` says which event time and reports bring about,
 * `fold` what an event changes, and neither looks anywhere else. Whoever reads the events again stands where the writer stood.
 */
export interface RolloutState {
  readonly contract: ContractId;
  readonly version: Version;
  readonly policy: RolloutPolicy;
  readonly startedBy: string;
  readonly startedAtMs: number;
  readonly status: RolloutStatus;
  /** Why it is paused, aborted or reverted, and by whom; null while it runs. */
  readonly because: { readonly by: string; readonly reason: string; readonly atMs: number } | null;
  /** Late joiners are in the last one. */
  readonly waves: readonly Wave[];
  /** Index of the wave that was opened last; -1 before the first. */
  readonly wave: number;
  readonly openedAtMs: number | null;
  /** Since when the open wave has been good; null while it is not. */
  readonly soakSinceMs: number | null;
  /** How many waves have passed. */
  readonly passed: number;
  readonly outcomes: ReadonlyMap<string, NodeOutcome>;
  /** Failures that a person has looked at and gone on in spite of. */
  readonly forgiven: ReadonlySet<string>;
  /** Nodes that went back. */
  readonly reverted: ReadonlySet<string>;
}

/** `superseded`: a newer version of the contract, or another rollout of this one, took over. */
export const ROLLOUT_STATUSES = ["running", "paused", "finished", "aborted", "reverted", "superseded"] as const;
export type RolloutStatus = (typeof ROLLOUT_STATUSES)[number];

/** `away`: it cannot be reached, and holds nothing up. */
export type Outcome = "waiting" | "away" | "succeeded" | "failed";

export interface NodeOutcome {
  readonly node: string;
  readonly outcome: Outcome;
  readonly phase: Phase | null;
  readonly reason: string | null;
}

interface At {
  readonly atMs: number;
}
interface ByPerson extends At {
  readonly by: string;
  readonly reason: string;
}

export type RolloutEvent =
  | (At & {
      readonly kind: "started";
      readonly contract: ContractId;
      readonly version: Version;
      readonly policy: RolloutPolicy;
      readonly waves: readonly Wave[];
      readonly by: string;
    })
  | (At & { readonly kind: "joined" | "left"; readonly nodes: readonly string[] })
  | (At & { readonly kind: "observed"; readonly nodes: readonly NodeOutcome[] })
  | (At & { readonly kind: "wave-opened" | "soak-began" | "wave-passed"; readonly wave: number })
  | (ByPerson & { readonly kind: "advanced"; readonly wave: number })
  | (ByPerson & { readonly kind: "paused" | "resumed" | "aborted" | "superseded" })
  | (ByPerson & { readonly kind: "reverted"; readonly nodes: readonly string[] })
  | (At & { readonly kind: "finished" });

export type StartedEvent = Extract<RolloutEvent, { readonly kind: "started" }>;

/** @throws RangeError where the first event is not `started`: the record is damaged */
export function foldRollout(events: readonly RolloutEvent[]): RolloutState {
  const [first, ...rest] = events;
  if (first?.kind !== "started") throw new RangeError("a rollout's record begins with its start");
  return rest.reduce(fold, startOf(first));
}

export const startOf = ({ contract, version, policy, waves, by, atMs }: StartedEvent): RolloutState => ({
  ...{ contract, version, policy, waves, startedBy: by, startedAtMs: atMs },
  ...{ status: "running", because: null, wave: -1, openedAtMs: null, soakSinceMs: null, passed: 0 },
  ...{ outcomes: new Map(), forgiven: new Set(), reverted: new Set() },
});

export function fold(state: RolloutState, event: RolloutEvent): RolloutState {
  switch (event.kind) {
    case "started":
      return state;
    case "joined":
      return { ...state, waves: withJoined(state.waves, event.nodes) };
    case "left": {
      const gone = new Set(event.nodes);
      return {
        ...state,
        waves: state.waves.map(({ name, nodes }) => ({ name, nodes: nodes.filter((node) => !gone.has(node)) })),
        outcomes: new Map([...state.outcomes].filter(([node]) => !gone.has(node))),
      };
    }
    case "observed":
      return {
        ...state,
        outcomes: new Map([...state.outcomes, ...event.nodes.map((one) => [one.node, one] as const)]),
      };
    case "wave-opened":
    case "advanced":
      return { ...state, wave: event.wave, passed: event.wave, openedAtMs: event.atMs, soakSinceMs: null };
    case "soak-began":
      return { ...state, soakSinceMs: event.atMs };
    case "wave-passed":
      return { ...state, passed: event.wave + 1 };
    case "finished":
      return { ...state, status: "finished", because: null };
    case "paused":
      return { ...state, status: "paused", because: event };
    case "resumed":
      return {
        ...state,
        status: "running",
        because: null,
        forgiven: new Set([...state.forgiven, ...failedNow(state)]),
      };
    case "aborted":
    case "superseded":
      return { ...state, status: event.kind, because: event };
    case "reverted":
      return { ...state, status: "reverted", because: event, reverted: new Set(event.nodes) };
  }
}

function withJoined(waves: readonly Wave[], joined: readonly string[]): readonly Wave[] {
  const last = waves.length - 1;
  return waves.map((wave, index) => (index === last ? { ...wave, nodes: [...wave.nodes, ...joined] } : wave));
}

const failedNow = ({ outcomes }: RolloutState): readonly string[] =>
  [...outcomes.values()].filter(({ outcome }) => outcome === "failed").map(({ node }) => node);

/** How a wave stands, in nodes. */
export interface WaveCount {
  readonly nodes: number;
  readonly succeeded: number;
  /** Without those that a person has gone on in spite of. */
  readonly failed: number;
  readonly forgiven: number;
  readonly away: number;
  readonly waiting: number;
}

export function countWave({ outcomes, forgiven }: RolloutState, { nodes }: Wave): WaveCount {
  const count = { nodes: nodes.length, succeeded: 0, failed: 0, forgiven: 0, away: 0, waiting: 0 };
  for (const node of nodes) {
    const outcome = outcomes.get(node)?.outcome ?? "waiting";
    count[outcome === "failed" && forgiven.has(node) ? "forgiven" : outcome] += 1;
  }
  return count;
}

/** A wave that nobody of can be reached proves nothing; one without nodes has nothing to prove. */
function isGood(count: WaveCount, { successPercent }: RolloutPolicy): boolean {
  const reachable = count.nodes - count.away - count.forgiven;
  if (count.nodes === count.forgiven) return true;
  return count.succeeded > 0 && count.succeeded * 100 >= reachable * successPercent;
}

/** The first open wave with more failures than the policy lets pass. */
function breach(state: RolloutState): string | undefined {
  const { waves, wave, policy } = state;
  for (const [index, one] of waves.slice(0, wave + 1).entries()) {
    const { failed, nodes } = countWave(state, one);
    if (failed * 100 > nodes * policy.errorPercent)
      return `wave ${index + 1} of ${waves.length} (${one.name}): ${failed} of ${nodes} nodes failed, ${policy.errorPercent} % may`;
  }
  return undefined;
}

/** What the hub says for itself in a rollout's record. */
export const RULES = "rollout rules";

/**
 * The event that is due now; undefined where there is none. `wayBack`: whether a node has an earlier version to go back to.
 * Folding the answer in and asking again ends, since every event moves the state on.
 */
export function next(state: RolloutState, nowMs: number, wayBack: (node: string) => boolean): RolloutEvent | undefined {
  if (state.status !== "running") return undefined;
  const { policy, waves, wave } = state;
  const reason = breach(state);
  if (reason !== undefined) return onBreach(state, reason, nowMs, wayBack);
  if (wave < 0 || state.passed > wave) {
    if (wave + 1 < waves.length) return { kind: "wave-opened", wave: wave + 1, atMs: nowMs };
    return { kind: "finished", atMs: nowMs };
  }
  const open = waves[wave];
  if (open === undefined || !isGood(countWave(state, open), policy)) return undefined;
  if (state.soakSinceMs === null) return { kind: "soak-began", wave, atMs: nowMs };
  if (nowMs - state.soakSinceMs < policy.soakMs) return undefined;
  return { kind: "wave-passed", wave, atMs: nowMs };
}

function onBreach(state: RolloutState, reason: string, atMs: number, wayBack: (node: string) => boolean): RolloutEvent {
  if (state.policy.onBreach === "pause") return { kind: "paused", by: RULES, reason, atMs };
  const nodes = openNodes(state).filter(wayBack);
  if (nodes.length > 0) return { kind: "reverted", by: RULES, reason, nodes, atMs };
  return { kind: "paused", by: RULES, reason: `${reason}; there is no earlier version to go back to`, atMs };
}

export const openNodes = ({ waves, wave }: RolloutState): readonly string[] =>
  waves.slice(0, wave + 1).flatMap(({ nodes }) => nodes);

/** Whom the version is for now: `all` whom it binds, or these. */
export function reaches(state: RolloutState): "all" | ReadonlySet<string> {
  if (state.status === "finished") return "all";
  return new Set(openNodes(state).filter((node) => !state.reverted.has(node)));
}
