import { fail, ok, type Result } from "../base/result.ts";
import type { JsonObject } from "../base/strict-json.ts";
import type { LedgerFile } from "../disk/ledger-file.ts";
import type { AgentClock } from "./agent-clock.ts";
import { type InputFault, parseEvidence } from "./evidence-input.ts";
import type { EvidenceRecord } from "./evidence-record.ts";
import type { EvidenceStore } from "./evidence-store.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface EvidenceService {
  /** Durable in ledger and store when it answers. @throws MaintError when the ledger takes nothing more */
  readonly record: (
    body: JsonObject,
    by: { readonly id: string; readonly roles: readonly string[] },
  ) => Result<{ readonly id: string; readonly ledgerSeq: number }, InputFault>;
}

export interface EvidenceOptions {
  readonly clock: AgentClock;
  readonly ledger: LedgerFile;
  readonly store: EvidenceStore;
  readonly vocabulary: () => Vocabulary;
}

export function openEvidenceService({ clock, ledger, store, vocabulary }: EvidenceOptions): EvidenceService {
  recoverFromLedger(ledger, store);
  return {
    record: (body, by) => {
      const { nowMs, source } = clock.now();
      const { bootId, bootMs } = clock.sources;
      const parsed = parseEvidence(body, { nowMs, boot: { bootId, bootMs: bootMs() }, vocabulary: vocabulary() });
      if (!parsed.ok) return parsed;
      const { kind, subject, supersedes } = parsed.value;
      const corrected = supersedes === null ? undefined : store.find(supersedes);
      if (supersedes !== null && (corrected?.kind !== kind || corrected.subject !== subject))
        return fail({ message: `there is no ${kind} of "${subject}" with the id "${supersedes}" to correct` });
      const ledgerSeq = ledger.head().size;
      const record: EvidenceRecord = {
        ...parsed.value,
        id: `E${ledgerSeq}`,
        ledgerSeq,
        recordedAtMs: nowMs,
        timeSource: source,
        by: by.id,
        roles: by.roles,
      };
      // The ledger first: what is in it is put into the store again at the next start, the other way round it is not.
      ledger.append([
        {
          action_type: "evidence_record",
          action: supersedes === null ? "recorded" : "corrected",
          target: subject,
          details: `${kind} of ${subject} recorded by ${by.id}`,
          user_id: by.id,
          smart_id: null,
          metadata: { record },
        },
      ]);
      store.add([record]);
      return ok({ id: record.id, ledgerSeq });
    },
  };
}

const PAGE = 1_000;

/** What was in the ledger when the power went, and not yet in the store. */
function recoverFromLedger(ledger: LedgerFile, store: EvidenceStore): void {
  for (;;) {
    const entries = ledger.list({ actionType: "evidence_record", from: store.lastLedgerSeq() + 1, limit: PAGE });
    if (entries.length === 0) return;
    store.add(entries.map(({ metadata }) => metadata["record"] as EvidenceRecord));
  }
}
