import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { zoneFromIntl } from "../../src/disk/zone-from-intl.ts";
import { decideFast } from "../../src/runtime/index.ts";
import { bundles, inputOf, vectors } from "../conformance/vectors.ts";
import { root } from "../tidy/source-files.ts";
import { chromiumPath, openBrowser } from "./chromium.ts";

/** Source: issue 4, what is embedded must stay small. */
const MAX_BYTES = 150_000;

let folder = "";
let text = "";
let server: Server | undefined;
let browser: Browser | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "runtime-one-file-"));
  execFileSync(process.execPath, [join(root, "bin/bundle-runtime.js"), "--destination", folder], { stdio: "pipe" });
  text = readFileSync(join(folder, "runtime.min.js"), "utf8");
});
afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("the one file is small, and asks for json-rules-engine alone, later", () => {
  expect(statSync(join(folder, "runtime.min.js")).size).toBeLessThan(MAX_BYTES);
  const asked = [...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)["'`]([^"'`]+)["'`]/g)].map((match) => match[1]);
  expect(asked).toEqual(["json-rules-engine"]);
  expect(text).not.toMatch(/["`']node:|\brequire\s*\(|\beval\s*\(|new Function\b/);
});

/** What the page is given: bundles as they travel, zones, and the vectors' own text, so that no number passes a double. */
function given(): string {
  const zone = zoneFromIntl("America/Chicago");
  return JSON.stringify({
    zone,
    bundles: Object.fromEntries([...bundles].map(([name, { bundle }]) => [name, canonicalJson(bundle)])),
    vectors: readFileSync(join(root, "test/conformance/vectors.json"), "utf8"),
  });
}

async function serve(): Promise<string> {
  const files: { readonly [path: string]: readonly [string, string] } = {
    "/": ["text/html", "<!doctype html><title>runtime</title>"],
    "/runtime.min.js": ["text/javascript", text],
    "/given.json": ["application/json", given()],
  };
  const made = createServer(({ url = "" }, response) => {
    const [type, content] = files[url] ?? ["text/plain", ""];
    response.writeHead(url in files ? 200 : 404, { "content-type": type }).end(content);
  });
  server = made;
  await new Promise<void>((resolve) => void made.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
}

/** Runs in the page. A text, because the page knows none of our types. */
const IN_PAGE = `(async () => {
  const runtime = await import("/runtime.min.js");
  const { zone, bundles, vectors } = await (await fetch("/given.json")).json();
  const calendar = runtime.openPlantCalendar(zone);
  const indexes = new Map(Object.entries(bundles).map(([name, text]) => {
    const loaded = runtime.loadBundle(text);
    if (!loaded.ok) throw new Error(name + ": " + loaded.error.message);
    return [name, runtime.indexReleases([{ loaded: loaded.value, version: null, fromDay: null }])];
  }));
  const parsed = runtime.parseStrictJson(vectors);
  const decisions = parsed.value.get("vectors").map((vector) => runtime.decideFast({
    releases: indexes.get(vector.get("contract")),
    snapshot: runtime.parseSnapshot(vector.get("facts") ?? null),
    now: runtime.parseInstant(vector.get("at")),
    calendar, node: null, assumeBinding: true,
  }));
  const input = { releases: indexes.get("UV"), snapshot: runtime.snapshotFromValues({}), now: 0, calendar, node: null, assumeBinding: true };
  return { decisions, both: (await runtime.decide(input, "both")).reasons };
})()`;

test.skipIf(chromiumPath === undefined)(
  "in a browser it decides every conformance vector as it does here, to the last word",
  async () => {
    const url = await serve();
    browser = await openBrowser();
    const page = await browser.newPage();
    await page.goto(url);
    const { decisions, both } = await page.evaluate<{ decisions: unknown[]; both: string[] }>(IN_PAGE);
    expect(decisions).toHaveLength(vectors.length);
    vectors.forEach((vector, index) => {
      const here = JSON.parse(JSON.stringify(decideFast(inputOf(vector)))) as unknown;
      expect(decisions[index], vector.name).toEqual(here);
    });
    // Where json-rules-engine cannot be loaded, a decision by both evaluators is blocked, not allowed by one.
    expect(both).toEqual(["runtime.error:node"]);
  },
  60_000,
);
