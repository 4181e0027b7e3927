import { text as textOfStream } from "node:stream/consumers";
import { Command } from "commander";
import type { SyntaxDiagnostic } from "../../../grammar/parse-result.ts";
import { type Diagnostic, diagnostic } from "../../compiler/diagnostic.ts";
import { lineDiff } from "../../compiler/format-diff.ts";
import { renderDiagnostics, type Source } from "../../compiler/index.ts";
import { formatSource } from "../../compiler/print.ts";
import { placeOf, sourceText } from "../../compiler/source-text.ts";
import { paintFor } from "../paint.ts";
import { readContracts } from "../read-contracts.ts";
import { rewriteSource } from "../rewrite-source.ts";

interface FmtOptions {
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly json?: boolean;
}

/** A file and its formatted text; `after` is null where mistakes keep it from being formatted. */
interface Outcome {
  readonly source: Source;
  readonly after: string | null;
  readonly diagnostics: readonly Diagnostic[];
}

export function command(): Command {
  return new Command("fmt")
    .description("Print contracts in the one format. A file with syntax mistakes is not touched.")
    .argument("[paths...]", "contract files, folders that are searched for *.maint, or - for standard input", ["."])
    .option("--check", "change nothing, exit 1 if a file is not in the format")
    .option("--diff", "change nothing, show what would change")
    .option("--json", "print what was done as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  maint fmt contracts\n  maint fmt --check --diff contracts\n  maint fmt - < LP-2.maint\n",
    )
    .action(async (paths: string[], options: FmtOptions) => {
      const fromInput = paths.length === 1 && paths[0] === "-";
      const sources = fromInput
        ? [{ name: "standard input", text: await textOfStream(process.stdin) }]
        : await readContracts(paths);
      const outcomes = sources.map(outcomeOf);
      const changed = outcomes.filter(({ source, after }) => after !== null && after !== source.text);
      const writes = options.check !== true && options.diff !== true;
      if (writes && !fromInput)
        for (const one of changed) await rewriteSource(one.source.name, one.after ?? one.source.text);
      process.stdout.write(report(outcomes, changed, options, fromInput && writes));
      complain(outcomes, options);
      const unformatted = options.check === true && changed.length > 0;
      process.exitCode = unformatted || outcomes.some(({ after }) => after === null) ? 1 : 0;
    });
}

function outcomeOf(source: Source): Outcome {
  const formatted = formatSource(source.text);
  if (formatted.ok) return { source, after: formatted.text, diagnostics: [] };
  return { source, after: null, diagnostics: formatted.diagnostics.map((one) => placed(one, source)) };
}

function placed({ code, message, span, help }: SyntaxDiagnostic, source: Source): Diagnostic {
  const place = placeOf(sourceText(source), span);
  return diagnostic(code, source.name, { place, message, ...(help === undefined ? {} : { help }) });
}

function report(
  outcomes: readonly Outcome[],
  changed: readonly Outcome[],
  { diff, json }: FmtOptions,
  printText: boolean,
): string {
  if (json === true) {
    const files = outcomes.map((one) => ({
      file: one.source.name,
      changed: changed.includes(one),
      refused: one.after === null,
      ...(printText && one.after !== null ? { text: one.after } : {}),
    }));
    const findings: unknown = JSON.parse(
      renderDiagnostics("json", diagnosticsOf(outcomes), { textOf: () => undefined }),
    );
    return `${JSON.stringify({ files, diagnostics: findings })}\n`;
  }
  if (printText) return outcomes.map(({ after }) => after ?? "").join("");
  if (diff === true) {
    return changed.map(({ source, after }) => lineDiff(source.name, source.text, after ?? source.text)).join("");
  }
  return changed.map(({ source }) => `${source.name}\n`).join("");
}

function complain(outcomes: readonly Outcome[], { json }: FmtOptions): void {
  const diagnostics = diagnosticsOf(outcomes);
  if (json === true || diagnostics.length === 0) return;
  const texts = new Map(outcomes.map(({ source }) => [source.name, source.text]));
  const paint = paintFor(process.stderr);
  const options = { textOf: (file: string) => texts.get(file), ...(paint === undefined ? {} : { paint }) };
  process.stderr.write(`${renderDiagnostics("text", diagnostics, options)}\n`);
}

const diagnosticsOf = (outcomes: readonly Outcome[]): readonly Diagnostic[] =>
  outcomes.flatMap(({ diagnostics }) => diagnostics);
