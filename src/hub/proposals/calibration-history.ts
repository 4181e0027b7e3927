import { parseDate } from "../../base/civil-time.ts";
import type { CalibrationEvidence, CounterEvidence, EvidenceRecord } from "../../model/evidence.ts";
import type { ArchivedEntry, NodeArchive } from "../archive/archived.ts";
import { nextTurn } from "../store/turns.ts";

/** One calibration that some node was told of. */
export interface KnownCalibration {
  /** Plant day. */
  readonly day: number;
  readonly result: string;
  /** Null where the certificate does not say how it was found. */
  readonly isInTolerance: boolean | null;
  /** Errors as shares of the tolerance, where the certificate says. */
  readonly foundShare: number | null;
  readonly leftShare: number | null;
  readonly certificate: string | null;
}

export interface KnownCounter {
  readonly counter: "hours" | "cycles";
  readonly value: number;
  readonly atMs: number;
}

export interface AssetHistory {
  readonly asset: string;
  /** By day; those that a later record corrected are left out, and so is what one certificate was recorded for twice. */
  readonly calibrations: readonly KnownCalibration[];
  /** By time. */
  readonly counters: readonly KnownCounter[];
}

const ENTRIES_PER_TURN = 256;

/** What the archived ledgers say of calibrations and counters, by asset, wherever each was recorded. */
export async function assetHistories(
  archive: Pick<NodeArchive, "entries">,
): Promise<ReadonlyMap<string, AssetHistory>> {
  const records: { readonly node: string; readonly record: EvidenceRecord }[] = [];
  const superseded = new Set<string>();
  let read = 0;
  for (const archived of archive.entries({ actionTypes: ["evidence_record"] })) {
    read += 1;
    if (read % ENTRIES_PER_TURN === 0) await nextTurn();
    const record = recordIn(archived);
    if (record === undefined) continue;
    const { node } = archived;
    if (record.supersedes !== null) superseded.add(`${node} ${record.supersedes}`);
    if (record.kind === "calibration" || record.kind === "counter") records.push({ node, record });
  }
  const valid = records
    .filter(({ node, record }) => !superseded.has(`${node} ${record.id}`))
    .map(({ record }) => record);
  const byAsset = Map.groupBy(valid, ({ subject }) => subject);
  return new Map([...byAsset].map(([asset, own]) => [asset, historyOf(asset, own)]));
}

/** A node writes its own entries: one of another form is none here. */
function recordIn({ entry }: ArchivedEntry): EvidenceRecord | undefined {
  const { record } = entry.metadata as { readonly record?: Partial<EvidenceRecord> };
  const isWhole =
    typeof record?.id === "string" &&
    typeof record.subject === "string" &&
    typeof record.takenAtMs === "number" &&
    typeof record.body === "object" &&
    record.body?.kind === record.kind;
  return isWhole ? (record as EvidenceRecord) : undefined;
}

function historyOf(asset: string, records: readonly EvidenceRecord[]): AssetHistory {
  const calibrations = new Map<string, KnownCalibration>();
  const counters: KnownCounter[] = [];
  for (const { body, takenAtMs } of records) {
    if (body.kind === "calibration") {
      const known = calibrationOf(body);
      // Two stations that share an instrument record the same certificate.
      if (known !== undefined) calibrations.set(`${known.day} ${known.certificate ?? ""}`, known);
    }
    if (body.kind === "counter") counters.push(counterOf(body, takenAtMs));
  }
  return {
    asset,
    calibrations: [...calibrations.values()].sort((a, b) => a.day - b.day),
    counters: counters.filter(({ value }) => Number.isFinite(value)).sort((a, b) => a.atMs - b.atMs),
  };
}

function calibrationOf(body: CalibrationEvidence): KnownCalibration | undefined {
  const day = parseDate(body.performedOn);
  if (day === undefined) return undefined;
  const share = (text: string | undefined): number | null => {
    const value = text === undefined ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : null;
  };
  return {
    ...{ day, result: body.result, isInTolerance: toleranceOf(body.asFound), certificate: body.certificate ?? null },
    ...{ foundShare: share(body.asFoundShare), leftShare: share(body.asLeftShare) },
  };
}

const toleranceOf = (word: string | undefined): boolean | null =>
  word === "in-tolerance" ? true : word === "out-of-tolerance" ? false : null;

const counterOf = ({ counter, value }: CounterEvidence, atMs: number): KnownCounter => ({
  ...{ counter, value: Number(value), atMs },
});
