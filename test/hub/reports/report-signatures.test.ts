import { expect, test } from "vitest";
import type { HistoryEntry } from "../../../src/hub/contracts/contract-records.ts";
import type { StoredRelease } from "../../../src/hub/policy-central/policy-central.ts";
import { createReportService } from "../../../src/hub/reports/report-service.ts";
import { openReport } from "../../../src/hub/reports/seal.ts";
import type { LedgerEntry } from "../../../src/model/ledger-entry.ts";
import { reportPorts, wholeWindow } from "./report-ports.ts";

const version: HistoryEntry = {
  ...{ contract: "UV-DAILY", version: "v1.0", status: "active", domain: "penetrant", title: "UV-A", template: null },
  ...{
    parent: null,
    changes: [],
    createdBy: "STF-7",
    createdAtMs: 0,
    storedAtMs: 0,
    activatedAtMs: 0,
    endedAtMs: null,
  },
  ...{
    endReason: null,
    digest: `sha256:${"1".repeat(64)}`,
    sourceDigest: `sha256:${"2".repeat(64)}`,
    validation: null,
  },
};
const release = (direction: StoredRelease["mark"]["direction"], role: string): StoredRelease => ({
  ...{ contract: "UV-DAILY", version: "v1.0", domain: "penetrant", digest: `sha256:${"1".repeat(64)}`, size: 1 },
  ...{ target: "t", sourceDigest: `sha256:${"2".repeat(64)}`, role },
  mark: { direction, comparedWith: null, offline: "accept" },
});

const said = (seq: number, action: string, by: string, details: string): LedgerEntry => ({
  ...{ seq, time: `2026-11-01T10:0${seq}:00.000Z`, timeSource: "attested", previous_hash: "" },
  ...{ action_type: "contract_approval", action, target: "UV-DAILY@v1.0", details, user_id: by, smart_id: "UV-DAILY" },
  metadata: { kind: "release" },
});
const staged = said(3, "staged", "STF-7", "new <lamps>");
const approved = said(5, "approved", "QA-1", "measured with the new lamps");
const published = said(6, "published", "QA-1", "measured with the new lamps");
const MISSING = "two people had to sign it, and no second signature is on record UV-DAILY@v1.0";

/** Cells of the table that says who answers for a version, and the finding where there is one. */
const rows: readonly {
  readonly what: string;
  readonly release: StoredRelease | undefined;
  readonly entries: readonly LedgerEntry[];
  readonly cells: readonly string[];
  readonly found: boolean;
}[] = [
  {
    what: "signed by two",
    release: release("loosens", "penetrant-loosening-1"),
    entries: [staged, approved, published],
    cells: [
      "loosens",
      "STF-7 2026-11-01 10:03:00 Z (entry 3): new &lt;lamps&gt;",
      "QA-1 2026-11-01 10:05:00 Z (entry 5): measured with the new lamps",
      "QA-1 2026-11-01 10:06:00 Z (entry 6): measured with the new lamps",
    ],
    found: false,
  },
  {
    what: "had to be signed by two, and the ledger has one",
    release: release("loosens", "penetrant-loosening-1"),
    entries: [staged],
    cells: ["loosens", "STF-7 2026-11-01 10:03:00 Z (entry 3): new &lt;lamps&gt;", "not recorded", "not recorded"],
    found: true,
  },
  {
    what: "one person stored",
    release: release("first", "penetrant-1"),
    entries: [{ ...staged, action_type: "contract_storage", action: "stored", metadata: { reason: "the first" } }],
    cells: [
      "first",
      "STF-7 2026-11-01 10:03:00 Z (entry 3): the first",
      "not needed: it is the first version",
      "its author, by the same entry",
    ],
    found: false,
  },
  {
    what: "only tightens, and nothing of it is on record",
    release: release("tightens", "penetrant-1"),
    entries: [],
    cells: ["tightens", "not recorded", "not needed: it only tightens", "not recorded"],
    found: false,
  },
  {
    what: "is not in PolicyCentral any more",
    release: undefined,
    entries: [],
    cells: ["not recorded", "not recorded", "not recorded", "not recorded"],
    found: false,
  },
];
test.each(rows)("a version that $what", async ({ release: known, entries, cells, found }) => {
  const page = ({ actionType }: { readonly actionType?: string | undefined } = {}) => ({
    ...{ entries: entries.filter(({ action_type }) => action_type === actionType), size: 9, next: null },
  });
  const service = createReportService({
    ...reportPorts(),
    ...{ ledger: { page }, policy: { release: () => known } },
    contracts: { history: async () => [version], at: async () => undefined },
  });
  const { html } = await service.audit({ kind: "period" }, wholeWindow, { id: "AUD-1", roles: ["auditor"] });
  const table = html.slice(html.indexOf("Who answers for each version"));
  const shown = [...table.slice(0, table.indexOf("</table>")).matchAll(/<td[^>]*>(.*?)<\/td>/g)];
  expect(shown.map(([, cell = ""]) => cell.replace(/<[^>]*>/g, ""))).toEqual(cells);
  expect(
    html
      .replace(/<[^>]*>/g, " ")
      .replace(/\s+/g, " ")
      .includes(MISSING),
  ).toBe(found);
  expect(openReport(html)).toMatchObject({ ok: true });
});
