import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { printUtc } from "../../src/base/civil-time.ts";
import { type ArchiveFile, openArchiveFile } from "../../src/hub/archive/archive-file.ts";
import { nextEntry } from "../../src/ledger/append.ts";
import { EMPTY_HEAD, type LedgerHead } from "../../src/ledger/entry.ts";
import type { Decision } from "../../src/model/decision.ts";
import type { EvidenceBody, EvidenceRecord } from "../../src/model/evidence.ts";
import type { LedgerRecord } from "../../src/model/ledger-entry.ts";

/** A decision by UV-DAILY@v1.0; a test says what differs. */
export interface RecordedDecision {
  readonly node: string;
  readonly atMs: number;
  readonly test: string | null;
  /** Reason codes; none is allowed. */
  readonly reasons?: readonly string[];
  readonly contract?: string;
  readonly version?: string;
  readonly condition?: string;
  readonly snapshot?: { readonly [field: string]: unknown } | null;
}

export interface RecordedEvidence {
  readonly node: string;
  readonly atMs: number;
  readonly subject: string;
  readonly body: EvidenceBody;
  readonly supersedes?: string | null;
}

/** What nodes wrote into their ledgers, handed in to a real archive that is gone when the test is. */
export function recordedFloor(records: readonly (RecordedDecision | RecordedEvidence)[]): ArchiveFile {
  const folder = mkdtempSync(join(tmpdir(), "recorded-"));
  const archive = openArchiveFile(join(folder, "archive.db"));
  onTestFinished(() => {
    archive.close();
    rmSync(folder, { recursive: true });
  });
  const heads = new Map<string, LedgerHead>();
  for (const [node, own] of Map.groupBy(
    [...records].sort((a, b) => a.atMs - b.atMs),
    (record) => record.node,
  )) {
    const entries: Uint8Array[] = [];
    let head = heads.get(node) ?? EMPTY_HEAD;
    for (const record of own) {
      const entry = "body" in record ? evidenceOf(record, head.size) : decisionOf(record);
      const next = nextEntry(head, entry, record.atMs, "wall");
      entries.push(next.bytes);
      head = next.head;
    }
    const [answer] = archive.append([{ node, from: 0, entries }]);
    if (answer?.kind !== "stored") throw new Error(`the archive does not take it: ${JSON.stringify(answer)}`);
    heads.set(node, head);
  }
  return archive;
}

function decisionOf(given: RecordedDecision): LedgerRecord {
  const { node, atMs, test, reasons = [], contract = "UV-DAILY", version = "v1.0", snapshot = null } = given;
  const condition = given.condition ?? "uv-intensity-each-day";
  const details = reasons.map((code) => ({
    ...{
      severity: "reason" as const,
      code,
      subject: "uv-intensity",
      contract,
      condition,
      line: 8,
      text: code,
      because: null,
    },
  }));
  const decision: Decision = {
    ...{ allow: reasons.length === 0, reasons: reasons.map((code) => `${code}:uv-intensity`), warnings: [], details },
    ...{ conditions: [], getToGreen: [], at: printUtc(atMs), atUtc: printUtc(atMs) },
    contracts: [{ contract, version, digest: `sha256:${"0".repeat(64)}` }],
    ...{ engine: "both", node, operator: "STF-1", order: null, testId: test, testKind: null },
  };
  return {
    ...{ action_type: "gate_decision", action: "decided", target: test ?? node, details: "", user_id: "STF-1" },
    smart_id: contract,
    metadata: { decision, part: null, facts: { snapshot: null, fields: {} }, snapshot },
  };
}

function evidenceOf({ atMs, subject, body, supersedes = null }: RecordedEvidence, seq: number): LedgerRecord {
  const record: EvidenceRecord = {
    ...{ id: `E${seq}`, ledgerSeq: seq, kind: body.kind, subject, takenAtMs: atMs, recordedAtMs: atMs },
    ...{ timeSource: "wall", by: "STF-1", roles: ["QA"], supersedes, body },
  };
  return {
    ...{ action_type: "evidence_record", action: "recorded", target: subject, details: "", user_id: "STF-1" },
    ...{ smart_id: null, metadata: { record } },
  };
}
