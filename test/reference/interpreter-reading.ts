/** Readings. Source: decisions.md B2, B3, B3b, B4, B6, B7, B15, B19. */
import type { Amount, NodeOf } from "../../grammar/ast.ts";
import { isJsonArray, type Json } from "../../src/base/strict-json.ts";
import {
  calibrationSays,
  certificateFault,
  dueOf,
  fine,
  latestUpTo,
  reason,
  type Said,
} from "./interpreter-calibration.ts";
import {
  assetOf,
  durationOf,
  freshnessOf,
  inBaseUnit,
  measuredOf,
  type ReadContract,
  readingsOf,
} from "./interpreter-contract.ts";
import {
  countedAt,
  digitsOf,
  type Fields,
  fieldsIn,
  instantIn,
  isAhead,
  isFresh,
  itemOf,
  listIn,
  numberIn,
  recordIn,
  type Situation,
  situation,
  textIn,
} from "./interpreter-evidence.ts";
import {
  type Fraction,
  fraction,
  inBase,
  isAtMost,
  isBelow,
  minus,
  NOTHING,
  plus,
  readNumber,
  unitOf,
} from "./interpreter-numbers.ts";
import { applies, asksKind } from "./interpreter-scope.ts";

type Judged = { readonly code: string } | { readonly base: Fraction };

export function readingSays(contract: ReadContract, clause: NodeOf<"reading">, asked: Situation): Said {
  const quantity = clause.subject.text;
  const names = readingsOf(contract, quantity);
  const judged = names.map((name) => ({ name, answer: readingAnswer(contract, clause, name, asked) }));
  // Of a difference both readings say what is wrong with them, each under its own name. Source: B3.
  const faults = judged.flatMap(({ name, answer }) => ("code" in answer ? [`${answer.code}:${name}`] : []));
  if (faults.length > 0) return { reasons: faults, warnings: [] };
  const [first, second] = judged.map(({ answer }) => ("base" in answer ? answer.base : NOTHING));
  const value = second === undefined ? first : minus(first as Fraction, second);
  const code = limitSays(contract, clause, value as Fraction, names);
  return code === null ? fine : reason(code, quantity);
}

/** The first thing wrong with one reading, else its value in the base unit. The order is that of B19. */
function readingAnswer(contract: ReadContract, clause: NodeOf<"reading">, name: string, asked: Situation): Judged {
  const reading = fieldsIn(fieldsIn(asked.snapshot, "readings"), name);
  const takenAt = instantIn(reading, "takenAt");
  const said = statedValue(reading.get("value"));
  if (takenAt === undefined || said === "missing") return { code: "reading.missing" };
  if (said === "not-a-number") return { code: "reading.not-a-number" };
  const word = textIn(reading, "unit") ?? "";
  if (word === "") return { code: "reading.no-unit" };
  const { unit: declared, plausible } = measuredOf(contract, name);
  const unit = unitOf(word);
  if (unit === undefined || unit.kind !== unitOf(declared)?.kind) return { code: "reading.wrong-unit" };
  const base = inBase(said, unit);
  if (unit.hasZero && isBelow(base, NOTHING)) return { code: "reading.implausible" };
  if (plausible !== null && (isBelow(base, plausible.from) || isBelow(plausible.to, base)))
    return { code: "reading.implausible" };
  if (isAhead(asked, takenAt)) return { code: "reading.future-dated" };
  if (!isFresh(asked, freshnessOf(contract, clause), takenAt)) return { code: "reading.stale" };
  if (clause.settledFor !== null && !hasSettled(contract, clause.settledFor, reading))
    return { code: "settle.too-short" };
  if (clause.readWith !== null) {
    const code = instrumentSays(
      contract,
      clause.readWith.text,
      reading,
      base,
      unit.kind,
      countedAt(asked, takenAt),
      asked,
    );
    if (code !== null) return { code };
  }
  return { base };
}

/** Source: B4. */
function statedValue(value: Json | undefined): Fraction | "missing" | "not-a-number" {
  if (value === undefined || value === null || value === "UNAVAILABLE") return "missing";
  if (typeof value === "string" || typeof value === "boolean") return "not-a-number";
  const digits = digitsOf(value);
  // An array or an object is of the wrong type, and what is of the wrong type is missing.
  return digits === undefined ? "missing" : (readNumber(digits) ?? "not-a-number");
}

function hasSettled(contract: ReadContract, atLeast: Amount, reading: Fields): boolean {
  const minutes = numberIn(reading, "settledMinutes");
  const needed = durationOf(contract, atLeast);
  return minutes !== undefined && needed.kind === "elapsed" && isAtMost(fraction(BigInt(needed.ms), 60_000n), minutes);
}

/** Whether the instrument was the right one, valid when it was read, and made for such a value. Source: B15. */
function instrumentSays(
  contract: ReadContract,
  role: string,
  reading: Fields,
  base: Fraction,
  kind: string,
  takenAt: number,
  asked: Situation,
): string | null {
  const asset = assetOf(contract, role, asked.snapshot);
  const then = situation(asked.snapshot, takenAt, asked.plant, true);
  if (textIn(reading, "takenWith") !== asset || !wasValid(contract, role, asset, then, asked))
    return "reading.instrument-not-valid";
  const item = itemOf(asked, asset);
  const ranges = item === undefined ? [] : rangesOf(item);
  if (ranges.length === 0) return null;
  const isInside = ranges.some(({ low, high, word }) => {
    const unit = unitOf(word);
    return unit?.kind === kind && isAtMost(inBase(low, unit), base) && isAtMost(base, inBase(high, unit));
  });
  return isInside ? null : "reading.out-of-range";
}

function wasValid(contract: ReadContract, role: string, asset: string, then: Situation, asked: Situation): boolean {
  const own = contract.conditions
    .filter(({ testKind }) => asksKind(testKind, asked))
    .flatMap(({ clauses }) => clauses)
    .filter((clause): clause is NodeOf<"calibration"> => clause.kind === "calibration" && clause.subject.text === role)
    .filter((clause) => applies(contract, clause, asked));
  // decisions.md does not say what a clause that only warns does here: where one blocks, those that warn are not asked.
  const binding = own.filter(({ strictness }) => strictness === "must");
  const judging = binding.length > 0 ? binding : own;
  if (judging.length > 0)
    return judging.every((clause) => calibrationSays(contract, clause, asset, then).reasons.length === 0);
  const item = itemOf(then, asset);
  const certificate = item === undefined ? undefined : (latestUpTo(item, then.today) ?? recordIn(item, "calibration"));
  if (item === undefined || certificate === undefined || certificateFault(item, certificate, then) !== null)
    return false;
  const due = dueOf(certificate, null, then);
  return due !== undefined && then.now < due.over;
}

/** One `[low, high, unit]`, or a list of them. */
function rangesOf(item: Fields) {
  const list = listIn(item, "range");
  const rows = list.some(isJsonArray) ? list : [list];
  return rows.flatMap((row) => {
    const [from, to, word] = isJsonArray(row) ? row : [];
    const [low, high] = [readNumber(digitsOf(from) ?? ""), readNumber(digitsOf(to) ?? "")];
    return low === undefined || high === undefined || typeof word !== "string" ? [] : [{ low, high, word }];
  });
}

/** Source: B2, B3b. */
function limitSays(
  contract: ReadContract,
  { limit, guardBand }: NodeOf<"reading">,
  value: Fraction,
  names: readonly string[],
): string | null {
  const ownUnit = measuredOf(contract, names[0] as string).unit;
  const isDifference = names.length > 1;
  const end = (amount: Amount, other: Amount | null) => inBaseUnit(contract, amount, other, ownUnit, isDifference);
  const lowAmount =
    limit.kind === "between" ? limit.low : limit.word === "at least" || limit.word === "more than" ? limit.value : null;
  const highAmount = limit.kind === "between" ? limit.high : lowAmount === null ? limit.value : null;
  const isInclusive = limit.kind === "between" || limit.word === "at least" || limit.word === "at most";
  const low = lowAmount === null ? null : end(lowAmount, highAmount);
  const high = highAmount === null ? null : end(highAmount, lowAmount);
  const passes = isInclusive ? isAtMost : isBelow;
  if ((low !== null && !passes(low, value)) || (high !== null && !passes(value, high))) return "reading.out-of-limits";
  const guard = guardBand === null ? NOTHING : inBaseUnit(contract, guardBand, null, ownUnit, true);
  // decisions.md does not speak of a band of nothing: it is taken as none.
  if (guard.over === 0n) return null;
  const isGuarded =
    (low !== null && isBelow(value, plus(low, guard))) || (high !== null && isBelow(minus(high, guard), value));
  return isGuarded ? "reading.in-guard-band" : null;
}
