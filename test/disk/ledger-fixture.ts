import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { SigningKey } from "../../src/disk/key-file.ts";
import { type LedgerFile, openLedgerFile } from "../../src/disk/ledger-file.ts";
import type { LedgerRecord } from "../../src/model/ledger-entry.ts";

/** A ledger's path in a folder that goes with the test. */
export function newLedgerPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "maint-ledger-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "ledger.db");
}

let now = 1_795_000_000_000;

/** `hub-1`'s ledger, with a clock that goes on a millisecond a group. */
export const openTestLedger = (path: string, key?: SigningKey): LedgerFile =>
  openLedgerFile(path, { owner: "hub-1", key, clock: () => ({ timeMs: now++, timeSource: "wall" }) });

export const recordOf = (index: number): LedgerRecord => ({
  action_type: index % 3 === 0 ? "contract_creation" : "gate_decision",
  action: index % 3 === 0 ? "created" : "decided",
  target: `thing-${index}`,
  details: `the ${index}th thing`,
  user_id: index % 5 === 0 ? "QA-1" : "STF-1",
  smart_id: index % 2 === 0 ? "UV-DAILY" : null,
  metadata: { index },
});

/** Appends entries up to `size` in groups. */
export function fillLedger(ledger: LedgerFile, size: number, group = 5_000): void {
  for (let at = ledger.head().size; at < size; at = ledger.head().size)
    ledger.append(Array.from({ length: Math.min(group, size - at) }, (_, index) => recordOf(at + index)));
}
