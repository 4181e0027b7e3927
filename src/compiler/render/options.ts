import type { DiagnosticCode } from "../diagnostic.ts";

export type Paint = (style: "error" | "warning" | "bold" | "faint", text: string) => string;

export interface RenderOptions {
  /** The text of a checked file, for the excerpt; undefined where it cannot be shown. */
  readonly textOf: (file: string) => string | undefined;
  /** The page of a code in Markdown, for the rules of SARIF. */
  readonly pageOf?: (code: DiagnosticCode) => string | undefined;
  /** The version of this package, for SARIF. */
  readonly toolVersion?: string;
  /** Colours, where the reader is a terminal. */
  readonly paint?: Paint;
}
