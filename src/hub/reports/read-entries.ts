import { z } from "zod";
import type { EvidenceRecord } from "../../model/evidence.ts";
import type { ArchivedDecision, ArchivedEntry, RecordedMetadata } from "../archive/archived.ts";
import type { UnreadableRow } from "./audit-report.ts";
import type { NodeRecord } from "./stop-rows.ts";

/** Entries as what they say they are. A node writes its own: what has not the form of it is named, and stops no report. */
export interface ReadEntries {
  readonly decided: readonly ArchivedDecision[];
  readonly records: readonly NodeRecord[];
  readonly unreadable: readonly UnreadableRow[];
}

export function readEntries(entries: readonly ArchivedEntry[]): ReadEntries {
  const decided: ArchivedDecision[] = [];
  const records: NodeRecord[] = [];
  const unreadable: UnreadableRow[] = [];
  for (const { node, entry } of entries) {
    const unread = (what: UnreadableRow["what"]) => unreadable.push({ node, seq: entry.seq, what });
    if (entry.action_type === "gate_decision") {
      const decision = decisionIn({ node, entry });
      if (decision === undefined) unread("decision");
      else decided.push(decision);
    } else if (entry.action_type === "evidence_record") {
      const record = recordIn(entry);
      if (record === undefined) unread("evidence record");
      else records.push({ node, record });
    }
  }
  return { decided, records, unreadable };
}

/** Undefined for an entry that has not the form of a decision. */
export function decisionIn({ node, entry }: ArchivedEntry): ArchivedDecision | undefined {
  const read = decidedSchema.safeParse(entry.metadata);
  if (!read.success) return undefined;
  const { decision, facts, part = null, snapshot = null } = entry.metadata as unknown as RecordedMetadata;
  return { node, entry, atMs: Date.parse(decision.atUtc), recorded: { decision, facts, part, snapshot } };
}

/** Undefined for an entry that has not the form of an evidence record. */
export const recordIn = ({ metadata }: ArchivedEntry["entry"]): EvidenceRecord | undefined =>
  recordSchema.safeParse(metadata).success ? (metadata["record"] as unknown as EvidenceRecord) : undefined;

const text = z.string();
const orNone = text.nullable();
const texts = z.array(text);
const instant = text.refine((value) => !Number.isNaN(Date.parse(value)));

const clause = z.looseObject({
  ...{ text, state: text, strictness: text, line: z.number(), reading: orNone, limit: orNone, instrument: orNone },
  ...{ certificate: orNone, dueOn: orNone, reason: orNone },
});
const decidedSchema = z.looseObject({
  decision: z.looseObject({
    ...{ at: text, atUtc: instant, allow: z.boolean(), reasons: texts, warnings: texts },
    ...{ testId: orNone, testKind: orNone, order: orNone, operator: orNone },
    contracts: z.array(z.looseObject({ contract: text, version: orNone, digest: text })),
    conditions: z.array(z.looseObject({ contract: text, name: text, clauses: z.array(clause) })),
    details: z.array(z.looseObject({ severity: text, text })),
  }),
  facts: z.unknown().refine((value) => value !== undefined),
  part: orNone.optional(),
  snapshot: z.record(text, z.unknown()).nullish(),
});

const ms = z.number().min(-8.64e15).max(8.64e15);
const absent = text.optional();
/** What is read of each kind; what is read of none asks for nothing but its name. */
const body = z.discriminatedUnion("kind", [
  z.looseObject({
    ...{ kind: z.literal("calibration"), performedOn: text, result: text, dueOn: absent, certificate: absent },
    ...{ assetSerial: absent, asFound: absent, asLeft: absent, signature: absent, references: texts.optional() },
    ...{ ranges: z.array(texts.length(3)).optional(), national: z.boolean().optional() },
  }),
  z.looseObject({ kind: z.literal("reading"), value: text, unit: text, takenWith: absent }),
  z.looseObject({
    ...{ kind: z.literal("check"), when: text, name: absent, result: text },
    items: z.record(text, z.union([text, z.boolean()])).optional(),
  }),
  z.looseObject({ kind: z.literal("test-run"), state: text, testKind: orNone }),
  z.looseObject({ kind: z.literal("approval"), of: text }),
  z.looseObject({ kind: z.literal("override"), rule: text, about: text, reason: text, expiresAt: text }),
  z.looseObject({ kind: z.literal("extension"), until: text, reason: text }),
  z.looseObject({ kind: z.literal("revocation"), certificate: text, reason: text }),
  z.looseObject({
    kind: z.enum(["acknowledgement", "on-time", "event", "service", "lot", "counter", "impact-closed"]),
  }),
]);
const recordSchema = z.looseObject({
  record: z.looseObject({
    ...{ id: text, ledgerSeq: z.number(), kind: text, subject: text, takenAtMs: ms, recordedAtMs: ms },
    ...{ by: text, roles: texts, supersedes: orNone, body },
  }),
});
