/** One calibration taken from somebody's file, before a node was asked whether it knows the asset. */
export interface CalibrationRow {
  /** Where it stands in the file, `line 12`, `asset 3`. */
  readonly place: string;
  /** What the file or `--asset` calls it: role or asset id. */
  readonly asset: string;
  /** Plant day, `2026-06-01`. */
  readonly performedOn: string;
  readonly dueOn?: string;
  readonly result: CalibrationResult;
  readonly certificate?: string;
  readonly assetSerial?: string;
  readonly asFound?: Tolerance;
  readonly asLeft?: Tolerance;
  /** Absent where the file carries no signature; anything but `valid` blocks. Source: decisions.md, the snapshot. */
  readonly signature?: "valid" | "invalid" | "untrusted" | "revoked";
  /** Instant in UTC from which the certificate no longer counts. Source: decisions.md B11. */
  readonly revokedAt?: string;
  /** Lowest and highest value as written, unit of the house's table. */
  readonly ranges?: readonly (readonly [low: string, high: string, unit: string])[];
  readonly references?: readonly string[];
}

export const CALIBRATION_RESULTS = ["pass", "fail", "pass-with-correction"] as const;
export type CalibrationResult = (typeof CALIBRATION_RESULTS)[number];
export const TOLERANCES = ["in-tolerance", "out-of-tolerance"] as const;
export type Tolerance = (typeof TOLERANCES)[number];

/** What was not taken, exactly where and why. */
export interface RejectedRow {
  /** Line of the file from 1; of a JSON list, the place of the item from 1. */
  readonly line: number;
  /** Column or field; empty where the whole row is meant. */
  readonly column: string;
  readonly value: string;
  readonly why: string;
}

/** What the file holds that evidence has no place for, or that nobody checked. */
export interface ImportRemark {
  /** Column, field or element. */
  readonly field: string;
  readonly message: string;
}

export interface ImportedCalibrations {
  readonly rows: readonly CalibrationRow[];
  readonly rejected: readonly RejectedRow[];
  readonly remarks: readonly ImportRemark[];
}

/** Dates that only fill a field. Source: decisions.md B4. */
const PLACEHOLDERS: ReadonlySet<string> = new Set(["0001-01-01", "1900-01-01", "1970-01-01", "9999-12-31"]);
export const isPlaceholderDate = (date: string): boolean => PLACEHOLDERS.has(date);

/** Longer than any number, name or date that a certificate carries; the agent takes no more either. */
export const MAX_CELL_LENGTH = 512;

/** A value as a report shows it: one line, not the whole of a cell that swallowed a file. */
export const shownValue = (value: string): string => (value.length > 80 ? `${value.slice(0, 79)}…` : value);
