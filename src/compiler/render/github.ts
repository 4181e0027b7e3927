import type { Diagnostic } from "../diagnostic.ts";

/** Source: GitHub "Workflow commands for GitHub Actions"; the characters it gives a meaning are escaped as it asks. */
const inData = (text: string): string => text.replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
const inProperty = (text: string): string => inData(text).replace(/:/g, "%3A").replace(/,/g, "%2C");

/** One workflow command a diagnostic. */
export function renderGithub(diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .map(({ file, code, severity, place, message, help }) => {
      const where = `file=${inProperty(file)},line=${place.line},col=${place.column}`;
      const end = `endLine=${place.endLine},endColumn=${place.endColumn}`;
      const text = help === null ? message : `${message}\nhelp: ${help}`;
      return `::${severity} ${where},${end},title=${inProperty(code)}::${inData(text)}\n`;
    })
    .join("");
}
