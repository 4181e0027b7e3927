import type { Diagnostic, Place } from "../diagnostic.ts";

const region = (place: Place) => ({
  startLine: place.line,
  startColumn: place.column,
  endLine: place.endLine,
  endColumn: place.endColumn,
});

/** Source: RFC 3986; a path is a relative reference once each of its segments is escaped. */
const uri = (file: string): string => file.split(/[/\\]/).map(encodeURIComponent).join("/");

const location = (file: string, place: Place) => ({
  physicalLocation: { artifactLocation: { uri: uri(file) }, region: region(place) },
});

/** Source: OASIS SARIF 2.1.0 (sarif-schema-2.1.0). */
export function renderSarif(diagnostics: readonly Diagnostic[]): string {
  const codes = [...new Set(diagnostics.map(({ code }) => code))].sort();
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "maint", rules: codes.map((id) => ({ id, shortDescription: { text: id } })) } },
        columnKind: "utf16CodeUnits",
        results: diagnostics.map((one) => ({
          ruleId: one.code,
          ruleIndex: codes.indexOf(one.code),
          level: one.severity,
          message: { text: one.help === null ? one.message : `${one.message}\nhelp: ${one.help}` },
          locations: [location(one.file, one.place)],
          relatedLocations: one.related.map((other) => ({
            ...location(other.file, other.place),
            message: { text: other.message },
          })),
        })),
      },
    ],
  };
  return `${JSON.stringify(log, null, 1)}\n`;
}
