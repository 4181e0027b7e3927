import { type AssignableRelease, assignmentsOf, binds, outcomeOf } from "../core/rollout.ts";
import {
  type NodeOutcome,
  next,
  openNodes,
  type RolloutEvent,
  type RolloutState,
  RULES,
  reaches,
} from "../core/rollout-engine.ts";
import { nextTurn } from "../store/turns.ts";
import { deploymentsOf } from "./known-deployments.ts";
import { enrolled, type FloorNode, releasesOf } from "./known-releases.ts";
import type { KeptRollout } from "./rollout-book.ts";
import type { RolloutPorts } from "./rollout-ports.ts";

/** What all rollouts look at, read once. */
export interface Floor {
  readonly releases: readonly AssignableRelease[];
  readonly nodes: readonly FloorNode[];
}

export const floorOf = async (ports: RolloutPorts): Promise<Floor> => ({
  releases: await releasesOf(ports),
  nodes: await enrolled(ports),
});

const isOpen = ({ status }: RolloutState): boolean => status === "running" || status === "paused";

/**
 * Moves every rollout as far as reports and time allow, each step durable before the next is thought about. Answers whether
 * a version is now meant for other nodes than before, so that desired sets must be made anew.
 */
export async function runRollouts(ports: RolloutPorts): Promise<boolean> {
  if (!ports.book.all().some(({ state }) => isOpen(state))) return false;
  const floor = await floorOf(ports);
  let moved = false;
  for (const kept of ports.book.all()) {
    if (!isOpen(kept.state)) continue;
    const before = reaches(kept.state);
    const after = reaches((await runOne(ports, kept, floor)).state);
    moved ||= !sameReach(before, after);
  }
  return moved;
}

const sameReach = (a: ReturnType<typeof reaches>, b: ReturnType<typeof reaches>): boolean =>
  a === "all" || b === "all" ? a === b : a.size === b.size && [...a].every((node) => b.has(node));

async function runOne(ports: RolloutPorts, kept: KeptRollout, floor: Floor): Promise<KeptRollout> {
  const { contract, version } = kept.state;
  const nowMs = ports.clock.nowMs();
  const release = floor.releases.find((one) => one.contract === contract && one.version === version);
  if (release === undefined) {
    const reason = "the version is no longer in force";
    return ports.book.append(kept, [{ kind: "superseded", by: RULES, reason, atMs: nowMs }]);
  }
  let now = kept;
  for (const event of [...membership(kept.state, release, floor, nowMs)]) now = await ports.book.append(now, [event]);
  await nextTurn();
  const observed = await observe(ports, now.state, nowMs);
  if (observed.length > 0) now = await ports.book.append(now, [{ kind: "observed", nodes: observed, atMs: nowMs }]);
  const wayBack = (node: string): boolean => hasWayBack(node, release, floor);
  for (;;) {
    const due = next(now.state, nowMs, wayBack);
    if (due === undefined) return now;
    now = await ports.book.append(now, [due]);
  }
}

/** Who came to the floor since, and who is no longer meant. */
function membership(
  { waves }: RolloutState,
  release: AssignableRelease,
  { nodes }: Floor,
  atMs: number,
): readonly RolloutEvent[] {
  const members = new Set(waves.flatMap((wave) => wave.nodes));
  const meant = new Set(
    nodes.filter(({ id, register }) => binds(release, id, register.station.type)).map(({ id }) => id),
  );
  const joined = [...meant].filter((node) => !members.has(node));
  const left = [...members].filter((node) => !meant.has(node));
  const events: RolloutEvent[] = [];
  if (left.length > 0) events.push({ kind: "left", nodes: left, atMs });
  if (joined.length > 0) events.push({ kind: "joined", nodes: joined, atMs });
  return events;
}

/** What the open waves' nodes came to, where that is news. */
async function observe(ports: RolloutPorts, state: RolloutState, nowMs: number): Promise<readonly NodeOutcome[]> {
  const open = openNodes(state);
  if (open.length === 0) return [];
  const rows = await deploymentsOf(ports, state);
  const known = new Map(rows.map((row) => [row.node, row]));
  return open.flatMap((node): readonly NodeOutcome[] => {
    const row = known.get(node);
    // Opened a moment ago and not pushed yet.
    if (row === undefined) return [];
    const { phase, reason } = row;
    const target = { phase, live: ports.isLive(node), pushedAtMs: row.pushed_at_ms };
    const outcome = outcomeOf(target, nowMs, ports.phaseDeadlineMs);
    const before = state.outcomes.get(node);
    const isNews = before?.outcome !== outcome || before.phase !== phase || before.reason !== reason;
    return isNews ? [{ node, outcome, phase, reason }] : [];
  });
}

/** What a node would be given if this release were not there. Whatever is only tried can always be left. */
export function hasWayBack(node: string, release: AssignableRelease, { releases, nodes }: Floor): boolean {
  if (release.desired.mode === "shadow") return true;
  const type = typeOf(nodes, node);
  const others = releases.filter((one) => one !== release && one.contract === release.contract);
  return assignmentsOf(node, type, others)[release.contract] !== undefined;
}

const types = new WeakMap<Floor["nodes"], ReadonlyMap<string, string>>();

/** Asked for every node of a wave, so it is looked up and not searched for. */
function typeOf(nodes: Floor["nodes"], node: string): string {
  const known = types.get(nodes) ?? new Map(nodes.map(({ id, register }) => [id, register.station.type]));
  types.set(nodes, known);
  return known.get(node) ?? "";
}
