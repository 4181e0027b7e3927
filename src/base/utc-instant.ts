import { assert } from "./assert.ts";

const DAY_MS = 86_400_000;
const pad = (value: number, width: number): string => String(value).padStart(width, "0");

/**
 * An instant as RFC 3339 in UTC with milliseconds, `2026-11-24T00:05:00.000Z`. `epochMs` is a whole number of years 0 to 9999.
 * Pure, so that the parts which may ask no clock can still print one. Source: Hinnant, "chrono-compatible low-level date algorithms".
 */
export function utcInstant(epochMs: number): string {
  assert(Number.isSafeInteger(epochMs), "an instant is a whole number of milliseconds");
  const days = Math.floor(epochMs / DAY_MS);
  const ms = epochMs - days * DAY_MS;
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  assert(year >= 0 && year <= 9999, "RFC 3339 has years of four digits");
  const time = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1000) % 60];
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${time.map((part) => pad(part, 2)).join(":")}.${pad(ms % 1000, 3)}Z`;
}
