import { z } from "zod";
import { parseDate } from "../../base/civil-time.ts";
import type { CalibrationEvidence, EvidenceRecord } from "../../model/evidence.ts";
import type { ArchivedEntry } from "./archived.ts";

/** A record of evidence, and the node that wrote it. */
export interface NodeRecord {
  readonly node: string;
  readonly record: EvidenceRecord;
}

/** A node writes its own entries: undefined for one that has not the form of an evidence record. */
export const recordIn = ({ action_type, metadata }: ArchivedEntry["entry"]): EvidenceRecord | undefined =>
  action_type === "evidence_record" && recordSchema.safeParse(metadata).success
    ? (metadata["record"] as unknown as EvidenceRecord)
    : undefined;

/** Those that no correction replaces; a correction is its own node's. */
export function standing(records: readonly NodeRecord[]): readonly NodeRecord[] {
  const replaced = new Set(
    records.flatMap(({ node, record }) => (record.supersedes === null ? [] : [`${node} ${record.supersedes}`])),
  );
  return records.filter(({ node, record }) => !replaced.has(`${node} ${record.id}`));
}

/** One calibration of one asset. An instrument that serves two stations has its certificate recorded at both. */
export interface RecordedCalibration {
  readonly asset: string;
  /** As the record that came first has it, and the one that came last. */
  readonly body: CalibrationEvidence;
  readonly latest: CalibrationEvidence;
  /** Every record that says it, the first recorded first; never empty. */
  readonly records: readonly [NodeRecord, ...NodeRecord[]];
}

/**
 * Calibrations among records that stand, by asset and day; of one day the one recorded last comes last. Records with the same
 * name in `sameAs` say the same.
 */
export function calibrationsAmong(
  records: readonly NodeRecord[],
  sameAs: (body: CalibrationEvidence) => string,
): readonly RecordedCalibration[] {
  const found = new Map<string, Gathered>();
  for (const one of [...records].sort((a, b) => a.record.recordedAtMs - b.record.recordedAtMs)) {
    const { subject: asset, body } = one.record;
    if (body.kind !== "calibration") continue;
    const name = JSON.stringify([asset, sameAs(body)]);
    const known = found.get(name);
    if (known === undefined) found.set(name, { asset, body, latest: body, records: [one] });
    else {
      known.records.push(one);
      known.latest = body;
    }
  }
  return [...found.values()].sort((a, b) => order(a.asset, b.asset) || order(a.body.performedOn, b.body.performedOn));
}

interface Gathered {
  readonly asset: string;
  readonly body: CalibrationEvidence;
  latest: CalibrationEvidence;
  readonly records: [NodeRecord, ...NodeRecord[]];
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const text = z.string();
const orNone = text.nullable();
const texts = z.array(text);
const day = text.refine((value) => parseDate(value) !== undefined);
const ms = z.number().min(-8.64e15).max(8.64e15);
const absent = text.optional();
/** What is read of each kind; what is read of none asks for nothing but its name. */
const body = z.discriminatedUnion("kind", [
  z.looseObject({
    ...{ kind: z.literal("calibration"), performedOn: day, result: text, dueOn: absent, certificate: absent },
    ...{
      assetSerial: absent,
      asFound: absent,
      asLeft: absent,
      asFoundShare: absent,
      asLeftShare: absent,
      signature: absent,
      references: texts.optional(),
    },
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
  z.looseObject({ kind: z.literal("impact-closed"), certificate: text, disposition: text }),
  z.looseObject({ kind: z.literal("counter"), counter: text, value: text }),
  z.looseObject({ kind: z.enum(["acknowledgement", "on-time", "event", "service", "lot"]) }),
]);
const recordSchema = z.looseObject({
  record: z.looseObject({
    ...{ id: text, ledgerSeq: z.number(), kind: text, subject: text, takenAtMs: ms, recordedAtMs: ms },
    ...{ by: text, roles: texts, supersedes: orNone, body },
  }),
});
