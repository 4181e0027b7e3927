import { expect, test } from "vitest";
import { ebnf } from "../../grammar/ebnf.ts";
import { grammarRules, railroadPage, railroadSvg, ruleGroups } from "../../grammar/railroad.ts";

const names = Object.keys(grammarRules());
const page = railroadPage();

test("every rule has one place on the page", () => {
  expect(Object.values(ruleGroups).flat().sort()).toEqual([...names].sort());
});

test.each(names)("%s is well-formed, named, and shows every word of its rule", (name) => {
  const svg = railroadSvg(name);
  const open: string[] = [];
  for (const [, end, tag = "", self] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (end === "/") expect(open.pop()).toBe(tag);
    else if (self !== "/") open.push(tag);
  }
  expect(open).toEqual([]);
  expect(svg).toMatch(/<title id="[\w-]+">The form of a [a-z ]+<\/title><desc/);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  const rule =
    ebnf()
      .split("\n")
      .find((line) => line.startsWith(`${name} ::=`)) ?? "";
  for (const [, word = ""] of rule.matchAll(/"([^"]+)"/g)) expect(svg).toContain(`>${word}</text>`);
});

test("nothing is drawn outside its frame", () => {
  const outside = names.flatMap((name) => {
    const svg = railroadSvg(name);
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)?.map(Number) ?? [];
    const rects = [...svg.matchAll(/<rect [^>]*x="([\d.-]+)" y="([\d.-]+)" width="(\d+)" height="(\d+)"/g)];
    return rects.filter(([, x, y, w, h]) => {
      const [right, bottom] = [Number(x) + Number(w), Number(y) + Number(h)];
      return Number(x) < 0 || Number(y) < 0 || right > (width ?? 0) || bottom > (height ?? 0);
    });
  });
  expect(outside).toEqual([]);
});

test("no two boxes of a diagram overlap", () => {
  const clashes = names.flatMap((name) => {
    const rects = [
      ...railroadSvg(name).matchAll(/<rect [^>]*x="([\d.-]+)" y="([\d.-]+)" width="(\d+)" height="(\d+)"/g),
    ];
    const boxes = rects.map((found) => found.slice(1).map(Number) as [number, number, number, number]);
    return boxes.flatMap(([x, y, w, h], index) =>
      boxes.slice(0, index).some(([a, b, c, d]) => x < a + c && a < x + w && y < b + d && b < y + h) ? [name] : [],
    );
  });
  expect(clashes).toEqual([]);
});

test("every link of the page leads to a rule of the page, and nothing is loaded", () => {
  const links = [...page.matchAll(/href="([^"]*)"/g)].map(([, href]) => href);
  expect(links.length).toBeGreaterThan(100);
  expect(links.filter((href) => !names.includes(href?.slice(1) ?? "") || !href?.startsWith("#"))).toEqual([]);
  const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
  expect(ids.length).toBe(new Set(ids).size);
  expect(page.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|<script|<link|@import|url\(/);
});

test("the same grammar gives the same page", () => expect(railroadPage()).toBe(page));

test("an unknown rule is refused by its name", () => {
  expect(() => railroadSvg("clauze")).toThrow("the grammar has no rule clauze");
  expect(() => railroadSvg("constructor")).toThrow(RangeError);
});
