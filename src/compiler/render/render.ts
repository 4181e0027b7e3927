import type { Diagnostic } from "../diagnostic.ts";
import { renderGithub } from "./github.ts";
import { renderJson } from "./json.ts";
import { renderSarif } from "./sarif.ts";
import { renderText } from "./text.ts";

export const DIAGNOSTIC_FORMATS = ["text", "json", "github", "sarif"] as const;
export type DiagnosticFormat = (typeof DIAGNOSTIC_FORMATS)[number];

export type Paint = (style: "error" | "warning" | "bold" | "faint", text: string) => string;

export interface RenderOptions {
  /** The text of a checked file, for the excerpt; undefined where it cannot be shown. */
  readonly textOf: (file: string) => string | undefined;
  /** Colours, where the reader is a terminal. */
  readonly paint?: Paint;
}

const renderers: {
  readonly [F in DiagnosticFormat]: (diagnostics: readonly Diagnostic[], options: RenderOptions) => string;
} = { text: renderText, json: renderJson, github: renderGithub, sarif: renderSarif };

export const renderDiagnostics = (
  format: DiagnosticFormat,
  diagnostics: readonly Diagnostic[],
  options: RenderOptions,
): string => renderers[format](diagnostics, options);
