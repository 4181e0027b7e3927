import type { ContractId, Version } from "../../model/ids.ts";
import type { RejectionReason } from "../../model/message.ts";
import { type AssignableRelease, binds, isAcknowledged } from "../core/rollout.ts";
import { countWave, type RolloutState, reaches } from "../core/rollout-engine.ts";
import type { KnownNode } from "../nodes/node-service.ts";
import { unknownId } from "../refusals.ts";
import type { ContractTables } from "../store/contract-tables.ts";
import { releasesOf } from "./known-releases.ts";
import { isAhead } from "./refresh.ts";
import type { RolloutPorts } from "./rollout-ports.ts";

/** Why a node does not run what it should, contract by contract, and what to do about it. */
export interface WhyNot {
  readonly node: string;
  readonly live: boolean;
  readonly lastSeenMs: number | null;
  readonly contracts: readonly WhyNotContract[];
}

export interface WhyNotContract {
  readonly contract: ContractId;
  /** What the node said last that it runs; null for nothing. */
  readonly runs: Version | null;
  /** The newest version that is meant for it; null where none is. */
  readonly newest: Version | null;
  /** It runs the newest. */
  readonly upToDate: boolean;
  readonly because: string;
  /** Null where nothing is to be done, or time alone does it. */
  readonly toDo: string | null;
}

type Answer = Pick<WhyNotContract, "because" | "toDo">;

/** @throws MaintError NOT_FOUND for a node or a contract that nobody knows */
export async function whyNot(ports: RolloutPorts, id: string, asked: ContractId | undefined): Promise<WhyNot> {
  const node = await ports.nodes.get(id);
  if (node === undefined) throw unknownId("node", id, await ports.nodes.allIds());
  const releases = await releasesOf(ports);
  const names = [...new Set(releases.map(({ contract }) => contract))].sort();
  if (asked !== undefined && !names.includes(asked)) throw unknownId("contract in force", asked, names);
  const meant = names.filter((name) => asked === name || (asked === undefined && concerns(node, name, releases)));
  const contracts: WhyNotContract[] = [];
  for (const contract of meant) contracts.push(await aboutContract(ports, node, contract, releases));
  return { node: id, live: ports.isLive(id), lastSeenMs: node.lastSeenMs, contracts };
}

const isMeant = (release: AssignableRelease, { id, register }: KnownNode): boolean =>
  binds(release, id, register.station.type);

const concerns = (node: KnownNode, contract: ContractId, releases: readonly AssignableRelease[]): boolean =>
  node.report?.active[contract] !== undefined ||
  releases.some((release) => release.contract === contract && isMeant(release, node));

async function aboutContract(
  ports: RolloutPorts,
  node: KnownNode,
  contract: ContractId,
  releases: readonly AssignableRelease[],
): Promise<WhyNotContract> {
  const active = node.report?.active[contract];
  const runs = active?.version ?? null;
  const enforced = releases.filter((one) => one.contract === contract && one.desired.mode === "enforce");
  const newest = enforced
    .filter((one) => isMeant(one, node))
    .sort((a, b) => a.order - b.order)
    .at(-1);
  if (newest === undefined) {
    const answer = notMeant(node, enforced);
    return { contract, runs, newest: null, upToDate: false, ...answer };
  }
  const upToDate = active?.digest === newest.desired.digest;
  const named = { contract, runs, newest: newest.version, upToDate };
  if (upToDate) return { ...named, because: "it runs the newest version that is meant for it", toDo: null };
  if (runs !== null && ports.policy.release(contract, runs) === undefined) {
    const because = `${runs} was lost here when this hub was restored from an older copy; the node keeps it`;
    return { ...named, because, toDo: "maint contract store makes the next version, above it" };
  }
  return { ...named, ...(await aboutRelease(ports, node, newest)) };
}

function notMeant({ id, register }: KnownNode, releases: readonly AssignableRelease[]): Answer {
  const last = releases.at(-1);
  if (last === undefined) return { because: "it is only tried in the shadow", toDo: "maint rollout start enforces it" };
  const { stationType, nodes } = last;
  if (stationType !== null && stationType !== register.station.type)
    return {
      because: `it is for every ${stationType} station, and ${register.station.id} is a ${register.station.type} station`,
      toDo: "where the register is wrong: maint hub set-register",
    };
  const count = nodes?.size ?? 0;
  return {
    because: `it was narrowed to ${count} nodes, and ${id} is none of them`,
    toDo: `maint contract deploy ${last.contract}@${last.version} --nodes ${id}`,
  };
}

async function aboutRelease(ports: RolloutPorts, node: KnownNode, release: AssignableRelease): Promise<Answer> {
  const { contract, version } = release;
  if (node.quarantined !== null)
    return {
      because: `the node is quarantined: ${node.quarantined}`,
      toDo: `look at it, then: maint hub release-node ${node.id}, or revoke-node`,
    };
  if (node.revokedAtMs !== null)
    return { because: "its key was revoked", toDo: "maint hub register-node, then enrol it with a new key" };
  if (node.enrolledAtMs === null)
    return {
      because: "it is registered and was never enrolled",
      toDo: `maint hub register-node, then maint node enrol ${node.id} with its token`,
    };
  if (isAhead(ports, node.id))
    return {
      because: "this hub was restored from an older copy and lost signed metadata that the node rests on",
      toDo: "maint contract store of what was lost (the ledger names it: action forgotten) makes it take sets again",
    };
  const state = ports.book.of(contract, version)?.state;
  if (state === undefined) {
    if (release.open === "all") return aboutDeployment(ports, node, release);
    return { because: "the version is stored and held", toDo: `maint rollout start ${contract}@${version}` };
  }
  const reach = reaches(state);
  if (reach === "all" || reach.has(node.id)) return aboutDeployment(ports, node, release);
  return aboutRollout(state, node.id);
}

function aboutRollout(state: RolloutState, node: string): Answer {
  const name = `${state.contract}@${state.version}`;
  const why = state.because === null ? "" : `: ${state.because.reason} (${state.because.by})`;
  const index = state.waves.findIndex(({ nodes }) => nodes.includes(node));
  const wave = index < 0 ? "no wave yet" : `wave ${index + 1} of ${state.waves.length}`;
  switch (state.status) {
    case "reverted":
      return reverted(state, node, why);
    case "aborted":
      return { because: `its rollout was aborted before it came here${why}`, toDo: `maint rollout start ${name}` };
    case "superseded":
      return { because: `its rollout ended before it came here${why}`, toDo: null };
    case "paused":
      return {
        because: `its rollout is paused${why}; the node is in ${wave}`,
        toDo: `maint rollout resume ${name} --reason "…"`,
      };
    default:
      return { because: `the node is in ${wave}; ${waitsFor(state)}`, toDo: null };
  }
}

/** Of a node that failed itself its own reason comes first: the rule that it broke is the same for all. */
function reverted({ contract, version, outcomes }: RolloutState, node: string, why: string): Answer {
  const { outcome, phase, reason = null } = outcomes.get(node) ?? {};
  const again = `then maint rollout start ${contract}@${version}, or store a better version`;
  const because = `its rollout was reverted${why}`;
  if (outcome !== "failed") return { because, toDo: `mend what failed, ${again}` };
  const own = `it failed here${phase ? ` (${phase}${reason === null ? "" : `: ${reason}`})` : ": no answer in time"}`;
  return {
    because: `${own}; ${because}`,
    toDo: `${ADVICE[reason as RejectionReason] ?? "its log says more"}; ${again}`,
  };
}

function waitsFor(state: RolloutState): string {
  const open = state.waves[state.wave];
  if (open === undefined) return "the first wave opens in a moment";
  const { succeeded, nodes, away } = countWave(state, open);
  const soaks = state.soakSinceMs === null ? "" : `, soaks for ${Math.round(state.policy.soakMs / 1_000)} s`;
  return `wave ${state.wave + 1} (${open.name}) is open: ${succeeded} of ${nodes} nodes have it, ${away} away${soaks}`;
}

async function aboutDeployment(ports: RolloutPorts, node: KnownNode, release: AssignableRelease): Promise<Answer> {
  const row = await ports.db
    .tables<ContractTables>()
    .selectFrom("deployment")
    .selectAll()
    .where("contract", "=", release.contract)
    .where("version", "=", release.version)
    .where("node", "=", node.id)
    .executeTakeFirst();
  const phase = row?.phase ?? null;
  if (phase === "rejected" || phase === "rolledback") {
    const detail = row?.detail === null || row?.detail === undefined ? "" : `; ${row.detail}`;
    const verb = phase === "rejected" ? "refused it" : "went back from it by itself";
    const advice = ADVICE[row?.reason as RejectionReason] ?? "its log and maint status --node say more";
    return { because: `the node ${verb}: ${row?.reason ?? "no reason"}${detail}`, toDo: advice };
  }
  if (!ports.isLive(node.id)) {
    const since =
      node.lastSeenMs === null ? "it never connected" : `last heard ${new Date(node.lastSeenMs).toISOString()}`;
    return { because: `the node is away; ${since}`, toDo: "it takes the version by itself when it is back" };
  }
  if (phase === "scheduled")
    return { because: `the node has verified it and waits for its hour${hourOf(release)}`, toDo: null };
  if (isAcknowledged(phase))
    return {
      because: "the node had it and says that it runs something else",
      toDo: "its log and maint status --node say more",
    };
  const pushed = row === undefined ? "not pushed yet" : `pushed ${new Date(row.pushed_at_ms).toISOString()}`;
  const late = row !== undefined && ports.clock.nowMs() - row.pushed_at_ms > ports.phaseDeadlineMs;
  return {
    because: `${pushed}, ${phase === null ? "no answer yet" : `it said ${phase}`}`,
    toDo: late ? "it is past its deadline: look at the node's log, restart its agent" : null,
  };
}

function hourOf({ desired: { activation } }: AssignableRelease): string {
  if (activation === undefined) return "";
  const { notBefore, window, idleOnly } = activation;
  const said = [
    ...(notBefore === null ? [] : [`not before ${notBefore}`]),
    ...(window === null ? [] : [`between ${window.from} and ${window.to} of its plant`]),
    ...(idleOnly ? ["while no test runs"] : []),
  ];
  return `: ${said.join(", ")}`;
}

/** What a person does about a refusal. `docs/protocol.md` says the same at more length. */
const ADVICE: { readonly [reason in RejectionReason]: string } = {
  "signature-missing": "maint release verify --all; the release was not signed by all that must",
  "signature-invalid": "maint release verify --all; if it holds there, look at what lies between hub and node",
  threshold: "maint release list: a second person signs what loosens",
  "version-regression": "the node has seen newer metadata: was the hub restored from an older copy?",
  "content-mismatch": "maint release verify --all; the same name came with other bytes",
  expired: "maint keys renew; and look at the node's clock",
  "metadata-mismatch": "maint release verify --all; metadata of different moments were mixed",
  "digest-mismatch": "bytes changed on the way: look at what lies between hub and node",
  "format-unsupported": "update the node's software first",
  "bundle-invalid": "compile it with the software that the nodes run",
  "wrong-audience": "the set was made for another node: was a data folder copied?",
  "selftest-failed": "the contract's own tests fail at the node: update its software, or mend the contract",
  unassigned: "its signers must allow it: maint contract retire, or release sign",
  disk: "make room on the node's disk and look at its rights",
  internal: "the node's log says what went wrong in it",
};
