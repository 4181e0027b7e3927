import { oneAtATime } from "../../base/one-at-a-time.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { SigningKey } from "../../disk/key-file.ts";
import type { OrdersDocument, PeopleDocument } from "../../model/documents.ts";
import type { ContractId, Version } from "../../model/ids.ts";
import type { DesiredContract, Hello, Phase, Report, SignedDesired } from "../../model/message.ts";
import { contractRecord, type VersionRow } from "../contracts/contract-records.ts";
import { endVersion } from "../contracts/contract-service.ts";
import {
  type AssignableRelease,
  assignmentsOf,
  isAcknowledged,
  progressOf,
  type ReleaseProgress,
  releaseProgress,
} from "../core/rollout.ts";
import type { KnownNode, NodeService } from "../nodes/node-service.ts";
import type { PolicyCentral } from "../policy-central/policy-central.ts";
import type { Clock } from "../ports.ts";
import type { BlobShelf } from "../session/blob-shelf.ts";
import type { ContractTables } from "../store/contract-tables.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import type { NodeTables } from "../store/node-tables.ts";
import { desiredOf, saysTheSame, signDesired } from "./desired-sets.ts";

export interface RolloutPorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
  readonly hubId: string;
  readonly onlineKey: SigningKey;
  readonly policy: PolicyCentral;
  readonly shelf: BlobShelf;
  readonly nodes: Pick<NodeService, "list">;
  readonly people: () => Promise<PeopleDocument>;
  readonly orders: () => Promise<OrdersDocument>;
  readonly push: (node: string, signed: SignedDesired) => void;
  readonly isLive: (node: string) => boolean;
  /** How long a release is active before it is monitored. */
  readonly soakMs: number;
  readonly phaseDeadlineMs: number;
}

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

type Tables = ContractTables & NodeTables;

export function createRolloutService(ports: RolloutPorts): RolloutService {
  const serially = oneAtATime();
  return {
    refresh: () => serially(() => refresh(ports)),
    arrived: (node, hello) => serially(() => arrived(ports, node, hello)),
    report: (node, report) =>
      serially(async () => {
        const taken = await takeReport(ports, node, report);
        if (taken.ok) await evaluate(ports);
        return taken;
      }),
    evaluate: () => serially(() => evaluate(ports)),
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

const enrolled = async ({ nodes }: RolloutPorts): Promise<readonly KnownNode[]> =>
  (await nodes.list()).filter(({ enrolledAtMs }) => enrolledAtMs !== null);

const inForce = ({ db }: RolloutPorts): Promise<VersionRow[]> =>
  db
    .tables<ContractTables>()
    .selectFrom("contract_version")
    .selectAll()
    .where("status", "in", ["deployed", "active", "monitoring"])
    .orderBy("stored_at_ms")
    .orderBy("id")
    .execute();

async function releasesOf(ports: RolloutPorts): Promise<readonly AssignableRelease[]> {
  return (await inForce(ports)).flatMap((row, order) => {
    const stored = row.version === null ? undefined : ports.policy.release(row.contract, row.version);
    // What PolicyCentral cannot serve is not assigned: nodes keep what they have.
    if (stored === undefined || row.bundle === null) return [];
    const { version, digest, size, target, contract } = stored;
    const desired: DesiredContract = { version, digest, size, target, mode: "enforce", from: null };
    const { scope } = JSON.parse(row.bundle) as { readonly scope: { readonly stationType: string | null } };
    const nodes = row.nodes === null ? null : (JSON.parse(row.nodes) as string[]);
    const status = row.status as AssignableRelease["status"];
    return [{ contract, version, order, status, stationType: scope.stationType, nodes, desired }];
  });
}

function targetsOf(
  releases: readonly AssignableRelease[],
  nodes: readonly KnownNode[],
  contract: ContractId,
  version: Version,
): readonly string[] {
  return nodes
    .filter(({ id, register }) => assignmentsOf(id, register.station.type, releases)[contract]?.version === version)
    .map(({ id }) => id);
}

async function refresh(ports: RolloutPorts): Promise<void> {
  const sources = {
    releases: await releasesOf(ports),
    metadata: ports.policy.metadata(),
    assignment: ports.policy.assignment,
    people: await ports.people(),
    orders: await ports.orders(),
    shelf: ports.shelf,
  };
  const nowMs = ports.clock.nowMs();
  const nodes = await enrolled(ports);
  const pushed = await ports.db.atomically<Tables, readonly SignedDesired[]>(async (tables) => {
    const changed: SignedDesired[] = [];
    for (const node of nodes) {
      const row = await tables.selectFrom("node").selectAll().where("id", "=", node.id).executeTakeFirstOrThrow();
      const before = row.desired === null ? undefined : (JSON.parse(row.desired) as SignedDesired);
      const next = desiredOf(node, sources, before?.desired);
      const isStale = before === undefined || before.desired.generation !== row.generation;
      if (!isStale && saysTheSame(before.desired, next)) continue;
      const signed = signDesired({ ...next, generation: row.generation + 1 }, ports.onlineKey);
      await tables
        .updateTable("node")
        .set({ desired: JSON.stringify(signed), generation: signed.desired.generation })
        .where("id", "=", node.id)
        .execute();
      const fresh = Object.entries(next.contracts).map(([contract, { version }]) => ({
        contract,
        version,
        node: node.id,
        phase: null,
        reason: null,
        detail: null,
        pushed_at_ms: nowMs,
        updated_at_ms: nowMs,
        acknowledged_at_ms: null,
      }));
      if (fresh.length > 0)
        await tables
          .insertInto("deployment")
          .values(fresh)
          .onConflict((known) => known.doNothing())
          .execute();
      changed.push(signed);
    }
    return changed;
  });
  // Only what is on the disk goes out: a generation that a node has seen must not be given away twice.
  for (const signed of pushed) ports.push(signed.desired.node, signed);
}

async function arrived(ports: RolloutPorts, node: string, hello: Hello): Promise<SignedDesired | undefined> {
  const tables = ports.db.tables<NodeTables>();
  const nowMs = ports.clock.nowMs();
  const row = await tables.selectFrom("node").selectAll().where("id", "=", node).executeTakeFirst();
  if (row === undefined) return undefined;
  // A hub restored from an older copy counts on from where the node is, else the node would refuse every set.
  const generation = Math.max(row.generation, hello.generation);
  await tables.updateTable("node").set({ last_seen_ms: nowMs, generation }).where("id", "=", node).execute();
  await ports.db
    .tables<ContractTables>()
    .updateTable("deployment")
    .set({ pushed_at_ms: nowMs })
    .where("node", "=", node)
    .where("acknowledged_at_ms", "is", null)
    .execute();
  if (row.desired !== null && generation === row.generation) return JSON.parse(row.desired) as SignedDesired;
  // Pushed by refresh itself.
  await refresh(ports);
  return undefined;
}

async function takeReport(ports: RolloutPorts, node: string, report: Report): Promise<Result<undefined, string>> {
  const nowMs = ports.clock.nowMs();
  return ports.journal.commit<Tables, Result<undefined, string>>(async ({ tables, record }) => {
    const row = await tables.selectFrom("node").selectAll().where("id", "=", node).executeTakeFirstOrThrow();
    if (report.counter <= row.report_counter) {
      const details = `report ${report.counter} came after report ${row.report_counter}`;
      const metadata = { counter: report.counter, known: row.report_counter };
      const base = { target: node, user_id: ports.hubId, smart_id: null, metadata };
      record({ action_type: "node_session", action: "counter-went-back", details, ...base });
      return fail(`${details}: quarantined`);
    }
    await tables
      .updateTable("node")
      .set({ report: JSON.stringify(report), report_counter: report.counter, last_seen_ms: nowMs })
      .where("id", "=", node)
      .execute();
    const rows = await tables.selectFrom("deployment").selectAll().where("node", "=", node).execute();
    for (const known of rows) {
      const release = ports.policy.release(known.contract, known.version);
      if (release === undefined) continue;
      const progress = progressOf(report, known.contract, release.digest);
      if (progress.phase === null || (progress.phase === known.phase && progress.reason === known.reason)) continue;
      const acknowledges = isAcknowledged(progress.phase) && known.acknowledged_at_ms === null;
      await tables
        .updateTable("deployment")
        .set({ ...progress, updated_at_ms: nowMs, ...(acknowledges ? { acknowledged_at_ms: nowMs } : {}) })
        .where("contract", "=", known.contract)
        .where("version", "=", known.version)
        .where("node", "=", node)
        .execute();
      const metadata = { node, digest: release.digest, phase: progress.phase, generation: report.observedGeneration };
      if (acknowledges)
        record(
          contractRecord("contract_acknowledgement", "acknowledged", known, node, `${node} activated it`, metadata),
        );
      if (progress.phase === "rejected") {
        const details = `${node} refused it: ${progress.reason ?? "no reason"}; ${progress.detail ?? ""}`;
        const more = { ...metadata, reason: progress.reason, detail: progress.detail };
        record(contractRecord("contract_rejection", "rejected", known, node, details, more));
      }
    }
    return ok(undefined);
  });
}

interface Standing {
  readonly row: VersionRow;
  readonly version: Version;
  readonly progress: ReleaseProgress;
}

async function evaluate(ports: RolloutPorts): Promise<void> {
  const nowMs = ports.clock.nowMs();
  const rows = await inForce(ports);
  const waiting = rows.filter(
    ({ status, activated_at_ms }) =>
      status === "deployed" || (status === "active" && nowMs - (activated_at_ms ?? nowMs) >= ports.soakMs),
  );
  if (waiting.length === 0 && !hasRivals(rows)) return;
  const standings = await standingsOf(ports, rows, nowMs);
  for (const standing of standings) {
    if (standing.row.status === "deployed" && standing.progress.complete) await activate(ports, standing, nowMs);
  }
  await supersede(ports, await inForce(ports), nowMs);
  for (const row of waiting.filter(({ status }) => status === "active")) await monitor(ports, row, nowMs);
}

const hasRivals = (rows: readonly VersionRow[]): boolean =>
  new Set(rows.map(({ contract }) => contract)).size < rows.length;

async function standingsOf(
  ports: RolloutPorts,
  rows: readonly VersionRow[],
  nowMs: number,
): Promise<readonly Standing[]> {
  const releases = await releasesOf(ports);
  const nodes = await enrolled(ports);
  const known = await ports.db.tables<ContractTables>().selectFrom("deployment").selectAll().execute();
  const deployed = new Map(known.map((one) => [`${one.contract}@${one.version}@${one.node}`, one]));
  return rows.flatMap((row) => {
    if (row.version === null) return [];
    const { contract, version } = row;
    const targets = targetsOf(releases, nodes, contract, version).map((node) => {
      const one = deployed.get(`${contract}@${version}@${node}`);
      return { node, phase: one?.phase ?? null, live: ports.isLive(node), pushedAtMs: one?.pushed_at_ms ?? nowMs };
    });
    return [{ row, version, progress: releaseProgress(targets, nowMs, ports.phaseDeadlineMs) }];
  });
}

async function activate(ports: RolloutPorts, { row, progress }: Standing, nowMs: number): Promise<void> {
  const { activated, stalled } = progress;
  await ports.journal.commit<ContractTables, void>(async ({ tables, record }) => {
    await tables
      .updateTable("contract_version")
      .set({ status: "active", activated_at_ms: nowMs })
      .where("id", "=", row.id)
      .execute();
    const metadata = { node_list: [...activated, ...stalled], success_count: activated.length, activated, stalled };
    const details = `active on ${activated.length} of ${activated.length + stalled.length} nodes`;
    record(contractRecord("contract_activation", "activated", row, ports.hubId, details, metadata));
  });
}

/** The version before goes once a newer one is active and no node is given the older one any more. */
async function supersede(ports: RolloutPorts, rows: readonly VersionRow[], nowMs: number): Promise<void> {
  const releases = await releasesOf(ports);
  const nodes = await enrolled(ports);
  for (const [index, row] of rows.entries()) {
    const newer = rows.slice(index + 1).find((one) => one.contract === row.contract && one.status !== "deployed");
    if (newer === undefined || row.version === null) continue;
    if (targetsOf(releases, nodes, row.contract, row.version).length > 0) continue;
    const reason = `superseded by ${newer.version}`;
    await ports.journal.commit<ContractTables, void>((write) =>
      endVersion(write, row, { status: "deprecated", nowMs, by: ports.hubId, reason }),
    );
  }
}

async function monitor(ports: RolloutPorts, row: VersionRow, nowMs: number): Promise<void> {
  await ports.journal.commit<ContractTables, void>(async ({ tables, record }) => {
    const changed = await tables
      .updateTable("contract_version")
      .set({ status: "monitoring" })
      .where("id", "=", row.id)
      .where("status", "=", "active")
      .executeTakeFirst();
    if (changed.numUpdatedRows === 0n) return;
    const metadata = { soak_ms: nowMs - (row.activated_at_ms ?? nowMs) };
    record(contractRecord("contract_monitoring", "monitored", row, ports.hubId, "its alerts are tracked", metadata));
  });
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
