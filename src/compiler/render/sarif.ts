import { type Diagnostic, type DiagnosticCode, type Place, severityOf } from "../diagnostic.ts";
import type { RenderOptions } from "./options.ts";

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

const rule = (id: DiagnosticCode, pageOf: RenderOptions["pageOf"]) => {
  const page = pageOf?.(id);
  const text = page === undefined ? id : summaryOf(page);
  return {
    id,
    shortDescription: { text },
    defaultConfiguration: { level: severityOf(id) },
    ...(page === undefined ? {} : { help: { text: page, markdown: page } }),
  };
};

/** A page's first paragraph behind its title. */
function summaryOf(page: string): string {
  const [first = ""] = page.replace(/^#.*\n+/, "").split(/\n\s*\n/);
  return first.replace(/\s+/g, " ").trim();
}

const fixes = ({ file, fix }: Diagnostic) =>
  fix === null
    ? {}
    : {
        fixes: [
          {
            description: { text: fix.title },
            artifactChanges: [
              {
                artifactLocation: { uri: uri(file) },
                replacements: [{ deletedRegion: region(fix.place), insertedContent: { text: fix.text } }],
              },
            ],
          },
        ],
      };

/** Source: OASIS SARIF 2.1.0 (sarif-schema-2.1.0). */
export function renderSarif(diagnostics: readonly Diagnostic[], { pageOf, toolVersion }: RenderOptions): string {
  const codes = [...new Set(diagnostics.map(({ code }) => code))].sort();
  const version = toolVersion === undefined ? {} : { version: toolVersion };
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "maint", ...version, rules: codes.map((id) => rule(id, pageOf)) } },
        columnKind: "utf16CodeUnits",
        results: diagnostics.map((one) => ({
          ruleId: one.code,
          ruleIndex: codes.indexOf(one.code),
          level: one.severity,
          message: { text: one.help === null ? one.message : `${one.message}\nhelp: ${one.help}` },
          locations: [location(one.file, one.place)],
          relatedLocations: one.related.map((other, id) => ({
            id,
            ...location(other.file, other.place),
            message: { text: other.message },
          })),
          ...fixes(one),
        })),
      },
    ],
  };
  return `${JSON.stringify(log, null, 1)}\n`;
}
