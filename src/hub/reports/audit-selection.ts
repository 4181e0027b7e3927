import type { EvidenceRecord } from "../../model/evidence.ts";
import { MAX_REPORT_DECISIONS, MAX_REPORT_EVIDENCE } from "../../model/limits.ts";
import type { ArchivedDecision, ArchivedEntry, NodeArchive } from "../archive/archived.ts";
import { recordIn } from "../archive/evidence-in.ts";
import { bundleShelf } from "../impact/look.ts";
import { relianceOf } from "../impact/reliance.ts";
import type { ContractSource } from "../ports.ts";
import type { AuditScope, AuditWindow } from "./audit-report.ts";
import { calibrationsOf } from "./calibrated.ts";
import { type NamedCalibrations, namedCalibrations } from "./contract-due.ts";
import { distinct } from "./decision-rows.ts";
import { standardsAbove } from "./instrument-rows.ts";
import { decisionIn, readEntries } from "./read-entries.ts";
import { tooMuch } from "./too-much.ts";

export interface SelectionPorts {
  readonly archive: Pick<NodeArchive, "entries" | "decisions">;
  /** The versions that decided: their clauses say what a decision was about. */
  readonly contracts: Pick<ContractSource, "at">;
}

/**
 * The entries a report rests on: decisions of the window within its scope, and the evidence behind them, calibrations from
 * however long ago.
 * @throws MaintError CONFLICT where they are more than one report holds
 */
export async function selectEntries(
  { archive, contracts }: SelectionPorts,
  scope: AuditScope,
  window: AuditWindow,
): Promise<readonly ArchivedEntry[]> {
  if (scope.kind === "equipment") return aboutEquipment({ archive, contracts }, scope.id, window);
  const decisions = atMost(decisionsIn(archive, scope, window), MAX_REPORT_DECISIONS, "decisions");
  const nodes = distinct(decisions.map(({ node }) => node));
  const named = scope.kind === "station" && !nodes.includes(scope.id) ? [...nodes, scope.id] : nodes;
  const evidence = archive.entries({ nodes: named, actionTypes: ["evidence_record"], toMs: window.toMs });
  const wanted = scope.kind === "period" || scope.kind === "station" ? () => true : aboutTests(decisions);
  return [
    ...decisions.map(entryOf),
    ...atMost(kept(evidence, window, wanted), MAX_REPORT_EVIDENCE, "evidence records"),
  ];
}

const entryOf = ({ node, strand, entry }: ArchivedEntry): ArchivedEntry => ({ node, strand, entry });

function* decisionsIn(
  archive: Pick<NodeArchive, "decisions">,
  scope: Exclude<AuditScope, { readonly kind: "equipment" }>,
  window: AuditWindow,
): Iterable<ArchivedDecision> {
  const order = scope.kind === "order" ? { order: scope.id } : {};
  for (const decision of archive.decisions({ ...window, ...order }))
    if (scope.kind !== "station" || isAtStation(decision, scope.id)) yield decision;
}

/** A station is named by its node's id, or by the id in its register. */
function isAtStation({ node, recorded }: ArchivedDecision, id: string): boolean {
  const station = recorded.snapshot?.["station"];
  return node === id || (typeof station === "object" && station !== null && "id" in station && station.id === id);
}

type Wanted = (record: EvidenceRecord, node: string) => boolean;

/** Of an earlier day only what still says something: calibrations, and what grants or takes back. */
const LASTING: ReadonlySet<string> = new Set([
  ...["calibration", "revocation", "impact-closed", "override", "extension", "approval"],
]);

function* kept(evidence: Iterable<ArchivedEntry>, { fromMs }: AuditWindow, wanted: Wanted): Iterable<ArchivedEntry> {
  for (const one of evidence) {
    const record = recordIn(one.entry);
    // One that is no record is the report's to name, where it was written in its time.
    const isKept =
      record === undefined
        ? Date.parse(one.entry.time) >= fromMs
        : wanted(record, one.node) && (record.recordedAtMs >= fromMs || LASTING.has(record.kind));
    if (isKept) yield entryOf(one);
  }
}

/** For an order: what was recorded while its tests ran is the station's whole evidence, but not that of other days. */
function aboutTests(decisions: readonly ArchivedDecision[]): Wanted {
  const days = new Set(decisions.map(({ node, recorded }) => `${node} ${recorded.decision.atUtc.slice(0, 10)}`));
  return (record, node) =>
    LASTING.has(record.kind) || days.has(`${node} ${new Date(record.recordedAtMs).toISOString().slice(0, 10)}`);
}

async function aboutEquipment(
  { archive, contracts }: SelectionPorts,
  asset: string,
  window: AuditWindow,
): Promise<readonly ArchivedEntry[]> {
  const all = [...archive.entries({ actionTypes: ["evidence_record"], toMs: window.toMs })];
  const { records } = readEntries(all);
  const calibrated = calibrationsOf(records);
  const chain = new Set(standardsAbove(asset, calibrated));
  const named = namedCalibrations(calibrated);
  const relied: ArchivedDecision[] = [];
  const shelf = bundleShelf(contracts);
  const always = [{ asset, fromMs: null, toMs: null, via: [] }];
  for (const decision of archive.decisions({ ...window, assets: [asset] })) {
    // What has not the form of a decision cannot be asked, and is the report's to name.
    if (decisionIn(decision) !== undefined) {
      await shelf.fetch(decision.recorded.decision.contracts);
      const rests = relianceOf(decision, always, shelf.of).some((one) => one.asset === asset);
      if (!rests && !names(decision, asset, named)) continue;
    }
    relied.push(decision);
    refuseMore(relied.length, MAX_REPORT_DECISIONS, "decisions");
  }
  const tests = new Set(relied.map(({ node, recorded }) => `${node} ${recorded.decision.testId}`));
  const grants = new Set(
    records.flatMap(({ node, record: { id, subject, body } }) =>
      (body.kind === "override" && body.about === asset) || (body.kind === "extension" && chain.has(subject))
        ? [`${node} ${id}`]
        : [],
    ),
  );
  const wanted: Wanted = ({ subject, body }, node) =>
    chain.has(subject) ||
    (body.kind === "reading" && body.takenWith === asset) ||
    (body.kind === "override" && body.about === asset) ||
    (body.kind === "approval" && grants.has(`${node} ${body.of}`)) ||
    (body.kind === "test-run" && tests.has(`${node} ${subject}`));
  const evidence = atMost(kept(all, window, wanted), MAX_REPORT_EVIDENCE, "evidence records");
  return [...relied.map(entryOf), ...evidence];
}

/** Whether a decision says so itself: by the instrument of a reading, one of its certificates, or a reason about it. */
function names({ node, recorded }: ArchivedDecision, asset: string, named: NamedCalibrations): boolean {
  const { conditions, reasons, warnings } = recorded.decision;
  if ([...reasons, ...warnings].some((code) => code.endsWith(`:${asset}`))) return true;
  return conditions.some(({ clauses }) =>
    clauses.some(
      (clause) => clause.instrument?.split(", ").includes(asset) === true || named(node, clause).includes(asset),
    ),
  );
}

function atMost<T>(items: Iterable<T>, most: number, what: string): readonly T[] {
  const all: T[] = [];
  for (const item of items) {
    all.push(item);
    refuseMore(all.length, most, what);
  }
  return all;
}

function refuseMore(count: number, most: number, what: string): void {
  if (count > most) throw tooMuch(`more than ${most} ${what}`);
}
