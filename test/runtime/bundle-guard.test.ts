import { expect, test } from "vitest";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { loadBundle } from "../../src/runtime/index.ts";
import { bundles } from "../conformance/vectors.ts";

type Loose = { [key: string]: Loose };

const sound = (): Loose => JSON.parse(canonicalJson(bundles.get("UV")?.bundle)) as Loose;
const at = (value: Loose, ...keys: readonly string[]): Loose => keys.reduce((inner, key) => inner[key] as Loose, value);
const put = (...keys: readonly string[]) => {
  const last = keys.at(-1) as string;
  return (value: unknown) => (bundle: Loose) => {
    at(bundle, ...keys.slice(0, -1))[last] = value as Loose;
  };
};
const condition = (index: string) => (field: string, value: unknown) =>
  put("rules", "0", "conditions", "all", index, field)(value);

/** Each makes a sound bundle into one that must not be let in. */
const breaks: readonly (readonly [string, (bundle: Loose) => void])[] = [
  ["a path", condition("1")("path", "$.a")],
  ["params", condition("1")("params", {})],
  ["an unknown operator", condition("1")("operator", "eq")],
  ["notEqual", condition("0")("operator", "notEqual")],
  ["doesNotContain", condition("0")("operator", "doesNotContain")],
  ["a looser operator", condition("1")("operator", "lessThanInclusive")],
  ["another limit", condition("1")("value", -1)],
  ["a value that is a fact", condition("1")("value", { fact: "c0.vsHigh" })],
  ["a state that is not known", condition("0")("value", "reading.stale")],
  ["another rule's fact", condition("1")("fact", "c1.vsLimit")],
  ["an empty all", put("rules", "0", "conditions", "all")([])],
  ["a not", put("rules", "0", "conditions")({ not: { fact: "c0.state", operator: "equal", value: "known" } })],
  ["an any", put("rules", "0", "conditions", "any")([])],
  ["a named condition", put("rules", "0", "conditions")({ condition: "x" })],
  [
    "a rule that drops its limit",
    (bundle) => void (at(bundle, "rules", "0", "conditions", "all") as unknown as Loose[]).pop(),
  ],
  ["no rule", put("rules")([])],
  [
    "a second rule of one name",
    (bundle) => void (bundle["rules"] as unknown as Loose[]).push(at(bundle, "rules", "0")),
  ],
  ["another event", put("rules", "0", "event", "type")("deny")],
  ["a priority", put("rules", "0", "priority")(2)],
  ["another clause permitted", put("rules", "0", "event", "params", "clause")(1)],
  ["another format", put("format")("maint-bundle/2")],
  ["a member that is not in the format", put("engine")({})],
  ["a member missing", (bundle) => void delete bundle["scope"]],
  ["no clause", put("clauses")([])],
  ["an unknown kind of clause", put("clauses", "0", "kind")("hope")],
  ["an index that is not its place", put("clauses", "0", "index")(7)],
  ["an undeclared quantity", put("clauses", "0", "quantity")("ir")],
  ["an undeclared condition", put("clauses", "0", "condition")("other")],
  ["an unknown unit", put("quantities", "0", "unit")("furlong")],
  ["a limit of another kind", put("clauses", "0", "limit", "unit")("fc")],
  ["a limit as a double", put("clauses", "0", "limit", "low", "value")(1000)],
  ["a limit with an exponent", put("clauses", "0", "limit", "low", "value")("1e3")],
  ["a limit without an end", put("clauses", "0", "limit", "low")(null)],
  [
    "an override of a lock-out",
    put("overrides")([{ roles: ["QA"], reason: "equipment.locked-out", capMs: 1, line: 1 }]),
  ],
  ["a contract id that leaves its folder", put("contract")("../A")],
];

test("a sound bundle is let in", () => {
  expect(loadBundle(canonicalJson(sound())).ok).toBe(true);
  expect(loadBundle(new TextEncoder().encode(canonicalJson(sound()))).ok).toBe(true);
});

test.each(breaks)("%s is refused, with a place", (_, change) => {
  const bundle = sound();
  change(bundle);
  const loaded = loadBundle(JSON.stringify(bundle));
  expect(loaded.ok ? "let in" : loaded.error.message).not.toBe("let in");
});

const texts: readonly (readonly [string, string | Uint8Array])[] = [
  ["nothing", ""],
  ["a list", "[]"],
  ["a prototype", '{"__proto__":{}}'],
  ["a key twice", '{"format":"maint-bundle/1","format":"maint-bundle/1"}'],
  ["deep nesting", "[".repeat(100_000)],
  ["bytes that are no UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
  ["too many bytes", " ".repeat((4 << 20) + 1)],
];

test.each(texts)("%s is no bundle", (_, bytes) => {
  expect(loadBundle(bytes)).toMatchObject({ ok: false });
});
