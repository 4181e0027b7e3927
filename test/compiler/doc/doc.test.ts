import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { railroadSvg } from "../../../grammar/railroad.ts";
import { reasonsOfClause } from "../../../src/compiler/doc/clause-reasons.ts";
import { contractPage, type DocOptions } from "../../../src/compiler/doc/contract-page.ts";
import { renderHtml } from "../../../src/compiler/doc/html.ts";
import { indexPage } from "../../../src/compiler/doc/index-page.ts";
import { renderMarkdown } from "../../../src/compiler/doc/markdown.ts";
import { compile } from "../../../src/compiler/index.ts";
import type { Bundle, BundleClause } from "../../../src/model/bundle.ts";
import { REASON_CODES, WARNING_CODES } from "../../../src/model/reason-codes.ts";
import { bundles, decideVector, vectors } from "../../conformance/vectors.ts";

const root = join(import.meta.dirname, "../../..");
const read = (name: string): string => readFileSync(join(root, name), "utf8");

function compiled(name: string, text: string) {
  const { contracts, diagnostics } = compile([{ name, text }]);
  const [contract] = contracts;
  if (contract === undefined) throw new Error(JSON.stringify(diagnostics));
  return contract;
}

function pages(name: string, text: string, options: DocOptions = {}) {
  const page = contractPage(compiled(name, text), text, options);
  return { html: renderHtml(page), md: renderMarkdown(page) };
}

const every = read("test/golden/every-clause.maint");
const everything = compiled("every-clause.maint", every);

describe("a page of a contract with every kind of clause", () => {
  const { html, md } = pages("every-clause.maint", every, { meaningOf: (code) => `Meaning of ${code}.` });
  const shown = (text: string) => text.replaceAll('"', "&quot;");

  test.each(everything.bundle.clauses.map((clause) => [clause.kind, clause] as const))(
    "holds the %s clause",
    (_kind, clause) => {
      expect(html).toContain(shown(clause.text));
      expect(html).toContain(`every-clause.maint:${clause.line}`);
      const { reasons, warnings } = reasonsOfClause(clause);
      for (const code of [...reasons, ...warnings]) expect(html).toContain(`>${code}</a>`);
    },
  );

  test.each([
    ["id and title", "EVERY-CLAUSE", "Every kind of clause"],
    ["doc comment", "Every kind of clause once."],
    ["whom it binds", "every penetrant station"],
    ["documents", "ASTM E1417-21"],
    ["equipment", "uv-a-lamp", "UV-1"],
    ["materials", "ZP-60D"],
    ["quantities", "mL/100mL", "0 to 100000"],
    ["a difference", "oven-temperature minus air-temperature"],
    ["limits", "1000 uW/cm2 or more", "from 0.1 to 0.4 mL/100mL, both ends included"],
    ["an open limit", "1.2 mW/cm2 is not enough, anything above is"],
    ["freshness", "of the plant", "less than 8 hours old", "any age: the latest counts"],
    ["instrument", "its calibration valid when it was read"],
    ["guard band and settling", "10 uW/cm2 inside the limit", "for 1 hour or more"],
    ["strictness", "must: blocks the test", "should: warns, does not block"],
    ["order and attribute", "order PO-7", " is battery-powered"],
    ["override policy", "QA and Supervisor, together", "8 hours"],
    ["extension", "by at most 14 days, approved by QA"],
    ["escalation", "plant-manager", "after 15 minutes"],
    ["tests", "everything said", "blocked by ready", "reason event.dropped of TW-7"],
    ["digests", everything.digest, everything.bundle.source.digest],
    ["a test kind", "Asked before every bench test."],
    ["meanings", "Meaning of event.dropped."],
  ])("says %s, in both forms", (_what, ...words) => {
    const plainMd = md.replace(/\\(.)/g, "$1");
    for (const word of words) {
      expect(html).toContain(word);
      expect(plainMd).toContain(word);
    }
  });

  test("is one file: no script, no outside asset, every link leads somewhere", () => {
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|https?:/i);
    const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of html.matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(target);
    for (const [, target] of md.matchAll(/\]\(#([^)]*)\)/g)) expect(md).toContain(`<a id="${target}">`);
  });

  test("is well formed and can be found one's way in", () => {
    expect(unbalanced(html)).toEqual([]);
    expect(html).toMatch(/<html lang="en">/);
    expect(html).not.toMatch(/<th(?=[\s>])(?! scope="(col|row)")/);
    const levels = [...html.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level));
    for (const [at, level] of levels.entries()) expect(level - (levels[at - 1] ?? 0)).toBeLessThanOrEqual(1);
    expect(html).toContain("prefers-color-scheme:dark");
    expect(html).toContain('@top-left{content:"EVERY-CLAUSE"');
  });

  test("is the same bytes twice, and holds no date unless one is given", () => {
    expect(pages("every-clause.maint", every, { meaningOf: (code) => `Meaning of ${code}.` })).toEqual({ html, md });
    expect(html).not.toContain("Date of this page");
    expect(pages("x", every, { date: "2026-11-24" }).html).toContain("<dd>2026-11-24</dd>");
  });
});

/** Tags that do not close in order. */
function unbalanced(html: string): string[] {
  const open: string[] = [];
  const found: string[] = [];
  for (const [whole, closing, name = ""] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
    if (["meta", "br"].includes(name) || whole.endsWith("/>")) continue;
    if (closing === "") open.push(name);
    else if (open.pop() !== name) found.push(name);
  }
  return [...found, ...open];
}

test("finds a planted tag that does not close", () => expect(unbalanced("<main><p>x</main>")).not.toEqual([]));

/** Markup that no page of ours has. */
const markupIn = (html: string): readonly string[] =>
  html.match(/<\/?(?:script|img|b|iframe|object|a href="javascript)\b[^>]*>|<[^>]*\son[a-z]+\s*=|<!--/gi) ?? [];

test("finds planted markup", () => {
  const { html } = pages("every-clause.maint", every);
  for (const bad of ["<script>", "<img src=x>", '<p onfocus="x">', "<!-- x -->"]) {
    expect(markupIn(html.replace("Every kind of clause once.", bad))).toHaveLength(1);
  }
});

const HOSTILE = [
  "<script>alert(1)</script>",
  "</style><img src=x onerror=alert(1)>",
  String.raw`\" onmouseover=\"alert(1)`,
  "' onfocus='x",
  "[a](javascript:alert(1))",
  "![a](x) `code` **bold** | cell | # head",
  "&lt;b&gt; &amp;",
  "<!-- x -->",
  "]]> {{x}} <%= x %>",
];

test.each(HOSTILE)("a contract's text is text: %s", (bad) => {
  const text = `/// ${bad}
contract HOSTILE-1 "${bad}" {
  following "${bad}"

  /// ${bad}
  lamp is a uv-a-lamp, by default "${bad}"
  dye  is a material, by default "${bad}"

  before every test {
    /// ${bad}
    seen:
      each day, the lamp must be checked: "${bad}"
        because "${bad}"
      for order "${bad}", the dye must be within its shelf life
      each day, the operator must acknowledge "${bad}"
  }

  test "${bad}" {
    at 2026-11-24 09:00 in America/Chicago
    expect blocked by seen
  }
}
`;
  const { html, md } = pages(`${bad}.maint`, text, { date: bad });
  expect(unbalanced(html)).toEqual([]);
  expect(markupIn(html)).toEqual([]);
  // In Markdown nothing of it is a tag, a link, an image or a cell's end.
  const own = md.replace(/<a id="[a-z0-9-]*"><\/a>/g, "").replace(/(`+)(.+?)\1(?!`)/g, "");
  expect(own.match(/<[a-z!/]/i)).toBeNull();
  expect(own.match(/(?<!\\)\]\((?!#)/)).toBeNull();
  const rows = md.split("\n").filter((line) => line.startsWith("| "));
  for (const row of rows) expect([4, 5, 6, 7]).toContain(row.replace(/\\\|/g, "").split("|").length);
});

test("the template, its parameters, and remarks are there", () => {
  const text = `/// From a template.
template station "A station" with low = 30 psi, gauge-asset = "PG-1" {
  for every rinse station

  /// Beside the tank.
  gauge    is a pressure-gauge, by default gauge-asset
  pressure is measured in psi

  before every test {
    /// Too little does not rinse.
    rinse:
      each day, pressure read with the gauge must be at least low
  }
}

contract LINE-1 "Line 1" from station with low = 35 psi {
}
`;
  const { html, md } = pages("line.maint", text);
  for (const word of [
    "<code>low = 35 psi</code>",
    "PG-1&quot;</code> (default)",
    "Beside the tank.",
    "Too little does not rinse.",
    '<th scope="col">Remarks</th>',
  ]) {
    expect(html).toContain(word);
  }
  expect(md).toContain("`low = 35 psi`");
});

test("coverage and drawings are shown where they are given", () => {
  const [first] = everything.bundle.clauses as readonly [BundleClause];
  const coverage = [{ line: first.line, text: first.text, satisfied: true, violated: false }];
  const { html, md } = pages("x", every, {
    coverage,
    drawRule: railroadSvg,
  });
  expect(html).toContain("<dt>Tests saw it</dt><dd>satisfied</dd>");
  expect(html).toContain("<dt>Tests saw it</dt><dd>never</dd>");
  expect(html).toContain("0 of 15 clauses both satisfied and not satisfied");
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, target] of html.matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(target);
  expect(html).toContain('<details><summary>clause</summary><figure id="clause"><svg');
  expect(html).not.toMatch(/<script|https?:(?!\/\/www\.w3\.org)/);
  expect(unbalanced(html)).toEqual([]);
  expect(md).not.toContain("Form:");
  expect(md).not.toContain("<svg");
});

test("tests in other files are shown with their file", () => {
  const beside = `test "apart" of EVERY-CLAUSE {
  at 2026-11-24 09:00 in America/Chicago
  expect blocked by read
}
`;
  const { contracts, testsBeside } = compile([
    { name: "every-clause.maint", text: every },
    { name: "apart.maint", text: beside },
  ]);
  const [contract] = contracts;
  if (contract === undefined) throw new Error("it compiles");
  const html = renderHtml(contractPage(contract, every, { testsBeside }));
  expect(html).toContain("<td>apart.maint:1</td>");
  expect(html).toContain("blocked by read");
});

test("an index leads to each contract's page", () => {
  const html = renderHtml(indexPage([everything], (id) => `${id}.html`));
  expect(html).toContain('<a href="EVERY-CLAUSE.html">EVERY-CLAUSE</a>');
  expect(renderMarkdown(indexPage([everything], (id) => `${id}.md`))).toContain("[EVERY-CLAUSE](EVERY-CLAUSE.md)");
});

const known: ReadonlySet<string> = new Set([...REASON_CODES, ...WARNING_CODES]);
const clauseAt = ({ clauses }: Bundle, line: number): readonly BundleClause[] =>
  clauses.filter((one) => one.line === line);

test("every reason that a decision gives for a clause stands on the clause's page", async () => {
  let judged = 0;
  const strange: string[] = [];
  for (const vector of vectors) {
    const bundle = bundles.get(vector.contract)?.bundle;
    if (bundle === undefined) throw new Error(vector.name);
    const { details } = await decideVector(vector, "fast");
    for (const { code, line } of details) {
      const clauses = line === null || code.startsWith("override.") ? [] : clauseAt(bundle, line);
      if (clauses.length === 0) continue;
      judged += 1;
      const shown = clauses.flatMap((clause) => [
        ...reasonsOfClause(clause).reasons,
        ...reasonsOfClause(clause).warnings,
      ]);
      if (!(shown as readonly string[]).includes(code)) strange.push(`${vector.name}: ${code}`);
      if (!code.startsWith("event.")) expect(known).toContain(code);
    }
  }
  expect(strange).toEqual([]);
  expect(judged).toBeGreaterThan(100);
});
