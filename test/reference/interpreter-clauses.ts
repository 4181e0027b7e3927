/** What each kind of clause says, the calibration's, the reading's and the use's excepted. Source: decisions.md as named. */
import type { Clause, NodeOf } from "../../grammar/ast.ts";
import {
  calibrationSays,
  dueAfter,
  fine,
  latestUpTo,
  reason,
  type Said,
  useClauseSays,
} from "./interpreter-calibration.ts";
import { assetOf, durationOf, freshnessOf, type ReadContract, sameRole } from "./interpreter-contract.ts";
import {
  afterDay,
  countedAt,
  dayIn,
  type Fields,
  fieldsIn,
  instantIn,
  isAhead,
  isFresh,
  isPlaceholder,
  itemOf,
  listIn,
  numberIn,
  operatorOf,
  recordIn,
  recordsIn,
  type Situation,
  textIn,
} from "./interpreter-evidence.ts";
import { fraction, isBelow } from "./interpreter-numbers.ts";
import { readingSays } from "./interpreter-reading.ts";
import { readDay, readMonthEnd } from "./interpreter-time.ts";

export function clauseSays(contract: ReadContract, clause: Clause, asked: Situation): Said {
  // Nobody knows the attributes of an item that no register knows: then the clause says that, and nothing else.
  if (clause.attribute !== null) {
    const guard = assetOf(contract, clause.attribute.equipment.text, asked.snapshot);
    if (itemOf(asked, guard) === undefined) return reason("equipment.unknown", guard);
  }
  if (clause.kind === "reading") return readingSays(contract, clause, asked);
  if (clause.kind === "acknowledgement") return acknowledgementSays(contract, clause, asked);
  const asset = assetOf(contract, clause.subject.text, asked.snapshot);
  if (clause.kind === "shelf-life") return shelfLifeSays(contract, clause, asset, asked);
  const item = itemOf(asked, asset);
  if (item === undefined) return reason("equipment.unknown", asset);
  switch (clause.kind) {
    case "calibration":
      return calibrationSays(contract, clause, asset, asked);
    case "use":
      return useClauseSays(contract, clause, asset, asked);
    case "warm-up":
      return orFine(warmUpFault(contract, clause, item, asked), asset);
    case "events":
      return orFine(eventsFault(clause, item, asked), asset);
    case "service-state":
      return orFine(serviceFault(item, asked), asset);
    case "before-and-after-use":
      return orFine(afterUseFault(item, asked) ?? beforeUseFault(item, asked), asset);
    case "check-list":
      return orFine(checkListFault(contract, clause, item, asked), asset);
  }
}

const orFine = (code: string | null, subject: string): Said => (code === null ? fine : reason(code, subject));

/** B5: by the clock that nobody sets; the wall clock may only shorten it. */
function warmUpFault(
  contract: ReadContract,
  clause: NodeOf<"warm-up">,
  item: Fields,
  { now }: Situation,
): string | null {
  const needed = durationOf(contract, clause.atLeast);
  const [onSeconds, onSince] = [numberIn(item, "onSeconds"), instantIn(item, "onSince")];
  if (onSeconds === undefined || needed.kind !== "elapsed") return "warmup.too-short";
  const isLong = !isBelow(onSeconds, fraction(BigInt(needed.ms), 1000n));
  return isLong && (onSince === undefined || now - onSince >= needed.ms) ? null : "warmup.too-short";
}

/** B20, B6: an event is evidence against and counts whatever its date. */
function eventsFault({ events }: NodeOf<"events">, item: Fields, { today, plant }: Situation): string | null {
  if (!Array.isArray(item.get("events"))) return "event.unknown";
  const certificate = latestUpTo(item, today);
  const since = certificate === undefined ? undefined : plant.midnight(dayIn(certificate, "performedOn") as number);
  const happened = listIn(item, "events").flatMap((entry) => {
    const event = entry instanceof Map ? (entry as Fields) : new Map();
    const at = instantIn(event, "at");
    return since === undefined || at === undefined || at >= since ? [textIn(event, "kind")] : [];
  });
  const named = events.find(({ text }) => happened.includes(text));
  if (named !== undefined) return `event.${named.text}`;
  // What nobody can read may have been one of them.
  return happened.includes(undefined) ? "event.unknown" : null;
}

/** B6, B7, B12. */
function acknowledgementSays(contract: ReadContract, clause: NodeOf<"acknowledgement">, asked: Situation): Said {
  const step = clause.step.value;
  const freshness = freshnessOf(contract, clause);
  const given = recordsIn(asked.snapshot, "acks").flatMap((ack) => {
    const [at, by] = [instantIn(ack, "at"), textIn(ack, "by")];
    const counts =
      textIn(ack, "step") === step && at !== undefined && !isAhead(asked, at) && isFresh(asked, freshness, at);
    return counts && by !== undefined ? [{ by, role: textIn(ack, "role") }] : [];
  });
  if (given.length === 0) return reason("ack.missing", step);
  const { who } = clause;
  if (who.kind === "operator")
    return given.some(({ by }) => by === operatorOf(asked)) ? fine : reason("ack.wrong-person", step);
  if (who.kind === "people") {
    const people = new Set(given.map(({ by }) => by));
    return people.size >= who.count ? fine : reason("ack.second-person-missing", step);
  }
  const isFilled = given.some(({ role }) => role !== undefined && sameRole(role, who.role.text));
  return isFilled ? fine : reason("ack.missing", step);
}

/** B19, B6: a lock counts whatever its date. */
function serviceFault(item: Fields, asked: Situation): string | null {
  if (listIn(item, "locks").length > 0) return "equipment.locked-out";
  if (textIn(item, "status") !== "in-service") return "equipment.not-in-service";
  const [returnedAt, reverifiedAt] = [instantIn(item, "returnedAt"), instantIn(item, "reverifiedAt")];
  if (returnedAt === undefined) return null;
  const isVerified =
    reverifiedAt !== undefined &&
    !isAhead(asked, reverifiedAt) &&
    countedAt(asked, reverifiedAt) >= countedAt(asked, returnedAt);
  return isVerified ? null : "equipment.needs-reverification";
}

const isFail = (result: string | undefined): boolean => result === "fail" || result === "failed";

/** B17. */
function afterUseFault(item: Fields, asked: Situation): string | null {
  const usedUntil = instantIn(item, "lastUseEndedAt");
  if (usedUntil === undefined) return null;
  const check = fieldsIn(item, "closingCheck");
  const [at, result] = [instantIn(check, "at"), textIn(check, "result")];
  if (isFail(result)) return "check.after-use-failed";
  const passed =
    result === "pass" && at !== undefined && !isAhead(asked, at) && countedAt(asked, at) >= countedAt(asked, usedUntil);
  return passed ? null : "check.after-use-missing";
}

/** B17, B6: a passed check dated ahead is none, a failed one counts. */
function beforeUseFault(item: Fields, asked: Situation): string | null {
  const check = recordIn(item, "openingCheck");
  if (check === undefined) return null;
  const [at, result] = [instantIn(check, "at"), textIn(check, "result")];
  if (result === "pass") return null;
  const isNone = at !== undefined && isAhead(asked, at) && !isFail(result);
  return isNone ? null : "check.before-use-failed";
}

/** B4, B14. */
function shelfLifeSays(contract: ReadContract, clause: NodeOf<"shelf-life">, id: string, asked: Situation): Said {
  const lot = recordIn(fieldsIn(asked.snapshot, "lots"), id);
  const written = lot === undefined ? "" : (textIn(lot, "expires") ?? "");
  const expires = readDay(written) ?? readMonthEnd(written);
  if (lot === undefined || expires === undefined || isPlaceholder(expires)) return reason("lot.unknown", id);
  if (asked.now >= afterDay(asked, expires)) return reason("lot.expired", id);
  const openedOn = dayIn(lot, "openedOn");
  if (openedOn === undefined) return fine;
  if (isPlaceholder(openedOn) || openedOn > asked.today) return reason("lot.unknown", id);
  if (clause.openedWithin === null) return fine;
  const { over } = dueAfter(asked, openedOn, durationOf(contract, clause.openedWithin));
  return asked.now < over ? fine : reason("lot.opened-too-long", id);
}

/**
 * B6, B7. decisions.md leaves open which check counts: the latest that names one of the items; a failed one counts whatever its
 * date, and of two at one instant the failed one.
 */
function checkListFault(
  contract: ReadContract,
  clause: NodeOf<"check-list">,
  item: Fields,
  asked: Situation,
): string | null {
  const names = clause.items.map(({ value }) => value);
  const checks = listIn(item, "checks").flatMap((check) => {
    if (!(check instanceof Map)) return [];
    const fields = check as Fields;
    const [at, items, result] = [instantIn(fields, "at"), fieldsIn(fields, "items"), textIn(fields, "result")];
    const couldBeThis = names.some((name) => items.has(name)) || (isFail(result) && items.size === 0);
    if (!couldBeThis) return [];
    const marks = names.map((name) =>
      items.has(name) ? items.get(name) === true || items.get(name) === "pass" : undefined,
    );
    const failed = isFail(result) || marks.includes(false);
    if (!failed && (at === undefined || isAhead(asked, at))) return [];
    // B6: a failed check counts whatever its date; where it has none, nothing is known to have come after it.
    const counted = at === undefined ? Number.POSITIVE_INFINITY : countedAt(asked, at);
    return [{ at, counted, marks, failed, result }];
  });
  const latestAt = Math.max(...checks.map(({ counted }) => counted));
  const latest = checks.filter(({ counted }) => counted === latestAt);
  const [check] = latest;
  if (check === undefined) return "check.missing";
  if (check.at === undefined || latest.some(({ at }) => at !== undefined && isAhead(asked, at))) return "check.failed";
  if (!isFresh(asked, freshnessOf(contract, clause), check.at)) return "check.stale";
  if (latest.some(({ failed }) => failed)) return "check.failed";
  return check.marks.includes(undefined) || check.result !== "pass" ? "check.missing" : null;
}
