import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { openLedgerFile } from "../../src/disk/ledger-file.ts";

let folder = "";
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const module = new URL("../../src/disk/ledger-file.ts", import.meta.url).href;
const keys = new URL("../../src/disk/key-file.ts", import.meta.url).href;
/**
 * Appends for ever, in groups of one to three, signs now and then, and says after each group what it was told is durable. The
 * planted one says so before it appends.
 */
const writer = (path: string, plantedEarly: boolean): string => `
  import { writeSync } from "node:fs";
  import { openLedgerFile } from ${JSON.stringify(module)};
  import { makeSigningKey } from ${JSON.stringify(keys)};
  const ledger = openLedgerFile(${JSON.stringify(path)}, { owner: "n", key: makeSigningKey(), clock: () => ({ timeMs: Date.now(), timeSource: "wall" }) });
  const record = { action_type: "process", action: "ticked", target: "t", details: "", user_id: "n", smart_id: null, metadata: {} };
  for (let n = 0; ; n += 1) {
    const group = Array.from({ length: 1 + (n % 3) }, () => record);
    if (${plantedEarly}) {
      writeSync(1, ledger.head().size + group.length - 1 + "\\n");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
    const entries = ledger.append(group);
    if (!${plantedEarly}) writeSync(1, entries.at(-1).seq + "\\n");
    if (n % 7 === 6) ledger.checkpoint();
  }`;

/** Runs the writer, kills it after `lines` acknowledgements, and answers the last one that was whole. */
async function killAfter(path: string, lines: number, plantedEarly = false): Promise<number> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", writer(path, plantedEarly)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    if (text.split("\n").length > lines) child.kill("SIGKILL");
  });
  await once(child, "close");
  return Number(text.slice(0, text.lastIndexOf("\n")).split("\n").at(-1));
}

test("kill -9 at any moment loses no acknowledged entry, and the chain goes on", async () => {
  folder = mkdtempSync(join(tmpdir(), "maint-kill-"));
  const path = join(folder, "ledger.db");
  for (const lines of [1, 7, 40, 200, 3]) {
    const acknowledged = await killAfter(path, lines);
    const ledger = openLedgerFile(path, { owner: "n", clock: () => ({ timeMs: Date.now(), timeSource: "wall" }) });
    expect(ledger.head().size).toBeGreaterThan(acknowledged);
    expect(ledger.verify().finding).toBeNull();
    ledger.close();
  }
});

test("control: a writer that acknowledges before it commits is caught", async () => {
  folder = mkdtempSync(join(tmpdir(), "maint-kill-"));
  const path = join(folder, "ledger.db");
  const acknowledged = await killAfter(path, 3, true);
  const ledger = openLedgerFile(path, { owner: "n", clock: () => ({ timeMs: Date.now(), timeSource: "wall" }) });
  expect(ledger.head().size).not.toBeGreaterThan(acknowledged);
  ledger.close();
});
