import { canonicalJson } from "../../base/canonical-json.ts";
import type { Bundle, BundleClause } from "../../model/bundle.ts";
import { demandsAsMuch, type IsDifference } from "../implies.ts";
import { differencesOf, subjectOf } from "./clause-words.ts";

export type Direction = "tighter" | "looser" | "changed" | "added" | "removed";

/** One thing that is not as it was. Lines are those of the two files; null where it stands in one of them only. */
export interface Change {
  readonly direction: Direction;
  /** Null for what belongs to no condition: declarations, scope, overrides, tests. */
  readonly condition: string | null;
  /** A kind of clause, or `scope`, `equipment`, `material`, `quantity`, `override`, `when-blocked`, `test`, … */
  readonly kind: string;
  readonly subject: string;
  readonly line: { readonly old: number | null; readonly new: number | null };
  readonly was: string | null;
  readonly now: string | null;
  /** A sentence for people. */
  readonly words: string;
}

/** Clause by clause, in the order of the newer file; what is gone comes last. */
export function clauseChanges(older: Bundle, newer: Bundle): readonly Change[] {
  const left = new Set(older.clauses);
  const partner = new Map<BundleClause, BundleClause>();
  for (const sameness of [meaningOf, placeOf, topicOf]) {
    const waiting = Map.groupBy([...left], sameness);
    for (const now of newer.clauses) {
      if (partner.has(now)) continue;
      const was = waiting.get(sameness(now))?.shift();
      if (was === undefined) continue;
      partner.set(now, was);
      left.delete(was);
    }
  }
  return [
    ...newer.clauses.flatMap((now) => {
      const was = partner.get(now);
      return was === undefined ? [added(now)] : changed(was, now, isDifferenceIn(older));
    }),
    ...[...left].map(removed),
  ];
}

/** A clause without its place and its text. */
function meaningOf({ line: _l, column: _c, index: _i, text: _t, because: _b, ...meaning }: BundleClause): string {
  return canonicalJson(meaning);
}

const placeOf = (clause: BundleClause): string =>
  canonicalJson([clause.condition, clause.order, clause.attribute, topicOf(clause)]);
const topicOf = (clause: BundleClause): string => JSON.stringify([clause.kind, subjectOf(clause)]);

const isDifferenceIn =
  ({ quantities }: Bundle): IsDifference =>
  (name) =>
    quantities.some((quantity) => quantity.name === name && quantity.difference !== null);

const of = (clause: BundleClause) => ({
  condition: clause.condition,
  kind: clause.kind,
  subject: subjectOf(clause),
});

const added = (now: BundleClause): Change => ({
  direction: "added",
  ...of(now),
  line: { old: null, new: now.line },
  was: null,
  now: now.text,
  words: now.strictness === "must" ? "a new clause that blocks" : "a new clause that warns",
});

const removed = (was: BundleClause): Change => ({
  direction: "removed",
  ...of(was),
  line: { old: was.line, new: null },
  was: was.text,
  now: null,
  words: was.strictness === "must" ? "nothing asks for this any more" : "nothing warns of this any more",
});

function changed(was: BundleClause, now: BundleClause, isDifference: IsDifference): readonly Change[] {
  const differences = differencesOf(was, now);
  const base = { ...of(now), line: { old: was.line, new: now.line }, was: was.text, now: now.text };
  const because: Change[] =
    was.because === now.because
      ? []
      : [
          {
            ...base,
            direction: "changed",
            was: was.because,
            now: now.because,
            words: "the text on the operator's screen",
          },
        ];
  if (differences.length === 0) return because;
  return [{ ...base, direction: directionOf(was, now, isDifference), words: differences.join("; ") }, ...because];
}

function directionOf(was: BundleClause, now: BundleClause, isDifference: IsDifference): Direction {
  const isTighter = demandsAsMuch(now, was, isDifference) && asksAsOften(now, was);
  const isLooser = demandsAsMuch(was, now, isDifference) && asksAsOften(was, now);
  return isTighter === isLooser ? "changed" : isTighter ? "tighter" : "looser";
}

/** Whether `a` is asked whenever `b` is. */
const asksAsOften = (a: BundleClause, b: BundleClause): boolean =>
  (a.order === null || a.order === b.order) &&
  (a.attribute === null || canonicalJson(a.attribute) === canonicalJson(b.attribute));
