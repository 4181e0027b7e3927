import type { Amount, CalibrationClause } from "../../../grammar/ast.ts";
import { convert, findUnit, type Unit } from "../../model/units.ts";
import {
  type AmountUse,
  exactDecimal,
  fits,
  type Measure,
  measureIn,
  measureOf,
  numberOf,
  unitWordOf,
  wordsOfWant,
} from "../amounts.ts";
import { type Body, type Thing, unitOfQuantity } from "../body.ts";
import type { ThingCheck, ThingContext } from "../check-context.ts";
import type { Finding } from "../diagnostic.ts";

/** An amount of another dimension than its place asks for; light for the eye is not light by its power. */
export const unitMismatch: ThingCheck = (thing, context) => {
  const wrong = context.uses.amounts.flatMap((use) => mismatch(use, context));
  if (wrong.length > 0) return wrong;
  if (thing.kind === "calibration") return calibrationAmounts(thing, context);
  if (thing.kind === "difference") return sides(thing, context);
  return oneUnit(thing, context);
};

function mismatch(use: AmountUse, { at }: ThingContext): Finding[] {
  const word = unitWordOf(use);
  if (word === null || use.amount.kind !== "quantity") return [];
  const measure = measureIn(word.text, use.want);
  if (measure === undefined || fits(measure, use.want)) return [];
  const { want, amount } = use;
  const shown = `\`${amount.impliedOne ? "" : `${amount.number} `}${word.text}\``;
  const place = at(amount.span);
  if (want.kind !== "measured") {
    return [{ place, message: `${shown} is ${wordsOfMeasure(measure)}; ${wordsOfWant[want.kind]} is needed` }];
  }
  const unit = want.unit;
  if (unit === undefined) return [{ place, message: `${shown} is ${wordsOfMeasure(measure)}, no reading` }];
  return [
    {
      place,
      message: `${shown} is ${wordsOfMeasure(measure)}; \`${want.of}\` is ${unit.words}, measured in ${unit.symbol}`,
      help: `write the limit in ${unit.symbol} or another unit of ${unit.words.replace(/^an? /, "")}`,
    },
  ];
}

function wordsOfMeasure(measure: Measure): string {
  if (measure.kind === "unit") return measure.unit.words;
  return measure.kind === "use" ? "a count of use" : "a duration";
}

/** One duration and one count at most, and a warning only for what has a limit. */
function calibrationAmounts({ every, warnBefore }: CalibrationClause, { at }: ThingContext): Finding[] {
  const sortOf = (amount: Amount): "cycles" | "duration" => {
    const word = amount.kind === "quantity" ? amount.unit?.text : undefined;
    return word !== undefined && measureOf(word)?.kind === "use" ? "cycles" : "duration";
  };
  const twice = (amounts: readonly Amount[]): Finding[] =>
    amounts.flatMap((amount, index) =>
      amounts.slice(0, index).some((earlier) => sortOf(earlier) === sortOf(amount))
        ? [{ place: at(amount.span), message: `a second ${sortOf(amount)} is given; there can be one` }]
        : [],
    );
  const without = warnBefore.flatMap((amount) =>
    every.some((limit) => sortOf(limit) === sortOf(amount))
      ? []
      : [
          {
            place: at(amount.span),
            message: `the warning is in ${sortOf(amount)}, and no limit in ${sortOf(amount)} is set`,
          },
        ],
  );
  return [...twice(every), ...twice(warnBefore), ...without];
}

function sides(thing: Extract<Thing, { kind: "difference" }>, { body, at }: ThingContext): Finding[] {
  const [left, right] = [unitOfQuantity(body, thing.left.text), unitOfQuantity(body, thing.right.text)];
  if (left === undefined || right === undefined || left.kind === right.kind) return [];
  const message = `\`${thing.left.text}\` is ${left.words} and \`${thing.right.text}\` is ${right.words}`;
  return [{ place: at(thing.right.span), message: `${message}: they have no difference` }];
}

/** Both ends of a range are kept in one unit; an end that has no exact decimal in it is refused, never rounded. */
function oneUnit(thing: Thing, { body, at }: ThingContext): Finding[] {
  const range = rangeOf(thing, body);
  if (range === undefined) return [];
  return range.ends.flatMap((end) => {
    const unit = end.kind === "quantity" && end.unit !== null ? findUnit(end.unit.text) : range.unit;
    if (unit === undefined || end.kind !== "quantity") return [];
    const value = convert(numberOf(end), unit, range.unit, { difference: range.difference });
    if (value !== undefined && exactDecimal(value) !== undefined) return [];
    const message = `${end.number} ${unit.symbol} has no exact decimal in ${range.unit.symbol}`;
    return [{ place: at(end.span), message, help: `write both ends in ${range.unit.symbol}` }];
  });
}

interface WrittenRange {
  readonly ends: readonly Amount[];
  readonly unit: Unit;
  readonly difference: boolean;
}

function rangeOf(thing: Thing, body: Body): WrittenRange | undefined {
  if (thing.kind === "measured") {
    const unit = findUnit(thing.unit.text);
    const { plausible } = thing;
    if (unit === undefined || plausible === null) return undefined;
    return { ends: [plausible.low, plausible.high], unit, difference: false };
  }
  if (thing.kind !== "reading" || thing.limit.kind !== "between") return undefined;
  const { low, high } = thing.limit;
  const word = high.kind === "quantity" ? high.unit : null;
  const unit = word === null ? undefined : findUnit(word.text);
  const difference = body.declared.get(thing.subject.text)?.kind === "difference";
  return unit === undefined ? undefined : { ends: [low], unit, difference };
}
