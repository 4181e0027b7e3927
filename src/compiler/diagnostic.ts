/** Where something stands in a file: from the first character to behind the last, lines and columns from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export const DIAGNOSTIC_CODES = [
  "conflicting-limits",
  "contradiction",
  "duplicate-contract",
  "duplicate-name",
  "empty-condition",
  "empty-contract",
  "limit-exceeded",
  "loosens",
  "missing-unit",
  "never-blocks",
  "no-freshness",
  "override-of-lockout",
  "override-unknown-reason",
  "redundant",
  "syntax",
  "template-argument",
  "test-unknown-condition",
  "undecided",
  "unit-mismatch",
  "unknown-name",
  "unknown-unit",
  "unsatisfiable",
  "unused-name",
  "version-in-contract",
  "wrong-kind",
] as const;
export type DiagnosticCode = (typeof DIAGNOSTIC_CODES)[number];

export type DiagnosticSeverity = "error" | "warning";

/** Codes that warn; every other code is an error. Source: language.md "Diagnostics". */
const warnings: ReadonlySet<DiagnosticCode> = new Set([
  "conflicting-limits",
  "never-blocks",
  "redundant",
  "undecided",
  "unused-name",
]);

export const severityOf = (code: DiagnosticCode): DiagnosticSeverity => (warnings.has(code) ? "warning" : "error");

/** The other thing a diagnostic is about, such as the earlier declaration. */
export interface Related {
  readonly file: string;
  readonly place: Place;
  readonly message: string;
}

/** Text that would put it right: it replaces what stands at `place`. */
export interface Fix {
  readonly place: Place;
  readonly text: string;
  readonly title: string;
}

/** What a check says: the driver adds code, severity and file. */
export interface Finding {
  readonly place: Place;
  readonly message: string;
  readonly help?: string;
  readonly related?: readonly Related[];
  readonly fix?: Fix;
}

export interface Diagnostic {
  readonly file: string;
  readonly code: DiagnosticCode;
  readonly severity: DiagnosticSeverity;
  readonly place: Place;
  readonly message: string;
  readonly help: string | null;
  readonly related: readonly Related[];
  readonly fix: Fix | null;
}

export function diagnostic(code: DiagnosticCode, file: string, finding: Finding): Diagnostic {
  const { place, message, help, related, fix } = finding;
  return {
    file,
    code,
    severity: severityOf(code),
    place,
    message,
    help: help ?? null,
    related: related ?? [],
    fix: fix ?? null,
  };
}

/** By file as given, then place, then code: the same order on every machine. */
export function inOrder(diagnostics: readonly Diagnostic[], files: readonly string[]): Diagnostic[] {
  const rank = new Map(files.map((file, index) => [file, index]));
  const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...diagnostics].sort(
    (a, b) =>
      (rank.get(a.file) ?? 0) - (rank.get(b.file) ?? 0) ||
      a.place.line - b.place.line ||
      a.place.column - b.place.column ||
      byCode(a.code, b.code),
  );
}
