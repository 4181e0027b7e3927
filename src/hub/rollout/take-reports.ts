import { fail, ok, type Result } from "../../base/result.ts";
import type { Report } from "../../model/message.ts";
import { contractRecord } from "../contracts/contract-records.ts";
import { isAcknowledged, progressOf } from "../core/rollout.ts";
import type { ContractTables } from "../store/contract-tables.ts";
import type { Write } from "../store/journal.ts";
import type { NodeTables } from "../store/node-tables.ts";
import type { RolloutPorts } from "./rollout-ports.ts";

type Tables = ContractTables & NodeTables;

/** What one node reported. */
export interface NodeReport {
  readonly node: string;
  readonly report: Report;
}

/** Writes down what nodes say of their contracts, all of it in one commit. Durable when fulfilled; answers in the given order. */
export function takeReports(
  ports: RolloutPorts,
  reports: readonly NodeReport[],
  at: (index: number | undefined) => void,
): Promise<readonly Result<undefined, string>[]> {
  const nowMs = ports.clock.nowMs();
  return ports.journal.commit<Tables, readonly Result<undefined, string>[]>(async (write) => {
    const answers: Result<undefined, string>[] = [];
    for (const [index, report] of reports.entries()) {
      at(index);
      answers.push(await takeOne(ports, write, report, nowMs));
    }
    at(undefined);
    return answers;
  });
}

async function takeOne(
  ports: RolloutPorts,
  { tables, record }: Write<Tables>,
  { node, report }: NodeReport,
  nowMs: number,
): Promise<Result<undefined, string>> {
  const row = await tables
    .selectFrom("node")
    .select(["report_counter", "quarantined", "ledger_size"])
    .where("id", "=", node)
    .executeTakeFirstOrThrow();
  if (report.counter <= row.report_counter) {
    const details = `report ${report.counter} came after report ${row.report_counter}`;
    const metadata = { counter: report.counter, known: row.report_counter };
    const base = { target: node, user_id: ports.hubId, smart_id: null, metadata };
    record({ action_type: "node_session", action: "counter-went-back", details, ...base });
    if (row.quarantined === null) {
      const why = `${details}: it is a copy, or an older self`;
      await tables.updateTable("node").set({ quarantined: why }).where("id", "=", node).execute();
      record({ action_type: "node_session", action: "quarantined", details: why, ...base });
    }
    return fail(`${details}: quarantined`);
  }
  await tables
    .updateTable("node")
    .set({
      report: JSON.stringify(report),
      report_counter: report.counter,
      last_seen_ms: nowMs,
      ledger_size: Math.max(row.ledger_size, report.ledgerHead.size),
    })
    .where("id", "=", node)
    .execute();
  const rows = await tables.selectFrom("deployment").selectAll().where("node", "=", node).execute();
  for (const known of rows) {
    const release = ports.policy.release(known.contract, known.version);
    if (release === undefined) continue;
    const progress = progressOf(report, known.contract, release.digest);
    // A set that waits says nothing of the contracts that stay: what was effective is so still.
    if (progress.phase === "activated" && known.phase === "effective") continue;
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
      record(contractRecord("contract_acknowledgement", "acknowledged", known, node, `${node} activated it`, metadata));
    if (progress.phase === "rejected") {
      const details = `${node} refused it: ${progress.reason ?? "no reason"}; ${progress.detail ?? ""}`;
      const more = { ...metadata, reason: progress.reason, detail: progress.detail };
      record(contractRecord("contract_rejection", "rejected", known, node, details, more));
    }
  }
  return ok(undefined);
}
