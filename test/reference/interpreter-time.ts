/**
 * Time in the test interpreter: Date and Intl only, nothing of the project's calendar or its transitions table.
 * Instants are epoch milliseconds; a day is the number of days from 1970-01-01 to it. Source: decisions.md B7, B8.
 */
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

interface Ymd {
  readonly year: number;
  /** 0 to 11. */
  readonly month: number;
  readonly date: number;
}

/** The day of a year, month and date; a date beyond the month's end runs on into the next month. */
export function dayOfYmd(year: number, month: number, date: number): number {
  const instant = new Date(0);
  instant.setUTCFullYear(year, month, date);
  return instant.getTime() / DAY;
}

export function ymdOf(day: number): Ymd {
  const date = new Date(day * DAY);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth(), date: date.getUTCDate() };
}

/** `2026-11-24`; undefined where there is no such day. */
export function readDay(text: string): number | undefined {
  const [, year, month, date] = /^(\d\d\d\d)-(\d\d)-(\d\d)$/.exec(text) ?? [];
  if (year === undefined) return undefined;
  const day = dayOfYmd(Number(year), Number(month) - 1, Number(date));
  const back = ymdOf(day);
  return back.month === Number(month) - 1 && back.date === Number(date) ? day : undefined;
}

/** `2026-11` means its last day. Source: B14. */
export function readMonthEnd(text: string): number | undefined {
  const first = readDay(`${text}-01`);
  if (first === undefined) return undefined;
  const { year, month } = ymdOf(first);
  return dayOfYmd(year, month + 1, 0);
}

/** `06:00` in minutes from midnight. */
export function readTimeOfDay(text: string): number | undefined {
  const [, hour, minute] = /^(\d\d):(\d\d)$/.exec(text) ?? [];
  if (hour === undefined || Number(hour) > 23 || Number(minute) > 59) return undefined;
  return Number(hour) * 60 + Number(minute);
}

/** RFC 3339 with an offset; one without an offset is no instant. */
export function readInstant(text: string): number | undefined {
  const [, date = "", clock = "", seconds = "00", decimals = "", zone = ""] =
    /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)$/i.exec(text) ?? [];
  const [day, minutes] = [readDay(date), readTimeOfDay(clock)];
  const east = zone.toUpperCase() === "Z" ? 0 : readTimeOfDay(zone.slice(1));
  if (day === undefined || minutes === undefined || east === undefined || Number(seconds) > 60) return undefined;
  const ms = Math.min(Number(seconds), 59) * 1000 + Number(decimals.padEnd(3, "0").slice(0, 3));
  return day * DAY + minutes * MINUTE + ms - (zone.startsWith("-") ? -1 : 1) * east * MINUTE;
}

/** Same date that many months later, else that month's last day. Source: B8. */
export function monthsLater(day: number, months: number): number {
  const { year, month, date } = ymdOf(day);
  const last = dayOfYmd(year, month + months + 1, 0);
  return Math.min(dayOfYmd(year, month + months, 1) + date - 1, last);
}

export type Duration =
  | { readonly kind: "elapsed"; readonly ms: number }
  | { readonly kind: "calendar"; readonly days: number; readonly months: number };

export const daysLater = (day: number, { days, months }: Extract<Duration, { kind: "calendar" }>, sign = 1): number =>
  months === 0 ? day + sign * days : monthsLater(day, sign * months);

export interface PlantTime {
  readonly dayOf: (instant: number) => number;
  /** A wall time of a day: the first of two, and the jump itself where there is none. */
  readonly instantOf: (day: number, minutes: number) => number;
  readonly midnight: (day: number) => number;
}

/** Clocks change at a whole minute, mostly at a quarter of an hour: what both ends of a quarter agree on holds within it. */
const SLOT = 15 * MINUTE;
const MOST_REMEMBERED = 50_000;

function offsetsOf(zone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    ...{ timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric" },
    ...{ hour: "numeric", minute: "numeric", second: "numeric", era: "short" },
  });
  const known = new Map<number, number>();
  const shown = (instant: number): number => {
    const before = known.get(instant);
    if (before !== undefined) return before;
    const text = format.format(instant);
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = (text.match(/\d+/g) ?? []).map(Number);
    const date = dayOfYmd(text.includes("BC") ? 1 - year : year, month - 1, day);
    const offset = date * DAY + hour * HOUR + minute * MINUTE + second * 1000 - instant;
    if (known.size > MOST_REMEMBERED) known.clear();
    known.set(instant, offset);
    return offset;
  };
  return (asked) => {
    // A release's transitions begin with 1970; before, its first offset is kept. decisions.md does not speak of older evidence.
    const instant = Math.max(asked, 0);
    const start = Math.floor(instant / SLOT) * SLOT;
    const offset = shown(start);
    return offset === shown(start + SLOT) ? offset : shown(Math.floor(instant / MINUTE) * MINUTE);
  };
}

function wallTime(local: number, offset: (instant: number) => number): number {
  const offsets = [-26, -13, 0, 13, 26].map((hours) => offset(local + hours * HOUR));
  const meant = offsets.map((east) => local - east).filter((instant) => instant + offset(instant) === local);
  if (meant.length > 0) return Math.min(...meant);
  // Nobody's clock shows it: the clocks jump over it, somewhere between the two ways to read it.
  let before = local - Math.max(...offsets);
  let after = local - Math.min(...offsets);
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (middle + offset(middle) < local) before = middle;
    else after = middle;
  }
  return after;
}

const zones = new Map<string, PlantTime>();

/** @throws RangeError for a zone that Intl does not know */
export function plantTime(zone: string): PlantTime {
  const opened = zones.get(zone);
  if (opened !== undefined) return opened;
  const offset = offsetsOf(zone);
  const walls = new Map<number, number>();
  const instantOf = (day: number, minutes: number): number => {
    const local = day * DAY + minutes * MINUTE;
    const before = walls.get(local);
    if (before !== undefined) return before;
    const instant = wallTime(local, offset);
    if (walls.size > MOST_REMEMBERED) walls.clear();
    walls.set(local, instant);
    return instant;
  };
  const time: PlantTime = {
    dayOf: (instant) => Math.floor((instant + offset(instant)) / DAY),
    instantOf,
    midnight: (day) => instantOf(day, 0),
  };
  zones.set(zone, time);
  return time;
}
