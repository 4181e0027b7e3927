import { badRequest } from "../refusals.ts";
import type { Calibrated, CalibrationHistory, Revoked } from "./calibration-history.ts";
import { type Impact, type ImpactCandidate, type ImpactCause, wordsOf } from "./impact-model.ts";
import { lastGoodBefore, type SuspectTime, timeOfFinding, timeOfRevocation } from "./suspects.ts";

/** What is recorded of an instrument that makes it suspect. */
export interface ImpactFinding extends SuspectTime {
  readonly asset: string;
  readonly cause: Exclude<ImpactCause, { readonly kind: "by-hand" }>;
  /** When it was found: epoch milliseconds. */
  readonly atMs: number;
}

/** Every finding of a history, by asset, as-found results before revocations. */
export function findingsIn({ calibrations, revocations }: CalibrationHistory): readonly ImpactFinding[] {
  const found = calibrations.filter((one) => one.isOutOfTolerance).map((one) => asFoundOf(one, calibrations));
  return [...found, ...revocations.map((one) => revokedOf(one, calibrations))];
}

function asFoundOf(found: Calibrated, calibrations: readonly Calibrated[]): ImpactFinding {
  const { asset, performedOn, certificate, recordedAt, fromMs: atMs } = found;
  const { node = "", id: record = "" } = recordedAt[0] ?? {};
  const cause = { kind: "as-found" as const, performedOn, certificate, node, record };
  return { asset, cause, atMs, ...timeOfFinding(found, calibrations) };
}

function revokedOf(revoked: Revoked, calibrations: readonly Calibrated[]): ImpactFinding {
  const { asset, certificate, reason, atMs, recordedAt } = revoked;
  const { node = "", id: record = "" } = recordedAt[0] ?? {};
  const { performedOn, ...time } = timeOfRevocation(revoked, calibrations);
  return { asset, cause: { kind: "revoked", performedOn, certificate, reason, node, record }, atMs, ...time };
}

export const candidateOf = ({ asset, cause }: ImpactFinding): ImpactCandidate => ({
  ...{ kind: cause.kind, asset, performedOn: cause.performedOn, certificate: cause.certificate },
  ...{ node: cause.node, record: cause.record, words: wordsOf({ asset, cause }) },
});

/** What makes two causes the same finding; undefined for what a person says, which is always its own. */
export function causeKey(asset: string, cause: ImpactCause): string | undefined {
  if (cause.kind === "by-hand") return undefined;
  // A certificate is taken back once, whether or not its calibration was recorded by then.
  return cause.kind === "revoked"
    ? JSON.stringify(["revoked", asset, cause.certificate])
    : JSON.stringify([asset, cause.performedOn, cause.certificate]);
}

/** The impact that is about a finding already. */
export function openedFor(asset: string, cause: ImpactCause, impacts: readonly Impact[]): Impact | undefined {
  const key = causeKey(asset, cause);
  return key === undefined ? undefined : impacts.find((one) => causeKey(one.asset, one.cause) === key);
}

export interface AskedCause {
  readonly asset: string;
  readonly certificate?: string | undefined;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
}

/** From what is recorded where something says so, else from what a person says. */
export function causeOf(
  { asset, certificate, sinceMs, untilMs }: AskedCause,
  history: CalibrationHistory,
  impacts: readonly Impact[],
  nowMs: number,
): SuspectTime & { readonly cause: ImpactCause } {
  if (sinceMs !== undefined && untilMs !== undefined && untilMs <= sinceMs)
    throw badRequest("it ends before it begins");
  const findings = findingsIn(history).filter((one) => one.asset === asset);
  const named = certificate === undefined ? findings : findings.filter((one) => one.cause.certificate === certificate);
  const byHand = sinceMs !== undefined || untilMs !== undefined;
  if (certificate !== undefined && named.length === 0)
    throw badRequest(
      `no calibration of ${asset} with the certificate ${certificate} found it out of tolerance, and it was not taken back`,
    );
  const found = byHand && certificate === undefined ? undefined : latestOf(named, impacts);
  if (found !== undefined) return { cause: found.cause, fromMs: sinceMs ?? found.fromMs, toMs: untilMs ?? found.toMs };
  const lastGood = lastGoodBefore(history.calibrations, asset, untilMs ?? nowMs);
  if (sinceMs === undefined && lastGood === undefined)
    throw badRequest(
      `nothing archived says that ${asset} was out of tolerance, or when it was good`,
      "--since says from when on",
    );
  return { cause: { kind: "by-hand" }, fromMs: sinceMs ?? lastGood?.fromMs ?? null, toMs: untilMs ?? null };
}

/** Several findings: the latest that nobody opened is the one that people have heard of. */
function latestOf(findings: readonly ImpactFinding[], impacts: readonly Impact[]): ImpactFinding | undefined {
  const sorted = findings.toSorted((a, b) => a.atMs - b.atMs);
  return sorted.findLast(({ asset, cause }) => openedFor(asset, cause, impacts) === undefined) ?? sorted.at(-1);
}
