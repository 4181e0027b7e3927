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
const KINDS: ReadonlySet<string> = new Set(["calibration", "counter", "revocation"]);

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
    if (record !== undefined && KINDS.has(record.body.kind)) records.push({ node, record });
  }
  const byAsset = Map.groupBy(standing(records), ({ record }) => record.subject);
  return new Map([...byAsset].map(([asset, own]) => [asset, historyOf(asset, own)]));
}

function historyOf(asset: string, records: readonly NodeRecord[]): AssetHistory {
  const revoked = new Set(
    records.flatMap(({ record: { body } }) => (body.kind === "revocation" ? [body.certificate] : [])),
  );
  // Two stations that share an instrument record the same certificate.
  const calibrations = calibrationsAmong(
    records,
    ({ performedOn, certificate = "" }) => `${performedOn} ${certificate}`,
  ).map(({ latest, records: same }) => ({
    latest,
    bodies: same.flatMap(({ record: { body } }) => (body.kind === "calibration" ? [body] : [])),
  }));
  return {
    asset,
    calibrations: calibrations
      .filter(({ latest: { certificate }, bodies }) => !revoked.has(certificate ?? "") && bodies.every(isSigned))
      .map(({ latest, bodies }) => knownOf(latest, bodies)),
    counters: records
      .flatMap(({ record: { body, takenAtMs } }) => (body.kind === "counter" ? [counterOf(body, takenAtMs)] : []))
      .filter(({ value }) => Number.isFinite(value))
      .sort((a, b) => a.atMs - b.atMs),
  };
}

/** As for the gate: a certificate whose signature does not hold is no evidence. Source: decisions.md B19. */
const isSigned = ({ signature = "valid" }: CalibrationEvidence): boolean => signature === "valid";

/** What was recorded last is how it is, but where it does not say: a station that wrote less takes nothing back. */
function knownOf(latest: CalibrationEvidence, bodies: readonly CalibrationEvidence[]): KnownCalibration {
  const found = bodies.map(({ asFound }) => toleranceOf(asFound));
  const share = (read: (body: CalibrationEvidence) => string | undefined): number | null =>
    bodies.flatMap((body) => numberIn(read(body))).at(-1) ?? null;
  return {
    ...{ day: parseDate(latest.performedOn) ?? 0, result: latest.result, certificate: latest.certificate ?? null },
    isInTolerance: found.includes(false) ? false : found.includes(true) ? true : null,
    foundShare: share(({ asFoundShare }) => asFoundShare),
    leftShare: share(({ asLeftShare }) => asLeftShare),
  };
}

function numberIn(text: string | undefined): readonly number[] {
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(value) ? [value] : [];
}

const toleranceOf = (word: string | undefined): boolean | null =>
  word === "in-tolerance" ? true : word === "out-of-tolerance" ? false : null;

const counterOf = ({ counter, value }: CounterEvidence, atMs: number): KnownCounter => ({
  ...{ counter, value: Number(value), atMs },
});
