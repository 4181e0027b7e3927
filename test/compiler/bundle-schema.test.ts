import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { type CompiledContract, compile } from "../../src/compiler/index.ts";
import { partsOfClause, RULE_OPERATORS } from "../../src/model/bundle.ts";
import { loadBundle } from "../../src/runtime/index.ts";

type Plain = { [key: string]: unknown };

const schema = JSON.parse(readFileSync("docs/bundle.schema.json", "utf8")) as Plain;
const isValid = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false }).compile(
  schema,
);

const maintFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".maint"))
    .map((path) => `${folder}/${path}`)
    .sort();
const readFacts = (file: string, from: string): string => readFileSync(join(dirname(from), file), "utf8");
const compiledIn = (paths: readonly string[]): readonly CompiledContract[] =>
  compile(
    paths.map((name) => ({ name, text: readFileSync(name, "utf8") })),
    { readFacts },
  ).contracts;
const contracts = [
  ...compiledIn(maintFiles("contracts")),
  ...maintFiles("test/grammar/contracts").flatMap((path) => compiledIn([path])),
];

test("every bundle fits the published schema and is let in", () => {
  expect(contracts.length).toBeGreaterThan(20);
  for (const { id, bundle, bytes } of contracts) {
    expect(isValid(JSON.parse(bytes)), `${id}: ${JSON.stringify(isValid.errors)}`).toBe(true);
    expect(loadBundle(canonicalJson(bundle)).ok, id).toBe(true);
  }
  const kinds = new Set(contracts.flatMap(({ bundle }) => bundle.clauses.map(({ kind }) => kind)));
  expect([...kinds].sort()).toEqual(Object.keys(partsOfClause).sort());
});

test("schema and code name the same kinds, parts and operators", () => {
  const text = JSON.stringify(schema);
  for (const word of [...RULE_OPERATORS, ...Object.keys(partsOfClause), ...Object.values(partsOfClause).flat()]) {
    expect(text).toContain(JSON.stringify(word));
  }
});

/** A real bundle with every kind of member in it. */
const sample = (): Plain => {
  const found = contracts.find(({ id }) => id === "UV-LAMP-HAND-001") ?? expect.fail("no such contract");
  return JSON.parse(found.bytes) as Plain;
};
const at = (bundle: Plain, ...path: readonly (string | number)[]): Plain =>
  path.reduce<unknown>((value, key) => (value as Plain)[key as string], bundle) as Plain;
const rule = (bundle: Plain): Plain => at(bundle, "rules", 0);
const all = (bundle: Plain): Plain[] => at(bundle, "rules", 0, "conditions")["all"] as Plain[];
const reading = (bundle: Plain): Plain =>
  (bundle["clauses"] as Plain[]).find(({ kind }) => kind === "reading") ?? expect.fail("no reading");

interface Break {
  readonly what: string;
  readonly make: (bundle: Plain) => void;
  readonly place: RegExp;
  /** What only code can see: the schema lets it through. */
  readonly bySchema?: false;
}
const breaks: readonly Break[] = [
  {
    what: "a path in a condition",
    make: (b) => Object.assign(all(b)[0] ?? {}, { path: "$.x" }),
    place: /^rules\[0\]\.conditions\.all\[0\]/,
  },
  {
    what: "params of a fact",
    make: (b) => Object.assign(all(b)[0] ?? {}, { params: { a: 1 } }),
    place: /^rules\[0\]\.conditions\.all\[0\]/,
  },
  {
    what: "a condition's priority",
    make: (b) => Object.assign(all(b)[0] ?? {}, { priority: 1 }),
    place: /^rules\[0\]\.conditions\.all\[0\]/,
  },
  {
    what: "an operator of nobody",
    make: (b) => Object.assign(all(b)[0] ?? {}, { operator: "startsWith" }),
    place: /^rules\[0\]\.conditions\.all\[0\]\.operator/,
  },
  { what: "notEqual", make: (b) => Object.assign(all(b)[0] ?? {}, { operator: "notEqual" }), place: /operator/ },
  {
    what: "notIn",
    make: (b) => Object.assign(all(b)[0] ?? {}, { operator: "notIn", value: ["x"] }),
    place: /rules\[0\]/,
  },
  {
    what: "doesNotContain",
    make: (b) => Object.assign(all(b)[0] ?? {}, { operator: "doesNotContain" }),
    place: /operator/,
  },
  {
    what: "a fact as value",
    make: (b) => Object.assign(all(b)[0] ?? {}, { value: { fact: "c1.state" } }),
    place: /value/,
  },
  { what: "true as value", make: (b) => Object.assign(all(b)[0] ?? {}, { value: true }), place: /value/ },
  {
    what: "an empty group",
    make: (b) => Object.assign(at(b, "rules", 0, "conditions"), { all: [] }),
    place: /rules\[0\]\.conditions\.all/,
  },
  {
    what: "any beside all",
    make: (b) => Object.assign(at(b, "rules", 0, "conditions"), { any: [] }),
    place: /rules\[0\]\.conditions/,
  },
  {
    what: "any for all",
    make: (b) => Object.assign(rule(b), { conditions: { any: all(b) } }),
    place: /rules\[0\]\.conditions/,
  },
  {
    what: "not",
    make: (b) => Object.assign(rule(b), { conditions: { not: all(b)[0] } }),
    place: /rules\[0\]\.conditions/,
  },
  { what: "a nested group", make: (b) => all(b).push({ all: [...all(b)] }), place: /rules\[0\]\.conditions\.all/ },
  {
    what: "a named condition",
    make: (b) => Object.assign(rule(b), { conditions: { condition: "x" } }),
    place: /rules\[0\]\.conditions/,
  },
  { what: "a rule's priority", make: (b) => Object.assign(rule(b), { priority: 10 }), place: /rules\[0\]/ },
  {
    what: "another event",
    make: (b) => Object.assign(at(b, "rules", 0, "event"), { type: "block" }),
    place: /rules\[0\]\.event/,
  },
  {
    what: "more in an event",
    make: (b) => Object.assign(at(b, "rules", 0, "event", "params"), { extra: 1 }),
    place: /rules\[0\]\.event\.params/,
  },
  {
    what: "a part of nobody",
    make: (b) => Object.assign(at(b, "rules", 0, "event", "params"), { part: "all" }),
    place: /rules\[0\]\.event/,
  },
  {
    what: "no source map",
    make: (b) => {
      delete rule(b)["source"];
    },
    place: /rules\[0\]/,
  },
  {
    what: "line 0",
    make: (b) => Object.assign(at(b, "rules", 0, "source"), { line: 0 }),
    place: /rules\[0\]\.source\.line/,
  },
  { what: "a kind of nobody", make: (b) => Object.assign(reading(b), { kind: "guess" }), place: /clauses\[\d+\]/ },
  {
    what: "a number for a decimal",
    make: (b) => Object.assign(at(reading(b), "limit"), { low: { value: 1000, inclusive: true } }),
    place: /limit\.low\.value/,
  },
  {
    what: "an exponent",
    make: (b) => Object.assign(at(reading(b), "limit"), { low: { value: "1e3", inclusive: true } }),
    place: /limit\.low\.value/,
  },
  {
    what: "a limit without ends",
    make: (b) => Object.assign(at(reading(b), "limit"), { low: null, high: null }),
    place: /limit/,
  },
  { what: "another format", make: (b) => Object.assign(b, { format: "maint-bundle/2" }), place: /format/ },
  { what: "an id in small letters", make: (b) => Object.assign(b, { contract: "uv" }), place: /contract/ },
  {
    what: "a short digest",
    make: (b) => Object.assign(at(b, "source"), { digest: "sha256:00" }),
    place: /source\.digest/,
  },
  { what: "no clause", make: (b) => Object.assign(b, { clauses: [] }), place: /clauses/ },
  {
    what: "a role of nobody in an override",
    make: (b) => Object.assign(at(b, "overrides", 0), { roles: [] }),
    place: /overrides\[0\]\.roles/,
  },
  {
    what: "a severity of nobody",
    make: (b) => Object.assign(at(b, "whenBlocked", 0), { severity: "loud" }),
    place: /whenBlocked\[0\]\.severity/,
  },
  {
    what: "a unit of nobody",
    make: (b) => Object.assign(at(b, "quantities", 0), { unit: "furlong" }),
    place: /quantities\[0\]\.unit/,
    bySchema: false,
  },
  {
    what: "a limit of another kind",
    make: (b) => Object.assign(at(reading(b), "limit"), { unit: "psi" }),
    place: /limit\.unit/,
    bySchema: false,
  },
  {
    what: "equipment of nobody",
    make: (b) => Object.assign(at(b, "clauses", 0), { equipment: "nobody" }),
    place: /clauses\[0\]\.equipment/,
    bySchema: false,
  },
  {
    what: "an index that is no place",
    make: (b) => Object.assign(at(b, "clauses", 0), { index: 7 }),
    place: /clauses\[0\]\.index/,
    bySchema: false,
  },
  { what: "a rule less", make: (b) => (b["rules"] as unknown[]).pop(), place: /rules/, bySchema: false },
  {
    what: "a rule twice",
    make: (b) => (b["rules"] as unknown[]).push(structuredClone(rule(b))),
    place: /rules\[\d+\]\.name/,
    bySchema: false,
  },
  { what: "a softer rule", make: (b) => all(b).splice(1), place: /rules\[0\]|^$/, bySchema: false },
  {
    what: "an override of a lock-out",
    make: (b) => Object.assign(at(b, "overrides", 0), { reason: "equipment.locked-out" }),
    place: /overrides\[0\]\.reason/,
    bySchema: false,
  },
  {
    what: "a name twice",
    make: (b) => (b["equipment"] as unknown[]).push(structuredClone(at(b, "equipment", 0))),
    place: /equipment/,
    bySchema: false,
  },
];

test.each(breaks)("refuses $what, and says where", ({ make, place, bySchema }) => {
  const bundle = sample();
  // A rule of one condition has nothing to soften: take one with a sign.
  (bundle["rules"] as Plain[]).sort(
    (a, b) => (at(b, "conditions")["all"] as Plain[]).length - (at(a, "conditions")["all"] as Plain[]).length,
  );
  expect(loadBundle(canonicalJson(bundle)).ok).toBe(true);
  make(bundle);
  const loaded = loadBundle(canonicalJson(bundle));
  expect(loaded.ok ? "let in" : loaded.error.place).toMatch(place);
  expect(loaded.ok ? "" : loaded.error.message).not.toBe("");
  expect(isValid(bundle)).toBe(bySchema === false);
});

test("refuses bytes that are no strict JSON", () => {
  const bytes = canonicalJson(sample() as never);
  const refused = (text: string) => {
    const loaded = loadBundle(text);
    return loaded.ok ? "let in" : loaded.error.place;
  };
  expect(refused(bytes)).toBe("let in");
  expect(refused(bytes.replace('"format"', '"format":"maint-bundle/1","format"'))).toMatch(/^1:\d+$/);
  expect(refused(bytes.replace('"format"', '"__proto__":{},"format"'))).not.toBe("let in");
  expect(refused(bytes.slice(0, -1))).toMatch(/^1:\d+$/);
  expect(refused(`\uFEFF${bytes}`)).toMatch(/^1:1$/);
  expect(refused("[".repeat(100_000))).toMatch(/^1:\d+$/);
});

/** Every object of a bundle, by its path; what a test's snapshot holds is evidence and open. */
function objectsOf(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== "object" || value === null) return [];
  const entries = Array.isArray(value) ? value.map((item, index) => [index, item] as const) : Object.entries(value);
  const inner = entries.flatMap(([key, item]) => (key === "snapshot" ? [] : objectsOf(item, [...path, key])));
  return Array.isArray(value) ? inner : [path, ...inner];
}
/** Nothing that may be null may be a list instead. */
const otherType = (value: unknown): unknown =>
  value === null ? [] : typeof value === "object" ? 7 : typeof value === "number" ? "7" : 7;

/** A bundle with one thing wrong, for each thing there is. */
function systematic(bundle: Plain): readonly (readonly [string, Plain])[] {
  const broken: (readonly [string, Plain])[] = [];
  for (const path of objectsOf(bundle)) {
    const variant = (name: string, make: (target: Plain) => void): void => {
      const copy = structuredClone(bundle);
      make(at(copy, ...path));
      broken.push([`${name} of ${path.join(".") || "the bundle"}`, copy]);
    };
    variant("an unknown key", (target) => Object.assign(target, { "x-unknown": 1 }));
    for (const [key, value] of Object.entries(at(bundle, ...path))) {
      variant(`no ${key}`, (target) => {
        delete target[key];
      });
      variant(`another type in ${key}`, (target) => Object.assign(target, { [key]: otherType(value) }));
    }
  }
  return broken;
}

test("every key that is missing, unknown or of another type is refused by loader and schema", () => {
  const variants = systematic(sample());
  expect(variants.length).toBeGreaterThan(1_000);
  const passed = variants.flatMap(([name, bundle]) => {
    const byLoader = loadBundle(canonicalJson(bundle as never)).ok;
    const bySchema = isValid(bundle);
    return byLoader || bySchema ? [`${name}: loader ${byLoader}, schema ${bySchema}`] : [];
  });
  // A condition's value may be a text or a number: which one its clause asks for, only the loader knows.
  expect(
    passed.filter((line) => !/^another type in value of rules\..*: loader false, schema true$/.test(line)),
  ).toEqual([]);
});

test("a schema that allows more is found (control)", () => {
  const open = structuredClone(schema);
  delete at(open, "$defs", "rule")["additionalProperties"];
  const isOpen = new Ajv2020({ strict: false }).compile({ ...open, $id: "urn:test:open" });
  expect(systematic(sample()).filter(([, bundle]) => isOpen(bundle)).length).toBeGreaterThan(0);
});
