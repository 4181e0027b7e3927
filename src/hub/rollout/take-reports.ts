import { fail, ok, type Result } from "../../base/result.ts";
import type { Report } from "../../model/message.ts";
import { contractRecord } from "../contracts/contract-records.ts";
import { isAcknowledged, progressOf } from "../core/rollout.ts";
import type { ContractTables, DeploymentRow } from "../store/contract-tables.ts";
import type { Write } from "../store/journal.ts";
import type { NodeRow, NodeTables } from "../store/node-tables.ts";
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
  return ports.journal.commit<Tables, readonly Result<undefined, string>[]>(async ({ record }) => {
    const answers: Result<undefined, string>[] = [];
    for (const [index, report] of reports.entries()) {
      at(index);
      answers.push(takeOne(ports, record, report, nowMs));
    }
    at(undefined);
    return answers;
  });
}

// One of each for every report of ten thousand nodes: prepared once, not built anew.
const NODE = "select report_counter, quarantined from node where id = ?";
const TAKE = `update node set report = ?, report_counter = ?, last_seen_ms = ?, ledger_size = max(ledger_size, ?)
  where id = ?`;
const QUARANTINE = "update node set quarantined = ? where id = ?";
const DEPLOYMENTS = "select contract, version, phase, reason, acknowledged_at_ms from deployment where node = ?";
const MOVE = `update deployment set phase = ?, reason = ?, detail = ?, updated_at_ms = ?, acknowledged_at_ms = ?
  where contract = ? and version = ? and node = ?`;

type NodeBefore = Pick<NodeRow, "report_counter" | "quarantined">;
type Deployment = Pick<DeploymentRow, "contract" | "version" | "phase" | "reason" | "acknowledged_at_ms">;

function takeOne(
  ports: RolloutPorts,
  record: Write<Tables>["record"],
  { node, report }: NodeReport,
  nowMs: number,
): Result<undefined, string> {
  const { db } = ports;
  const before = db.prepare(NODE).get(node) as NodeBefore | undefined;
  if (before === undefined) throw new Error(`there is no node ${node}`);
  if (report.counter <= before.report_counter) return fail(wentBack(ports, record, { node, report }, before));
  db.prepare(TAKE).run(JSON.stringify(report), report.counter, nowMs, report.ledgerHead.size, node);
  for (const known of db.prepare(DEPLOYMENTS).all(node) as unknown as readonly Deployment[]) {
    const release = ports.policy.release(known.contract, known.version);
    if (release === undefined) continue;
    const progress = progressOf(report, known.contract, release.digest);
    // A set that waits says nothing of the contracts that stay: what was effective is so still.
    if (progress.phase === "activated" && known.phase === "effective") continue;
    if (progress.phase === null || (progress.phase === known.phase && progress.reason === known.reason)) continue;
    const { phase, reason, detail } = progress;
    const acknowledges = isAcknowledged(phase) && known.acknowledged_at_ms === null;
    const acknowledgedAtMs = acknowledges ? nowMs : known.acknowledged_at_ms;
    db.prepare(MOVE).run(phase, reason, detail, nowMs, acknowledgedAtMs, known.contract, known.version, node);
    const metadata = { node, digest: release.digest, phase, generation: report.observedGeneration };
    if (acknowledges)
      record(contractRecord("contract_acknowledgement", "acknowledged", known, node, `${node} activated it`, metadata));
    if (phase === "rejected") {
      const details = `${node} refused it: ${reason ?? "no reason"}; ${detail ?? ""}`;
      record(contractRecord("contract_rejection", "rejected", known, node, details, { ...metadata, reason, detail }));
    }
  }
  return ok(undefined);
}

/** A counter that only grows came back lower: the node is set aside until a person looked. Answers the sentence for its log. */
function wentBack(
  { db, hubId }: RolloutPorts,
  record: Write<Tables>["record"],
  { node, report }: NodeReport,
  { report_counter, quarantined }: NodeBefore,
): string {
  const details = `report ${report.counter} came after report ${report_counter}`;
  const metadata = { counter: report.counter, known: report_counter };
  const base = { target: node, user_id: hubId, smart_id: null, metadata };
  record({ action_type: "node_session", action: "counter-went-back", details, ...base });
  if (quarantined === null) {
    const why = `${details}: it is a copy, or an older self`;
    db.prepare(QUARANTINE).run(why, node);
    record({ action_type: "node_session", action: "quarantined", details: why, ...base });
  }
  return `${details}: quarantined`;
}
