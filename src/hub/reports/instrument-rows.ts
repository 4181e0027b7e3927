import { parseDate, printDate } from "../../base/civil-time.ts";
import type { NodeRecord } from "../archive/evidence-in.ts";
import type { CalibrationRow, InstrumentRow, TraceRow } from "./audit-report.ts";
import type { Calibrated } from "./calibrated.ts";
import type { ContractDue } from "./contract-due.ts";
import { compareText, distinct } from "./decision-rows.ts";

const dueOf = (one: Calibrated, byContract: ContractDue): string | null => {
  const dates = [one.body.dueOn, byContract(one)].filter((date) => date !== undefined);
  return dates.length === 0 ? null : dates.reduce((a, b) => (a < b ? a : b));
};

export const DUE_SOON_DAYS = 30;

export function instrumentRows(
  calibrated: readonly Calibrated[],
  given: {
    readonly contractDue: ContractDue;
    readonly serials: ReadonlyMap<string, string>;
    /** Instruments that decisions asked for and nobody calibrated: asset and node. */
    readonly missing: ReadonlyMap<string, string>;
    readonly asOfDay: string;
    /** Certificates that were taken back, as `certificateKey` names them. */
    readonly revoked: ReadonlySet<string>;
    /** Last day that an extension reaches to, by asset. */
    readonly extended: ReadonlyMap<string, Extended>;
  },
): readonly InstrumentRow[] {
  const latest = new Map(calibrated.map((one) => [one.asset, one]));
  const known = [...latest.values()].map((one): InstrumentRow => {
    const { asset, node, by, body } = one;
    const due = dueOf(one, given.contractDue);
    return {
      ...{ asset, node, by, serial: given.serials.get(asset) ?? body.assetSerial ?? null, last: body.performedOn, due },
      ...{ result: body.result, certificate: body.certificate ?? null },
      limitations: (body.ranges ?? []).map(([low, high, unit]) => `${low} to ${high} ${unit}`),
      extendedUntil: extendedUntil(one, given.extended.get(asset)),
      state: stateOf(one, due, given),
    };
  });
  const never = [...given.missing]
    .filter(([asset]) => !latest.has(asset))
    .map(([asset, node]): InstrumentRow => {
      const nothing = { last: null, due: null, result: null, certificate: null, by: null, limitations: [] } as const;
      return { asset, node, serial: given.serials.get(asset) ?? null, ...nothing, extendedUntil: null, state: "never" };
    });
  return [...known, ...never].sort((a, b) => compareText(a.asset, b.asset));
}

function stateOf(
  { asset, body: { result, certificate, signature } }: Calibrated,
  due: string | null,
  { asOfDay, revoked }: { readonly asOfDay: string; readonly revoked: ReadonlySet<string> },
): InstrumentRow["state"] {
  if (result !== "pass" && result !== "pass-with-correction") return "failed";
  if (certificate !== undefined && revoked.has(certificateKey(asset, certificate))) return "revoked";
  if (signature !== undefined && signature !== "valid") return "signature-invalid";
  if (due === null) return "in-calibration";
  if (due < asOfDay) return "overdue";
  const soon = printDate((parseDate(asOfDay) ?? 0) + DUE_SOON_DAYS);
  return due <= soon ? "due-soon" : "in-calibration";
}

const certificateKey = (asset: string, certificate: string): string => JSON.stringify([asset, certificate]);

/** Certificates that their laboratory took back, wherever that was recorded. */
export const revokedIn = (records: readonly NodeRecord[]): ReadonlySet<string> =>
  new Set(
    records.flatMap(({ record: { subject, body } }) =>
      body.kind === "revocation" ? [certificateKey(subject, body.certificate)] : [],
    ),
  );

export interface Extended {
  readonly until: string;
  readonly recordedAtMs: number;
}

/** The extension of each asset that was recorded last. */
export function extensionsOf(records: readonly NodeRecord[]): ReadonlyMap<string, Extended> {
  const extended = new Map<string, Extended>();
  for (const { record } of records) {
    const { subject, body, recordedAtMs } = record;
    if (body.kind !== "extension" || (extended.get(subject)?.recordedAtMs ?? recordedAtMs) > recordedAtMs) continue;
    extended.set(subject, { until: body.until, recordedAtMs });
  }
  return extended;
}

/** A calibration ends what was granted before it. */
const extendedUntil = ({ recordedAtMs }: Calibrated, extended: Extended | undefined): string | null =>
  extended === undefined || extended.recordedAtMs < recordedAtMs ? null : extended.until;

/** What was done to each instrument, with whether it was on time. */
export function calibrationRows(
  calibrated: readonly Calibrated[],
  contractDue: ContractDue,
  isInWindow: (recordedAtMs: number) => boolean,
): readonly CalibrationRow[] {
  return calibrated.map((one, index) => {
    const { node, id, asset, body } = one;
    const before = calibrated[index - 1]?.asset === asset ? calibrated[index - 1] : undefined;
    const due = before === undefined ? null : dueOf(before, contractDue);
    return {
      ...{ node, id, asset, performedOn: body.performedOn, result: body.result },
      ...{ certificate: body.certificate ?? null, asFound: body.asFound ?? null, asLeft: body.asLeft ?? null },
      intervalDays: before === undefined ? null : daysBetween(before.body.performedOn, body.performedOn),
      onTime: due === null ? null : body.performedOn <= due,
      inWindow: isInWindow(one.recordedAtMs),
    };
  });
}

function daysBetween(from: string, to: string): number | null {
  const [a, b] = [parseDate(from), parseDate(to)];
  return a === undefined || b === undefined ? null : b - a;
}

/** Each calibration with the standards behind it, as they stood on the day of use. Source: decisions.md B13. */
export function traceRows(calibrated: readonly Calibrated[]): readonly TraceRow[] {
  return calibrated.map(({ asset, body }) => ({
    asset,
    certificate: body.certificate ?? null,
    performedOn: body.performedOn,
    references: (body.references ?? []).map((id) => referenceOn(id, body.performedOn, calibrated)),
    national: body.national === true,
  }));
}

function referenceOn(id: string, day: string, calibrated: readonly Calibrated[]): TraceRow["references"][number] {
  const found = calibrated.findLast(({ asset, body }) => asset === id && body.performedOn <= day);
  if (found === undefined) return { id, certificate: null, dueOn: null, state: "unknown" };
  const { certificate = null, dueOn = null, national, result } = found.body;
  const passed = result === "pass" || result === "pass-with-correction";
  if (!passed || (dueOn !== null && dueOn < day)) return { id, certificate, dueOn, state: "lapsed" };
  return { id, certificate, dueOn, state: national === true ? "national" : "valid" };
}

/** The standards above an asset, all the way up; a circle ends where it began. */
export function standardsAbove(asset: string, calibrated: readonly Calibrated[]): readonly string[] {
  const found = new Set([asset]);
  const waiting = [asset];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    for (const { asset: item, body } of calibrated)
      if (item === next)
        for (const reference of body.references ?? [])
          if (!found.has(reference)) {
            found.add(reference);
            waiting.push(reference);
          }
  return distinct([...found]);
}
