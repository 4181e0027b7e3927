import { DAY_MS, dayNumber } from "../base/civil-time.ts";
import type { ZoneTransitions } from "../model/zone.ts";

const FROM_MS = 0;
const UNTIL_MS = dayNumber(2100, 1, 1) * DAY_MS;
/** Shorter than any stretch between two transitions of one zone (Ramadan's standard time in Morocco lasts a month). */
const PROBE_MS = 10 * DAY_MS;

const known = new Map<string, ZoneTransitions | undefined>();

/**
 * A zone's transitions from 1970 to 2100, taken from this Node's own tz data: what the hub signs and `maint eval` decides by.
 * Undefined for a zone that Node does not know. Takes about 30 ms, once a zone and process.
 */
export function zoneFromIntl(zone: string): ZoneTransitions | undefined {
  if (!known.has(zone)) known.set(zone, derive(zone));
  return known.get(zone);
}

/** Whether this Node's tz data has the zone; quick, no transitions are derived. */
export const isZoneOfIntl = (zone: string): boolean => formatOf(zone) !== undefined;

function derive(zone: string): ZoneTransitions | undefined {
  const format = formatOf(zone);
  if (format === undefined) return undefined;
  const offsetAt = (instant: number): number => offsetSeconds(format, instant);
  const transitions: [number, number][] = [[FROM_MS, offsetAt(FROM_MS)]];
  let offset = offsetAt(FROM_MS);
  for (let before = FROM_MS; before < UNTIL_MS; before += PROBE_MS) {
    const after = Math.min(before + PROBE_MS, UNTIL_MS);
    if (offsetAt(after) === offset) continue;
    const jump = firstAfter(before, after, offset, offsetAt);
    offset = offsetAt(jump);
    transitions.push([jump, offset]);
  }
  return {
    format: "maint-zone/1",
    zone,
    tzdata: process.versions["tz"] ?? "unknown",
    fromMs: FROM_MS,
    untilMs: UNTIL_MS,
    transitions,
  };
}

/** Only names count: `UTC` is one, `+05:30` and `` are not, though Intl takes them. */
function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  if (!/^[A-Za-z]/.test(zone)) return undefined;
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The first whole second after `before` whose offset is not `offset`; at `after` it is not. */
function firstAfter(before: number, after: number, offset: number, offsetAt: (instant: number) => number): number {
  let low = before;
  let high = after;
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2000) * 1000;
    if (offsetAt(middle) === offset) low = middle;
    else high = middle;
  }
  return high;
}

function offsetSeconds(format: Intl.DateTimeFormat, instant: number): number {
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = (
    format.format(instant).match(/\d+/g) ?? []
  ).map(Number);
  // 1970 begins on the last evening of 1969 west of Greenwich: the year is printed whole, so nothing is lost.
  return dayNumber(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - Math.floor(instant / 1000);
}
