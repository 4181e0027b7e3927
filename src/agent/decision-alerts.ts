import { parseJsonNumber, showRational } from "../base/rational.ts";
import { SEVERITIES, type Severity } from "../model/alert.ts";
import type { BundleNotice } from "../model/bundle.ts";
import type { Decision, DecisionDetail } from "../model/decision.ts";
import { convert, findUnit } from "../model/units.ts";
import type { NewAlert } from "./alert-spool.ts";
import type { SnapshotValues } from "./evidence-snapshot.ts";
import type { ReleaseSet, VerifiedRelease } from "./release-set.ts";
import { isObject, text } from "./shapes.ts";

export interface AlertContext {
  readonly node: string;
  readonly atMs: number;
  readonly set: ReleaseSet | null;
  /** Those of earlier sets too, which running tests keep. */
  readonly releases: readonly VerifiedRelease[];
  readonly snapshot: SnapshotValues | null;
  readonly ledgerSeq: number;
}

const MAX_ALERTS_PER_DECISION = 100;
const MAX_TEXT = 1_000;
const MAX_ASSETS = 64;
const DEFAULT_SEVERITY: Severity = "medium";
/** Places of the decimal that travels; instruments have fewer. */
const PLACES = 12;

/** One alert for each reason of a blocked decision, in the decision's order. Nothing for an allowed one. */
export function alertsOf(decision: Decision, context: AlertContext): readonly NewAlert[] {
  if (decision.allow) return [];
  return decision.details
    .filter(({ severity }) => severity === "reason")
    .slice(0, MAX_ALERTS_PER_DECISION)
    .map((detail) => alertOf(detail, decision, context));
}

function alertOf(
  detail: DecisionDetail,
  decision: Decision,
  { node, atMs, set, releases, snapshot, ledgerSeq }: AlertContext,
): NewAlert {
  const decided = decision.contracts.find(({ contract }) => contract === detail.contract);
  const release =
    decided === undefined
      ? set?.contracts.find(({ contract }) => contract === detail.contract)
      : releases.find(({ contract, digest }) => contract === decided.contract && digest === decided.digest);
  const { severity, tell } = noticeOf(release?.bundle.whenBlocked ?? []);
  const fault = detail.code.startsWith("runtime.") || detail.code.startsWith("clock.");
  return {
    node,
    kind: fault ? "runtime-fault" : "decision-blocked",
    severity,
    atMs,
    contract: detail.contract,
    version: release?.version ?? null,
    bundleDigest: release?.digest ?? null,
    condition: detail.condition,
    reason: detail.code,
    subject: detail.subject.slice(0, MAX_TEXT),
    text: detail.text.slice(0, MAX_TEXT),
    testId: decision.testId,
    stationId: set?.register?.station.id ?? null,
    stationType: set?.register?.station.type ?? null,
    assets: assetsOf(detail, release, set),
    reading: readingOf(detail.subject, release, snapshot),
    tell,
    ledgerSeq,
  };
}

/** Who is told at once and how loud; who is told later is the hub's to time, it holds the same bundle. */
function noticeOf(notices: readonly BundleNotice[]): { readonly severity: Severity; readonly tell: readonly string[] } {
  const atOnce = notices.filter(({ afterMs }) => afterMs === 0);
  const told = atOnce.length > 0 ? atOnce : notices;
  const rank = told.map(({ severity }) => SEVERITIES.indexOf(severity));
  const severity = SEVERITIES[Math.max(-1, ...rank)] ?? DEFAULT_SEVERITY;
  return { severity, tell: [...new Set(told.map(({ role }) => role))] };
}

/** The asset ids that the reason's clause rests on: the common factors that patterns look for. */
function assetsOf(
  { line, subject }: DecisionDetail,
  release: VerifiedRelease | undefined,
  set: ReleaseSet | null,
): readonly string[] {
  if (release === undefined) return [];
  const { bundle } = release;
  const asset = (name: string): string =>
    set?.register?.roles[name] ?? bundle.equipment.find((equipment) => equipment.name === name)?.asset ?? name;
  const names = bundle.clauses
    .filter((clause) => clause.line === line)
    .flatMap((clause) => {
      if ("equipment" in clause) return [asset(clause.equipment)];
      if (clause.kind === "reading" && clause.readWith !== null) return [asset(clause.readWith)];
      return [];
    });
  const isAsset = bundle.equipment.some(({ name }) => asset(name) === subject);
  return [...new Set(isAsset ? [...names, subject] : names)].sort().slice(0, MAX_ASSETS);
}

/** The reading that was judged, in the contract's unit; null where the reason is about something else. */
function readingOf(
  quantity: string,
  release: VerifiedRelease | undefined,
  snapshot: SnapshotValues | null,
): NewAlert["reading"] {
  const wanted = release?.bundle.quantities.find(({ name }) => name === quantity);
  const readings = snapshot?.["readings"];
  const reading = isObject(readings) && Object.hasOwn(readings, quantity) ? readings[quantity] : undefined;
  if (wanted === undefined || !isObject(reading) || !isObject(reading["value"])) return null;
  const written = reading["value"]["$number"];
  const value = text(written) ? parseJsonNumber(written) : undefined;
  const from = text(reading["unit"]) ? findUnit(reading["unit"]) : undefined;
  const to = findUnit(wanted.unit);
  if (value === undefined || from === undefined || to === undefined) return null;
  const inUnit = convert(value, from, to);
  const shown = inUnit === undefined ? undefined : showRational(inUnit, PLACES);
  return shown === undefined || shown.length > 40 ? null : { quantity, value: shown, unit: wanted.unit };
}
