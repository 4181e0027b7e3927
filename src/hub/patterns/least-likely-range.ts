import { assert } from "../../base/assert.ts";
import { MAX_RANGE_BOXES } from "../../model/limits.ts";
import { moreThanChance } from "../statistics/fisher.ts";
import { lnChoose } from "../statistics/special-functions.ts";

/** How many units were blocked, of how many. */
export interface Share {
  readonly blocked: number;
  readonly units: number;
}

/** The indexes of a range's first and last value. */
export interface FoundRange {
  readonly from: number;
  readonly to: number;
  /** Boxes that were looked at for it. */
  readonly boxes: number;
}

/**
 * Of all ranges that begin and end with a blocked value, hold two or more and not all units, the least likely by Fisher's test
 * where it pays for `tries` ranges; of equals the one that begins first, then the one that ends first. Undefined where none is.
 *
 * Each range for itself would take the square of the values, and no way is known by which they take little more than their number: the
 * fewest units with so many blocked ones, for every count, is binary jumbled indexing (Chan and Lewenstein, STOC 2015), and the
 * convex hull of the counts may miss the answer, because the test's chance goes in steps. But the chance only falls with each
 * blocked unit more and only rises with each other one. So no range of a box, which is all with a beginning here and an end there, is
 * less likely than one with the most blocked and the fewest others in it, and boxes behind the best range found are left out whole
 * (branch and bound, as Neill and Moore, KDD 2004). The answer is exact; in practice as many boxes are looked at as there are values.
 * @param limit beyond so many boxes the best range found until then is the answer: it pays for all ranges, so that its chance is
 * true, and a less likely one may be missed
 */
export function leastLikelyRange(
  shares: readonly Share[],
  tries: number,
  limit = MAX_RANGE_BOXES,
): FoundRange | undefined {
  const counts = countsOf(shares);
  const { blockedAt } = counts;
  const places = blockedAt.length;
  // It wins where all are equally likely; where it is all units, there is no other.
  let best = places < 2 ? undefined : rangeOf(counts, 0, 1, tries);
  if (best === undefined) return undefined;
  let boxes = 0;
  const open: Box[] = [{ ...{ from: 0, fromEnd: places - 1, to: 1, toEnd: places - 1 }, least: 0 }];
  for (let box = open.pop(); box !== undefined && boxes < limit; box = open.pop()) {
    boxes += 1;
    if (cannotWin(box, best)) continue;
    if (box.from === box.fromEnd && box.to === box.toEnd) {
      const one = rangeOf(counts, box.from, box.to, tries);
      if (one !== undefined && isBetter(one, best)) best = one;
      continue;
    }
    // Of equals the earlier one is taken up first: what comes behind it cannot win then.
    const halves = halvesOf(box).map((half) => ({ ...half, least: leastOf(half, counts, tries) }));
    open.push(...halves.sort((a, b) => b.least - a.least || b.from - a.from || b.to - a.to));
  }
  const [from, to] = [blockedAt[best.from], blockedAt[best.to]];
  assert(from !== undefined && to !== undefined, "a range begins and ends with a blocked value");
  return { from, to, boxes };
}

interface Counts {
  /** Indexes of the values that are blocked: where a range may begin and end. */
  readonly blockedAt: readonly number[];
  /** Before each value: what all before it have together. */
  readonly units: readonly number[];
  readonly blocked: readonly number[];
  readonly total: Share;
}

function countsOf(shares: readonly Share[]): Counts {
  const [units, blocked] = [[0], [0]];
  for (const share of shares) {
    units.push((units.at(-1) ?? 0) + share.units);
    blocked.push((blocked.at(-1) ?? 0) + share.blocked);
  }
  const blockedAt = shares.flatMap((share, index) => (share.blocked > 0 ? [index] : []));
  return { blockedAt, units, blocked, total: { units: units.at(-1) ?? 0, blocked: blocked.at(-1) ?? 0 } };
}

/** A range by its places among the blocked values, with its chance. */
interface Candidate {
  readonly from: number;
  readonly to: number;
  readonly p: number;
}

/** All ranges that begin at `from` to `fromEnd` and end at `to` to `toEnd`; none of them is less likely than `least`. */
interface Box {
  readonly from: number;
  readonly fromEnd: number;
  readonly to: number;
  readonly toEnd: number;
  readonly least: number;
}

/** Of the values from one place to another, both ends among them; nothing where the second lies before the first. */
function between({ blockedAt, units, blocked }: Counts, from: number, to: number): Share {
  const sum = (of: readonly number[]): number => (of[(blockedAt[to] ?? 0) + 1] ?? 0) - (of[blockedAt[from] ?? 0] ?? 0);
  return to < from ? { units: 0, blocked: 0 } : { units: sum(units), blocked: sum(blocked) };
}

/** Undefined for all units together, which are no range among them. */
function rangeOf(counts: Counts, from: number, to: number, tries: number): Candidate | undefined {
  const { units, blocked } = between(counts, from, to);
  const { total } = counts;
  if (units === total.units) return undefined;
  const p = moreThanChance({ population: total.units, marked: units, drawn: total.blocked, hits: blocked });
  return { from, to, p: Math.min(1, p * tries) };
}

const isBetter = (a: Candidate, b: Candidate): boolean => a.p < b.p || (a.p === b.p && isEarlier(a, b));
const isEarlier = (a: Pick<Candidate, "from" | "to">, b: Pick<Candidate, "from" | "to">): boolean =>
  a.from < b.from || (a.from === b.from && a.to < b.to);
/** Its corner is its first range. */
const cannotWin = (box: Box, best: Candidate): boolean =>
  box.least > best.p || (box.least === best.p && !isEarlier(box, best));

/** Cut across its longer side, without the corners in which no range ends behind its beginning. */
function halvesOf({ from, fromEnd, to, toEnd }: Box): readonly Omit<Box, "least">[] {
  const isTall = fromEnd - from >= toEnd - to;
  const middle = Math.floor(isTall ? (from + fromEnd) / 2 : (to + toEnd) / 2);
  const halves = isTall
    ? [{ ...{ from, fromEnd: middle, to, toEnd } }, { ...{ from: middle + 1, fromEnd, to, toEnd } }]
    : [{ ...{ from, fromEnd, to, toEnd: middle } }, { ...{ from, fromEnd, to: middle + 1, toEnd } }];
  return halves
    .map((half) => ({
      ...{ from: half.from, fromEnd: Math.min(half.fromEnd, half.toEnd - 1) },
      ...{ to: Math.max(half.to, half.from + 1), toEnd: half.toEnd },
    }))
    .filter((half) => half.from <= half.fromEnd && half.to <= half.toEnd);
}

/** No range of the box is less likely: it has no more blocked units than the longest, and no fewer others than the shortest. */
function leastOf({ from, fromEnd, to, toEnd }: Omit<Box, "least">, counts: Counts, tries: number): number {
  const most = between(counts, from, toEnd).blocked;
  const shortest = between(counts, fromEnd, to);
  const others = shortest.units - shortest.blocked;
  return Math.min(1, tries * noMoreThan(most + others, most, counts.total));
}

/** Sums of doubles err; a bound that lies so much below the sum of the test is one all the same. */
const CAUTION = 1 - 1e-6;
/** Terms that are smaller change a sum by less than that. */
const SMALL = 1e-9;

/** At most the chance of `hits` or more among `marked` units, as `moreThanChance`, from its first and largest terms on. */
function noMoreThan(marked: number, hits: number, total: Share): number {
  const [all, drawn] = [total.units, total.blocked];
  let term = Math.exp(lnChoose(marked, hits) + lnChoose(all - marked, drawn - hits) - lnChoose(all, drawn));
  // Too small for a double: far above what is to be expected there is no bound but 0, and far below it the chance is nearly 1.
  if (term === 0) return hits * all < marked * drawn ? 1 / 4 : 0;
  let sum = term;
  for (let k = hits; k < Math.min(marked, drawn) && term >= sum * SMALL; k += 1) {
    term *= ((marked - k) * (drawn - k)) / ((k + 1) * (all - marked - drawn + k + 1));
    sum += term;
  }
  return sum * CAUTION;
}
