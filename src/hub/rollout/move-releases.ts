import type { Version } from "../../model/ids.ts";
import { contractRecord } from "../contracts/contract-records.ts";
import { endVersion } from "../contracts/contract-service.ts";
import { type ReleaseProgress, releaseProgress } from "../core/rollout.ts";
import type { ContractTables } from "../store/contract-tables.ts";
import { nextTurn } from "../store/turns.ts";
import { deploymentsOf } from "./known-deployments.ts";
import { enrolled, inForce, type RowInForce, releasesOf, targetsOf } from "./known-releases.ts";
import type { RolloutPorts } from "./rollout-ports.ts";

interface Standing {
  readonly row: RowInForce;
  readonly version: Version;
  readonly progress: ReleaseProgress;
}

/** Moves releases on by what their nodes reported: deployed → active → monitoring, and the version before to deprecated. */
export async function moveReleases(ports: RolloutPorts): Promise<void> {
  const nowMs = ports.clock.nowMs();
  const rows = await inForce(ports);
  const waiting = rows.filter(
    ({ status, activated_at_ms }) =>
      status === "deployed" || (status === "active" && nowMs - (activated_at_ms ?? nowMs) >= ports.soakMs),
  );
  if (waiting.length === 0 && !hasRivals(rows)) return;
  const standings = await standingsOf(ports, rows, nowMs);
  for (const standing of standings) {
    const { row, version, progress } = standing;
    if (!progress.complete || !hasOpened(ports, row.contract, version)) continue;
    await activate(ports, standing, nowMs);
  }
  await supersede(ports, await inForce(ports), nowMs);
  for (const row of waiting.filter(({ status }) => status === "active")) await monitor(ports, row, nowMs);
}

/** Nodes of a wave that is still closed are not stalled: the version is not on its way to them yet. */
function hasOpened({ book }: RolloutPorts, contract: string, version: Version): boolean {
  const state = book.of(contract, version)?.state;
  return state === undefined || state.status === "finished" || state.wave === state.waves.length - 1;
}

/** Until a rollout is over a breach may lead back, and what it leads back to must stay. */
function isOver({ book }: RolloutPorts, row: RowInForce): boolean {
  const state = row.version === null ? undefined : book.of(row.contract, row.version)?.state;
  return state === undefined || state.status === "finished";
}

const hasRivals = (rows: readonly RowInForce[]): boolean =>
  new Set(rows.map(({ contract }) => contract)).size < rows.length;

/** Of the versions that are not active yet. */
async function standingsOf(
  ports: RolloutPorts,
  rows: readonly RowInForce[],
  nowMs: number,
): Promise<readonly Standing[]> {
  const deployed = rows.filter(({ status }) => status === "deployed");
  if (deployed.length === 0) return [];
  const releases = await releasesOf(ports);
  const nodes = await enrolled(ports);
  const standings: Standing[] = [];
  for (const row of deployed) {
    if (row.version === null) continue;
    const { contract, version } = row;
    const known = new Map((await deploymentsOf(ports, { contract, version })).map((one) => [one.node, one]));
    const meant = targetsOf(releases, nodes, contract, version);
    await nextTurn();
    const targets = meant.map((node) => {
      const one = known.get(node);
      return { node, phase: one?.phase ?? null, live: ports.isLive(node), pushedAtMs: one?.pushed_at_ms ?? nowMs };
    });
    standings.push({ row, version, progress: releaseProgress(targets, nowMs, ports.phaseDeadlineMs) });
    await nextTurn();
  }
  return standings;
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
async function supersede(ports: RolloutPorts, rows: readonly RowInForce[], nowMs: number): Promise<void> {
  const older = rows.flatMap((row, index) => {
    const newer = rows
      .slice(index + 1)
      .find((one) => one.contract === row.contract && one.status !== "deployed" && isOver(ports, one));
    return newer === undefined ? [] : [{ row, newer }];
  });
  if (older.length === 0) return;
  const releases = await releasesOf(ports);
  const nodes = await enrolled(ports);
  for (const { row, newer } of older) {
    if (row.version === null || targetsOf(releases, nodes, row.contract, row.version).length > 0) continue;
    const reason = `superseded by ${newer.version}`;
    await ports.journal.commit<ContractTables, void>((write) =>
      endVersion(write, row, { status: "deprecated", nowMs, by: ports.hubId, reason }),
    );
  }
}

async function monitor(ports: RolloutPorts, row: RowInForce, nowMs: number): Promise<void> {
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
