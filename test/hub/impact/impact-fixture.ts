import type { ArchivedEntry } from "../../../src/hub/archive/archived.ts";
import type { CalibrationEvidence, EvidenceBody, EvidenceRecord } from "../../../src/model/evidence.ts";
import type { LedgerRecord } from "../../../src/model/ledger-entry.ts";
import { decisionRecord, START_MS } from "../archive/written-ledger.ts";

const RECORDED_MS = Date.parse("2026-11-23T15:00:00.000Z");

const record = (seq: number, subject: string, body: EvidenceBody): EvidenceRecord => ({
  ...{ id: `E${seq}`, ledgerSeq: seq, kind: body.kind, subject, body },
  ...{ takenAtMs: RECORDED_MS, recordedAtMs: RECORDED_MS + seq, timeSource: "attested", by: "QA-1", roles: ["QA"] },
  supersedes: null,
});

type Calibration = { readonly [K in keyof CalibrationEvidence]?: CalibrationEvidence[K] | undefined };

export const calibrationRecord = (seq: number, subject: string, change: Calibration): EvidenceRecord => {
  const given = { kind: "calibration", performedOn: "2026-01-01", result: "pass", ...change };
  const body = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return record(seq, subject, body as unknown as CalibrationEvidence);
};

export const impactClosedRecord = (seq: number, subject: string, certificate: string): EvidenceRecord =>
  record(seq, subject, { kind: "impact-closed", certificate, disposition: "impact-1" });

export const revocationRecord = (seq: number, subject: string, certificate: string): EvidenceRecord =>
  record(seq, subject, { kind: "revocation", certificate, reason: "the laboratory's standard was wrong" });

export const evidenceLedgerRecord = (evidence: EvidenceRecord): LedgerRecord => ({
  ...{
    action_type: "evidence_record",
    action: "recorded",
    target: evidence.subject,
    details: "",
    user_id: evidence.by,
  },
  ...{ smart_id: null, metadata: { record: evidence } },
});

export const evidenceEntry = (node: string, seq: number, evidence: EvidenceRecord): ArchivedEntry => ({
  node,
  entry: {
    ...{ ...evidenceLedgerRecord(evidence), seq, time: "2026-11-23T15:00:00.000Z", timeSource: "attested" },
    previous_hash: "",
  },
});

/** A decision of a contract that no hub has: what its clause named as instrument is all that can be known. */
export function decisionWith(node: string, instrument: string, part: string): LedgerRecord {
  const made = decisionRecord(node, { test: "T-1", part, atMs: START_MS });
  const { decision } = made.metadata as { readonly decision: object };
  const clauses = [{ line: 5, instrument, certificate: null }];
  const conditions = [{ contract: "UV-DAILY", name: "uv", state: "satisfied", clauses }];
  return { ...made, metadata: { ...made.metadata, decision: { ...decision, conditions } } };
}
