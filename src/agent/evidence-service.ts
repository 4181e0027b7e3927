import { MaintError } from "../base/maint-error.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { JsonObject } from "../base/strict-json.ts";
import type { LedgerFile } from "../disk/ledger-file.ts";
import type { EvidenceRecord } from "../model/evidence.ts";
import type { AgentClock } from "./agent-clock.ts";
import { type InputFault, suggestion } from "./evidence-fields.ts";
import { type NewEvidence, parseEvidence } from "./evidence-input.ts";
import { type EvidenceStore, MAX_APPROVALS_READ } from "./evidence-store.ts";
import { nearestNames, type Vocabulary } from "./vocabulary.ts";

/** Who says it: the authenticated person, or the node for what it saw itself. */
export interface Recorder {
  readonly id: string;
  readonly roles: readonly string[];
}

export interface Recorded {
  readonly id: string;
  readonly ledgerSeq: number;
}

export interface EvidenceService {
  /** Durable in ledger and store when it answers. @throws MaintError when the ledger takes nothing more */
  readonly record: (body: JsonObject, by: Recorder) => Result<Recorded, InputFault>;
  /** What the node itself saw, the start of a test for instance; not parsed, since nobody typed it. */
  readonly append: (evidence: NewEvidence, by: Recorder) => EvidenceRecord;
}

export interface EvidenceOptions {
  readonly clock: AgentClock;
  readonly ledger: LedgerFile;
  readonly store: EvidenceStore;
  readonly vocabulary: () => Vocabulary;
}

/** Certificates of one asset among which one is looked for. */
const CERTIFICATES_READ = 1_000;

export function openEvidenceService(options: EvidenceOptions): EvidenceService {
  const { clock, ledger, store, vocabulary } = options;
  refuseOtherLedger(ledger, store);
  recoverFromLedger(ledger, store);
  return {
    record: (body, by) => {
      const { nowMs } = clock.now();
      const { bootId, bootMs } = clock.sources;
      const parsed = parseEvidence(body, { nowMs, boot: { bootId, bootMs: bootMs() }, vocabulary: vocabulary() });
      if (!parsed.ok) return parsed;
      const fault = faultAmongRecords(parsed.value, by, store);
      if (fault !== undefined) return fail(fault);
      const { id, ledgerSeq } = write(parsed.value, by, options);
      return ok({ id, ledgerSeq });
    },
    append: (evidence, by) => write(evidence, by, options),
  };
}

/** What a body alone cannot show: whether the records it names are there, and still count. */
function faultAmongRecords(evidence: NewEvidence, by: Recorder, store: EvidenceStore): InputFault | undefined {
  const { kind, subject, supersedes, body } = evidence;
  if (body.kind === "approval") return faultOfApproval(evidence, by, store);
  const corrected = supersedes === null ? undefined : store.find(supersedes);
  if (supersedes !== null && (corrected?.kind !== kind || corrected.subject !== subject))
    return { message: `there is no ${kind} of "${subject}" with the id "${supersedes}" to correct` };
  return body.kind === "revocation" || body.kind === "impact-closed"
    ? faultOfCertificate(subject, body.certificate, store)
    : undefined;
}

/** A signature is one person's word: it is given once, to a record that counts, and nobody corrects it. */
function faultOfApproval({ subject, supersedes }: NewEvidence, by: Recorder, store: EvidenceStore) {
  if (supersedes !== null)
    return {
      message: "a signature is never corrected",
      help: "correct what was signed: its signatures do not pass on",
    };
  const signed = store.find(subject);
  if (signed?.kind !== "override" && signed?.kind !== "extension")
    return {
      message: `there is no override and no extension with the id "${subject}" to approve`,
      help: "maint record override and maint record extension print the id",
    };
  const [newer] = store.correctionsOf(subject);
  if (newer !== undefined) return { message: `"${subject}" counts no more: ${newer} corrects it` };
  const before = store.latest("approval", subject, MAX_APPROVALS_READ).find((one) => one.by === by.id);
  return before === undefined ? undefined : { message: `${by.id} has approved "${subject}" already, in ${before.id}` };
}

/** A certificate that is taken back under a number mistyped would stay good without anybody seeing it. */
function faultOfCertificate(asset: string, certificate: string, store: EvidenceStore): InputFault | undefined {
  const known = new Set(
    store
      .latest("calibration", asset, CERTIFICATES_READ)
      .flatMap(({ body }) => (body.kind === "calibration" ? (body.certificate ?? []) : [])),
  );
  if (known.has(certificate)) return undefined;
  return {
    message: `no calibration of "${asset}" is recorded here with the certificate "${certificate}"`,
    help: known.size === 0 ? "none has a certificate" : suggestion(nearestNames(certificate, known)),
  };
}

function write(evidence: NewEvidence, by: Recorder, { clock, ledger, store }: EvidenceOptions): EvidenceRecord {
  const { nowMs, source } = clock.now();
  const { kind, subject, supersedes } = evidence;
  const ledgerSeq = ledger.head().size;
  const record: EvidenceRecord = {
    ...evidence,
    ...{ id: `E${ledgerSeq}`, ledgerSeq, recordedAtMs: nowMs, timeSource: source },
    ...{ by: by.id, roles: by.roles },
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
  return record;
}

const PAGE = 1_000;

/**
 * A ledger that was put back without the evidence beside it, or instead of another, gives numbers away twice: a lock that is
 * recorded then would stand behind what came before, and not count.
 * @throws MaintError MAINT_ERR_LEDGER_DAMAGED
 */
function refuseOtherLedger(ledger: LedgerFile, store: EvidenceStore): void {
  const last = store.lastLedgerSeq();
  if (last < 0) return;
  const { size } = ledger.head();
  const [entry] = ledger.list({ from: last, limit: 1 });
  const written = entry?.metadata["record"] as Partial<EvidenceRecord> | undefined;
  const kept = store.find(`E${last}`);
  const isTheSame = written?.id === kept?.id && written?.kind === kept?.kind && written?.subject === kept?.subject;
  if (entry !== undefined && isTheSame && written?.recordedAtMs === kept?.recordedAtMs) return;
  const why =
    last >= size
      ? `the ledger ends after ${size} entries, and evidence of entry ${last} is kept: it is an older copy`
      : `entry ${last} does not hold: it is not the evidence that is kept of it`;
  throw new MaintError("MAINT_ERR_LEDGER_DAMAGED", why, {
    exitCode: 69,
    help: "put the ledger back that belongs to this evidence.db; maint restore brings both",
  });
}

/** What was in the ledger when the power went, and not yet in the store. */
function recoverFromLedger(ledger: LedgerFile, store: EvidenceStore): void {
  for (;;) {
    const entries = ledger.list({ actionType: "evidence_record", from: store.lastLedgerSeq() + 1, limit: PAGE });
    if (entries.length === 0) return;
    store.add(entries.map(({ metadata }) => metadata["record"] as EvidenceRecord));
  }
}
