import { snapshotValues } from "../agent/evidence-snapshot.ts";
import { openEvidenceStore } from "../agent/evidence-store.ts";
import { openTestRuns } from "../agent/test-runs.ts";
import { vocabularyOf } from "../agent/vocabulary.ts";
import { printUtc } from "../base/civil-time.ts";
import { MaintError } from "../base/maint-error.ts";
import { compile } from "../compiler/index.ts";
import { openDatabase } from "../disk/sqlite.ts";
import { zoneFromIntl } from "../disk/zone-from-intl.ts";
import type { DecidedThere } from "../hub/archive/archive-desk.ts";
import type { ArchivedEntry, RecordedMetadata } from "../hub/archive/archived.ts";
import type { Decision } from "../model/decision.ts";
import type { OrdersDocument, StationRegister } from "../model/documents.ts";
import type { EvidenceRecord } from "../model/evidence.ts";
import { MAX_ARCHIVE_LISTED } from "../model/limits.ts";
import { openPlantCalendar } from "../model/plant-calendar.ts";
import {
  decide,
  indexReleases,
  type LoadedBundle,
  loadBundle,
  type Release,
  snapshotFromValues,
} from "../runtime/index.ts";
import type { HubClient } from "./hub-client.ts";

/** A look back at one station. */
export interface AsOf {
  readonly node: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** Null takes those of the decision before. */
  readonly kind: string | null;
  readonly operator: string | null;
  /** `then`: only what was on record by that instant. `now`: corrections and late records count as well. */
  readonly knowing: "then" | "now";
}

export interface AsOfAnswer {
  readonly decision: Decision;
  /** The decision before it, by whose contracts and station register it is decided. */
  readonly by: { readonly seq: number; readonly at: string };
  readonly evidence: number;
}

/**
 * What a station's gate would have said at an instant of the past: its evidence from the hub's archive, its register and its
 * contracts as the decision before had them. That the station's computer ran on since its equipment was switched on is taken for
 * granted, since nobody archives that. @throws MaintError MAINT_ERR_NOT_FOUND where it decided nothing before
 */
export async function decideAsOf(hub: HubClient, asked: AsOf): Promise<AsOfAnswer> {
  const { seq, recorded } = await decisionBefore(hub, asked);
  const { decision: before, snapshot } = recorded;
  if (snapshot === null) throw noBasis(`entry ${seq} of ${asked.node} was too large to keep what it was decided on`);
  const register = registerIn(snapshot, asked.node);
  const bundles = await bundlesOf(hub, before);
  const records = await evidenceBefore(hub, asked);
  const { kind, operator } = { kind: asked.kind ?? before.testKind, operator: asked.operator ?? before.operator };
  const values = valuesAsOf({ ...asked, kind, operator }, records, { register, orders: ordersIn(snapshot), bundles });
  const zone = zoneFromIntl(register.plantZone);
  if (zone === undefined) throw noBasis(`this machine knows no zone ${register.plantZone}`);
  const releases = before.contracts.map(({ version }, index): Release => {
    return { loaded: bundles[index] as LoadedBundle, version, offline: "accept", fromDay: null };
  });
  const input = { releases: indexReleases(releases), calendar: openPlantCalendar(zone), now: asked.atMs };
  const decision = await decide(
    { ...input, snapshot: snapshotFromValues(values), node: asked.node, assumeBinding: false },
    "both",
  );
  return { decision, by: { seq, at: before.at }, evidence: records.length };
}

const noBasis = (message: string): MaintError => new MaintError("MAINT_ERR_NOT_FOUND", message, { exitCode: 2 });

async function decisionBefore(hub: HubClient, { node, atMs, kind }: AsOf) {
  const query = new URLSearchParams({
    node,
    until: printUtc(atMs + 1),
    newest: "true",
    limit: String(MAX_ARCHIVE_LISTED),
  });
  const { decisions } = (await hub.get(`/v1/archive/decisions?${query}`)) as {
    readonly decisions: readonly DecidedThere[];
  };
  for (const { seq, contracts } of decisions) {
    if (contracts.length === 0) continue;
    const { entry } = (await hub.get(`/v1/archive/entries/${encodeURIComponent(node)}/${seq}`)) as ArchivedEntry;
    const recorded = entry.metadata as unknown as RecordedMetadata;
    if (kind === null || recorded.decision.testKind === kind) return { seq, recorded };
  }
  throw noBasis(`${node} decided nothing by a contract before ${printUtc(atMs)}${kind === null ? "" : ` for ${kind}`}`);
}

/** All that is archived, a page at a time: calibrations count from however long ago. */
async function evidenceBefore(hub: HubClient, { node, atMs, knowing }: AsOf): Promise<readonly EvidenceRecord[]> {
  const records: EvidenceRecord[] = [];
  for (let from = 0; ; ) {
    const query = new URLSearchParams({
      node,
      from: String(from),
      type: "evidence_record",
      limit: String(MAX_ARCHIVE_LISTED),
    });
    const { entries } = (await hub.get(`/v1/archive/entries?${query}`)) as {
      readonly entries: readonly ArchivedEntry[];
    };
    for (const { entry } of entries) records.push(entry.metadata["record"] as EvidenceRecord);
    const last = entries.at(-1);
    if (last === undefined || entries.length < MAX_ARCHIVE_LISTED) break;
    from = last.entry.seq + 1;
  }
  return knowing === "now" ? records : records.filter(({ recordedAtMs }) => recordedAtMs <= atMs);
}

/** The versions that decided, compiled here from their texts; each must give the bytes that decided. */
async function bundlesOf(hub: HubClient, { contracts }: Decision): Promise<readonly LoadedBundle[]> {
  const bundles: LoadedBundle[] = [];
  for (const { contract, version, digest } of contracts) {
    const path = `/v1/contracts/${encodeURIComponent(contract)}?version=${version ?? ""}`;
    const { text } = (await hub.get(path)) as { readonly text: string };
    const compiled = compile([{ name: `${contract}.maint`, text }]).contracts.find(({ id }) => id === contract);
    const loaded = loadBundle(compiled?.bytes ?? "");
    if (!loaded.ok || loaded.value.digest !== digest)
      throw noBasis(`${contract}@${version} does not compile here to what decided then (${digest})`);
    bundles.push(loaded.value);
  }
  return bundles;
}

interface Known {
  readonly register: StationRegister;
  readonly orders: OrdersDocument | null;
  readonly bundles: readonly LoadedBundle[];
}

function valuesAsOf(
  { atMs, kind, operator }: AsOf,
  records: readonly EvidenceRecord[],
  { register, orders, bundles }: Known,
) {
  const db = openDatabase(":memory:");
  try {
    const store = openEvidenceStore(db);
    store.add(records.filter(({ takenAtMs }) => takenAtMs <= atMs));
    const runs = openTestRuns(store, { record: nothingIsRecorded, append: nothingIsRecorded });
    const vocabulary = vocabularyOf(
      bundles.map(({ bundle }) => bundle),
      register,
    );
    const request = { test: null, kind, order: null, part: null, planned: { hours: null, cycles: null } };
    return snapshotValues(
      { store, register, orders, runs, vocabulary, boot: bootAt(records, atMs), highWaterMs: null, asOfMs: atMs },
      request,
      operator,
      { nowMs: atMs, source: "attested", evenMs: atMs },
    );
  } finally {
    db.close();
  }
}

function nothingIsRecorded(): never {
  throw new MaintError("MAINT_ERR_NOT_FOUND", "a look back records nothing");
}

/** The boot clock of the machine that switched something on last, as it would stand at that instant. */
function bootAt(
  records: readonly EvidenceRecord[],
  atMs: number,
): { readonly bootId: string; readonly bootMs: number } {
  const last = records.findLast(({ body, takenAtMs }) => body.kind === "on-time" && takenAtMs <= atMs);
  if (last?.body.kind !== "on-time") return { bootId: "none", bootMs: 0 };
  return { bootId: last.body.bootId, bootMs: last.body.bootMs + (atMs - last.takenAtMs) };
}

type Fields = { readonly [field: string]: unknown };

/** The register as it stood in the facts of a decision. */
function registerIn(snapshot: Fields, node: string): StationRegister {
  const { id, type, attributes, orderRequired, roles } = (snapshot["station"] ?? {}) as Partial<
    StationRegister["station"] & Pick<StationRegister, "roles">
  >;
  const { plantZone, shifts } = snapshot as { readonly plantZone?: string; readonly shifts?: readonly string[] };
  if (id === undefined || type === undefined || plantZone === undefined)
    throw noBasis(`the decision before was made without a station register at ${node}`);
  const equipment = (snapshot["equipment"] ?? {}) as { readonly [asset: string]: Fields };
  return {
    ...{ format: "maint-station/1", node, plantZone, shifts: shifts ?? [], roles: roles ?? {} },
    station: { id, type, attributes: attributes ?? [], orderRequired: orderRequired ?? false },
    assets: Object.entries(equipment).flatMap(([asset, { serial, attributes: known }]) =>
      typeof serial === "string"
        ? [{ id: asset, serial, type: "", attributes: Array.isArray(known) ? (known as readonly string[]) : [] }]
        : [],
    ),
  };
}

const ordersIn = (snapshot: Fields): OrdersDocument | null => {
  const orders = snapshot["orders"] as OrdersDocument["orders"] | undefined;
  return orders === undefined ? null : { format: "maint-orders/1", orders };
};
