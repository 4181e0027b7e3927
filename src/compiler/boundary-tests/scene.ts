import { printDate } from "../../base/civil-time.ts";
import { add, compare, parseDecimal, type Rational, subtract } from "../../base/rational.ts";
import type { Bundle, BundleClause, ClauseKind, ReadingClause } from "../../model/bundle.ts";
import { openPlantCalendar } from "../../model/plant-calendar.ts";
import { convert, findUnit } from "../../model/units.ts";
import { exactDecimal } from "../amounts.ts";
import { askedClauses, witness } from "../analysis/witness.ts";
import { edgesOf, isBefore, lastSpent, NOW, TODAY, type WallTime, wallText } from "./moments.ts";

export type ClauseOf<K extends ClauseKind> = Extract<BundleClause, { readonly kind: K }>;

/** A statement of a test by what it is about, so that a case can change or drop it. */
export type Lines = ReadonlyMap<string, string>;

/** Which tests of a contract are looked at: a client order, and what an attribute guard asks for. */
export interface Scene {
  readonly bundle: Bundle;
  readonly asked: readonly BundleClause[];
  readonly order: string | null;
  /** Statements that satisfy every clause that is asked; null where none do, and then `why` says so. */
  readonly lines: Lines;
  /** Why no test of this scene can be allowed by what test statements can say; null where one can. */
  readonly neverAllowed: string | null;
  readonly readings: ReadonlyMap<string, { readonly value: string; readonly unit: string }>;
}

export const OPERATOR = "STF-1";
export const quoted = (text: string): string =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;

const utc = openPlantCalendar({
  ...{ format: "maint-zone/1", zone: "UTC", tzdata: "none is needed" },
  ...{ fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER, transitions: [[0, 0]] },
});
const NOW_MS = (TODAY * 24 * 60 + NOW.minutes) * 60_000;

/** @returns the scene in which `clause` is asked; undefined where its contract can never be satisfied */
export function sceneOf(bundle: Bundle, clause: BundleClause): Scene | undefined {
  const order = clause.order ?? bundle.scope.order;
  const { attribute } = clause;
  const attributes = new Map(attribute === null ? [] : [[attribute.equipment, [attribute.attribute]]]);
  const options = { calendar: utc, nowMs: NOW_MS, attributes, ...(order === null ? {} : { order }) };
  const found = witness(bundle, options);
  if (!found.ok) return undefined;
  const asked = askedClauses(bundle, options);
  const readings = readingsIn(found.value["readings"]);
  const lines = new Map<string, string>();
  if (order !== null) lines.set("order", `order is ${quoted(order)}`);
  if (attribute !== null)
    lines.set(`attribute ${attribute.equipment}`, `${attribute.equipment} is ${attribute.attribute}`);
  for (const one of asked) write(one, asked, lines);
  for (const [name, { value, unit }] of readings)
    lines.set(`reading ${name}`, readingLine(name, value, unit, asked, bundle, NOW));
  return { bundle, asked, order, lines, neverAllowed: unsayable(bundle, asked), readings };
}

function readingsIn(value: unknown): Scene["readings"] {
  const all = Object.entries(
    (value ?? {}) as {
      readonly [name: string]: { readonly value: { readonly $number: string }; readonly unit: string };
    },
  );
  return new Map(all.map(([name, one]) => [name, { value: one.value.$number, unit: one.unit }]));
}

/** What no test statement can say, and what therefore keeps every test of the scene from being allowed. */
function unsayable(bundle: Bundle, asked: readonly BundleClause[]): string | null {
  const must = asked.filter(({ strictness }) => strictness === "must");
  for (const clause of must) {
    if (clause.kind === "calibration" && clause.referencesWithin !== null)
      return "no statement names reference standards";
    if (clause.kind === "calibration" && clause.interval?.kind === "elapsed")
      return "no statement gives a calibration's hour";
    if (clause.kind === "shelf-life" && clause.openedWithin?.kind === "elapsed")
      return "no statement gives the hour of opening";
    if (clause.kind !== "reading" || clause.readWith === null) continue;
    const { readWith } = clause;
    const judged = bundle.clauses.some(
      (one) => one.kind === "calibration" && one.equipment === readWith && one.interval !== null,
    );
    if (!judged) return "no statement gives the due date of an instrument's certificate";
  }
  return null;
}

export const calibrationsOf = (
  equipment: string,
  clauses: readonly BundleClause[],
): readonly ClauseOf<"calibration">[] =>
  clauses.filter((one) => one.kind === "calibration").filter((one) => one.equipment === equipment);

/** The earliest day on which a calibration still counts today by all clauses about it. */
export function earliestValid(equipment: string, clauses: readonly BundleClause[]): number {
  const days = calibrationsOf(equipment, clauses).flatMap(({ interval }) =>
    interval?.kind === "calendar" ? [lastSpent(interval, TODAY) + 1] : [],
  );
  return days.length === 0 ? TODAY : Math.max(...days);
}

export const calibrationLine = (equipment: string, day: number, result = "pass"): string =>
  `${equipment} was calibrated on ${printDate(day)} with result ${result}`;

type Writers = {
  readonly [K in ClauseKind]?: (
    clause: ClauseOf<K>,
    asked: readonly BundleClause[],
    lines: Map<string, string>,
  ) => void;
};

/** The statements that satisfy a clause; a kind that is not here needs none, or is found not to be satisfied when tests run. */
const writers: Writers = {
  calibration: ({ equipment, cycles }, asked, lines) => {
    lines.set(`calibration ${equipment}`, calibrationLine(equipment, earliestValid(equipment, asked)));
    if (cycles !== null) lines.set(`use ${equipment} cycles`, `${equipment} has run 1 cycles since its calibration`);
  },
  "warm-up": ({ equipment }, asked, lines) => {
    const all = asked.flatMap((one) => (one.kind === "warm-up" && one.equipment === equipment ? [one.ms] : []));
    lines.set(`on ${equipment}`, onLine(equipment, Math.ceil(Math.max(...all) / 1000)));
  },
  use: ({ equipment, counter }, asked, lines) => {
    lines.set(`use ${equipment} ${counter}`, useLine(equipment, counter, "1"));
    lines.set(`planned ${counter}`, `the test is planned for ${plannedFor(counter, asked)} ${wordOf(counter)}`);
  },
  events: ({ equipment }, _, lines) => {
    if (!lines.has(`calibration ${equipment}`))
      lines.set(`calibration ${equipment}`, calibrationLine(equipment, TODAY));
  },
  acknowledgement: ({ step, who }, _, lines) => {
    const people = who.kind === "people" ? who.count : 1;
    for (let index = 1; index <= people; index++) {
      lines.set(`ack ${step} ${index}`, ackLine(step, `STF-${index}`, who.kind === "role" ? who.role : null, NOW));
    }
  },
  "shelf-life": ({ material, openedWithin }, _, lines) => {
    const opened = openedWithin === null && !lines.get(`lot ${material}`)?.includes("opened") ? null : TODAY;
    lines.set(`lot ${material}`, lotLine(material, TODAY + 365, opened));
  },
  "check-list": ({ equipment }, _, lines) => {
    lines.set(`check ${equipment}`, checkLine(equipment, NOW, "pass"));
  },
};

function write(clause: BundleClause, asked: readonly BundleClause[], lines: Map<string, string>): void {
  const writer = writers[clause.kind] as
    | ((clause: BundleClause, asked: readonly BundleClause[], lines: Map<string, string>) => void)
    | undefined;
  writer?.(clause, asked, lines);
}

export const onLine = (equipment: string, seconds: number): string => `${equipment} has been on for ${seconds} seconds`;
export const wordOf = (counter: "hours" | "cycles"): string => (counter === "hours" ? "use-hours" : "cycles");
export const useLine = (equipment: string, counter: "hours" | "cycles", used: string): string =>
  `${equipment} has run ${used} ${wordOf(counter)} since its service`;
export const ackLine = (step: string, by: string, role: string | null, at: WallTime): string =>
  `${quoted(step)} was acknowledged by "${by}"${role === null ? "" : ` as ${role}`} at ${wallText(at)}`;
export const lotLine = (material: string, expires: number, opened: number | null): string =>
  `${material} expires on ${printDate(expires)}${opened === null ? "" : `, opened on ${printDate(opened)}`}`;
export const checkLine = (equipment: string, at: WallTime, result: string): string =>
  `${equipment} was checked by "${OPERATOR}" at ${wallText(at)} with result ${result}`;

/** Planned use that fits into the smallest limit. */
export function plannedFor(counter: "hours" | "cycles", asked: readonly BundleClause[]): string {
  const limits = asked.flatMap((one) => (one.kind === "use" && one.counter === counter ? [one.every] : []));
  return limits.some((limit) => Number(limit) < 2) ? "0" : "1";
}

/** A reading with what the clauses about it ask of it: instrument and settling. */
export function readingLine(
  name: string,
  value: string,
  unit: string,
  asked: readonly BundleClause[],
  bundle: Bundle,
  at: WallTime,
  change: { readonly settledSeconds?: number; readonly without?: boolean } = {},
): string {
  const about = clausesAbout(name, asked, bundle);
  const instrument = about.find(({ readWith }) => readWith !== null)?.readWith ?? null;
  const settled =
    change.settledSeconds ?? Math.max(0, ...about.map(({ settledMs }) => Math.ceil((settledMs ?? 0) / 1000)));
  const tool = instrument === null || change.without === true ? "" : ` with ${instrument}`;
  return `${name} reads ${value} ${unit} at ${wallText(at)}${tool}${settled === 0 ? "" : ` settled for ${settled} seconds`}`;
}

/** Reading clauses that the reading of a name has a part in. */
export function clausesAbout(name: string, asked: readonly BundleClause[], bundle: Bundle): readonly ReadingClause[] {
  return asked
    .filter((one) => one.kind === "reading")
    .filter(({ quantity }) => {
      const difference = bundle.quantities.find((one) => one.name === quantity)?.difference ?? null;
      return quantity === name || difference?.left === name || difference?.right === name;
    });
}

export const decimal = (text: string): Rational => parseDecimal(text) ?? { n: 0n, d: 1n };
/** `text` moved by one unit of its last place. */
export function nudged(text: string, by: 1 | -1): string {
  const places = text.split(".")[1]?.length ?? 0;
  const step = { n: 1n, d: 10n ** BigInt(places) };
  return exactDecimal(by === 1 ? add(decimal(text), step) : subtract(decimal(text), step)) ?? text;
}
/** A value in another unit as a decimal; undefined where it has no end. */
export function inUnit(value: Rational, from: string, to: string, difference = false): string | undefined {
  const [a, b] = [findUnit(from), findUnit(to)];
  const found = a === undefined || b === undefined ? undefined : convert(value, a, b, { difference });
  return found === undefined ? undefined : exactDecimal(found);
}
export const isAtMost = (a: string, b: string): boolean => compare(decimal(a), decimal(b)) <= 0;

/** Whether evidence of that time counts for all these clauses, and for the instruments that they name. */
export function allFresh(
  clauses: readonly { readonly freshness: ReadingClause["freshness"] }[],
  at: WallTime,
): boolean {
  return clauses.every(({ freshness }) => {
    const edges = edgesOf(freshness);
    return edges === null || (edges !== undefined && !isBefore(at, edges.good));
  });
}
