import { Command, Option } from "commander";
import {
  check,
  DIAGNOSTIC_FORMATS,
  type Diagnostic,
  type DiagnosticFormat,
  renderDiagnostics,
  type Source,
} from "../../compiler/index.ts";
import { paintFor } from "../paint.ts";
import { compileOptions, readContracts } from "../read-contracts.ts";

interface CheckOptions {
  readonly format: DiagnosticFormat;
  readonly json?: boolean;
  readonly strict?: boolean;
}

export function command(): Command {
  return new Command("check")
    .description("Check contracts, all files together, and say what is wrong with them.")
    .argument("[paths...]", "contract files, or folders that are searched for *.maint", ["."])
    .addOption(new Option("--format <format>", "how findings are printed").choices(DIAGNOSTIC_FORMATS).default("text"))
    .option("--json", "the same as --format json")
    .option("--strict", "exit 1 on warnings too")
    .addHelpText("after", "\nExample:\n  maint check contracts\n  maint explain unit-mismatch\n")
    .action(async (paths: string[], { format, json, strict }: CheckOptions) => {
      const sources = await readContracts(paths);
      const { diagnostics } = check(sources, compileOptions);
      process.stdout.write(report(json === true ? "json" : format, diagnostics, sources));
      process.exitCode = isBad(diagnostics, strict === true) ? 1 : 0;
    });
}

/** Whether findings end the process with 1. */
export const isBad = (diagnostics: readonly Diagnostic[], strict: boolean): boolean =>
  strict ? diagnostics.length > 0 : diagnostics.some(({ severity }) => severity === "error");

/** Findings in a format; as text with a last line that counts them. */
export function report(
  format: DiagnosticFormat,
  diagnostics: readonly Diagnostic[],
  sources: readonly Source[],
): string {
  const texts = new Map(sources.map(({ name, text }) => [name, text]));
  const paint = paintFor(process.stdout);
  const options = { textOf: (file: string) => texts.get(file), ...(paint === undefined ? {} : { paint }) };
  const rendered = renderDiagnostics(format, diagnostics, options);
  return format === "text"
    ? `${rendered}${rendered === "" ? "" : "\n"}${summary(diagnostics, sources.length)}\n`
    : rendered;
}

function summary(diagnostics: readonly Diagnostic[], files: number): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const warnings = diagnostics.length - errors;
  const checked = counted(files, "file");
  if (diagnostics.length === 0) return `${checked} checked, nothing to say`;
  return `${checked} checked: ${counted(errors, "error")}, ${counted(warnings, "warning")}`;
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;
