import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openLedgerFile } from "../../src/disk/ledger-file.ts";
import { openDatabase } from "../../src/disk/sqlite.ts";
import type { HistoryEntry } from "../../src/hub/contracts/contract-records.ts";
import type { FactorFloor } from "../../src/hub/patterns/pattern-factors.ts";
import type { ContractSource, KnownContract, NewDraft, Principal } from "../../src/hub/ports.ts";
import { alertTables } from "../../src/hub/store/alerts-tables.ts";
import { openHubDatabase } from "../../src/hub/store/database.ts";
import { impactTables } from "../../src/hub/store/impact-tables.ts";
import { openJournal } from "../../src/hub/store/journal.ts";
import { noticeTables } from "../../src/hub/store/notice-tables.ts";
import { orderTables } from "../../src/hub/store/orders-tables.ts";
import { patternTables } from "../../src/hub/store/patterns-tables.ts";
import { proposalTables } from "../../src/hub/store/proposals-tables.ts";
import { recordTables } from "../../src/hub/store/record-tables.ts";
import type { Alert } from "../../src/model/alert.ts";
import type { Bundle } from "../../src/model/bundle.ts";

export const START_MS = Date.UTC(2026, 10, 24, 15);
export const EPOCH = "00112233445566aa";
export const ENGINEER: Principal = { id: "ENG-1", roles: ["author", "approver"] };

/** An alert of UV-DAILY at LP-1; a test says what differs. */
export const alertOf = (change: Partial<Alert> = {}): Alert => ({
  node: "LP-1",
  epoch: EPOCH,
  seq: 1,
  kind: "decision-blocked",
  severity: "high",
  atMs: START_MS,
  contract: "UV-DAILY",
  version: "v1.0",
  bundleDigest: null,
  condition: "uv-intensity-each-day",
  reason: "reading.out-of-limits",
  subject: "uv-intensity",
  text: "uv-intensity is 940 uW/cm2, at least 1000 uW/cm2 is needed",
  testId: "T-1",
  stationId: "ST-1",
  stationType: "penetrant",
  assets: ["LAMP-7"],
  reading: { quantity: "uv-intensity", value: "940", unit: "uW/cm2" },
  tell: ["supervisor"],
  ledgerSeq: 5,
  ...change,
});

/** A hub's database in memory and a real ledger file, gone when the test is. `tick` moves the clock. */
export async function openLoopBench() {
  const folder = mkdtempSync(join(tmpdir(), "loop-"));
  let nowMs = START_MS;
  const ledger = openLedgerFile(join(folder, "ledger.db"), {
    owner: "hub",
    clock: () => ({ timeMs: nowMs, timeSource: "wall" }),
  });
  const areas = [recordTables, alertTables, noticeTables, patternTables, proposalTables, orderTables, impactTables];
  const db = await openHubDatabase(openDatabase(":memory:"), areas);
  onTestFinished(async () => {
    await db.close();
    ledger.close();
    rmSync(folder, { recursive: true });
  });
  return {
    db,
    ledger,
    journal: openJournal(db, ledger),
    clock: { nowMs: () => nowMs },
    tick: (ms: number) => {
      nowMs += ms;
    },
    /** The ledger in short: `alert_raised raised LP-1`. */
    entries: () => ledger.list().map(({ action_type, action, user_id }) => `${action_type} ${action} ${user_id}`),
  };
}

/** A hub that knows nobody and nothing else. */
export const emptyFloor: FactorFloor = {
  registers: async () => [],
  people: async () => [],
  bundle: async () => undefined,
};

/** What proposals know of a hub without nodes and ledgers. */
export const noFloor = {
  archive: null,
  registers: async () => [],
  replay: null,
  failed: (error: unknown) => {
    throw error;
  },
} as const;

/** Contracts in force, by id, and the drafts that were made of them. */
export function contractShelf(
  known: readonly KnownContract[],
  history: readonly HistoryEntry[] = [],
): ContractSource & {
  readonly drafts: NewDraft[];
  readonly history: (contract: string) => Promise<readonly HistoryEntry[]>;
} {
  const drafts: NewDraft[] = [];
  return {
    drafts,
    current: async (contract) => known.find((entry) => entry.contract === contract),
    at: async (contract, version) => known.find((entry) => entry.contract === contract && entry.version === version),
    history: async (contract) => history.filter((entry) => entry.contract === contract),
    ids: async () => known.map(({ contract }) => contract).sort(),
    createDraft: async (draft) => {
      drafts.push(draft);
      const [first] = known;
      if (first === undefined) throw new Error("the shelf is empty");
      return { ...first, version: null, status: "draft", text: draft.text, parent: draft.parent, bundle: null };
    },
  };
}

export const knownContract = (bundle: Bundle, text = "", change: Partial<KnownContract> = {}): KnownContract => ({
  contract: bundle.contract,
  version: "v1.0",
  status: "active",
  domain: "penetrant",
  text,
  bundle,
  bundleDigest: null,
  parent: null,
  createdAtMs: START_MS,
  ...change,
});

export const bundleOf = (change: Partial<Bundle> = {}): Bundle => ({
  format: "maint-bundle/1",
  contract: "UV-DAILY",
  title: "UV",
  doc: null,
  source: { digest: `sha256:${"0".repeat(64)}` },
  following: [],
  scope: { stationType: null, order: null },
  equipment: [],
  materials: [],
  quantities: [],
  conditions: [{ name: "uv-intensity-each-day", testKind: null, line: 7 }],
  clauses: [],
  overrides: [],
  whenBlocked: [],
  rules: [],
  facts: [],
  tests: [],
  ...change,
});
