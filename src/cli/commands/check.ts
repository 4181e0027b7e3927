import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import { applyFixes, type Fixed, isGuess } from "../../compiler/fix.ts";
import { lineDiff } from "../../compiler/format-diff.ts";
import {
  check,
  DIAGNOSTIC_FORMATS,
  type Diagnostic,
  type DiagnosticCode,
  type DiagnosticFormat,
  renderDiagnostics,
  type Source,
} from "../../compiler/index.ts";
import { packageRoot } from "../package-root.ts";
import { paintFor } from "../paint.ts";
import { compileOptions, readContracts } from "../read-contracts.ts";
import { rewriteSource } from "../rewrite-source.ts";

interface CheckOptions {
  readonly format: DiagnosticFormat;
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly fix?: boolean;
  readonly fixGuesses?: boolean;
  readonly diff?: boolean;
}

export function command(): Command {
  return new Command("check")
    .description("Check contracts, all files together, and say what is wrong with them.")
    .argument("[paths...]", "contract files, or folders that are searched for *.maint", ["."])
    .addOption(new Option("--format <format>", "how findings are printed").choices(DIAGNOSTIC_FORMATS).default("text"))
    .option("--json", "the same as --format json")
    .option("--strict", "exit 1 on warnings too")
    .option("--fix", "put right what has a certain fix, then say what remains")
    .option("--fix-guesses", "as --fix, and also guessed units: look at every one of them")
    .option("--diff", "with --fix: show the changes and write nothing")
    .addHelpText(
      "after",
      "\nExample:\n  maint check contracts\n  maint check contracts --fix --diff\n  maint explain unit-mismatch\n",
    )
    .action(async (paths: string[], options: CheckOptions) => {
      const { format, json, strict, diff } = options;
      const fix = options.fix === true || options.fixGuesses === true;
      if (diff === true && !fix) {
        throw new MaintError("MAINT_ERR_USAGE", "--diff shows what --fix would change: give both");
      }
      const sources = await readContracts(paths);
      if (fix) return fixAll(sources, options);
      const { diagnostics } = check(sources, compileOptions);
      process.stdout.write(report(json === true ? "json" : format, diagnostics, sources));
      process.exitCode = isBad(diagnostics, strict === true) ? 1 : 0;
    });
}

async function fixAll(sources: readonly Source[], options: CheckOptions): Promise<void> {
  const { format, json, strict, diff, fixGuesses } = options;
  const guesses = fixGuesses === true;
  const fixed = applyFixes(sources, (all) => check(all, compileOptions).diagnostics, { guesses });
  const changed = fixed.sources.flatMap((source, index) => {
    const before = sources[index]?.text ?? "";
    return source.text === before ? [] : [{ name: source.name, before, after: source.text }];
  });
  if (diff !== true) for (const { name, after } of changed) await rewriteSource(name, after);
  process.exitCode = isBad(fixed.remaining, strict === true) ? 1 : 0;
  if (json === true || format === "json") {
    const files = changed.map(({ name }) => name);
    process.stdout.write(`${JSON.stringify({ changed: files, written: diff !== true, ...rowsOf(fixed) })}\n`);
    return;
  }
  if (diff === true) {
    for (const { name, before, after } of changed) process.stdout.write(lineDiff(name, before, after, "fixed"));
  } else if (format === "text") {
    for (const { file, code, place, fix } of fixed.applied) {
      process.stdout.write(`fixed ${file}:${place.line}:${place.column} ${code}: ${fix?.title ?? ""}\n`);
    }
  }
  const guessed = guesses ? 0 : fixed.remaining.filter(isGuess).length;
  if (format === "text" && guessed > 0) {
    const words = counted(guessed, "unit");
    process.stdout.write(`left alone: ${words} that could only be guessed (--fix-guesses --diff shows what)\n`);
  }
  // What is not written is not on disk: the frames show the text that the fixes would leave.
  process.stdout.write(report(format, fixed.remaining, fixed.sources));
}

/** What was put right and what remains, each as `--format json` has it. */
function rowsOf({ applied, remaining, sources }: Fixed): { readonly fixed: unknown; readonly remaining: unknown } {
  const rows = (all: readonly Diagnostic[]): unknown => JSON.parse(report("json", all, sources));
  return { fixed: rows(applied), remaining: rows(remaining) };
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
  const options = {
    textOf: (file: string) => texts.get(file),
    ...(format === "sarif" ? { pageOf, toolVersion: packageVersion() } : {}),
    ...(paint === undefined ? {} : { paint }),
  };
  const rendered = renderDiagnostics(format, diagnostics, options);
  return format === "text"
    ? `${rendered}${rendered === "" ? "" : "\n"}${summary(diagnostics, sources.length)}\n`
    : rendered;
}

const pageOf = (code: DiagnosticCode): string =>
  readFileSync(join(packageRoot(), "docs", "diagnostics", `${code}.md`), "utf8");

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  return version;
}

function summary(diagnostics: readonly Diagnostic[], files: number): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const warnings = diagnostics.length - errors;
  const checked = counted(files, "file");
  if (diagnostics.length === 0) return `${checked} checked, nothing to say`;
  return `${checked} checked: ${counted(errors, "error")}, ${counted(warnings, "warning")}`;
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;
