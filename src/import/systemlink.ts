import { addMonths, parseDate, parseInstant, printDate } from "../base/civil-time.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { isJsonArray, isJsonNumber, isJsonObject, type JsonObject, parseStrictJson } from "../base/strict-json.ts";
import { MAX_IMPORT_BYTES, MAX_JSON_DEPTH } from "../model/limits.ts";
import type { PlantCalendar } from "../model/plant-calendar.ts";
import {
  type CalibrationResult,
  type CalibrationRow,
  type ImportedCalibrations,
  type ImportRemark,
  isPlaceholderDate,
  type RejectedRow,
  shownValue,
} from "./calibration-row.ts";

/** Members of an asset that can name it here. */
export const SYSTEMLINK_NAMES = ["assetName", "serialNumber", "id"] as const;

export interface SystemLinkOptions {
  /** The plant's, since an instant of calibration has a day only somewhere. */
  readonly calendar: PlantCalendar;
  readonly nameFrom: (typeof SYSTEMLINK_NAMES)[number];
  /** SystemLink keeps no result: it holds for each asset on the word of the person who imports. */
  readonly result?: CalibrationResult;
}

/**
 * Assets as SystemLink's asset management API answers them, `{assets: […]}` or the list alone. Taken are external
 * calibrations; `recommendedInterval` counts in months, and where `nextRecommendedDate` stands too the earlier governs.
 * Fails where the text is no such JSON. Source: NI SystemLink, niapm asset schema.
 */
export function readSystemLink(text: string, options: SystemLinkOptions): Result<ImportedCalibrations, string> {
  const parsed = parseStrictJson(text.replace(/^\ufeff/, ""), {
    maxLength: MAX_IMPORT_BYTES,
    maxDepth: MAX_JSON_DEPTH,
  });
  if (!parsed.ok) return fail(`line ${parsed.error.line}, column ${parsed.error.column}: ${parsed.error.message}`);
  const list = isJsonObject(parsed.value) ? parsed.value.get("assets") : parsed.value;
  if (!isJsonArray(list)) return fail('holds no "assets"');
  const rows: CalibrationRow[] = [];
  const rejected: RejectedRow[] = [];
  const remarks: ImportRemark[] = [
    { field: "selfCalibration", message: "is no calibration against a standard and is not taken over" },
    { field: "externalCalibration", message: "who did it, comments and checksum are not taken over" },
  ];
  const seen = new Map<string, number>();
  for (const [at, asset] of list.entries()) {
    const line = at + 1;
    const reject = (column: string, value: string, why: string): void =>
      void rejected.push({ line, column, value: shownValue(value), why });
    if (!isJsonObject(asset)) {
      reject("", "", "is no object");
      continue;
    }
    const name = textOf(asset, options.nameFrom) ?? "";
    if (!isJsonObject(asset.get("externalCalibration"))) {
      remarks.push({ field: `assets[${at}]`, message: `${shownValue(name) || "it"} has no external calibration` });
      continue;
    }
    const twin = seen.get(name);
    if (name === "") reject(options.nameFrom, "", "is missing or no text");
    else if (twin !== undefined) reject(options.nameFrom, name, `is the name of asset ${twin} too`);
    else {
      seen.set(name, line);
      const row = readAsset(asset, name, line, options, reject);
      if (row !== undefined) rows.push(row);
    }
  }
  return ok({ rows, rejected, remarks });
}

type Reject = (column: string, value: string, why: string) => void;

function readAsset(
  asset: JsonObject,
  name: string,
  line: number,
  { calendar, result }: SystemLinkOptions,
  reject: Reject,
): CalibrationRow | undefined {
  const external = asset.get("externalCalibration") as JsonObject;
  const performedOn = dayOf(external, "date", calendar, reject);
  const interval = monthsOf(external, reject);
  const next = external.has("nextRecommendedDate") ? dayOf(external, "nextRecommendedDate", calendar, reject) : null;
  if (external.get("isLimited") === true)
    reject(
      "externalCalibration.isLimited",
      "true",
      "covers a part of the asset only: a person decides which tests it carries",
    );
  if (result === undefined) reject("", name, "SystemLink keeps no result: say --result");
  const fine = external.get("isLimited") !== true && result !== undefined;
  if (!fine || performedOn === undefined || interval === undefined || next === undefined) return undefined;
  const dueDays = [
    interval === null ? undefined : addMonths(parseDate(performedOn) ?? 0, interval),
    parseDate(next ?? ""),
  ];
  const due = dueDays.filter((day) => day !== undefined);
  const serial = textOf(asset, "serialNumber");
  return {
    place: `asset ${line}`,
    asset: name,
    performedOn,
    result,
    ...(due.length === 0 ? {} : { dueOn: printDate(Math.min(...due)) }),
    ...(serial === undefined ? {} : { assetSerial: serial }),
  };
}

function textOf(fields: JsonObject, name: string): string | undefined {
  const value = fields.get(name);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

/** The plant day of an instant. */
function dayOf(external: JsonObject, field: string, calendar: PlantCalendar, reject: Reject): string | undefined {
  const written = textOf(external, field) ?? "";
  const instant = parseInstant(written);
  const column = `externalCalibration.${field}`;
  if (instant === undefined) {
    reject(column, written, written === "" ? "is missing or no text" : "is no instant with an offset");
    return undefined;
  }
  if (isPlaceholderDate(written.slice(0, 10)) || isPlaceholderDate(printDate(calendar.dayOf(instant)))) {
    reject(column, written, "is a placeholder, not a date");
    return undefined;
  }
  return printDate(calendar.dayOf(instant));
}

const MAX_MONTHS = 1_200;

/** Null where none is recommended. */
function monthsOf(external: JsonObject, reject: Reject): number | null | undefined {
  const given = external.get("recommendedInterval") ?? null;
  if (given === null) return null;
  const months = isJsonNumber(given) && /^\d+$/.test(given.text) ? Number(given.text) : Number.NaN;
  if (months >= 1 && months <= MAX_MONTHS) return months;
  const shown = isJsonNumber(given) ? given.text : String(given);
  reject("externalCalibration.recommendedInterval", shown, "is no whole number of months");
  return undefined;
}
