import { parseDate } from "../../base/civil-time.ts";
import type { CalibrationEvidence, EvidenceRecord, ImpactEvidence, RevocationEvidence } from "../../model/evidence.ts";
import type { ArchivedEntry } from "../archive/archived.ts";
import {
  calibrationsAmong,
  type NodeRecord,
  type RecordedCalibration,
  recordIn,
  standing,
} from "../archive/evidence-in.ts";

/** One calibration of one asset, wherever it was recorded. */
export interface Calibrated {
  readonly asset: string;
  /** As it stands on the certificate. */
  readonly performedOn: string;
  /** First instant of that plant day, and the first after it; where several plants recorded it, the widest. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly result: string;
  readonly certificate: string | null;
  readonly isOutOfTolerance: boolean;
  /** Its certificate was taken back, or its signature does not hold: no gate accepts it. Source: decisions.md B11, B19. */
  readonly isVoid: boolean;
  /** Assets of the standards it was made with. */
  readonly references: readonly string[];
  /** Stations that know of it, the first that recorded it first. */
  readonly recordedAt: readonly RecordedAt[];
}

export interface RecordedAt {
  readonly node: string;
  readonly id: string;
  readonly by: string;
  readonly atMs: number;
}

/** The laboratory took a certificate back, wherever that was recorded. */
export interface Revoked {
  readonly asset: string;
  readonly certificate: string;
  readonly reason: string;
  /** The earliest instant that anybody recorded. */
  readonly atMs: number;
  readonly recordedAt: readonly RecordedAt[];
}

/** Somebody said at a station that the impact of a certificate is settled. */
export interface StationClosing {
  readonly node: string;
  readonly asset: string;
  readonly certificate: string;
  readonly disposition: string;
  readonly by: string;
  readonly atMs: number;
}

export interface CalibrationHistory {
  /** By asset, then by day. */
  readonly calibrations: readonly Calibrated[];
  /** By asset, then by instant. */
  readonly revocations: readonly Revoked[];
  readonly closings: readonly StationClosing[];
}

/** Bounds of a plant day at a station. */
export type PlantDay = (node: string, day: number) => { readonly fromMs: number; readonly toMs: number };

/** Kinds of evidence that `historyOf` reads. */
export const HISTORY_KINDS = ["calibration", "revocation", "impact-closed"] as const;

/** What nodes recorded of calibrations, corrected records left out. */
export function historyOf(entries: Iterable<ArchivedEntry>, plantDay: PlantDay): CalibrationHistory {
  const records = standing(
    [...entries].flatMap(({ node, entry }) => {
      const record = recordIn(entry);
      return record === undefined ? [] : [{ node, record }];
    }),
  );
  const closings = records.flatMap(({ node, record }) =>
    record.body.kind === "impact-closed" ? [closingOf(node, record, record.body)] : [],
  );
  const revocations = revocationsAmong(records);
  const revoked = new Set(revocations.map(certificateKey));
  const calibrations = calibrationsAmong(records, sameCertificate)
    .map((one) => calibratedOf(one, plantDay))
    .map((one) => (revoked.has(certificateKey(one)) ? { ...one, isVoid: true } : one));
  return { calibrations, revocations, closings };
}

const certificateKey = ({ asset, certificate }: Pick<Calibrated, "asset" | "certificate">): string =>
  JSON.stringify([asset, certificate]);

/** Several stations may hear of it, each at its own time. */
function revocationsAmong(records: readonly NodeRecord[]): readonly Revoked[] {
  const said = records.flatMap(({ node, record }) =>
    record.body.kind === "revocation" ? [revokedOf(node, record, record.body)] : [],
  );
  const found = [...Map.groupBy(said, certificateKey).values()].map((same) =>
    same.reduce((a, b) => ({
      ...(b.atMs < a.atMs ? b : a),
      recordedAt: [...a.recordedAt, ...b.recordedAt].sort((x, y) => x.atMs - y.atMs),
    })),
  );
  return found.sort((a, b) => (a.asset < b.asset ? -1 : a.asset > b.asset ? 1 : a.atMs - b.atMs));
}

const revokedOf = (
  node: string,
  { id, subject: asset, by, takenAtMs: atMs, recordedAtMs }: EvidenceRecord,
  { certificate, reason }: RevocationEvidence,
): Revoked => ({ asset, certificate, reason, atMs, recordedAt: [{ node, id, by, atMs: recordedAtMs }] });

const isOutOfTolerance = ({ asFound }: CalibrationEvidence): boolean => asFound === "out-of-tolerance";

/** What else two stations write of one certificate may differ. */
const sameCertificate = (body: CalibrationEvidence): string =>
  JSON.stringify([body.performedOn, body.certificate ?? null, body.result, isOutOfTolerance(body)]);

function calibratedOf({ asset, body, records }: RecordedCalibration, plantDay: PlantDay): Calibrated {
  const { performedOn, result, certificate = null } = body;
  const day = parseDate(performedOn) ?? 0;
  const days = records.map(({ node }) => plantDay(node, day));
  const references = records.flatMap(({ record }) =>
    record.body.kind === "calibration" ? (record.body.references ?? []) : [],
  );
  const isSigned = ({ record }: NodeRecord): boolean =>
    record.body.kind !== "calibration" || (record.body.signature ?? "valid") === "valid";
  return {
    ...{ asset, performedOn, result, certificate, isOutOfTolerance: isOutOfTolerance(body) },
    isVoid: !records.every(isSigned),
    fromMs: Math.min(...days.map(({ fromMs }) => fromMs)),
    toMs: Math.max(...days.map(({ toMs }) => toMs)),
    references: [...new Set(references)],
    recordedAt: records.map(({ node, record: { id, by, recordedAtMs: atMs } }) => ({ node, id, by, atMs })),
  };
}

const closingOf = (node: string, { subject, by, takenAtMs }: EvidenceRecord, body: ImpactEvidence): StationClosing => ({
  ...{ node, asset: subject, certificate: body.certificate, disposition: body.disposition, by, atMs: takenAtMs },
});
