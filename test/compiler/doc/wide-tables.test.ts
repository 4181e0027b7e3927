import { expect, test } from "vitest";
import { renderHtml } from "../../../src/compiler/doc/html.ts";
import { code, type Page, type Text } from "../../../src/compiler/doc/page.ts";

/** Where a table has many columns, ids and dates would be broken at their dashes. */
const rows: readonly (readonly [what: string, cell: Text, kind: string | undefined])[] = [
  ["a date", ["2026-11-24"], "short word"],
  ["an id in pieces", ["LP-", code("01")], "short word"],
  ["a longer name", ["plant-manager"], "short"],
  ["an instant", ["2026-11-24 15:00:00 Z"], "instant"],
  ["an instant with its offset", ["2026-11-24 15:00:00 -06:00"], "instant"],
  ["a sentence with an instant", ["QA-1, 2026-11-24 15:00:00 Z"], undefined],
  ["a sentence", ["the light-meter must be calibrated"], undefined],
];
test.each(rows)("%s", (_what, cell, kind) => {
  const table = { kind: "table", caption: "", head: ["a", "b"], rows: [[["first"], cell]] } as const;
  const page: Page = { title: "T", id: null, digest: null, blocks: [table] };
  expect(/<td(?: class="([^"]*)")?>/.exec(renderHtml({ ...page, isWide: true }))?.[1]).toBe(kind);
  expect(renderHtml(page)).not.toMatch(/<td class/);
});
