import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check, compile } from "../../src/compiler/index.ts";
import { formatSource } from "../../src/compiler/print.ts";
import { type ImportedContract, importSmartYaml } from "../../src/import/smart-yaml.ts";
import { MAX_YAML_LENGTH } from "../../src/import/yaml-fields.ts";

const folder = join(import.meta.dirname, "checklists");
const read = (name: string): string => readFileSync(join(folder, name), "utf8");
const names = readdirSync(folder).flatMap((name) => (name.endsWith(".yaml") ? [name.slice(0, -5)] : []));

/** What every import must be: it parses, and its formatted text is its own format. */
function formatted({ text }: ImportedContract): string {
  const once = formatSource(text);
  if (!once.ok) throw new Error(`${JSON.stringify(once.diagnostics)}\n${text}`);
  expect(formatSource(once.text)).toEqual(once);
  return once.text;
}

function imported(source: string): ImportedContract {
  const result = importSmartYaml(source);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const errorsIn = (text: string) =>
  check([{ name: "x", text }]).diagnostics.filter(({ severity }) => severity === "error");

describe.each(names)("%s", (name) => {
  const result = imported(read(`${name}.yaml`));
  test("is written like this", () => expect(formatted(result)).toBe(read(`${name}.maint`)));
  test("compiles", () => expect(errorsIn(formatted(result))).toEqual([]));
  test("has each decision at its place and in the list", () => {
    const inText = [...formatted(result).matchAll(/\/\/ decide: (.*)/g)].map(([, message]) => message).sort();
    const inList = result.notes.flatMap(({ kind, message }) => (kind === "decide" ? [message] : [])).sort();
    expect(inList).toEqual(inText);
  });
});

/** One step in a whole file. */
const withStep = (step: string, head = ""): string =>
  `smart_contract_id: A-1\ntitle: A\nstation_type: bench\nfrequency: daily\n${head}checklist_steps:\n- ${step.replaceAll("\n", "\n  ")}\n`;

test.each([
  ["description: Confirm X\ninput_type: checkbox", 'each day, the operator must acknowledge "Confirm X"'],
  ["description: X\ninput_type: checkbox\nrole: QA", 'each day, QA must acknowledge "X"'],
  ["description: X\ninput_type: checkbox\nrole: inspector", 'each day, an inspector must acknowledge "X"'],
  ["description: X\ninput_type: checkbox\nrole: two people", 'each day, two people must acknowledge "X"'],
  [
    "description: X\ninput_type: boolean\nrequired: no\nfrequency: weekly",
    'each week, the operator should acknowledge "X"',
  ],
  ["description: 'say \"x\" \\ y'\ninput_type: checkbox", String.raw`acknowledge "say \"x\" \\ y"`],
  ["description: |\n  one\n  two\ninput_type: checkbox", String.raw`acknowledge "one\ntwo"`],
  [
    "description: uv\ninput_type: number\nunit: µW/cm²\nreference_value: 1000.10 or more",
    "uv must be at least 1000.10 uW/cm2",
  ],
  [
    "description: uv\ninput_type: number\nunit: uW/cm2\nreference_value: max 1.2 mW/cm2",
    "uv must be at most 1.2 mW/cm2",
  ],
  ["description: at\ninput_type: number\nreference_value: max 1 psi", "step-at must be at most 1 psi"],
  [
    "description: g\ninput_type: calibration\nequipment: gauge\ninterval: annual",
    "the gauge must be calibrated every 12 months",
  ],
  [
    "input_type: calibration\nequipment: g\ninterval: 1 year\ncycles: 50",
    "every year or 50 cycles, whichever comes first",
  ],
  [
    "input_type: shelf_life\nconsumable: dye\nopened_within: 6 months",
    "the dye must be within its shelf life, used within 6 months of opening",
  ],
  ["input_type: checklist\nequipment: oven\nitems: [a, b]", 'each day, the oven must be checked: "a", "b"'],
])("%s", (step, clause) => {
  const text = formatted(imported(withStep(step)));
  expect(text.replace(/\n\s+/g, " ")).toContain(clause);
  expect(errorsIn(text)).toEqual([]);
});

test.each([
  ["description: x\ninput_type: number\nunit: psi", /what is the limit/],
  ["description: x\ninput_type: number\nunit: psi\nreference_value: '40'", /which way it limits/],
  ["description: x\ninput_type: number\nreference_value: max 40", /what is the unit\? none is said/],
  ["description: x\ninput_type: number\nunit: blorp\nreference_value: max 40", /what is the unit\? `blorp`/],
  ["description: x\ninput_type: number\nunit: lx\nreference_value: max 40 uW/cm2", /which one is measured/],
  ["description: x\ninput_type: photo", /who judges "photo"/],
  ["description: x", /what kind of input/],
  ["description: Confirm the gauge is calibrated\ninput_type: checkbox", /must be calibrated every/],
  ["description: x\ninput_type: checkbox\nfrequency: sometimes", /how often is "sometimes"/],
  ["description: x\ninput_type: checkbox\nrequired: maybe", /is "maybe" required/],
  ["description: x\ninput_type: checkbox\nrole: Level 2 Inspector", /which role is "Level 2 Inspector"/],
  ["description: x\ninput_type: calibration\ninterval: 1 year", /which equipment is calibrated/],
  ["description: x\ninput_type: calibration\nequipment: g\ninterval: soon", /how often is the g calibrated/],
  ["description: x\ninput_type: group\nfields: []", /which fields has the group/],
  ['description: "x\\u202Ey"\ninput_type: checkbox', /characters that cannot be seen/],
])("a person decides: %s", (step, says) => {
  const result = imported(withStep(step));
  expect(result.notes.filter(({ kind }) => kind === "decide").map(({ message }) => message)).toContainEqual(
    expect.stringMatching(says),
  );
  expect(result.clauses).toBe(1);
  expect(errorsIn(formatted(result))).toEqual([]);
});

test.each([
  ["", 1, 1, /fields such as/],
  ["42", 1, 1, /not a bare value/],
  ["- a\n", 1, 1, /not a list/],
  ["a: [1\nb: 2", 2, 1, /Flow sequence/],
  ["a: 1\na: 2\n", 2, 1, /keys must be unique/],
  ["a: &x [1]\nb: *x\n", 2, 4, /aliases/],
  ["a: !!js/function x\n", 1, 4, /tag/],
  ["a: 1\n---\nb: 2\n", 2, 1, /documents/],
  ["? [a]\n: 1\n", 1, 3, /must be a word/],
  [`a: ${"[".repeat(50_000)}`, 1, null, /nested deeper/],
  ["x".repeat(MAX_YAML_LENGTH + 1), 1, 1, /longer than/],
  ["title: a\n", 1, 1, /no list `checklist_steps`/],
  ["smart_contract_id: A\nchecklist_steps: 5\n", 1, 1, /no list `checklist_steps`/],
  ["smart_contract_id: A\nchecklist_steps: []\n", 2, 18, /no step/],
  ["smart_contract_id: A\nchecklist_steps: [[1], null]\n", 2, 18, /no step/],
  ["checklist_steps: [x]\n", 1, 1, /needs an id/],
  ["smart_contract_id: '%%'\nchecklist_steps: [x]\n", 1, 20, /cannot become a contract id/],
] as const)("bad input %#", (source, line, column, says) => {
  const result = importSmartYaml(source);
  if (result.ok) throw new Error(result.value.text);
  expect(result.error.message).toMatch(says);
  expect(result.error.line).toBe(line);
  if (column !== null) expect(result.error.column).toBe(column);
});

test("a bomb of aliases is refused before it is spread out", () => {
  const levels = Array.from({ length: 30 }, (_, at) => `l${at + 1}: &l${at + 1} [*l${at}, *l${at}]`);
  const result = importSmartYaml(`l0: &l0 [x]\n${levels.join("\n")}\n`);
  expect(result).toMatchObject({ ok: false, error: { line: 2, message: expect.stringContaining("aliases") } });
});

/** Field names of a mapping that neither a note nor the text accounts for. Values are unique words. */
function unaccounted(words: readonly string[], { text, notes }: ImportedContract): string[] {
  const told = `${text}\n${notes.map(({ field }) => field).join("\n")}`;
  return words.filter((word) => !told.includes(word));
}

const word = fc.stringMatching(/^[a-z]{8}$/);
const stepOf = fc.record({
  kind: fc.constantFrom("checkbox", "number", "text", "photo", "group", "checklist"),
  description: word,
  extra: fc.dictionary(word, fc.oneof(word, fc.array(word, { maxLength: 2 }), fc.boolean()), { maxKeys: 3 }),
});

test("every field is used or told, whatever a file holds", () => {
  let seen = 0;
  let control = 0;
  fc.assert(
    fc.property(fc.array(stepOf, { minLength: 1, maxLength: 6 }), (steps) => {
      const file = {
        smart_contract_id: "A-1",
        checklist_steps: steps.map(({ kind, description, extra }) => ({ input_type: kind, description, ...extra })),
      };
      const result = imported(JSON.stringify(file));
      const words = steps.flatMap(({ description, extra }) => [description, ...Object.keys(extra)]);
      expect(unaccounted(words, result)).toEqual([]);
      seen += words.length;
      // The check itself must miss a note that is not there.
      const silent = { ...result, text: result.text.replace(/^\/\/ not taken over.*$/m, ""), notes: [] };
      control += unaccounted(words, silent).length;
    }),
    { seed: 20261124, numRuns: 300 },
  );
  expect(seen).toBeGreaterThan(1_000);
  expect(control).toBeGreaterThan(100);
});

/** Fields that mean something, each with a word of its own. */
const meant = [
  "tool",
  "equipment",
  "role",
  "frequency",
  "unit",
  "reference_value",
  "rationale",
  "quantity",
  "interval",
];
const more = [
  "plausible_range",
  "opened_within",
  "consumable",
  "specification",
  "material",
  "label",
  "required",
  "cycles",
];
const meantStep = fc.record({
  kind: fc.constantFrom("checkbox", "number", "text", "checklist", "calibration", "shelf_life", "group"),
  keys: fc.uniqueArray(fc.constantFrom(...meant, ...more), { maxLength: 8 }),
  limited: fc.boolean(),
});

test("what a field says stands in the text, or the field stands in the notes", () => {
  let seen = 0;
  fc.assert(
    fc.property(fc.array(meantStep, { minLength: 1, maxLength: 5 }), (steps) => {
      const said = steps.map(({ kind, keys, limited }, at) => ({
        ...Object.fromEntries(keys.map((key, index) => [key, `w${at}x${index}`])),
        items: [`i${at}x1`, `i${at}x2`],
        ...(limited ? { unit: "psi", reference_value: "max 7" } : {}),
        input_type: kind,
      }));
      const { text, notes } = imported(JSON.stringify({ smart_contract_id: "A-1", checklist_steps: said }));
      for (const [at, step] of said.entries()) {
        for (const [key, value] of Object.entries(step)) {
          if (key === "input_type" || value === "psi" || value === "max 7") continue;
          for (const word of [value].flat()) {
            const place = `checklist_steps[${at + 1}].${key}`;
            const told = text.includes(word) || notes.some(({ field }) => field.startsWith(place));
            expect(told, `${key}: ${word} in ${JSON.stringify(step)}\n${text}`).toBe(true);
            seen += 1;
          }
        }
      }
    }),
    { seed: 20261124, numRuns: 1_000 },
  );
  expect(seen).toBeGreaterThan(5_000);
});

const FIELDS = [
  ...[
    "smart_contract_id",
    "title",
    "description",
    "station_type",
    "standards",
    "equipment",
    "materials",
    "calibration",
  ],
  ...["frequency", "checklist_steps", "step", "input_type", "unit", "reference_value", "required", "role", "tool"],
  ...["fields", "items", "label", "material", "condition", "quantity", "plausible_range", "interval", "cycles"],
  ...["warn_before", "consumable", "opened_within", "rationale", "name", "type", "asset", "lot"],
];
const VALUES = [
  ...[
    "number",
    "checkbox",
    "group",
    "checklist",
    "calibration",
    "shelf_life",
    "psi",
    "max 40",
    "10-30 degC",
    "A-1",
    "x",
  ],
  ...[
    "daily",
    "every 8 hours",
    "12 months",
    "light-meter",
    "the",
    "version",
    "",
    "  ",
    'a "quoted" \\ text',
    "1 // no",
    "{",
  ],
  ...["operator", "QA", "two people", "\u{1F600}", "line\nline", "\u202e"],
];

test("known fields with any value never throw, and what comes out is the language", () => {
  let written = 0;
  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constantFrom(...VALUES),
      fc.constantFrom(true, false, null, 0, -1, 1e21, 0.1),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...FIELDS), tie("value"), { maxKeys: 7 }),
    ),
  })).value;
  const steps = fc.array(fc.dictionary(fc.constantFrom(...FIELDS), value, { maxKeys: 9 }), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...FIELDS), value, { maxKeys: 8 }), steps, (head, checklist) => {
      const result = importSmartYaml(JSON.stringify({ smart_contract_id: "A-1", ...head, checklist_steps: checklist }));
      if (!result.ok) return;
      written += 1;
      formatted(result.value);
    }),
    { seed: 20261124, numRuns: 3_000 },
  );
  expect(written).toBeGreaterThan(1_500);
});

test("mutated files never throw, and what comes out is the language", () => {
  const sources = names.map((name) => read(`${name}.yaml`));
  const tokens = [
    "\n",
    "  ",
    "- ",
    ": ",
    "'",
    '"',
    "[",
    "{",
    "#",
    "input_type",
    "number",
    "unit",
    "10-30",
    "null",
    "𝟙",
    "\u202e",
    "*a",
  ];
  let outcomes = { refused: 0, written: 0 };
  fc.assert(
    fc.property(
      fc.constantFrom(...sources),
      fc.array(fc.tuple(fc.nat(), fc.nat(12), fc.constantFrom(...tokens)), { minLength: 1, maxLength: 8 }),
      (source, edits) => {
        let text = source;
        for (const [at, cut, put] of edits) {
          const from = at % (text.length + 1);
          text = text.slice(0, from) + put + text.slice(from + cut);
        }
        const result = importSmartYaml(text);
        if (!result.ok) {
          expect(result.error.line).toBeGreaterThan(0);
          outcomes = { ...outcomes, refused: outcomes.refused + 1 };
          return;
        }
        formatted(result.value);
        outcomes = { ...outcomes, written: outcomes.written + 1 };
      },
    ),
    { seed: 20261124, numRuns: 2_000 },
  );
  expect(outcomes.refused).toBeGreaterThan(200);
  expect(outcomes.written).toBeGreaterThan(100);
});

test("the same bytes give the same text", () => {
  for (const name of names) {
    expect(imported(read(`${name}.yaml`))).toEqual(imported(read(`${name}.yaml`)));
    expect(compile([{ name, text: formatted(imported(read(`${name}.yaml`))) }]).contracts).toHaveLength(1);
  }
});
