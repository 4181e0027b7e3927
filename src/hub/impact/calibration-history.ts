import { parseDate } from "../../base/civil-time.ts";
import type { CalibrationEvidence, EvidenceRecord, ImpactEvidence } from "../../model/evidence.ts";
import type { ArchivedEntry } from "../archive/archived.ts";
import { calibrationsAmong, type RecordedCalibration, recordIn, standing } from "../archive/evidence-in.ts";

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
  /** Assets of the standards it was made with. */
  readonly references: readonly string[];
  /** Stations that know of it, the first that recorded it first. */
  readonly recordedAt: readonly {
    readonly node: string;
    readonly id: string;
    readonly by: string;
    readonly atMs: number;
  }[];
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
  readonly closings: readonly StationClosing[];
}

/** Bounds of a plant day at a station. */
export type PlantDay = (node: string, day: number) => { readonly fromMs: number; readonly toMs: number };

/** Kinds of evidence that `historyOf` reads. */
export const HISTORY_KINDS = ["calibration", "impact-closed"] as const;

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
  const calibrations = calibrationsAmong(records, sameCertificate).map((one) => calibratedOf(one, plantDay));
  return { calibrations, closings };
}

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
  return {
    ...{ asset, performedOn, result, certificate, isOutOfTolerance: isOutOfTolerance(body) },
    fromMs: Math.min(...days.map(({ fromMs }) => fromMs)),
    toMs: Math.max(...days.map(({ toMs }) => toMs)),
    references: [...new Set(references)],
    recordedAt: records.map(({ node, record: { id, by, recordedAtMs: atMs } }) => ({ node, id, by, atMs })),
  };
}

const closingOf = (node: string, { subject, by, takenAtMs }: EvidenceRecord, body: ImpactEvidence): StationClosing => ({
  ...{ node, asset: subject, certificate: body.certificate, disposition: body.disposition, by, atMs: takenAtMs },
});
