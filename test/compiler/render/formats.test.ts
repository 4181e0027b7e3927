import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { check, renderDiagnostics } from "../../../src/compiler/index.ts";

const file = "line 50%, a:b/ü.maint";
const text = [
  'contract EXAMPLE "Prüfung 😀" {',
  "  for every station",
  '  meter is a radiometer, by default "LM-1"',
  '  meter is a thermometer, by default "TH-1"',
  "  uv is measured in uW/cm2",
  "  before every test {",
  "    one:",
  "      /* */",
  '      each day, the operator must acknowledge "😀 é"; the meterr must be in service',
  "      each day, uv must be at least 1000",
  "  }",
  "}",
  "",
]
  .filter((line) => !line.includes("/*"))
  .join("\n");
const { diagnostics } = check([{ name: file, text }]);
const rendered = (format: "text" | "json" | "sarif" | "github") =>
  renderDiagnostics(format, diagnostics, {
    textOf: (name) => (name === file ? text : undefined),
    pageOf: (code) => `# ${code}\n\nWhat ${code}\nmeans.\n\nMore.\n`,
    toolVersion: "1.2.3",
  });

test.each(["text", "json", "sarif", "github"] as const)("%s is as it was", async (format) => {
  await expect(rendered(format)).toMatchFileSnapshot(`golden.${format}.txt`);
});

const place = { startLine: 1, startColumn: 1, endLine: 1, endColumn: 1 };
const numbers = Object.fromEntries(Object.keys(place).map((key) => [key, { type: "integer", minimum: 1 }]));
const object = (properties: object, required: readonly string[] = Object.keys(properties)) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});
const list = (items: object) => ({ type: "array", items });
const message = object({ text: { type: "string", minLength: 1 } });
const artifact = object({ uri: { type: "string", pattern: "^[A-Za-z0-9%._~!'()*/-]+$" } });
const physical = object({ artifactLocation: artifact, region: object(numbers) });
const level = { enum: ["error", "warning"] };
/** What we write of sarif-schema-2.1.0.json; stricter than it, because nothing else may be there. */
const sarif = object({
  $schema: { const: "https://json.schemastore.org/sarif-2.1.0.json" },
  version: { const: "2.1.0" },
  runs: list(
    object({
      columnKind: { const: "utf16CodeUnits" },
      tool: object({
        driver: object({
          name: { const: "maint" },
          version: { type: "string" },
          rules: list(
            object({
              id: { type: "string" },
              shortDescription: message,
              defaultConfiguration: object({ level }),
              help: object({ text: { type: "string" }, markdown: { type: "string" } }),
            }),
          ),
        }),
      }),
      results: list(
        object(
          {
            ruleId: { type: "string" },
            ruleIndex: { type: "integer", minimum: 0 },
            level,
            message,
            locations: { ...list(object({ physicalLocation: physical })), minItems: 1 },
            relatedLocations: list(object({ id: { type: "integer" }, physicalLocation: physical, message })),
            fixes: list(
              object({
                description: message,
                artifactChanges: list(
                  object({
                    artifactLocation: artifact,
                    replacements: list(
                      object({ deletedRegion: object(numbers), insertedContent: object({ text: { type: "string" } }) }),
                    ),
                  }),
                ),
              }),
            ),
          },
          ["ruleId", "ruleIndex", "level", "message", "locations", "relatedLocations"],
        ),
      ),
    }),
  ),
});

test("SARIF has its structure, and a broken one is seen", () => {
  const validate = new Ajv({ allErrors: true }).compile(sarif);
  const log = JSON.parse(rendered("sarif"));
  validate(log);
  expect(validate.errors).toBe(null);
  expect(log.runs[0].results.some((one: object) => "fixes" in one)).toBe(true);
  expect(log.runs[0].results.some((one: { relatedLocations: [] }) => one.relatedLocations.length > 0)).toBe(true);
  log.runs[0].results[0].locations[0].physicalLocation.region.startColumn = 0;
  expect(validate(log)).toBe(false);
});

test("GitHub commands are one line each and escape what would end them", () => {
  const lines = rendered("github").trimEnd().split("\n");
  expect(lines.length).toBe(diagnostics.length);
  for (const line of lines) expect(line).toMatch(/^::(error|warning) file=line 50%25%2C a%3Ab\/ü\.maint,line=\d+,col=/);
});
