import { DAY_MS, printDate, printUtc } from "../../../src/base/civil-time.ts";
import { compile } from "../../../src/compiler/index.ts";
import type { SigningKey } from "../../../src/disk/key-file.ts";
import { zoneFromIntl } from "../../../src/disk/zone-from-intl.ts";
import type { ArchiveReader } from "../../../src/hub/archive/archive-reader.ts";
import type { ArchivedDecision, ArchivedEntry, NodeArchive } from "../../../src/hub/archive/archived.ts";
import { nextEntry } from "../../../src/ledger/append.ts";
import { EMPTY_HEAD, entryBytes, entryHash, type LedgerHead } from "../../../src/ledger/entry.ts";
import { EMPTY_EDGE, leafHash } from "../../../src/ledger/merkle.ts";
import { digestFacts } from "../../../src/ledger/receipt.ts";
import type { EvidenceBody, EvidenceRecord } from "../../../src/model/evidence.ts";
import type { LedgerRecord } from "../../../src/model/ledger-entry.ts";
import { openPlantCalendar } from "../../../src/model/plant-calendar.ts";
import { decideFast, indexReleases, loadBundle, snapshotFromValues } from "../../../src/runtime/index.ts";
import { checkpointOf } from "../archive/written-ledger.ts";

export const ZONE = "America/Chicago";
/** 2026-11-02 06:00 in Chicago. */
export const FIRST_MS = Date.UTC(2026, 10, 2, 12);
export const LIMIT = 1000;

const text = `contract UV-DAILY "UV-A intensity, once a plant day" {
  for every station

  light-meter  is a radiometer, by default "LM-01"
  uv-intensity is measured in uW/cm2

  before every test {
    must-calibrate-before-test:
      the light-meter must be calibrated every 12 months, warn 30 days before

    uv-intensity-each-day:
      each day, uv-intensity read with the light-meter must be at least ${LIMIT} uW/cm2
  }

  QA may override reading.out-of-limits for at most 8 hours
}
`;

interface NodeLedger {
  readonly entries: ArchivedEntry[];
  head: LedgerHead;
}

/** Ledgers of nodes as agents write them: evidence, and decisions of the real gate over it, each entry chained. */
export function openLedgerDays() {
  const [compiled] = compile([{ name: "UV-DAILY.maint", text }]).contracts;
  const loaded = loadBundle(compiled?.bytes ?? "");
  const zone = zoneFromIntl(ZONE);
  if (!loaded.ok || zone === undefined) throw new Error("the contract of the fixture does not hold");
  const digest = `sha256:${"1".repeat(64)}`;
  const release = { loaded: { ...loaded.value, digest }, version: "v1.0", offline: "accept" as const, fromDay: null };
  const releases = indexReleases([release]);
  const calendar = openPlantCalendar(zone);
  const ledgers = new Map<string, NodeLedger>();
  const ledgerOf = (node: string): NodeLedger => {
    const known = ledgers.get(node) ?? { entries: [], head: EMPTY_HEAD };
    ledgers.set(node, known);
    return known;
  };
  const write = (node: string, record: LedgerRecord, atMs: number): ArchivedEntry => {
    const ledger = ledgerOf(node);
    const next = nextEntry(ledger.head, record, atMs, "attested");
    ledger.head = next.head;
    const archived = { node, entry: next.entry };
    ledger.entries.push(archived);
    return archived;
  };
  const bodies = { action_type: "evidence_record", details: "", smart_id: null } as const;
  const record = (
    node: string,
    atMs: number,
    by: string,
    subject: string,
    body: EvidenceBody,
    more: Partial<EvidenceRecord> = {},
  ) => {
    const ledgerSeq = ledgerOf(node).head.size;
    const made = { id: `E${ledgerSeq}`, ledgerSeq, kind: body.kind, subject, takenAtMs: atMs, recordedAtMs: atMs };
    const evidence = { ...made, timeSource: "attested", by, roles: ["operator"], supersedes: null, body, ...more };
    write(node, { ...bodies, action: "recorded", target: subject, user_id: by, metadata: { record: evidence } }, atMs);
    return made.id;
  };
  const decide = (
    node: string,
    atMs: number,
    given: {
      readonly test: string;
      readonly uv: string;
      readonly calibratedOn: string;
      readonly order?: string;
      readonly part?: string;
      readonly overrides?: readonly object[];
      readonly roles?: { readonly [role: string]: string };
      /** Of the station's register, and of no clause. */
      readonly others?: readonly string[];
    },
  ) => {
    const calibration = { performedOn: given.calibratedOn, result: "pass", certificate: `C-${given.calibratedOn}` };
    const others = (given.others ?? []).map((asset) => [asset, { status: "in-service", calibration }] as const);
    const taken = { takenAt: printUtc(atMs - 60_000), takenWith: "LM-01" };
    const snapshot = {
      plantZone: ZONE,
      station: { id: `ST-${node}`, type: "penetrant", attributes: [], roles: given.roles ?? {} },
      test: { id: given.test, operator: "STF-1", ...(given.order === undefined ? {} : { clientPO: given.order }) },
      equipment: {
        "LM-01": { serial: "S-4711", status: "in-service", calibration },
        ...Object.fromEntries(others),
      },
      readings: { "uv-intensity": { value: { $number: given.uv }, unit: "uW/cm2", ...taken } },
      overrides: given.overrides ?? [],
    };
    const input = { releases, calendar, now: atMs, node, assumeBinding: false, snapshot: snapshotFromValues(snapshot) };
    const decision = decideFast(input);
    const metadata = { decision, part: given.part ?? null, facts: digestFacts(snapshot).facts, snapshot };
    const action = decision.allow ? "allowed" : "blocked";
    const said = { action, target: given.test, details: "", user_id: "STF-1", smart_id: "UV-DAILY", metadata };
    write(node, { action_type: "gate_decision", ...said } as unknown as LedgerRecord, atMs);
    return decision;
  };
  return {
    record,
    decide,
    entries: (): readonly ArchivedEntry[] => [...ledgers.values()].flatMap(({ entries }) => entries),
  };
}

/** Two stations over ten days: a lamp that fades at one of them, a meter that is calibrated late at the other. */
export function tenDays() {
  const days = openLedgerDays();
  const calibration = (performedOn: string, more: object = {}) =>
    ({
      kind: "calibration",
      performedOn,
      result: "pass",
      certificate: `C-${performedOn}`,
      references: ["STD-1"],
      ...more,
    }) as const;
  const standard = {
    kind: "calibration",
    performedOn: "2025-12-01",
    dueOn: "2026-12-01",
    result: "pass",
    certificate: "C-STD",
    national: true,
  } as const;
  for (const node of ["LP-01", "LP-02"]) {
    days.record(node, FIRST_MS - 100 * DAY_MS, "QA-1", "STD-1", standard);
    days.record(
      node,
      FIRST_MS - 90 * DAY_MS,
      "QA-1",
      "LM-01",
      calibration("2025-11-05", { asFound: "in-tolerance", asLeft: "in-tolerance" }),
    );
  }
  for (let day = 0; day < 10; day++) {
    const at = FIRST_MS + day * DAY_MS;
    if (day === 6)
      days.record(
        "LP-02",
        at - 3_600_000,
        "QA-1",
        "LM-01",
        calibration("2026-11-08", { asFound: "out-of-tolerance", asLeft: "in-tolerance" }),
      );
    for (const node of ["LP-01", "LP-02"]) {
      const uv = node === "LP-01" ? String(1250 - day * 40) : "1400";
      days.record(node, at - 60_000, "STF-1", "uv-intensity", {
        kind: "reading",
        value: uv,
        unit: "uW/cm2",
        takenWith: "LM-01",
      });
      const calibratedOn = node === "LP-02" && day >= 6 ? "2026-11-08" : "2025-11-05";
      const test = `T-${node}-${day}`;
      const order = day % 2 === 0 ? { order: "PO-7", part: `P-${day}` } : {};
      days.decide(node, at, { test, uv, calibratedOn, ...order });
    }
  }
  return days;
}

/** As an archive has them: what lies deeper than its columns it does not look at. */
function decisionsIn({ node, entry }: ArchivedEntry): readonly ArchivedDecision[] {
  if (entry.action_type !== "gate_decision") return [];
  const recorded = entry.metadata as unknown as ArchivedDecision["recorded"];
  return [{ node, entry, atMs: Date.parse(recorded.decision.atUtc), recorded }];
}

/** An archive of entries in memory, with the filters that reports use. */
export const archiveOf = (entries: readonly ArchivedEntry[]): Pick<NodeArchive, "entries" | "decisions"> => ({
  entries: ({ nodes, toMs = Number.MAX_SAFE_INTEGER, actionTypes } = {}) =>
    entries.filter(
      ({ node, entry }) =>
        (nodes === undefined || nodes.includes(node)) &&
        (actionTypes === undefined || actionTypes.includes(entry.action_type)) &&
        Date.parse(entry.time) < toMs,
    ),
  decisions: ({ order, fromMs = 0, toMs = Number.MAX_SAFE_INTEGER } = {}): readonly ArchivedDecision[] =>
    entries
      .flatMap(decisionsIn)
      .filter(
        ({ atMs, recorded }) =>
          atMs >= fromMs && atMs < toMs && (order === undefined || recorded.decision.order === order),
      ),
});

/** Nodes that signed so many of their first entries. */
export type SignedUpTo = ReadonlyMap<string, { readonly key: SigningKey; readonly size: number }>;

/** The same with what an archive says of its nodes and their trees. */
export function wholeArchiveOf(
  entries: readonly ArchivedEntry[],
  signed: SignedUpTo = new Map(),
): Pick<NodeArchive, "nodes"> & Pick<ArchiveReader, "trees"> {
  const ofNode = (node: string) => entries.filter((one) => one.node === node);
  const known = (node: string) => {
    const own = ofNode(node);
    const last = own.at(-1);
    const headHash = last === undefined ? EMPTY_HEAD.hash : entryHash(entryBytes(last.entry));
    return { node, size: own.length, headHash, firstKept: 0, fault: null };
  };
  const signedBy = (node: string) => {
    const by = signed.get(node);
    if (by === undefined) return null;
    const written = { node, entries: ofNode(node).map(({ entry }) => entryBytes(entry)), heads: [] };
    return { size: by.size, ...checkpointOf(written, by.key, by.size) };
  };
  return {
    nodes: () => [...new Set(entries.map(({ node }) => node))].map(known),
    trees: (node) => [
      {
        ...{ ...known(node), strand: 0, kept: EMPTY_EDGE, checkpoint: signedBy(node) },
        leaves: () => ofNode(node).map(({ entry }) => leafHash(entryBytes(entry))),
      },
    ],
  };
}

export const today = printDate(Math.floor((FIRST_MS + 10 * DAY_MS) / DAY_MS));

/** A test that starts, as a node records it. */
export const STARTED = {
  kind: "test-run",
  state: "started",
  testKind: null,
  order: null,
  assets: [],
  closingChecks: [],
  contracts: [],
} as const;
