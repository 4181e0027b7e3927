import { assert } from "./assert.ts";

/**
 * Civil dates and instants as plain arithmetic on the proleptic Gregorian calendar: no Date, no Intl, no clock.
 * A day number counts days from 1970-01-01, an instant is epoch milliseconds, a local time is the milliseconds that a clock
 * in UTC showing the same digits would have. Source: Hinnant, "chrono-compatible low-level date algorithms"; RFC 3339.
 */
export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

export const DAY_MS = 86_400_000;

const pad = (value: number, width: number): string => String(value).padStart(width, "0");

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

/** Days of a month, 28 to 31. */
export function daysInMonth(year: number, month: number): number {
  return month === 2 ? (isLeap(year) ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Day number of a civil date that exists. */
export function dayNumber(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export function civilDate(dayNumber: number): CivilDate {
  const shifted = dayNumber + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1,
  };
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const MONTH = /^(\d{4})-(\d{2})$/;
const TIME_OF_DAY = /^(\d{2}):(\d{2})$/;
const LOCAL_TIME = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/;
const INSTANT = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** `2026-11-24` as a day number, or undefined where no such day exists. */
export function parseDate(text: string): number | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  return dayNumber(year, month, day);
}

/** The last day of `2026-11` as a day number, or undefined. */
export function parseMonthEnd(text: string): number | undefined {
  const match = MONTH.exec(text);
  if (match === null) return undefined;
  const [year, month] = [Number(match[1]), Number(match[2])];
  return month < 1 || month > 12 ? undefined : dayNumber(year, month, daysInMonth(year, month));
}

/** `06:00` as minutes from midnight, 0 to 1439, or undefined. */
export function parseTimeOfDay(text: string): number | undefined {
  const match = TIME_OF_DAY.exec(text);
  if (match === null) return undefined;
  const [hour, minute] = [Number(match[1]), Number(match[2])];
  return hour > 23 || minute > 59 ? undefined : hour * 60 + minute;
}

/**
 * An RFC 3339 instant with its offset as epoch milliseconds (finer fractions are cut, seconds may be left out).
 * Undefined where it cannot be read, and where it has no offset: such a text names no instant.
 */
export function parseInstant(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const local = localMs(match[1], match[2], match[3], match[4], match[5]);
  if (local === undefined) return undefined;
  const [hours, minutes] = [Number(match[7] ?? 0), Number(match[8] ?? 0)];
  if (hours > 23 || minutes > 59) return undefined;
  return local - (match[6] === "-" ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** `2026-11-24T09:00` without an offset as local milliseconds, or undefined. */
export function parseLocalTime(text: string): number | undefined {
  const match = LOCAL_TIME.exec(text);
  return match === null ? undefined : localMs(match[1], match[2], match[3], match[4], match[5]);
}

function localMs(date = "", hour = "", minute = "", second = "0", fraction = ""): number | undefined {
  const day = parseDate(date);
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  if (day === undefined || h > 23 || m > 59 || s > 60) return undefined;
  // A leap second is the last one of its minute: no limit here is so fine that it would matter.
  return day * DAY_MS + ((h * 60 + m) * 60 + Math.min(s, 59)) * 1000 + Number(fraction.padEnd(3, "0").slice(0, 3));
}

/** `2026-11-24` */
export function printDate(dayNumber: number): string {
  const { year, month, day } = civilDate(dayNumber);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

/**
 * An instant as RFC 3339 in UTC with milliseconds, `2026-11-24T00:05:00.000Z`. `epochMs` is a whole number of years 0 to 9999.
 * @throws AssertionFailed for anything else
 */
export function printUtc(epochMs: number): string {
  assert(Number.isSafeInteger(epochMs), "an instant is a whole number of milliseconds");
  const day = Math.floor(epochMs / DAY_MS);
  const ms = epochMs - day * DAY_MS;
  assert(civilDate(day).year >= 0 && civilDate(day).year <= 9999, "RFC 3339 has years of four digits");
  const time = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1000) % 60];
  return `${printDate(day)}T${time.map((part) => pad(part, 2)).join(":")}.${pad(ms % 1000, 3)}Z`;
}

/** `2026-11-24T09:00:00.000-06:00`; seconds of an offset (before 1972 in some zones) are cut from the offset and the time alike. */
export function printWithOffset(epochMs: number, offsetSeconds: number): string {
  assert(Number.isFinite(offsetSeconds), "an offset is a number of seconds");
  const minutes = Math.trunc(offsetSeconds / 60);
  const size = Math.abs(minutes);
  const local = printUtc(epochMs + minutes * 60_000).slice(0, -1);
  return `${local}${minutes < 0 ? "-" : "+"}${pad(Math.floor(size / 60), 2)}:${pad(size % 60, 2)}`;
}

/** Same day of the month `months` later (or earlier), else that month's last day. Source: decisions.md B8. */
export function addMonths(dayNo: number, months: number): number {
  const { year, month, day } = civilDate(dayNo);
  const index = year * 12 + (month - 1) + months;
  const toYear = Math.floor(index / 12);
  const toMonth = index - toYear * 12 + 1;
  return dayNumber(toYear, toMonth, Math.min(day, daysInMonth(toYear, toMonth)));
}

/** 0 is Monday, 6 is Sunday. */
export function weekday(dayNo: number): number {
  return (((dayNo + 3) % 7) + 7) % 7;
}

/** The Monday on or before. */
export const startOfWeek = (dayNo: number): number => dayNo - weekday(dayNo);

export const startOfMonth = (dayNo: number): number => dayNo - civilDate(dayNo).day + 1;

/** First day of the quarter that begins in January, April, July or October. */
export function startOfQuarter(dayNo: number): number {
  const { year, month } = civilDate(dayNo);
  return dayNumber(year, month - ((month - 1) % 3), 1);
}
