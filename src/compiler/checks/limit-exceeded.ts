import type { SourceFile } from "../../../grammar/ast.ts";
import { isDeviceName } from "../../model/ids.ts";
import { MAX_CLAUSES, MAX_SOURCE_BYTES } from "../../model/limits.ts";
import { MAX_DIGITS, measureIn, tooLong, unitWordOf } from "../amounts.ts";
import { clausesOf } from "../body.ts";
import type { ThingCheck } from "../check-context.ts";
import type { Finding } from "../diagnostic.ts";
import { firstLineOf, placeOf, type SourceText } from "../source-text.ts";

/** A number of more digits, or a time of more years, than anything here is built for. */
export const limitExceeded: ThingCheck = (_, { uses, at }) =>
  uses.amounts.flatMap((use) => {
    const { amount, want } = use;
    if (amount.kind !== "quantity") return [];
    if (amount.number.replace(/[-.]/g, "").length > MAX_DIGITS) {
      return [{ place: at(amount.span), message: `a number has at most ${MAX_DIGITS} digits` }];
    }
    const word = unitWordOf(use);
    const measure = word === null ? undefined : measureIn(word.text, want);
    if (measure === undefined || !tooLong(amount, measure)) return [];
    return [
      { place: at(amount.span), message: `\`${amount.number} ${word?.text}\` is beyond what the calendar holds` },
    ];
  });

const encoder = new TextEncoder();

/** A file that is not even read. */
export function sourceTooLarge(source: SourceText): Finding[] {
  const tooLarge =
    source.text.length > MAX_SOURCE_BYTES ||
    (source.text.length > MAX_SOURCE_BYTES / 3 && encoder.encode(source.text).length > MAX_SOURCE_BYTES);
  if (!tooLarge) return [];
  const place = firstLineOf(source, { start: 0, end: 0 });
  return [{ place, message: "the file has more than 1 MiB", help: "split it: a file holds what is released together" }];
}

/** The first clause too many. */
export function tooManyClauses(source: SourceText, file: SourceFile): Finding[] {
  let count = 0;
  for (const item of file.items) {
    if (item.kind !== "contract" && item.kind !== "template") continue;
    for (const { clause } of clausesOf(item.members)) {
      if (++count <= MAX_CLAUSES) continue;
      const message = `the file has more than ${MAX_CLAUSES} clauses`;
      return [{ place: firstLineOf(source, clause.span), message }];
    }
  }
  return [];
}

/** Ids that cannot be a file's name everywhere: a stored contract is a file under its id. */
export function unusableIds(source: SourceText, file: SourceFile): Finding[] {
  return file.items.flatMap((item) => {
    if (item.kind !== "contract") return [];
    const { text, span } = item.id;
    if (!isDeviceName(text)) return [];
    const place = firstLineOf(source, span);
    return [
      { place, message: `\`${text}\` is a device on Windows and no file's name there`, help: "add a word to it" },
    ];
  });
}

/** Says that more was found than is worth reading. */
export function tooManyDiagnostics(source: SourceText, hidden: number): Finding {
  const place = placeOf(source, { start: 0, end: 0 });
  return { place, message: `${hidden} more findings are not shown`, help: "put these right first" };
}
