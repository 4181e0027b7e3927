import type { Diagnostic } from "../diagnostic.ts";
import { renderGithub } from "./github.ts";
import { renderJson } from "./json.ts";
import type { RenderOptions } from "./options.ts";
import { renderSarif } from "./sarif.ts";
import { renderText } from "./text.ts";

export const DIAGNOSTIC_FORMATS = ["text", "json", "github", "sarif"] as const;
export type DiagnosticFormat = (typeof DIAGNOSTIC_FORMATS)[number];

const renderers: {
  readonly [F in DiagnosticFormat]: (diagnostics: readonly Diagnostic[], options: RenderOptions) => string;
} = { text: renderText, json: renderJson, github: renderGithub, sarif: renderSarif };

export const renderDiagnostics = (
  format: DiagnosticFormat,
  diagnostics: readonly Diagnostic[],
  options: RenderOptions,
): string => renderers[format](diagnostics, options);
