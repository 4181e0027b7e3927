import { createHash } from "node:crypto";
import { canonicalJson } from "../../base/canonical-json.ts";
import { MaintError } from "../../base/maint-error.ts";
import { oneAtATime } from "../../base/one-at-a-time.ts";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import { IMPACT_REVISIT_MS, IMPACT_REVISITED_MS } from "../../model/limits.ts";
import type { Clock, Principal } from "../ports.ts";
import { badRequest, conflict, unknownId } from "../refusals.ts";
import type { HubDatabase } from "../store/database.ts";
import type { ImpactRow, ImpactTables } from "../store/impact-tables.ts";
import type { Journal } from "../store/journal.ts";
import { type DispositionOf, decisionsIn, dispositionsOf } from "./dispositions.ts";
import { candidateOf, causeOf, findingsIn, openedFor } from "./impact-causes.ts";
import type { ImpactFound } from "./impact-items.ts";
import {
  type DisposedItem,
  type DispositionWord,
  type Impact,
  type ImpactCandidate,
  type ImpactCause,
  type ImpactView,
  type LastLook,
  wordsOf,
} from "./impact-model.ts";
import { stationsOf } from "./impact-stations.ts";
import { type LookPorts, look, readHistory } from "./look.ts";
import { type Suspect, suspectsOf } from "./suspects.ts";

export interface ImpactPorts extends LookPorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
}

export interface NewImpact {
  readonly asset: string;
  /** Which of several calibrations found it out of tolerance. */
  readonly certificate?: string | undefined;
  /** By hand, with or without a calibration that says so. Since: else the last good calibration; until: else now and on. */
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly note: string;
}

/** About the items named, or about all that have none yet. */
export interface NewDisposition {
  readonly items: readonly string[] | "all";
  readonly disposition: DispositionWord;
  readonly note: string;
}

/** Reverse traceability: what rested on an instrument since its last good calibration, and what people decide about it. */
export interface ImpactService {
  /** Newest first, with what was seen at the last look; and what was found out of tolerance or taken back and is not opened. */
  readonly list: () => Promise<{
    readonly impacts: readonly Impact[];
    readonly candidates: readonly ImpactCandidate[];
  }>;
  /** @throws MaintError BAD_REQUEST where nothing says since when, CONFLICT where it is opened or there is more than one look holds */
  readonly open: (impact: NewImpact, by: Principal) => Promise<ImpactView>;
  /** Looks into the archive anew. @throws MaintError NOT_FOUND */
  readonly get: (id: string, from?: number, limit?: number) => Promise<ImpactView>;
  /** A closed impact of which more was found is open again by it. @throws MaintError NOT_FOUND, BAD_REQUEST for no such item */
  readonly dispose: (id: string, disposition: NewDisposition, by: Principal) => Promise<ImpactView>;
  /**
   * Looks anew at the impact that was not looked at for longest, where that is long enough; call it every while. What nodes handed
   * in since then stands in `list`; nothing is opened or closed by it. True where it looked.
   */
  readonly revisit: () => Promise<boolean>;
  /** @throws MaintError NOT_FOUND, CONFLICT while anything has no disposition */
  readonly close: (id: string, note: string, by: Principal) => Promise<ImpactView>;
}

const FIRST_ITEMS = 1_000;
const MAX_NOTE = 2_000;

export function createImpactService(ports: ImpactPorts): ImpactService {
  const serially = oneAtATime();
  return {
    list: () => list(ports),
    open: (impact, by) => serially(() => open(ports, impact, by)),
    get: (id, from = 0, limit = FIRST_ITEMS) => serially(async () => pageOf(await lookAt(ports, id), from, limit)),
    revisit: () => serially(() => revisit(ports)),
    dispose: (id, disposition, by) => serially(() => dispose(ports, id, disposition, by)),
    close: (id, note, by) => serially(() => close(ports, id, note, by)),
  };
}

/** All items; a person gets a page of them. */
const pageOf = (view: ImpactView, from: number, limit: number): ImpactView => ({
  ...view,
  items: view.items.slice(from, from + limit),
});

async function list(ports: ImpactPorts): ReturnType<ImpactService["list"]> {
  const impacts = (await rowsOf(ports)).map(impactOf).reverse();
  const found = findingsIn(await readHistory(ports)).filter(
    (one) => openedFor(one.asset, one.cause, impacts) === undefined,
  );
  return { impacts, candidates: found.map(candidateOf) };
}

async function revisit(ports: ImpactPorts): Promise<boolean> {
  const nowMs = ports.clock.nowMs();
  const due = (await rowsOf(ports)).map(impactOf).filter(({ state, closed, lastLook }) => {
    const isOver = state === "closed" && nowMs - (closed?.atMs ?? 0) > IMPACT_REVISITED_MS;
    return !isOver && nowMs - lastLook.atMs >= IMPACT_REVISIT_MS;
  });
  const [oldest] = due.sort((a, b) => a.lastLook.atMs - b.lastLook.atMs);
  if (oldest === undefined) return false;
  try {
    await lookAt(ports, oldest.id);
  } catch (error) {
    // It grew beyond what one look holds: whoever asks for it is told, and until then it stands as it was seen last.
    if (!(error instanceof MaintError) || error.code !== "MAINT_ERR_CONFLICT") throw error;
    await noteLook(ports, oldest.id, { ...oldest.lastLook, atMs: nowMs });
  }
  return true;
}

async function noteLook({ db }: ImpactPorts, id: string, lastLook: LastLook): Promise<void> {
  const change = { last_look: JSON.stringify(lastLook) };
  await db.tables<ImpactTables>().updateTable("impact").set(change).where("id", "=", numberOf(id)).execute();
}

async function open(ports: ImpactPorts, asked: NewImpact, by: Principal): Promise<ImpactView> {
  const note = noteOf(asked.note);
  const history = await readHistory(ports);
  const impacts = (await rowsOf(ports)).map(impactOf);
  const { cause, ...time } = causeOf(asked, history, impacts, ports.clock.nowMs());
  const same = openedFor(asked.asset, cause, impacts);
  if (same !== undefined) throw conflict(`${same.id} is about this already`, `maint impact show ${same.id}`);
  const suspects = suspectsOf({ asset: asked.asset, ...time, via: [] }, history.calibrations);
  const found = await look(ports, suspects);
  const lastLook = lookOf(found, () => null, ports.clock.nowMs());
  const id = await ports.journal.commit<ImpactTables, number>(async ({ tables, record }) => {
    const row = {
      ...{
        asset: asked.asset,
        cause: JSON.stringify(cause),
        from_ms: time.fromMs,
        to_ms: time.toMs,
        note,
        state: "open",
      },
      ...{
        opened_by: by.id,
        opened_at_ms: ports.clock.nowMs(),
        closed_by: null,
        closed_at_ms: null,
        closing_note: null,
      },
      last_look: JSON.stringify(lastLook),
    };
    const made = await tables.insertInto("impact").values(row).returning("id").executeTakeFirstOrThrow();
    const said = { cause, ...time, note, suspects: suspects.map(({ asset }) => asset), ...lastLook.counts };
    record(impactRecord(made.id, "opened", by, wordsOf({ asset: asked.asset, cause }), said));
    return made.id;
  });
  return pageOf(await lookAt(ports, `impact-${id}`), 0, FIRST_ITEMS);
}

function noteOf(note: string): string {
  if (note.trim() === "" || note.length > MAX_NOTE) throw badRequest("say why", '--note "…"');
  return note.trim();
}

const lookOf = ({ items, counts }: ImpactFound, dispositionOf: DispositionOf, atMs: number): LastLook => ({
  ...{ atMs, items: items.length, counts },
  undisposed: items.filter((item) => dispositionOf(item) === null).length,
});

/** With all its items. */
async function lookAt(ports: ImpactPorts, id: string): Promise<ImpactView> {
  const impact = impactOf(await rowOf(ports, id));
  const history = await readHistory(ports);
  const root: Suspect = { asset: impact.asset, fromMs: impact.fromMs, toMs: impact.toMs, via: [] };
  const suspects = suspectsOf(root, history.calibrations);
  const found = await look(ports, suspects);
  const dispositionOf = await dispositionsOf(ports, numberOf(id));
  const lastLook = lookOf(found, dispositionOf, ports.clock.nowMs());
  await noteLook(ports, id, lastLook);
  const items = found.items.map((item): DisposedItem => ({ ...item, disposition: dispositionOf(item) }));
  return { ...impact, lastLook, suspects, items, stations: stationsOf(impact, history) };
}

async function dispose(ports: ImpactPorts, id: string, asked: NewDisposition, by: Principal): Promise<ImpactView> {
  const note = noteOf(asked.note);
  const view = await lookAt(ports, id);
  const undisposed = view.items.filter(({ disposition }) => disposition === null).map(({ key }) => key);
  const known = new Map(view.items.map((item) => [item.key, item]));
  const items = asked.items === "all" ? undisposed : [...new Set(asked.items)];
  const strange = items.find((key) => !known.has(key));
  if (strange !== undefined) throw unknownId(`item of ${id}`, strange, [...known.keys()]);
  if (items.length === 0) throw conflict(`everything that ${id} reached has a disposition`);
  const reopens = view.state === "closed" && undisposed.length > 0;
  if (view.state === "closed" && !reopens) throw conflict(`${id} is closed`);
  const number = numberOf(id);
  await ports.journal.commit<ImpactTables, void>(async ({ tables, record }) => {
    const common = { impact: number, disposition: asked.disposition, note, by_whom: by.id, at_ms: ports.clock.nowMs() };
    for (const item of items) {
      const decisions = decisionsIn(known.get(item));
      await tables
        .insertInto("impact_disposition")
        .values({ ...common, item, decisions })
        .execute();
    }
    if (reopens) {
      await tables.updateTable("impact").set({ state: "open" }).where("id", "=", number).execute();
      record(impactRecord(number, "reopened", by, `${undisposed.length} more were found since it was closed`, {}));
    }
    const details = `${items.length === 1 ? items[0] : `${items.length} items`}: ${asked.disposition}`;
    record(impactRecord(number, "disposed", by, details, { ...named(items), disposition: asked.disposition, note }));
  });
  return pageOf(await lookAt(ports, id), 0, FIRST_ITEMS);
}

const MAX_NAMED = 1_000;

/** An entry holds so many by name; the digest says which all of them are. */
const named = (items: readonly string[]): LedgerRecord["metadata"] => ({
  items: items.slice(0, MAX_NAMED),
  count: items.length,
  digest: createHash("sha256")
    .update(canonicalJson([...items].sort()))
    .digest("hex"),
});

async function close(ports: ImpactPorts, id: string, given: string, by: Principal): Promise<ImpactView> {
  const note = noteOf(given);
  const view = await lookAt(ports, id);
  if (view.state === "closed") throw conflict(`${id} is closed already`);
  const { undisposed, counts } = view.lastLook;
  if (undisposed > 0)
    throw conflict(`${undisposed} of ${view.items.length} have no disposition yet`, `maint impact dispose ${id} …`);
  const change = { state: "closed", closed_by: by.id, closed_at_ms: ports.clock.nowMs(), closing_note: note };
  await ports.journal.commit<ImpactTables, void>(async ({ tables, record }) => {
    await tables.updateTable("impact").set(change).where("id", "=", numberOf(id)).execute();
    record(
      impactRecord(numberOf(id), "closed", by, `${wordsOf(view)}: settled`, {
        note,
        items: view.items.length,
        ...counts,
      }),
    );
  });
  return pageOf(await lookAt(ports, id), 0, FIRST_ITEMS);
}

const impactRecord = (
  id: number,
  action: "opened" | "disposed" | "reopened" | "closed",
  by: Principal,
  details: string,
  metadata: LedgerRecord["metadata"],
): LedgerRecord => ({
  ...{ action_type: "impact", action, target: `impact-${id}`, details, user_id: by.id, smart_id: null, metadata },
});

const numberOf = (id: string): number => Number(/^impact-(\d{1,9})$/.exec(id)?.[1] ?? 0);

const rowsOf = ({ db }: ImpactPorts) =>
  db.tables<ImpactTables>().selectFrom("impact").selectAll().orderBy("id").execute();

async function rowOf(ports: ImpactPorts, id: string) {
  const rows = await rowsOf(ports);
  const row = rows.find((one) => `impact-${one.id}` === id);
  if (row !== undefined) return row;
  throw unknownId(
    "impact",
    id,
    rows.map((one) => `impact-${one.id}`),
  );
}

type StoredImpact = Omit<ImpactRow, "id"> & { readonly id: number };

const impactOf = (row: StoredImpact): Impact => ({
  ...{ id: `impact-${row.id}`, asset: row.asset, cause: JSON.parse(row.cause) as ImpactCause },
  ...{ fromMs: row.from_ms, toMs: row.to_ms, note: row.note, state: row.state === "closed" ? "closed" : "open" },
  ...{ openedBy: row.opened_by, openedAtMs: row.opened_at_ms, lastLook: JSON.parse(row.last_look) as LastLook },
  closed:
    row.closed_by === null || row.closed_at_ms === null
      ? null
      : { by: row.closed_by, atMs: row.closed_at_ms, note: row.closing_note ?? "" },
});
