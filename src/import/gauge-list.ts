import { CsvError, type Info, parse } from "csv-parse/sync";
import { fail, ok, type Result } from "../base/result.ts";
import { MAX_GAUGE_LIST_ROWS } from "../model/limits.ts";
import {
  CALIBRATION_RESULTS,
  type CalibrationResult,
  type CalibrationRow,
  type ImportedCalibrations,
  type ImportRemark,
  isPlaceholderDate,
  MAX_CELL_LENGTH,
  type RejectedRow,
  shownValue,
  TOLERANCES,
} from "./calibration-row.ts";
import type { DateForm } from "./written-date.ts";

/** What a column of a list can be taken for. */
export const GAUGE_FIELDS = [
  "asset",
  "serial",
  "performedOn",
  "dueOn",
  "result",
  "certificate",
  "asFound",
  "asLeft",
  "reference",
] as const;
export type GaugeField = (typeof GAUGE_FIELDS)[number];

export interface GaugeListOptions {
  /** Field → the column's name in the first line. `asset` and `performedOn` are needed. */
  readonly columns: ReadonlyMap<GaugeField, string>;
  readonly dates: DateForm;
  /** How the form is written, for the report. */
  readonly datesWritten: string;
  /** The list's own words for results: `AAA` → `pass`. */
  readonly words: ReadonlyMap<string, CalibrationResult>;
  /** What holds for each row where the list has no column for the result, on the word of the person who imports. */
  readonly result?: CalibrationResult;
  /** One character, else a comma. */
  readonly delimiter?: string;
}

interface Line {
  readonly cells: readonly string[];
  readonly line: number;
}

/**
 * A CSV list of gauges, its first line the names of the columns, read with a mapping and one form of dates. Every row is
 * either taken or rejected with its line, column, value and reason. Fails where the list as a whole cannot be read.
 */
export function readGaugeList(text: string, options: GaugeListOptions): Result<ImportedCalibrations, string> {
  const { read, broken } = linesOf(text, options.delimiter ?? ",");
  const [header, ...rest] = read;
  if (header === undefined) return fail("the list is empty: its first line names the columns");
  const names = header.cells.map((name) => name.trim());
  const places = new Map<GaugeField, number>();
  for (const [field, column] of options.columns) {
    const at = names.indexOf(column);
    if (at < 0) return fail(`there is no column "${column}"; there are ${names.join(", ")}`);
    if (names.indexOf(column, at + 1) >= 0) return fail(`two columns are called "${column}"`);
    places.set(field, at);
  }
  if (rest.length > MAX_GAUGE_LIST_ROWS) return fail(`the list has more than ${MAX_GAUGE_LIST_ROWS} rows`);
  const rows: CalibrationRow[] = [];
  const rejected: RejectedRow[] = [...broken];
  const seen = new Map<string, number>();
  for (const { cells, line } of rest) {
    const row = readRow({ cells, line }, { ...options, names, places });
    const twin = row.ok ? seen.get(keyOf(row.value)) : undefined;
    if (!row.ok) rejected.push(...row.error);
    else if (twin !== undefined)
      rejected.push({ line, column: "", value: row.value.asset, why: `is the same calibration as on line ${twin}` });
    else {
      seen.set(keyOf(row.value), line);
      rows.push(row.value);
    }
  }
  rejected.sort((a, b) => a.line - b.line);
  return ok({ rows, rejected, remarks: unusedColumns(names, new Set(places.values())) });
}

const keyOf = ({ asset, certificate, performedOn }: CalibrationRow): string =>
  JSON.stringify([asset, certificate, performedOn]);

function unusedColumns(names: readonly string[], used: ReadonlySet<number>): readonly ImportRemark[] {
  return names
    .filter((_name, at) => !used.has(at))
    .map((name) => ({ field: name, message: "the column is not taken over" }));
}

interface ParsedLine {
  readonly record: readonly string[];
  readonly info: Info;
}
interface Lines {
  readonly read: readonly Line[];
  readonly broken: readonly RejectedRow[];
}

/**
 * The list's rows. A broken quote would swallow what follows it, so that rows went missing without a word: such a list is
 * read again line by line, and only its broken lines are rejected.
 */
function linesOf(text: string, delimiter: string): Lines {
  const plain = text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  const whole = rowsOf(plain, delimiter);
  if (whole.ok) return { read: whole.value, broken: [] };
  const read: Line[] = [];
  const broken: RejectedRow[] = [];
  for (const [at, row] of plain.split("\n").entries()) {
    const one = rowsOf(row, delimiter);
    if (one.ok) read.push(...one.value.map(({ cells }) => ({ cells, line: at + 1 })));
    else broken.push({ line: at + 1, column: "", value: shownValue(row), why: `is no CSV: ${one.error}` });
  }
  return { read, broken };
}

function rowsOf(text: string, delimiter: string): Result<readonly Line[], string> {
  try {
    const parsed = parse(text, {
      delimiter,
      info: true,
      record_delimiter: "\n",
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown as readonly ParsedLine[];
    // A row that spans lines is told by its last one, as the parser counts.
    return ok(parsed.map(({ record, info }) => ({ cells: record, line: info.lines })));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return fail(error.message);
  }
}

interface RowContext extends GaugeListOptions {
  readonly names: readonly string[];
  readonly places: ReadonlyMap<GaugeField, number>;
}

function readRow({ cells, line }: Line, context: RowContext): Result<CalibrationRow, readonly RejectedRow[]> {
  const { names, places } = context;
  if (cells.length !== names.length) {
    const why = `has ${cells.length} cells, the first line names ${names.length} columns`;
    return fail([{ line, column: "", value: shownValue(cells.join(" ")), why }]);
  }
  const faults: RejectedRow[] = [];
  const cell = (field: GaugeField): string => cells[places.get(field) ?? -1]?.trim() ?? "";
  const reject = (field: GaugeField, why: string): undefined =>
    void faults.push({ line, column: context.columns.get(field) ?? field, value: shownValue(cell(field)), why });
  for (const field of places.keys()) {
    if (cell(field).length > MAX_CELL_LENGTH) reject(field, `is longer than ${MAX_CELL_LENGTH} characters`);
    else if (/[\r\n]/.test(cell(field))) reject(field, "holds a line break: is a quote missing?");
  }
  const day = (field: "performedOn" | "dueOn"): string | undefined => {
    const written = cell(field);
    if (written === "") return field === "dueOn" ? undefined : reject(field, "is empty");
    const date = context.dates.read(written);
    if (date === undefined) return reject(field, `is no date of the form ${context.datesWritten}`);
    return isPlaceholderDate(date) ? reject(field, "is a placeholder, not a date") : date;
  };
  if (cell("asset") === "") reject("asset", "is empty");
  const performedOn = day("performedOn");
  const dueOn = day("dueOn");
  if (performedOn !== undefined && dueOn !== undefined && dueOn < performedOn)
    reject("dueOn", `lies before the calibration of ${performedOn}`);
  const result = resultOf(cell("result"), context);
  if (result === undefined) reject("result", whyNoResult(cell("result"), context));
  const found = tolerance(cell("asFound"));
  const left = tolerance(cell("asLeft"));
  if (found === null) reject("asFound", `is neither ${TOLERANCES.join(" nor ")}`);
  if (left === null) reject("asLeft", `is neither ${TOLERANCES.join(" nor ")}`);
  if (faults.length > 0 || performedOn === undefined || result === undefined) return fail(faults);
  return ok({
    place: `line ${line}`,
    asset: cell("asset"),
    performedOn,
    result,
    ...(dueOn === undefined ? {} : { dueOn }),
    ...(cell("certificate") === "" ? {} : { certificate: cell("certificate") }),
    ...(cell("serial") === "" ? {} : { assetSerial: cell("serial") }),
    ...(found == null ? {} : { asFound: found }),
    ...(left == null ? {} : { asLeft: left }),
    ...(cell("reference") === "" ? {} : { references: [cell("reference")] }),
  });
}

function resultOf(written: string, { words, result, places }: RowContext): CalibrationResult | undefined {
  if (!places.has("result")) return result;
  return words.get(written) ?? CALIBRATION_RESULTS.find((word) => word === written.toLowerCase());
}

const whyNoResult = (written: string, { places }: RowContext): string =>
  !places.has("result")
    ? "the list has no column for the result: map one, or say --result"
    : written === ""
      ? "is empty"
      : `says neither ${CALIBRATION_RESULTS.join(" nor ")}, and --results does not name it`;

/** Undefined where nothing is written, null where it is no tolerance. */
const tolerance = (written: string): (typeof TOLERANCES)[number] | undefined | null =>
  written === "" ? undefined : (TOLERANCES.find((word) => word === written.toLowerCase()) ?? null);
