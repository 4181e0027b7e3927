import { z } from "zod";
import type { ArchivedDecision, ArchivedEntry, RecordedMetadata } from "../archive/archived.ts";
import { type NodeRecord, recordIn } from "../archive/evidence-in.ts";
import type { UnreadableRow } from "./audit-report.ts";

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
