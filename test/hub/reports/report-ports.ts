import { DAY_MS } from "../../../src/base/civil-time.ts";
import { makeSigningKey } from "../../../src/disk/key-file.ts";
import type { ArchivedEntry } from "../../../src/hub/archive/archived.ts";
import type { ReportPorts } from "../../../src/hub/reports/report-service.ts";
import { archiveOf, FIRST_MS, tenDays, wholeArchiveOf } from "./ledger-days.ts";

export const wholeWindow = { fromMs: FIRST_MS - 3_600_000, toMs: FIRST_MS + 10 * DAY_MS };

/** What a report service asks of a hub that knows these entries and nothing else. */
export const reportPorts = (entries: readonly ArchivedEntry[] = tenDays().entries()): ReportPorts => ({
  archive: { ...archiveOf(entries), ...wholeArchiveOf(entries) },
  alerts: { list: async () => [], incidents: async () => [], removed: () => ({ alerts: 0, incidents: 0 }) },
  notices: { ofIncident: () => ({ messages: [], total: 0 }) },
  contracts: { history: async () => [], at: async () => undefined },
  policy: { release: () => undefined },
  ledger: { page: () => ({ entries: [], size: 0, next: null }) },
  nodes: { keyOf: async () => undefined },
  impacts: async () => [],
  journal: { append: async () => [] },
  clock: { nowMs: () => wholeWindow.toMs },
  hubId: "hub-1",
  key: makeSigningKey(),
});
