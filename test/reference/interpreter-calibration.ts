/** Calibrations, reference standards and counts of use. Source: decisions.md B1, B2, B8–B11, B13, B18, B19. */
import type { NodeOf } from "../../grammar/ast.ts";
import { countOf, durationOf, isCycles, isHours, type ReadContract, sameRole } from "./interpreter-contract.ts";
import {
  afterDay,
  dayIn,
  type Fields,
  instantIn,
  isPlaceholder,
  itemOf,
  noonOf,
  numberIn,
  overAt,
  recordIn,
  recordsIn,
  type Situation,
  situation,
  testOf,
  textIn,
  textsIn,
} from "./interpreter-evidence.ts";
import { type Fraction, isAtMost, isBelow, minus, NOTHING, plus } from "./interpreter-numbers.ts";
import { type Duration, daysLater } from "./interpreter-time.ts";

/** What a clause, or a part of one, has to say: with reasons its warnings are not given. */
export interface Said {
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
}
export const reason = (code: string, subject: string): Said => ({ reasons: [`${code}:${subject}`], warnings: [] });
export const fine: Said = { reasons: [], warnings: [] };

/** Each part gives its own first reason, whatever the others gave. Source: B19. */
export const together = (parts: readonly Said[]): Said => ({
  reasons: parts.flatMap(({ reasons }) => reasons),
  warnings: parts.flatMap(({ warnings }) => warnings),
});

export function calibrationSays(
  contract: ReadContract,
  clause: NodeOf<"calibration">,
  asset: string,
  asked: Situation,
): Said {
  const item = itemOf(asked, asset);
  if (item === undefined) return reason("equipment.unknown", asset);
  const time = clause.every.find((amount) => !isCycles(contract, amount));
  const cycles = clause.every.find((amount) => isCycles(contract, amount));
  const certificate = certificateAt(item, asked);
  const parts: Said[] = [];
  if (time !== undefined) parts.push(intervalSays(contract, clause, durationOf(contract, time), asset, item, asked));
  if (cycles !== undefined) {
    const warn = clause.warnBefore.find((amount) => isCycles(contract, amount));
    const warnAt = warn === undefined ? null : countOf(contract, warn);
    parts.push(useSays(asset, item, "cycles", countOf(contract, cycles), warnAt, "not-asked"));
  }
  if (clause.referencesWithin !== null) {
    const within = durationOf(contract, clause.referencesWithin);
    const fault =
      certificate === undefined ? `reference.missing:${asset}` : standardsFault(asset, certificate, within, asked);
    parts.push(fault === null ? fine : { reasons: [fault], warnings: [] });
  }
  return together(parts);
}

/** Today's calibration is the item's; at an earlier instant the latest not after that day counts. Source: B13, B15. */
const certificateAt = (item: Fields, asked: Situation): Fields | undefined =>
  (asked.isPast ? latestUpTo(item, asked.today) : undefined) ?? recordIn(item, "calibration");

export function latestUpTo(item: Fields, day: number): Fields | undefined {
  const current = recordIn(item, "calibration");
  if (current === undefined) return undefined;
  let latest: Fields | undefined;
  for (const one of [current, ...recordsIn(current, "history")]) {
    const on = dayIn(one, "performedOn");
    if (on !== undefined && on <= day && (latest === undefined || on > (dayIn(latest, "performedOn") as number)))
      latest = one;
  }
  return latest;
}

/** In the order of B19, before anybody asks whether it is overdue. */
export function certificateFault(item: Fields, certificate: Fields | undefined, asked: Situation): string | null {
  const performedOn = certificate === undefined ? undefined : dayIn(certificate, "performedOn");
  if (certificate === undefined || performedOn === undefined) return "calibration.missing";
  if (isPlaceholder(performedOn) || isPlaceholder(dayIn(certificate, "dueOn"))) return "calibration.placeholder-date";
  const assetSerial = textIn(certificate, "assetSerial");
  if (assetSerial !== undefined && assetSerial !== textIn(item, "serial")) return "calibration.wrong-asset";
  const signature = certificate.get("signature") ?? "valid";
  if (signature !== "valid") return "calibration.signature-invalid";
  const revokedAt = instantIn(certificate, "revokedAt");
  if (revokedAt !== undefined && revokedAt <= asked.now) return "calibration.revoked";
  if (performedOn > asked.today) return "calibration.future-dated";
  const result = textIn(certificate, "result");
  if (result === "fail" || result === "failed") return "calibration.failed";
  return result === "pass" || result === "pass-with-correction" ? null : "calibration.result-unknown";
}

/** The last valid day, and the first instant at which it is over. */
export interface Due {
  readonly day: number;
  readonly over: number;
}

const dueOnDay = (asked: Situation, day: number): Due => ({ day, over: afterDay(asked, day) });

/** Counted from a day: an elapsed duration runs from its beginning. */
export function dueAfter(asked: Situation, day: number, duration: Duration): Due {
  if (duration.kind === "calendar") return dueOnDay(asked, daysLater(day, duration));
  const over = overAt(asked, asked.plant.midnight(day), duration);
  return { day: asked.plant.dayOf(over - 1), over };
}

/** The earlier of the certificate's due date and the interval. Source: B1. */
export function dueOf(certificate: Fields, every: Duration | null, asked: Situation): Due | undefined {
  const [performedOn, dueOn] = [dayIn(certificate, "performedOn"), dayIn(certificate, "dueOn")];
  const byCertificate = dueOn === undefined ? undefined : dueOnDay(asked, dueOn);
  const byInterval = every === null || performedOn === undefined ? undefined : dueAfter(asked, performedOn, every);
  if (byCertificate === undefined || byInterval === undefined) return byCertificate ?? byInterval;
  return byCertificate.over < byInterval.over ? byCertificate : byInterval;
}

function intervalSays(
  contract: ReadContract,
  clause: NodeOf<"calibration">,
  every: Duration,
  asset: string,
  item: Fields,
  asked: Situation,
): Said {
  const certificate = certificateAt(item, asked);
  const fault = certificateFault(item, certificate, asked);
  const due = certificate === undefined ? undefined : dueOf(certificate, every, asked);
  if (fault !== null || certificate === undefined || due === undefined)
    return reason(fault ?? "calibration.missing", asset);
  const warnings: string[] = [];
  if (asked.now >= due.over) {
    const answer = extensionSays(contract, clause, item, due, asked);
    if (answer !== "carries") return reason(answer, asset);
    warnings.push("calibration.extended");
  }
  const warn = clause.warnBefore.find((amount) => !isCycles(contract, amount));
  if (warn !== undefined && asked.now >= warningOpens(durationOf(contract, warn), due, asked))
    warnings.push("calibration.due-soon");
  // Found out of tolerance and left in. Source: B18.
  if (textIn(certificate, "asFound") === "out-of-tolerance" && !isImpactClosed(certificate, asked))
    warnings.push("impact.open");
  return { reasons: [], warnings: warnings.map((code) => `${code}:${asset}`) };
}

function isImpactClosed(certificate: Fields, { now }: Situation): boolean {
  const at = instantIn(certificate, "impactClosed");
  return at === undefined ? certificate.get("impactClosed") === true : at <= now;
}

/** At plant midnight that many days before the due date. Source: B9. */
function warningOpens(before: Duration, due: Due, { plant }: Situation): number {
  return before.kind === "elapsed" ? due.over - before.ms : plant.midnight(daysLater(due.day, before, -1));
}

/** Only asked of a calibration that has lapsed. Source: B10. */
function extensionSays(
  contract: ReadContract,
  { extension: provision }: NodeOf<"calibration">,
  item: Fields,
  due: Due,
  asked: Situation,
): string {
  const granted = recordIn(item, "extension");
  if (granted === undefined) return "calibration.overdue";
  if (provision === null) return "extension.not-allowed";
  const grantedAt = instantIn(granted, "grantedAt");
  if (grantedAt === undefined || grantedAt >= due.over) return "extension.granted-too-late";
  const signed = approvalsOf(granted).some(({ role }) => provision.approvedBy.some(({ text }) => sameRole(text, role)));
  if (!signed) return "extension.not-approved";
  const until = dayIn(granted, "until");
  if (until === undefined) return "calibration.overdue";
  const cap = durationOf(contract, provision.atMost);
  const latest = cap.kind === "elapsed" ? due.over + cap.ms : afterDay(asked, daysLater(due.day, cap));
  return asked.now < Math.min(afterDay(asked, until), latest) ? "carries" : "calibration.overdue";
}

/** An approval says who and as what. */
export const approvalsOf = (fields: Fields): readonly { readonly by: string; readonly role: string }[] =>
  recordsIn(fields, "approvals").flatMap((one) => {
    const [by, role] = [textIn(one, "by"), textIn(one, "role")];
    return by === undefined || role === undefined ? [] : [{ by, role }];
  });

/** How many standards may stand above each other; decisions.md names no number, the project's is followed. */
const LONGEST_CHAIN = 16;

interface Used {
  readonly asset: string;
  readonly certificate: Fields;
}

/** The first fault above a certificate, or null. Source: B13. */
const standardsFault = (asset: string, certificate: Fields, within: Duration, asked: Situation): string | null =>
  faultAbove([{ asset, certificate }], within, asked);

function faultAbove(path: readonly Used[], within: Duration, asked: Situation): string | null {
  const { asset, certificate } = path.at(-1) as Used;
  if (certificate.get("national") === true) return null;
  const standards = textsIn(certificate, "references");
  if (standards.length === 0) return `reference.missing:${asset}`;
  for (const standard of standards) {
    const fault = faultOfStandard(standard, path, within, asked);
    if (fault !== null) return fault;
  }
  return null;
}

function faultOfStandard(standard: string, path: readonly Used[], within: Duration, asked: Situation): string | null {
  const below = path.at(-1) as Used;
  const item = itemOf(asked, standard);
  if (item === undefined) return `reference.missing:${below.asset}`;
  const usedOn = dayIn(below.certificate, "performedOn");
  const certificate = usedOn === undefined ? undefined : latestUpTo(item, usedOn);
  const earlier = path.filter(({ asset }) => asset === standard);
  if (earlier.length > 0 && (certificate === undefined || earlier.some((used) => used.certificate === certificate)))
    return `reference.cycle:${below.asset}`;
  const invalid = `reference.invalid-at-use:${standard}`;
  if (usedOn === undefined || certificate === undefined || path.length > LONGEST_CHAIN) return invalid;
  const then = situation(asked.snapshot, noonOf(asked, usedOn), asked.plant, true);
  if (certificateFault(item, certificate, then) !== null) return invalid;
  const due = dueOf(certificate, within, then);
  if (due === undefined || then.now >= due.over) return invalid;
  return faultAbove([...path, { asset: standard, certificate }], within, asked);
}

export function useClauseSays(contract: ReadContract, clause: NodeOf<"use">, asset: string, asked: Situation): Said {
  const item = itemOf(asked, asset);
  if (item === undefined) return reason("equipment.unknown", asset);
  const counter = isHours(contract, clause.every) ? "hours" : "cycles";
  const planned = clause.enoughLeft
    ? (numberIn(recordIn(testOf(asked), "planned") ?? new Map(), counter) ?? "unknown")
    : "not-asked";
  const warn = clause.warnBefore === null ? null : countOf(contract, clause.warnBefore);
  return useSays(asset, item, counter, countOf(contract, clause.every), warn, planned);
}

/** Use is the counter less what it stood at when the item was serviced. Source: B2, B9. */
function useSays(
  asset: string,
  item: Fields,
  counter: "hours" | "cycles",
  limit: Fraction,
  warnBefore: Fraction | null,
  planned: Fraction | "unknown" | "not-asked",
): Said {
  const stands = numberIn(item, counter);
  if (stands === undefined || isBelow(stands, NOTHING)) return reason("usage.unknown", asset);
  const atService = numberIn(item, `${counter}AtService`) ?? NOTHING;
  const highWater = numberIn(item, `${counter}HighWater`) ?? stands;
  if (isBelow(stands, highWater) || isBelow(stands, atService)) return reason("usage.counter-went-back", asset);
  const used = minus(stands, atService);
  if (isAtMost(limit, used)) return reason("usage.exhausted", asset);
  if (planned === "unknown") return reason("usage.unknown", asset);
  if (planned !== "not-asked") {
    if (isBelow(planned, NOTHING)) return reason("usage.unknown", asset);
    if (isBelow(limit, plus(used, planned))) return reason("usage.would-run-out", asset);
  }
  const isNear = warnBefore !== null && isAtMost(minus(limit, warnBefore), used);
  return isNear ? { reasons: [], warnings: [`usage.due-soon:${asset}`] } : fine;
}
