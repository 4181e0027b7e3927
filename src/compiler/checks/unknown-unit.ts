import type { Unit } from "../../../grammar/ast.ts";
import { nearestWord } from "../../base/edit-distance.ts";
import { nearestUnits } from "../../model/units.ts";
import { durationWords, measureOf, unitWordOf, useWords, type Want } from "../amounts.ts";
import type { ThingCheck } from "../check-context.ts";
import type { Finding, Place } from "../diagnostic.ts";

/** A unit or a word for a time that the table does not hold. */
export const unknownUnit: ThingCheck = (thing, { uses, at }) => {
  const words = uses.amounts.flatMap((use) => {
    const word = unitWordOf(use);
    return word === null || use.amount.kind !== "quantity" ? [] : [{ word, want: use.want }];
  });
  if (thing.kind === "measured") words.unshift({ word: thing.unit, want: anyMeasure });
  const seen = new Set<Unit>();
  return words.flatMap(({ word, want }) => {
    if (seen.has(word) || measureOf(word.text) !== undefined) return [];
    seen.add(word);
    return [unknownUnitFinding(word.text, want, at(word.span))];
  });
};

const anyMeasure: Want = { kind: "measured", unit: undefined, of: "", notNegative: false };

export function unknownUnitFinding(word: string, want: Want, place: Place): Finding {
  const nearest = nearestTo(word, want);
  const what = want.kind === "measured" ? "unit" : "word for a time or a count";
  const message = `\`${word}\` is no known ${what}`;
  if (nearest === undefined) return { place, message, help: "units and their spellings are listed in docs/units.md" };
  return {
    place,
    message,
    help: `did you mean \`${nearest}\`?`,
    fix: { place, text: nearest, title: `write \`${nearest}\`` },
  };
}

function nearestTo(word: string, want: Want): string | undefined {
  if (want.kind === "measured") return nearestUnits(word, 1, want.unit?.kind)[0];
  const words = want.kind === "use" ? useWords : [...durationWords, ...useWords];
  return abbreviations[word] ?? nearestWord(word, words);
}

/** What people write for a time where the language asks for the word. */
const abbreviations: { readonly [word: string]: string | undefined } = {
  __proto__: null as never,
  d: "days",
  wk: "weeks",
  mo: "months",
  mth: "months",
  mths: "months",
  y: "years",
  yr: "years",
  yrs: "years",
};
