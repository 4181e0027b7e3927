import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runMaint } from "../../../src/cli/story/processes.ts";
import { verifyReport } from "../../../src/hub/reports/verify-report.ts";
import { PRODUCT_VERSION } from "../../../src/model/product-version.ts";
import { type HubBench, hubBench } from "../hub-fixture.ts";

let bench: HubBench;
beforeAll(async () => {
  bench = await hubBench();
});
afterAll(() => bench.close());

const online = async (): Promise<string> => {
  const { json } = await listKeys();
  return json.online[0] ?? "";
};
async function listKeys() {
  const { stdout } = await runMaint(["keys", "list", "--keys", bench.keys, "--data", bench.data, "--json"]);
  return { json: JSON.parse(stdout) as { readonly online: readonly string[] } };
}

test("a floor where nothing was tested yet has a report that says so, and its making is remembered", async () => {
  const body = { scope: { kind: "period" }, from: "2026-11-01T00:00:00Z", to: "2026-11-28T00:00:00Z" };
  const { html, report } = (await bench.admin().post("/v1/reports/audit", body)) as {
    readonly html: string;
    readonly report: object;
  };
  expect(report).toEqual({ decisions: 0, findings: 0 });
  const { findings, report: read } = verifyReport(html, { publicHex: await online(), madeWith: PRODUCT_VERSION });
  expect(findings).toEqual([]);
  expect(read).toMatchObject({ madeBy: "admin", totals: { decisions: 0 } });
  const [entry] = bench.hub().services.ledger.list({ actionType: "ledger_read", newestFirst: true });
  expect(entry).toMatchObject({ action: "reported", target: "Audit of the floor", user_id: "admin" });
});

test.each([
  { scope: { kind: "period" }, from: "2026-11-28T00:00:00Z", to: "2026-11-01T00:00:00Z" },
  { scope: { kind: "order" }, from: "2026-11-01T00:00:00Z", to: "2026-11-28T00:00:00Z" },
  { scope: { kind: "floor" }, from: "2026-11-01T00:00:00Z", to: "2026-11-28T00:00:00Z" },
  { scope: { kind: "period" }, from: "2026-11-01", to: "2026-11-28T00:00:00Z" },
])("what cannot be reported is refused: %j", async (body) => {
  await expect(bench.admin().post("/v1/reports/audit", body)).rejects.toMatchObject({ code: "MAINT_ERR_BAD_REQUEST" });
});

test("what is no report is a finding, and the exit code says so", async () => {
  const folder = mkdtempSync(join(tmpdir(), "report-"));
  writeFileSync(join(folder, "page.html"), "<html></html>\n");
  const words = ["report", "verify", join(folder, "page.html"), "--key", "0".repeat(64)];
  const { exitCode, stdout } = await runMaint(words);
  rmSync(folder, { recursive: true });
  expect(stdout).toMatch(/^DOES NOT HOLD .*\n {2}not-a-report: it ends in no seal\n$/);
  expect(exitCode).toBe(1);
});
