import { expect, test } from "vitest";
import { parsePlainJson, parseStrictJson } from "../../src/base/strict-json.ts";

const sound = ['{"a":[1,-0.5e+3,"\\u00e9\\n",true,false,null,{}],"constructor":{}}', " 1 ", '""', "[[],[[]]]"];
test.each(sound)("%s reads as JSON.parse reads it", (text) => {
  expect(parsePlainJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
});

test("numbers keep their text", () => {
  expect(parseStrictJson("999.99999999999999999")).toEqual({
    ok: true,
    value: { kind: "number", text: "999.99999999999999999" },
  });
});

const refused: readonly (readonly [string, string, number, number])[] = [
  ['{"a":1,\n "a":2}', "stands twice", 2, 2],
  ['{"__proto__":1}', "__proto__", 1, 2],
  ["[".repeat(100_000), "nested deeper", 1, 65],
  ["", "ends too early", 1, 1],
  ["[1,]", "no JSON value", 1, 4],
  ["{} x", "nothing may follow", 1, 4],
  ["01", "nothing may follow", 1, 2],
  ['"\u0001"', "control character", 1, 2],
  ['"abc', "does not end", 1, 5],
  ["NaN", "no JSON value", 1, 1],
  ['"\\x"', "no such escape", 1, 2],
];
test.each(refused)("%s is refused", (text, words, line, column) => {
  const parsed = parseStrictJson(text);
  expect(parsed.ok ? null : parsed.error).toMatchObject({ message: expect.stringContaining(words), line, column });
});

test("a text that is too long is refused unread", () => {
  expect(parseStrictJson("1234", { maxLength: 3 })).toMatchObject({ ok: false });
});
