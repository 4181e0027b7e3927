import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runMaint } from "../../src/cli/story/processes.ts";
import { STATIONS } from "../../src/cli/story/uv-story.ts";
import type { SignedReceipt } from "../../src/ledger/receipt.ts";
import { atHub, type LpFloor, nodeStatus, readLamp, startLpFloor, until } from "./lp-floor.ts";

// One station for a day, through the command line: previews, a test that starts and ends, what lapses, receipts.
const node = STATIONS[0]?.id ?? "";
let floor: LpFloor;
beforeAll(async () => {
  floor = await startLpFloor(1);
});
afterAll(() => floor?.end());

const at = (): readonly string[] => ["--node", node, "--data", floor.data];
const asOperator = (): readonly string[] => [...at(), "--token", floor.tokenOf("STF-1")];

interface Gate {
  readonly allow: boolean;
  readonly reasons: readonly string[];
  readonly ledgerSeq: number | null;
  readonly preview?: boolean;
  readonly running?: { readonly test: string; readonly startedAt: string } | null;
}

async function gate(words: readonly string[], exit: number): Promise<Gate> {
  const { exitCode, json } = await floor.maint(["gate", ...words, ...asOperator()], [exit]);
  expect(exitCode).toBe(exit);
  return json as Gate;
}

const ledgerSize = async (): Promise<number> => {
  const { ledger } = await nodeStatus(floor, node);
  return ledger.size;
};

test("a preview says what the gate would say, writes nothing, and is no permission", async () => {
  const before = await ledgerSize();
  expect(await gate(["--test", "T-1", "--preview"], 10)).toMatchObject({
    ...{ allow: false, preview: true, ledgerSeq: null },
    reasons: ["reading.missing:uv-intensity"],
  });
  await readLamp(floor, node, "1180");
  expect(await gate(["--test", "T-1", "--preview"], 10)).toMatchObject({ allow: true, preview: true, ledgerSeq: null });
  // The lamp's reading is the one new entry.
  expect(await ledgerSize()).toBe(before + 1);
});

test("a test starts, runs, and ends once", async () => {
  const started = await gate(["--test", "T-1", "--start"], 0);
  expect(started).toMatchObject({ allow: true, running: { test: "T-1" } });
  expect((await gate(["--test", "T-1", "--start"], 0)).running).toEqual(started.running);
  const ended = await floor.maint(["gate", "--test", "T-1", "--end", "--result", "passed", ...asOperator()]);
  expect(ended.json).toMatchObject({ test: "T-1", result: "passed", startedAt: started.running?.startedAt });
  const again = await floor.maint(["gate", "--test", "T-1", "--end", ...asOperator()], [2]);
  expect(again.stderr).toContain("MAINT_ERR_CONFLICT");
  const runs = await floor.maint(["record", "list", "--kind", "test-run", ...at()]);
  expect((runs.json as { readonly evidence: unknown }).evidence).toHaveLength(2);
});

test("a blocked test does not run", async () => {
  await readLamp(floor, node, "940");
  expect(await gate(["--test", "T-2", "--start"], 10)).toMatchObject({ allow: false, running: null });
  await floor.maint(["gate", "--test", "T-2", "--end", ...asOperator()], [2]);
  await readLamp(floor, node, "1180");
});

interface Due {
  readonly due: readonly { readonly code: string; readonly severity: string; readonly holdsAlready: boolean }[];
}

test("what lapses is known before it does", async () => {
  const soon = await floor.maint(["due", "--within", "30d", ...at()]);
  expect((soon.json as readonly Due[])[0]?.due).toEqual([]);
  const year = await floor.maint(["due", "--within", "12m", ...at()], [1]);
  expect((year.json as readonly Due[])[0]?.due.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
    "warning calibration.due-soon",
    "reason calibration.overdue",
  ]);
  const daily = await floor.maint(["due", "--within", "2d", "--all", ...at()], [1]);
  const codes = (daily.json as readonly Due[])[0]?.due.map(({ code }) => code);
  expect(codes).toEqual(expect.arrayContaining(["reading.stale", "ack.missing"]));
  const lastYear = new Date(Date.now() - 300 * 86_400_000).toISOString();
  const past = await floor.maint(["due", "--within", "1d", "--at", lastYear, ...at()], [1]);
  expect((past.json as readonly Due[])[0]?.due).toMatchObject([{ code: "contract.none-in-force", holdsAlready: true }]);
  await floor.maint(["due", "--within", "30", ...at()], [2]);
  await floor.maint(["due", "--at", "yesterday", ...at()], [2]);
});

test("a receipt travels, and holds with the node's key alone", async () => {
  const { ledgerSeq } = await gate(["--test", "T-3", "--part", "P-7"], 0);
  const file = join(floor.folder, "P-7.receipt.json");
  await floor.maint(["receipt", "get", "--seq", String(ledgerSeq), "--out", file, ...at()]);
  const { key } = await nodeStatus(floor, node);
  const verify = (path: string, exit: number, more: readonly string[] = []) =>
    floor.maint(["receipt", "verify", path, "--key", key.publicHex, ...more], [exit]);
  expect((await verify(file, 0)).json).toMatchObject({ holds: true, receipt: { node, part: "P-7" } });

  const ledger = join(floor.data, "nodes", node, "ledger.db");
  expect((await verify(file, 0, ["--ledger", ledger])).json).toMatchObject({ holds: true });

  const signed = JSON.parse(readFileSync(file, "utf8")) as SignedReceipt;
  const forged = join(floor.folder, "forged.json");
  writeFileSync(forged, JSON.stringify({ ...signed, receipt: { ...signed.receipt, part: "P-8" } }));
  expect((await verify(forged, 1)).json).toMatchObject({ holds: false, fault: "signature-invalid" });
  const other = await floor.maint(["receipt", "verify", file, "--key", "0".repeat(64)], [1]);
  expect(other.json).toMatchObject({ holds: false, fault: "key-not-trusted" });
  writeFileSync(forged, readFileSync(file, "utf8").slice(0, -40));
  expect((await verify(forged, 2)).stderr).toContain("MAINT_ERR_BAD_JSON");
  await floor.maint(["receipt", "get", "--seq", String(ledgerSeq), "--out", file, ...at()], [2]);
  await floor.maint(["receipt", "get", "--seq", "999999", ...at()], [2]);
  await floor.maint(["receipt", "verify", file, "--key", "abc"], [2]);
});

test("a receipt of a decision that blocked says why", async () => {
  await readLamp(floor, node, "940");
  const { ledgerSeq } = await gate(["--test", "T-4"], 10);
  const { json } = await floor.maint(["receipt", "get", "--seq", String(ledgerSeq), ...at()]);
  expect((json as SignedReceipt).receipt.decision).toMatchObject({
    allow: false,
    reasons: ["reading.out-of-limits:uv-intensity"],
  });
});

test("another node's ledger does not vouch for a receipt", async () => {
  const file = join(floor.folder, "P-7.receipt.json");
  const { key } = await nodeStatus(floor, node);
  const hub = join(floor.folder, "hub-ledger.db");
  copyIfThere(join(floor.data, "hub", "ledger.checkpoint"), join(floor.folder, "hub-ledger.checkpoint"));
  for (const suffix of ["-head", "", "-wal"])
    copyIfThere(join(floor.data, "hub", `ledger.db${suffix}`), `${hub}${suffix}`);
  const checked = await floor.maint(["receipt", "verify", file, "--key", key.publicHex, "--ledger", hub], [1]);
  expect(["not-in-ledger", "ledger-differs"]).toContain((checked.json as { readonly fault: string }).fault);
});

function copyIfThere(from: string, to: string): void {
  try {
    copyFileSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

test("the station keeps the hub's checkpoint and cosigns it", async () => {
  await until("a cosignature", async () => {
    const { exitCode, stdout } = await runMaint(["ledger", "checkpoint", "--cosigned", ...atHub(floor)]);
    return exitCode === 0 && stdout.includes(`— ${node}/maint-witness `);
  });
  const kept = readFileSync(join(floor.data, "nodes", node, "hub.checkpoint"), "utf8");
  expect(kept.split("\n")[0]).toMatch(/^hub-[0-9a-f]{12}\/maint-ledger$/);
});

test("mixtures that mean nothing are refused", async () => {
  for (const words of [
    ["--start", "--end"],
    ["--start", "--preview"],
    ["--result", "passed"],
  ])
    await floor.maint(["gate", "--test", "T-9", ...words, ...asOperator()], [2]);
  await floor.maint(["gate", "--start", ...asOperator()], [2]);
});
