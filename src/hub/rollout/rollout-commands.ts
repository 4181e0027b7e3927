import { sql } from "kysely";
import { type ContractId, compareVersions, type Version } from "../../model/ids.ts";
import type { VersionRow } from "../contracts/contract-records.ts";
import { type AssignableRelease, binds } from "../core/rollout.ts";
import { openNodes, type RolloutEvent, type RolloutState, reaches, type StartedEvent } from "../core/rollout-engine.ts";
import { DEFAULT_POLICY, policyMistakes, type RolloutPolicy } from "../core/rollout-policy.ts";
import { type PlanNode, planWaves, type Wave } from "../core/rollout-waves.ts";
import type { Principal } from "../ports.ts";
import { badRequest, conflict, notFound, unknownId } from "../refusals.ts";
import type { ContractTables } from "../store/contract-tables.ts";
import type { Write } from "../store/journal.ts";
import type { RolloutTables } from "../store/rollout-tables.ts";
import { nextTurn } from "../store/turns.ts";
import { enrolled, type FloorNode, inForce } from "./known-releases.ts";
import type { KeptRollout } from "./rollout-book.ts";
import type { RolloutPorts } from "./rollout-ports.ts";
import { type Floor, floorOf, hasWayBack } from "./run-rollouts.ts";

/** What a rollout would do, before it does it. */
export interface RolloutPlan {
  readonly contract: ContractId;
  readonly version: Version;
  readonly policy: RolloutPolicy;
  readonly waves: readonly Wave[];
  /** Nodes with an earlier version that a breach could take them back to. */
  readonly withWayBack: number;
  /** Nodes that cannot be reached now; they hold nothing up. */
  readonly away: readonly string[];
}

export interface NamedRelease {
  readonly contract: ContractId;
  readonly version: Version;
}

/** Fills in what is left out from the domain's default. @throws MaintError BAD_REQUEST with every mistake */
export async function policyFor(
  ports: RolloutPorts,
  domain: string,
  change: Partial<RolloutPolicy>,
): Promise<RolloutPolicy> {
  const policy = { ...(await defaultOf(ports, domain)), ...change };
  const mistakes = policyMistakes(policy);
  if (mistakes.length > 0) throw badRequest(mistakes.join("; "), "maint rollout plan shows what would happen");
  return policy;
}

export async function defaultOf({ db }: RolloutPorts, domain: string): Promise<RolloutPolicy> {
  const tables = db.tables<RolloutTables>();
  const row = await tables.selectFrom("rollout_default").selectAll().where("domain", "=", domain).executeTakeFirst();
  return row === undefined ? DEFAULT_POLICY : (JSON.parse(row.policy) as RolloutPolicy);
}

export async function setDefault(
  ports: RolloutPorts,
  domain: string,
  change: Partial<RolloutPolicy>,
  by: Principal,
): Promise<RolloutPolicy> {
  const policy = await policyFor(ports, domain, change);
  const row = { policy: JSON.stringify(policy), set_by: by.id, set_at_ms: ports.clock.nowMs() };
  await ports.journal.commit<RolloutTables, void>(async ({ tables, record }) => {
    await tables
      .insertInto("rollout_default")
      .values({ domain, ...row })
      .onConflict((known) => known.column("domain").doUpdateSet(row))
      .execute();
    const details = `how ${domain} is rolled out where nobody says otherwise`;
    record({
      ...{ action_type: "rollout", action: "default-set", target: domain, details, user_id: by.id, smart_id: null },
      metadata: { policy },
    });
  });
  return policy;
}

const planNode = ({ id, register }: FloorNode): PlanNode => ({
  id,
  station: register.station.id,
  stationType: register.station.type,
  attributes: register.station.attributes,
  plantZone: register.plantZone,
});

/** Nodes that have the version already stay first: a rollout takes nothing away before its end. */
const ALREADY = "already there";

function wavesFor(
  release: NamedRelease & Pick<AssignableRelease, "stationType" | "nodes">,
  nodes: readonly FloorNode[],
  policy: RolloutPolicy,
  before: RolloutState | undefined,
): readonly Wave[] {
  const meant = nodes.filter(({ id, register }) => binds(release, id, register.station.type));
  const reached = before?.policy.mode === policy.mode ? reaches(before) : new Set<string>();
  const isThere = ({ id }: FloorNode): boolean => reached === "all" || reached.has(id);
  const has = meant.filter(isThere).map(({ id }) => id);
  const rest = meant.filter((node) => !isThere(node)).map(planNode);
  const waves = planWaves(`${release.contract}@${release.version}`, rest, policy);
  return has.length === 0 ? waves : [{ name: ALREADY, nodes: has }, ...waves];
}

async function found(ports: RolloutPorts, { contract, version }: NamedRelease) {
  const rows = await inForce(ports);
  const row = rows.find((one) => one.contract === contract && one.version === version);
  const floor = await floorOf(ports);
  const release = floor.releases.find((one) => one.contract === contract && one.version === version);
  if (row !== undefined && release !== undefined) return { row, release, floor };
  const known = rows.map((one) => `${one.contract}@${one.version}`);
  throw unknownId("version in force", `${contract}@${version}`, known);
}

export async function planRollout(
  ports: RolloutPorts,
  named: NamedRelease,
  change: Partial<RolloutPolicy>,
): Promise<RolloutPlan> {
  const { row, release, floor } = await found(ports, named);
  const policy = await policyFor(ports, row.domain, change);
  const waves = wavesFor(release, floor.nodes, policy, ports.book.of(named.contract, named.version)?.state);
  const meant = waves.flatMap(({ nodes }) => nodes);
  return {
    ...{ contract: named.contract, version: named.version, policy, waves },
    withWayBack: meant.filter((node) => hasWayBack(node, release, floor)).length,
    away: meant.filter((node) => !ports.isLive(node)),
  };
}

/** A version that is stored begins its way, unless it is held. Answers what to do once the change that stores it is durable. */
export async function beginStored(
  ports: RolloutPorts,
  row: VersionRow & NamedRelease,
  change: Partial<RolloutPolicy>,
  by: string,
): Promise<(write: Write<RolloutTables>) => Promise<() => void>> {
  const policy = await policyFor(ports, row.domain, change);
  if (policy.held) return async () => () => undefined;
  const { scope } = JSON.parse(row.bundle ?? "{}") as { readonly scope: { readonly stationType: string | null } };
  const nodes = row.nodes === null ? null : new Set(JSON.parse(row.nodes) as string[]);
  const release = { contract: row.contract, version: row.version, stationType: scope.stationType, nodes };
  const started = startedEvent(ports, row, policy, wavesFor(release, await enrolled(ports), policy, undefined), by);
  return (write) => ports.book.begin(write, started);
}

const startedEvent = (
  { clock }: RolloutPorts,
  { contract, version }: NamedRelease,
  policy: RolloutPolicy,
  waves: readonly Wave[],
  by: string,
): StartedEvent => ({ kind: "started", contract, version, policy, waves, by, atMs: clock.nowMs() });

/** @throws MaintError CONFLICT where one runs already, NOT_FOUND for a version that is not in force */
export async function startRollout(
  ports: RolloutPorts,
  named: NamedRelease,
  change: Partial<RolloutPolicy>,
  by: Principal,
): Promise<void> {
  const { row, release, floor } = await found(ports, named);
  const lost = ports.policy.seen().contracts.get(named.contract);
  if (lost !== undefined && compareVersions(named.version, lost) < 0)
    throw conflict(
      `nodes have ${named.contract}@${lost}, which this hub lost when it was restored; they would refuse ${named.version}`,
      "maint contract store makes the next version, above it",
    );
  const before = ports.book.of(named.contract, named.version)?.state;
  if (before?.status === "running" || before?.status === "paused")
    throw conflict(`the rollout of ${nameOf(named)} is ${before.status}`, "maint rollout abort ends it");
  if (before?.status === "finished" && before.policy.mode === "enforce")
    throw conflict(`${nameOf(named)} has reached every node it is meant for`);
  const policy = { ...(await policyFor(ports, row.domain, change)), held: false };
  const waves = wavesFor(release, floor.nodes, policy, before);
  const started = startedEvent(ports, named, policy, waves, by.id);
  const keeps = JSON.stringify(waves.find(({ name }) => name === ALREADY)?.nodes ?? []);
  // Ten thousand nodes were shared out, and ten thousand names are written: not in one turn.
  await nextTurn();
  const remember = await ports.journal.commit<RolloutTables & ContractTables, () => void>(async (write) => {
    // What nodes said of an earlier try is no answer to this one.
    await write.tables
      .deleteFrom("deployment")
      .where("contract", "=", named.contract)
      .where("version", "=", named.version)
      .where(sql<boolean>`node not in (select value from json_each(${keeps}))`)
      .execute();
    return ports.book.begin(write as unknown as Write<RolloutTables>, started);
  });
  remember();
  await supersedeOlder(ports, named);
}

/** A newer version takes over from older ones that are still on their way: they open nothing more. */
export async function supersedeOlder(ports: RolloutPorts, { contract, version }: NamedRelease): Promise<void> {
  const latest = ports.book.of(contract, version);
  for (const kept of ports.book.all()) {
    const { state } = kept;
    if (state.contract !== contract || state.version === version || latest === undefined || kept.id > latest.id)
      continue;
    if (state.status !== "running" && state.status !== "paused") continue;
    if (state.policy.mode !== latest.state.policy.mode) continue;
    const reason = `${contract}@${version} takes over`;
    await ports.book.append(kept, [
      { kind: "superseded", by: latest.state.startedBy, reason, atMs: ports.clock.nowMs() },
    ]);
  }
}

export type RolloutOrder =
  | { readonly kind: "pause" | "resume" | "advance"; readonly reason: string }
  | { readonly kind: "abort"; readonly revert: boolean; readonly reason: string };

/** What a person decides about a rollout. @throws MaintError CONFLICT where it does not fit, NOT_FOUND */
export async function orderRollout(
  ports: RolloutPorts,
  named: NamedRelease,
  order: RolloutOrder,
  by: Principal,
): Promise<void> {
  if (order.reason.trim() === "") throw badRequest("say why", '--reason "…"');
  const kept = ports.book.of(named.contract, named.version);
  if (kept === undefined) throw notFound(`no rollout of ${nameOf(named)} was started`, "maint rollout list");
  const said = { by: by.id, reason: order.reason, atMs: ports.clock.nowMs() };
  await ports.book.append(kept, [await eventFor(ports, kept, order, said)]);
}

async function eventFor(
  ports: RolloutPorts,
  { state }: KeptRollout,
  order: RolloutOrder,
  said: { readonly by: string; readonly reason: string; readonly atMs: number },
): Promise<RolloutEvent> {
  const { status, wave, waves } = state;
  const must = (fits: boolean, needed: string): void => {
    if (!fits) throw conflict(`the rollout of ${nameOf(state)} is ${status}; only one that ${needed} can do this`);
  };
  switch (order.kind) {
    case "pause":
      must(status === "running", "runs");
      return { kind: "paused", ...said };
    case "resume":
      must(status === "paused", "is paused");
      return { kind: "resumed", ...said };
    case "advance":
      must(status === "running", "runs");
      if (wave + 1 >= waves.length)
        throw conflict("its last wave is open already", "pause and resume go on in spite of failures");
      return { kind: "advanced", wave: wave + 1, ...said };
    case "abort": {
      must(status === "running" || status === "paused", "runs or is paused");
      if (!order.revert) return { kind: "aborted", ...said };
      const nodes = await nodesWithWayBack(ports, state);
      if (nodes.length === 0)
        throw conflict(
          "no node has an earlier version to go back to",
          "abort it without --revert, or retire the version",
        );
      return { kind: "reverted", nodes, ...said };
    }
  }
}

async function nodesWithWayBack(ports: RolloutPorts, state: RolloutState): Promise<readonly string[]> {
  const floor: Floor = await floorOf(ports);
  const release = floor.releases.find((one) => one.contract === state.contract && one.version === state.version);
  return release === undefined ? [] : openNodes(state).filter((node) => hasWayBack(node, release, floor));
}

export const nameOf = ({ contract, version }: NamedRelease): string => `${contract}@${version}`;
