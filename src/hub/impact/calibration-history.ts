import { parseDate } from "../../base/civil-time.ts";
import type { CalibrationEvidence, EvidenceRecord, ImpactEvidence } from "../../model/evidence.ts";
import type { ArchivedEntry } from "../archive/archived.ts";

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
  const records = [...entries].flatMap(({ node, entry }) => {
    const { record } = entry.metadata as { readonly record?: EvidenceRecord };
    return record === undefined ? [] : [{ node, record }];
  });
  const replaced = new Set(records.map(({ node, record }) => `${node} ${record.supersedes}`));
  const standing = records.filter(({ node, record }) => !replaced.has(`${node} ${record.id}`));
  const known = new Map<string, Calibrated>();
  const closings: StationClosing[] = [];
  for (const { node, record } of standing) {
    if (record.body.kind === "impact-closed") closings.push(closingOf(node, record, record.body));
    if (record.body.kind !== "calibration") continue;
    const made = calibratedOf(node, record, record.body, plantDay);
    if (made === undefined) continue;
    const key = JSON.stringify([made.asset, made.performedOn, made.certificate, made.result, made.isOutOfTolerance]);
    const before = known.get(key);
    known.set(key, before === undefined ? made : joined(before, made));
  }
  const calibrations = [...known.values()].sort(
    (a, b) => order(a.asset, b.asset) || order(a.performedOn, b.performedOn) || a.fromMs - b.fromMs,
  );
  return { calibrations, closings };
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function calibratedOf(
  node: string,
  { id, subject, by, recordedAtMs }: EvidenceRecord,
  body: CalibrationEvidence,
  plantDay: PlantDay,
): Calibrated | undefined {
  const day = parseDate(body.performedOn);
  if (day === undefined) return undefined;
  const { performedOn, result, certificate = null, asFound, references = [] } = body;
  return {
    ...{ asset: subject, performedOn, ...plantDay(node, day), result, certificate, references },
    isOutOfTolerance: asFound === "out-of-tolerance",
    recordedAt: [{ node, id, by, atMs: recordedAtMs }],
  };
}

const joined = (before: Calibrated, more: Calibrated): Calibrated => ({
  ...before,
  fromMs: Math.min(before.fromMs, more.fromMs),
  toMs: Math.max(before.toMs, more.toMs),
  references: [...new Set([...before.references, ...more.references])],
  recordedAt: [...before.recordedAt, ...more.recordedAt].sort((a, b) => a.atMs - b.atMs),
});

const closingOf = (node: string, { subject, by, takenAtMs }: EvidenceRecord, body: ImpactEvidence): StationClosing => ({
  ...{ node, asset: subject, certificate: body.certificate, disposition: body.disposition, by, atMs: takenAtMs },
});
