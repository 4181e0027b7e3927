import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { nearestWord } from "../../base/edit-distance.ts";
import { MaintError } from "../../base/maint-error.ts";
import { DIAGNOSTIC_CODES, type DiagnosticCode, severityOf } from "../../compiler/index.ts";
import { packageRoot } from "../package-root.ts";

export function command(): Command {
  return new Command("explain")
    .description("Explain a diagnostic of `maint check`, or a reason or warning of a decision.")
    .argument("[code]", "such as unit-mismatch or calibration.overdue; without one all codes are listed")
    .option("--json", "print `{code, text}`, or the list of codes")
    .addHelpText("after", "\nExample:\n  maint explain calibration.overdue\n")
    .action(async (asked: string | undefined, { json }: { readonly json?: boolean }) => {
      // As a decision prints it, a reason ends with what it is about: calibration.overdue:LM-1.
      const code = asked?.split(":", 1)[0];
      const reasons = await reasonSections();
      const codes = [...DIAGNOSTIC_CODES, ...reasons.keys()];
      if (code === undefined) {
        process.stdout.write(json === true ? `${JSON.stringify(codes)}\n` : await listOf(reasons));
        return;
      }
      const text = isDiagnostic(code) ? await pageOf(code) : reasons.get(code);
      if (text === undefined) throw unknownCode(code, codes);
      process.stdout.write(json === true ? `${JSON.stringify({ code, text })}\n` : text);
    });
}

const isDiagnostic = (code: string): code is DiagnosticCode => (DIAGNOSTIC_CODES as readonly string[]).includes(code);

const pageOf = (code: DiagnosticCode): Promise<string> =>
  readFile(join(packageRoot(), "docs", "diagnostics", `${code}.md`), "utf8");

/** The sections of docs/reasons.md by their code. */
async function reasonSections(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(join(packageRoot(), "docs", "reasons.md"), "utf8");
  const sections = text.split(/^## /m).slice(1);
  return new Map(sections.map((section) => [section.split("\n", 1)[0] ?? "", `# ${section.trimEnd()}\n`]));
}

/** All codes in their groups, each with the first sentence of its page. */
async function listOf(reasons: ReadonlyMap<string, string>): Promise<string> {
  const ofCheck = await Promise.all(DIAGNOSTIC_CODES.map(async (code) => [code, await pageOf(code)] as const));
  const groups: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    ["Errors of `maint check`", ofCheck.filter(([code]) => severityOf(code) === "error")],
    ["Warnings of `maint check`", ofCheck.filter(([code]) => severityOf(code) === "warning")],
    ["Reasons and warnings of a decision", [...reasons]],
  ];
  return groups
    .map(
      ([title, rows]) =>
        `${title}\n${rows.map(([code, page]) => `  ${code.padEnd(34)} ${firstSentence(page)}\n`).join("")}`,
    )
    .join("\n");
}

function firstSentence(page: string): string {
  const body = page
    .replace(/^#.*\n/, "")
    .trim()
    .replace(/^(\*[a-z]+\.\*|Warning\.)\s*/, "");
  return (/^[\s\S]*?[.:](?=\s|$)/.exec(body)?.[0] ?? body).replace(/\s+/g, " ").replace(/:$/, ".");
}

function unknownCode(code: string, codes: readonly string[]): MaintError {
  const nearest = nearestWord(code, codes);
  const help = nearest === undefined ? "`maint explain` lists all codes" : `did you mean ${nearest}?`;
  return new MaintError("MAINT_ERR_UNKNOWN_CODE", `${code}: no such code`, { help });
}
