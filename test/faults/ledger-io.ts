/**
 * Appends to a ledger, group by group, and says after each what is durable; signs it now and then. Meant to be run under strace,
 * which lets the n-th write fail: `node ledger-io.ts LEDGER honest|planted`. The planted one says so whatever came of it.
 */
import { writeSync } from "node:fs";
import { MaintError } from "../../src/base/maint-error.ts";
import { loadKeyFile } from "../../src/disk/key-file.ts";
import { openLedgerFile } from "../../src/disk/ledger-file.ts";
import type { LedgerRecord } from "../../src/model/ledger-entry.ts";

const GROUPS = 30;
const [, , path = "", honesty = ""] = process.argv;
const say = (line: string): void => void writeSync(1, `${line}\n`);
const codeOf = (error: unknown): string => (error instanceof MaintError ? error.code : String(error));
const record: LedgerRecord = {
  ...{ action_type: "process", action: "ticked", target: "t", details: "x".repeat(600), user_id: "n" },
  ...{ smart_id: null, metadata: {} },
};

try {
  const clock = (): { readonly timeMs: number; readonly timeSource: "wall" } => ({
    timeMs: Date.now(),
    timeSource: "wall",
  });
  const ledger = openLedgerFile(path, { owner: "n", key: loadKeyFile(`${path}.key`), clock });
  say(`open ${ledger.head().size}`);
  for (let turn = 0; turn < GROUPS; turn += 1) {
    const group = Array.from({ length: 1 + (turn % 20) }, () => record);
    const last = ledger.head().size + group.length - 1;
    try {
      ledger.append(group);
      say(`durable ${last}`);
      if (turn % 5 === 4) ledger.checkpoint();
    } catch (error) {
      if (honesty === "planted") say(`durable ${last}`);
      else say(`stopped ${codeOf(error)}`);
    }
  }
} catch (error) {
  say(`unopened ${codeOf(error)}`);
}
