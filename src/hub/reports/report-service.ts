import { DAY_MS, printDate, printUtc } from "../../base/civil-time.ts";
import type { SigningKey } from "../../disk/key-file.ts";
import type { LedgerReader } from "../../disk/ledger-file.ts";
import { zoneFromIntl } from "../../disk/zone-from-intl.ts";
import { MAX_REPORT_BYTES } from "../../model/limits.ts";
import { openPlantCalendar } from "../../model/plant-calendar.ts";
import { PRODUCT_VERSION } from "../../model/product-version.ts";
import type { AlertRecord } from "../alerts/alert-record.ts";
import type { AlertService } from "../alerts/alert-service.ts";
import type { ArchiveReader } from "../archive/archive-reader.ts";
import type { ArchivedEntry, NodeArchive } from "../archive/archived.ts";
import type { ContractService } from "../contracts/contract-service.ts";
import { NO_SIGNATURES, versionSignatures } from "../contracts/version-signatures.ts";
import type { NodeService } from "../nodes/node-service.ts";
import type { NoticeService } from "../notices/notice-service.ts";
import type { PolicyCentral, StoredRelease } from "../policy-central/policy-central.ts";
import type { Clock, Principal } from "../ports.ts";
import { badRequest } from "../refusals.ts";
import { parseRoleName } from "../release/role-name.ts";
import { needsTwo } from "../release/sign-release.ts";
import type { Journal } from "../store/journal.ts";
import { titleOf } from "./audit-page.ts";
import {
  type AlertRow,
  AUDIT_FORMAT,
  type AuditReport,
  type AuditScope,
  type AuditWindow,
  type ContractRow,
  type DecisionRow,
  type ImpactRow,
} from "./audit-report.ts";
import { rowsOfEntries } from "./audit-rows.ts";
import { selectEntries } from "./audit-selection.ts";
import { distinct, zonesOf } from "./decision-rows.ts";
import { findingsOf } from "./findings.ts";
import { incidentRows } from "./incident-rows.ts";
import { proofsOf } from "./node-proof.ts";
import { readEntries } from "./read-entries.ts";
import { sealReport } from "./seal.ts";

export interface ReportPorts {
  readonly archive: Pick<NodeArchive, "entries" | "decisions"> & Pick<ArchiveReader, "trees">;
  readonly alerts: Pick<AlertService, "list" | "incidents" | "removed">;
  readonly notices: Pick<NoticeService, "ofIncident">;
  readonly contracts: Pick<ContractService, "history" | "at">;
  readonly policy: Pick<PolicyCentral, "release">;
  /** The hub's own: who signed what. */
  readonly ledger: Pick<LedgerReader, "page">;
  readonly nodes: Pick<NodeService, "keyOf">;
  /** Impacts whose instrument or decisions the report is about. */
  readonly impacts: (nodes: readonly string[]) => Promise<readonly ImpactRow[]>;
  readonly journal: Pick<Journal, "append">;
  readonly clock: Clock;
  readonly hubId: string;
  readonly key: SigningKey;
}

export interface ReportService {
  /**
   * A sealed report as one HTML file. That it was made, by whom and about what, is a ledger entry.
   * @throws MaintError BAD_REQUEST for a window that is none, CONFLICT where there is more than one report holds, or than whoever
   * verifies it would read
   */
  readonly audit: (scope: AuditScope, window: AuditWindow, by: Principal) => Promise<MadeReport>;
}

export interface MadeReport {
  /** The whole file. */
  readonly html: string;
  readonly report: { readonly decisions: number; readonly findings: number };
}

/** @param maxBytes what a report's file may have */
export function createReportService(ports: ReportPorts, maxBytes = MAX_REPORT_BYTES): ReportService {
  return {
    audit: async (scope, window, by) => {
      if (window.fromMs >= window.toMs) throw badRequest("the period ends before it begins");
      const entries = await selectEntries(ports, scope, window);
      const nowMs = ports.clock.nowMs();
      const dayOf = plantDays(entries);
      const asOfDay = dayOf(Math.min(nowMs, window.toMs - 1));
      const rows = rowsOfEntries(entries, { scope, ...window, asOfDay });
      const nodes = distinct([...entries.map(({ node }) => node), ...(scope.kind === "station" ? [scope.id] : [])]);
      const { proofs, facts } = await proofsOf(ports, nodes, entries);
      const alerts = await alertRows(ports, nodes, scope, window);
      const report: AuditReport = {
        ...{
          format: AUDIT_FORMAT,
          scope,
          ...window,
          madeAt: printUtc(nowMs),
          madeBy: by.id,
          hub: ports.hubId,
          asOfDay,
          firstDay: dayOf(window.fromMs),
          lastDay: asOfDay,
        },
        ...rows,
        alerts,
        incidents: await incidentRows(ports, alerts),
        contracts: await contractRows(ports, rows.decisions),
        impacts: (await ports.impacts(nodes)).filter(
          ({ asset }) => scope.kind !== "equipment" || rows.instruments.some((one) => one.asset === asset),
        ),
        ledgers: facts,
        leftOut: [...leftOutOf(facts), ...removedAlerts(ports, window)],
      };
      // Before it is written down that it was made.
      const html = sealReport({ report, proofs, madeWith: PRODUCT_VERSION }, ports.key, maxBytes);
      await ports.journal.append([
        {
          ...{ action_type: "ledger_read", action: "reported", target: titleOf(scope), user_id: by.id, smart_id: null },
          details: `${titleOf(scope)}: ${rows.totals.decisions} decisions of ${nodes.length} nodes`,
          metadata: { scope, fromMs: window.fromMs, toMs: window.toMs, entries: entries.length },
        },
      ]);
      return {
        html,
        report: { decisions: rows.totals.decisions, findings: findingsOf(report).length },
      };
    },
  };
}

/** Days at the first plant that the report names; UTC's where none is known. */
function plantDays(entries: readonly ArchivedEntry[]): (atMs: number) => string {
  const [zone] = zonesOf(readEntries(entries).decided);
  const transitions = zone === undefined ? undefined : zoneFromIntl(zone);
  const calendar = transitions === undefined ? undefined : openPlantCalendar(transitions);
  return (atMs) => printDate(calendar?.covers(atMs) === true ? calendar.dayOf(atMs) : Math.floor(atMs / DAY_MS));
}

async function alertRows(
  { alerts }: ReportPorts,
  nodes: readonly string[],
  scope: AuditScope,
  { fromMs, toMs }: AuditWindow,
): Promise<readonly AlertRow[]> {
  const known = await alerts.list({ sinceMs: fromMs });
  return known
    .filter(({ alert }) => alert.atMs < toMs && nodes.includes(alert.node) && alert.kind !== "shadow-decision")
    .filter(({ alert }) => scope.kind !== "equipment" || alert.subject === scope.id || alert.assets.includes(scope.id))
    .map(alertRow)
    .sort((a, b) => (a.at < b.at ? -1 : 1));
}

function alertRow({ id, alert, incident, receivedAtMs, acknowledgement }: AlertRecord): AlertRow {
  const { node, severity, reason, subject, text: words } = alert;
  return {
    ...{ id, incident, node, at: printUtc(alert.atMs), severity, reason, subject, words },
    acknowledgedBy: acknowledgement?.by ?? null,
    minutesToAcknowledge:
      acknowledgement === null ? null : Math.round((acknowledgement.atMs - receivedAtMs) / 6_000) / 10,
    note: acknowledgement?.note ?? null,
  };
}

/** Every version that gave one of the decisions, with who answers for it. */
async function contractRows(
  { contracts, ledger, policy }: ReportPorts,
  decisions: readonly DecisionRow[],
): Promise<readonly ContractRow[]> {
  const used = new Set(
    decisions.flatMap((row) => row.contracts.map(({ contract, version }) => `${contract}@${version}`)),
  );
  const ids = distinct(decisions.flatMap((row) => row.contracts.map(({ contract }) => contract)));
  const histories = await Promise.all(ids.map((id) => contracts.history(id)));
  const signed = await versionSignatures(ledger, used);
  return histories.flat().flatMap((one): readonly ContractRow[] => {
    const { contract, version, status, digest, createdBy, createdAtMs, changes } = one;
    if (version === null || !used.has(`${contract}@${version}`)) return [];
    const release = policy.release(contract, version);
    const row = { contract, version, status, digest, createdBy, createdAt: printUtc(createdAtMs), changes };
    return [
      {
        ...row,
        direction: release?.mark.direction ?? null,
        needsSecond: release === undefined ? null : isSignedByTwo(release),
        signatures: signed.get(`${contract}@${version}`) ?? NO_SIGNATURES,
      },
    ];
  });
}

const isSignedByTwo = ({ mark, role }: StoredRelease): boolean =>
  needsTwo(mark.direction) || parseRoleName(role)?.loosening === true;

const leftOutOf = (facts: AuditReport["ledgers"]): readonly string[] =>
  facts.flatMap(({ node, firstKept }) =>
    firstKept === 0 ? [] : [`${node}: entries before ${firstKept} are kept at the hub no more`],
  );

const removedAlerts = ({ alerts }: ReportPorts, window: AuditWindow): readonly string[] => {
  const { alerts: count } = alerts.removed(window);
  return count === 0 ? [] : [`alerts of this time, up to ${count} of all nodes, were removed at the hub by retention`];
};
