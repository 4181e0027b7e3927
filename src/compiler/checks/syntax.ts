import type { DateWord, TimeWord } from "../../../grammar/ast.ts";
import { impossible, measureIn, unitWordOf } from "../amounts.ts";
import type { ThingCheck, ThingContext } from "../check-context.ts";
import type { Finding } from "../diagnostic.ts";

/** What the grammar lets through and nobody can mean: no such day, one and a half months. The rest is the parser's. */
export const syntax: ThingCheck = (_, context) => {
  const { uses } = context;
  const findings = [
    ...uses.amounts.flatMap((use) => {
      const word = unitWordOf(use);
      if (word === null || use.amount.kind !== "quantity") return [];
      const measure = measureIn(word.text, use.want);
      const why = measure === undefined ? undefined : impossible(use.amount, measure, use.want);
      const shown = `\`${use.amount.number} ${word.text}\``;
      return why === undefined
        ? []
        : [{ place: context.at(use.amount.span), message: `${shown} cannot be meant: ${why}` }];
    }),
    ...uses.dates.flatMap((date) => noSuchDay(date, context)),
    ...uses.times.flatMap((time) => noSuchTime(time, context)),
  ];
  return findings.slice(0, 1);
};

function noSuchDay({ text, span }: DateWord, { at }: ThingContext): Finding[] {
  return isDay(text) ? [] : [{ place: at(span), message: `there is no day \`${text}\`` }];
}

function noSuchTime({ text, span }: TimeWord, { at }: ThingContext): Finding[] {
  const match = /^(\d{2}):(\d{2})$/.exec(text);
  if (match !== null && Number(match[1]) < 24 && Number(match[2]) < 60) return [];
  return [{ place: at(span), message: `there is no time \`${text}\`` }];
}

/** Source: the Gregorian rule for leap years. */
export function isDay(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return false;
  const [year = 0, month = 0, day = 0] = match.slice(1).map(Number);
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day >= 1 && day <= days;
}
