import { parseDate } from "../../base/civil-time.ts";
import type { CalibrationEvidence, CounterEvidence } from "../../model/evidence.ts";
import type { NodeArchive } from "../archive/archived.ts";
import { calibrationsAmong, type NodeRecord, recordIn, standing } from "../archive/evidence-in.ts";
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
  const records: NodeRecord[] = [];
  let read = 0;
  for (const { node, entry } of archive.entries({ actionTypes: ["evidence_record"] })) {
    read += 1;
    if (read % ENTRIES_PER_TURN === 0) await nextTurn();
    const record = recordIn(entry);
    if (record?.body.kind === "calibration" || record?.body.kind === "counter") records.push({ node, record });
  }
  const byAsset = Map.groupBy(standing(records), ({ record }) => record.subject);
  return new Map([...byAsset].map(([asset, own]) => [asset, historyOf(asset, own)]));
}

function historyOf(asset: string, records: readonly NodeRecord[]): AssetHistory {
  return {
    asset,
    // Two stations that share an instrument record the same certificate; what was recorded last is how it is.
    calibrations: calibrationsAmong(
      records,
      ({ performedOn, certificate = "" }) => `${performedOn} ${certificate}`,
    ).map(({ latest }) => knownOf(latest)),
    counters: records
      .flatMap(({ record: { body, takenAtMs } }) => (body.kind === "counter" ? [counterOf(body, takenAtMs)] : []))
      .filter(({ value }) => Number.isFinite(value))
      .sort((a, b) => a.atMs - b.atMs),
  };
}

function knownOf(body: CalibrationEvidence): KnownCalibration {
  const share = (text: string | undefined): number | null => {
    const value = text === undefined ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : null;
  };
  return {
    ...{ day: parseDate(body.performedOn) ?? 0, result: body.result, certificate: body.certificate ?? null },
    isInTolerance: toleranceOf(body.asFound),
    ...{ foundShare: share(body.asFoundShare), leftShare: share(body.asLeftShare) },
  };
}

const toleranceOf = (word: string | undefined): boolean | null =>
  word === "in-tolerance" ? true : word === "out-of-tolerance" ? false : null;

const counterOf = ({ counter, value }: CounterEvidence, atMs: number): KnownCounter => ({
  ...{ counter, value: Number(value), atMs },
});
