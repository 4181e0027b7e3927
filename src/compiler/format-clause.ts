import type { Clause, Freshness, Limit, Who } from "../../grammar/ast.ts";
import { amountText, everyText, listText, roleText, textOf } from "./format-words.ts";

/**
 * A clause in pieces that belong together; a comma stands between two, and a long clause is broken behind one.
 * `because` is not among them: it stands on a line of its own. Source: language.md "Formatting".
 */
export function clausePieces(clause: Clause): readonly string[] {
  const pieces: string[] = [];
  if (clause.order !== null) pieces.push(`for order ${textOf(clause.order)}`);
  if (clause.attribute !== null) {
    pieces.push(`when the ${clause.attribute.equipment.text} is ${clause.attribute.attribute.text}`);
  }
  if (clause.freshness !== null) pieces.push(freshnessText(clause.freshness));
  pieces.push(...predicatePieces(clause));
  if (clause.neverOverridable) pieces.push("never overridable");
  return pieces;
}

/** The clause on one line, `because` left out. */
export const printClause = (clause: Clause): string => clausePieces(clause).join(", ");

function freshnessText(freshness: Freshness): string {
  switch (freshness.kind) {
    case "period":
      return `each ${freshness.period}`;
    case "every":
      return `every ${everyText(freshness.interval, "freshness")}`;
    case "latest":
      return "from the latest readings";
  }
}

type PiecesOf = {
  readonly [K in Clause["kind"]]: (clause: Extract<Clause, { readonly kind: K }>) => readonly string[];
};

const piecesOf: PiecesOf = {
  calibration: ({ subject, strictness, every, warnBefore, referencesWithin, extension }) => [
    `the ${subject.text} ${strictness} be calibrated every ${every.map((one) => everyText(one, "predicate")).join(" or ")}`,
    ...(every.length > 1 ? ["whichever comes first"] : []),
    ...warnBefore.map((amount) => `warn ${amountText(amount)} before`),
    ...(referencesWithin === null
      ? []
      : [`with each reference standard calibrated within ${amountText(referencesWithin)} of its use`]),
    ...(extension === null ? [] : [`may be extended by at most ${amountText(extension.atMost)}`]),
    ...(extension === null || extension.approvedBy.length === 0
      ? []
      : [`approved by ${extension.approvedBy.map(({ text }) => text).join(" or ")}`]),
  ],
  "warm-up": ({ subject, strictness, atLeast }) => [
    `the ${subject.text} ${strictness} have been on for at least ${amountText(atLeast)}`,
  ],
  reading: ({ subject, strictness, readWith, limit, guardBand, settledFor }) => [
    `${subject.text}${readWith === null ? "" : ` read with the ${readWith.text}`} ${strictness} be ${limitText(limit)}`,
    ...(guardBand === null ? [] : [`guarded by ${amountText(guardBand)}`]),
    ...(settledFor === null ? [] : [`settled for at least ${amountText(settledFor)}`]),
  ],
  use: ({ subject, strictness, every, warnBefore, enoughLeft }) => [
    `the ${subject.text} ${strictness} be serviced every ${everyText(every, "predicate")}`,
    ...(warnBefore === null ? [] : [`warn ${amountText(warnBefore)} before`]),
    ...(enoughLeft ? ["with enough left for the whole test"] : []),
  ],
  events: ({ subject, strictness, events }) => {
    const names = listText(
      events.map(({ text }) => text),
      "or",
    );
    return [`the ${subject.text} ${strictness} not have been ${names} since its calibration`];
  },
  acknowledgement: ({ who, strictness, step }) => [`${whoText(who)} ${strictness} acknowledge ${textOf(step)}`],
  "service-state": ({ subject, strictness }) => [`the ${subject.text} ${strictness} be in service`],
  "before-and-after-use": ({ subject, strictness }) => [
    `the ${subject.text} ${strictness} be checked before and after each use`,
  ],
  "shelf-life": ({ subject, strictness, openedWithin }) => [
    `the ${subject.text} ${strictness} be within its shelf life`,
    ...(openedWithin === null ? [] : [`used within ${amountText(openedWithin)} of opening`]),
  ],
  "check-list": ({ subject, strictness, items }) => {
    const [first = "", ...others] = items.map(textOf);
    return [`the ${subject.text} ${strictness} be checked: ${first}`, ...others];
  },
};

function predicatePieces<K extends Clause["kind"]>(clause: Extract<Clause, { readonly kind: K }>): readonly string[] {
  const pieces = piecesOf[clause.kind as K] as (clause: Extract<Clause, { readonly kind: K }>) => readonly string[];
  return pieces(clause);
}

function limitText(limit: Limit): string {
  if (limit.kind === "between") return `between ${amountText(limit.low)} and ${amountText(limit.high)}`;
  return `${limit.word} ${amountText(limit.value)}`;
}

const numberWords = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

function whoText(who: Who): string {
  switch (who.kind) {
    case "operator":
      return "the operator";
    case "people":
      return `${numberWords[who.count - 2] ?? who.count} people`;
    case "role":
      return roleText(who.role);
  }
}
