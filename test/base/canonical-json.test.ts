import canonicalize from "canonicalize";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../src/base/canonical-json.ts";

describe("canonical JSON", () => {
  test("is what another implementation of RFC 8785 writes", () => {
    const value = fc.jsonValue({ maxDepth: 4, stringUnit: "grapheme" });
    fc.assert(
      fc.property(
        fc.oneof(
          value,
          fc.json().map((text) => JSON.parse(text) as unknown),
        ),
        (any) => {
          expect(canonicalJson(any)).toBe(canonicalize(any));
        },
      ),
      { numRuns: 2_000, seed: 7 },
    );
  });

  test("spells every UTF-16 unit as JSON.stringify does, or refuses it", () => {
    const wrong: number[] = [];
    for (let unit = 0; unit <= 0xffff; unit += 1) {
      const text = `a${String.fromCharCode(unit)}b`;
      const isHalf = unit >= 0xd800 && unit <= 0xdfff;
      let spelt: string | null = null;
      try {
        spelt = canonicalJson(text);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
      if (spelt !== (isHalf ? null : JSON.stringify(text))) wrong.push(unit);
    }
    expect(wrong).toEqual([]);
  });

  test("leaves out what is undefined, and keeps the order of code units with many members", () => {
    expect(canonicalJson({ b: 1, a: undefined, "": [true, null], é: "x", "€": -0 })).toBe(
      '{"":[true,null],"b":1,"é":"x","€":0}',
    );
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`k${(index * 37) % 60}`, index]));
    expect(canonicalJson(many)).toBe(canonicalize(many));
  });

  test("refuses what is no JSON value", () => {
    for (const value of [
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      undefined,
      [undefined],
      1n,
      () => 1,
      Symbol("s"),
      new Date(0),
      new Map(),
    ])
      expect(() => canonicalJson(value)).toThrow(TypeError);
  });
});
