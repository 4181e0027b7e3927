import { add, compare, divide, type Rational, subtract } from "../../base/rational.ts";
import type { BundleQuantity } from "../../model/bundle.ts";
import { allUnits, findUnit, toBase } from "../../model/units.ts";
import { exactDecimal } from "../amounts.ts";
import { acceptance, type Interval, plausible } from "../intervals.ts";
import { type CaseOrNot, caseOf, leftOut, stillFine, violated } from "./cases.ts";
import { type Edges, edgesOf, NOW, TODAY, type WallTime } from "./moments.ts";
import {
  allFresh,
  type ClauseOf,
  calibrationsOf,
  clausesAbout,
  decimal,
  earliestValid,
  inUnit,
  nudged,
  readingLine,
  type Scene,
} from "./scene.ts";

type Reading = ClauseOf<"reading">;
const ANOTHER_CLAUSE = "another clause about the same readings forbids it";

/** Every end of the limit, its guard band, freshness, instrument and settling. Source: decisions.md B2, B3, B3b, B4, B7, B15. */
export function readingCases(clause: Reading, scene: Scene): readonly CaseOrNot[] {
  const quantity = scene.bundle.quantities.find(({ name }) => name === clause.quantity);
  if (quantity === undefined) return [];
  const read = quantity.difference?.left ?? quantity.name;
  return [
    ...limitCases(clause, quantity, scene),
    caseOf("missing", [[`reading ${read}`, null]], violated(clause, "reading.missing", read)),
    ...unitCases(clause, read, scene),
    ...timeCases(clause, read, scene),
    ...instrumentCases(clause, read, scene),
    ...settlingCases(clause, read, scene),
  ];
}

function limitCases(clause: Reading, quantity: BundleQuantity, scene: Scene): readonly CaseOrNot[] {
  const { limit, guardBand } = clause;
  const guard = guardBand === null ? "0" : inUnit(decimal(guardBand.value), guardBand.unit, limit.unit, true);
  const cases: CaseOrNot[] = [];
  const ends = [
    { end: limit.low, inwards: 1, word: "low" },
    { end: limit.high, inwards: -1, word: "high" },
  ] as const;
  for (const { end, inwards, word } of ends) {
    if (end === null) continue;
    const outwards = inwards === 1 ? -1 : 1;
    const at = (value: string | undefined, name: string): void => {
      cases.push(
        value === undefined
          ? leftOut(name, "the guard band has no end as a decimal in the limit's unit")
          : valueCase(clause, quantity, scene, value, name),
      );
    };
    const accepted =
      guard === undefined
        ? undefined
        : exactDecimal(
            inwards === 1 ? add(decimal(end.value), decimal(guard)) : subtract(decimal(end.value), decimal(guard)),
          );
    at(end.value, `on the ${word} limit`);
    at(nudged(end.value, outwards), `just outside the ${word} limit`);
    if (guardBand !== null) at(accepted, `on the ${word} acceptance limit`);
    if (guardBand !== null && accepted !== undefined)
      at(nudged(accepted, outwards), `just outside the ${word} acceptance limit`);
    at(accepted === undefined ? undefined : nudged(accepted, inwards), `just inside the ${word} limit`);
  }
  return cases;
}

const lies = (value: Rational, { low, high }: Interval): boolean => {
  const above = low === null ? 1 : compare(value, low.value);
  const below = high === null ? -1 : compare(value, high.value);
  return (
    (above > 0 || (above === 0 && low?.inclusive === true)) && (below < 0 || (below === 0 && high?.inclusive === true))
  );
};
const inBase = (value: string, symbol: string, difference = false): Rational => {
  const unit = findUnit(symbol);
  return unit === undefined ? decimal(value) : toBase(decimal(value), unit, { difference });
};

/** The reading put so that the clause sees `value` in its limit's unit; of a difference the side that can be. */
function valueCase(clause: Reading, quantity: BundleQuantity, scene: Scene, value: string, name: string): CaseOrNot {
  const { unit } = clause.limit;
  const unproved = instrumentOf(clause, scene);
  if (unproved !== null) return leftOut(name, unproved);
  const { difference } = quantity;
  if (difference === null)
    return readingCase(clause, quantity, scene, { value, unit, seen: inBase(value, unit) }, name);
  const seen = inBase(value, unit, true);
  const ways = (["left", "right"] as const).flatMap((side) => sideFor(seen, side, difference, scene));
  const [first] = ways;
  if (first === undefined) return leftOut(name, "neither side of the difference can be read so");
  const best = ways.find(({ read, put }) => lies(inBase(put.value, put.unit), plausible(read))) ?? first;
  return readingCase(clause, best.read, scene, best.put, name);
}

/** One side of a difference, put so that with the other side as it is the difference is `seen`. */
function sideFor(
  seen: Rational,
  side: "left" | "right",
  difference: { readonly left: string; readonly right: string },
  { bundle, readings }: Scene,
): readonly { readonly read: BundleQuantity; readonly put: Put }[] {
  const read = bundle.quantities.find(({ name }) => name === difference[side]);
  const other = readings.get(difference[side === "left" ? "right" : "left"]);
  const unit = read === undefined ? undefined : findUnit(read.unit);
  if (read === undefined || other === undefined || unit === undefined) return [];
  const stays = inBase(other.value, other.unit);
  const base = side === "left" ? add(stays, seen) : subtract(stays, seen);
  const value = exactDecimal(divide(subtract(base, unit.offset), unit.factor));
  return value === undefined ? [] : [{ read, put: { value, unit: read.unit, seen } }];
}

/** Why the clause's instrument can never be shown to be valid by test statements; null where it can. */
function instrumentOf({ readWith }: Reading, { bundle }: Scene): string | null {
  if (readWith === null) return null;
  const own = calibrationsOf(readWith, bundle.clauses);
  if (!own.some(({ interval }) => interval !== null))
    return "no statement gives the due date of an instrument's certificate";
  const chained = own.some(({ referencesWithin }) => referencesWithin !== null);
  if (chained) return "no statement names reference standards of the instrument";
  return own.some(({ interval }) => interval?.kind === "elapsed") ? "no statement gives a calibration's hour" : null;
}

interface Put {
  readonly value: string;
  readonly unit: string;
  /** In the base unit, what the clause judges. */
  readonly seen: Rational;
}

function readingCase(
  clause: Reading,
  read: BundleQuantity,
  scene: Scene,
  { value, unit, seen }: Put,
  name: string,
): CaseOrNot {
  const isDifference = clause.quantity !== read.name;
  const line = readingLine(read.name, value, unit, scene.asked, scene.bundle, NOW);
  const changes = [[`reading ${read.name}`, line]] as const;
  if (!lies(inBase(value, unit), plausible(read))) {
    return caseOf(`${name}, not plausible`, changes, violated(clause, "reading.implausible", read.name));
  }
  if (lies(seen, acceptance(clause, isDifference))) {
    return stillFine(scene, name, changes, {
      clash: clashes(read.name, inBase(value, unit), scene) ? ANOTHER_CLAUSE : null,
    });
  }
  const inGuard = clause.guardBand !== null && lies(seen, acceptance({ ...clause, guardBand: null }, isDifference));
  return caseOf(
    name,
    changes,
    violated(clause, inGuard ? "reading.in-guard-band" : "reading.out-of-limits", clause.quantity),
  );
}

/** Whether a `must` clause about this reading, or a difference it has a part in, forbids the value. */
function clashes(read: string, base: Rational, { asked, bundle, readings }: Scene): boolean {
  return clausesAbout(read, asked, bundle).some((one) => {
    if (one.strictness === "should") return false;
    const difference = bundle.quantities.find(({ name }) => name === one.quantity)?.difference ?? null;
    if (difference === null) return !lies(base, acceptance(one, false));
    const side = (name: string): Rational | undefined => {
      const reading = readings.get(name);
      return name === read ? base : reading === undefined ? undefined : inBase(reading.value, reading.unit);
    };
    const [left, right] = [side(difference.left), side(difference.right)];
    return left === undefined || right === undefined || !lies(subtract(left, right), acceptance(one, true));
  });
}

/** A reading in a unit of another kind says nothing about this quantity. */
function unitCases(clause: Reading, read: string, scene: Scene): readonly CaseOrNot[] {
  const reading = scene.readings.get(read);
  const kind = reading === undefined ? undefined : findUnit(reading.unit)?.kind;
  const strange = allUnits.find((one) => one.kind !== kind);
  if (reading === undefined || strange === undefined) return [];
  const line = readingLine(read, "1", strange.symbol, scene.asked, scene.bundle, NOW);
  return [
    caseOf("in a unit of another kind", [[`reading ${read}`, line]], violated(clause, "reading.wrong-unit", read)),
  ];
}

function timeCases(clause: Reading, read: string, scene: Scene): readonly CaseOrNot[] {
  const reading = scene.readings.get(read);
  if (reading === undefined) return [];
  const line = (at: WallTime) =>
    [[`reading ${read}`, readingLine(read, reading.value, reading.unit, scene.asked, scene.bundle, at)]] as const;
  const future = caseOf(
    "dated tomorrow",
    line({ day: TODAY + 1, minutes: NOW.minutes }),
    violated(clause, "reading.future-dated", read),
  );
  const edges = edgesOf(clause.freshness);
  if (edges === null) return [future];
  if (edges === undefined)
    return [future, leftOut("stale", "test statements count in minutes, up to twenty days back")];
  return [
    future,
    caseOf("just too old", line(edges.stale), violated(clause, "reading.stale", read)),
    freshCase(read, edges, line(edges.good), scene),
  ];
}

function freshCase(
  read: string,
  { good }: Edges,
  changes: readonly (readonly [string, string])[],
  scene: Scene,
): CaseOrNot {
  const about = clausesAbout(read, scene.asked, scene.bundle);
  const instruments = about.flatMap(({ readWith }) => readWith ?? []);
  const tooNew = instruments.some((name) => earliestValid(name, scene.asked) > good.day);
  const clash = !allFresh(about, good) ? ANOTHER_CLAUSE : tooNew ? "the instrument's interval is shorter" : null;
  return stillFine(scene, "as old as it may be", changes, { clash });
}

function instrumentCases(clause: Reading, read: string, scene: Scene): readonly CaseOrNot[] {
  const reading = scene.readings.get(read);
  if (clause.readWith === null || reading === undefined) return [];
  const bare = readingLine(read, reading.value, reading.unit, scene.asked, scene.bundle, NOW, { without: true });
  const subject = read;
  return [
    caseOf("read with nothing", [[`reading ${read}`, bare]], violated(clause, "reading.instrument-not-valid", subject)),
    caseOf(
      "read with an instrument without certificate",
      [[`calibration ${clause.readWith}`, null]],
      violated(clause, "reading.instrument-not-valid", subject),
    ),
  ];
}

function settlingCases(clause: Reading, read: string, scene: Scene): readonly CaseOrNot[] {
  const reading = scene.readings.get(read);
  if (clause.settledMs === null || reading === undefined) return [];
  const seconds = Math.ceil(clause.settledMs / 1000);
  const line = (settledSeconds: number) =>
    [
      [
        `reading ${read}`,
        readingLine(read, reading.value, reading.unit, scene.asked, scene.bundle, NOW, { settledSeconds }),
      ],
    ] as const;
  const others = clausesAbout(read, scene.asked, scene.bundle).some(
    (one) => (one.settledMs ?? 0) > (clause.settledMs ?? 0),
  );
  return [
    caseOf("settled a second too short", line(seconds - 1), violated(clause, "settle.too-short", read)),
    stillFine(scene, "settled just long enough", line(seconds), { clash: others ? ANOTHER_CLAUSE : null }),
  ];
}
