import { describe, expect, test } from "vitest";
import { DAY_MS, parseInstant, printUtc } from "../../../src/base/civil-time.ts";
import type { ImpactStation } from "../../../src/hub/impact/impact-model.ts";
import { createImpactService, type ImpactService } from "../../../src/hub/impact/impact-service.ts";
import type { Principal } from "../../../src/hub/ports.ts";
import { conflict } from "../../../src/hub/refusals.ts";
import { nextEntry } from "../../../src/ledger/append.ts";
import { EMPTY_HEAD, type LedgerHead } from "../../../src/ledger/entry.ts";
import type { LedgerRecord } from "../../../src/model/ledger-entry.ts";
import { IMPACT_REVISIT_MS, IMPACT_REVISITED_MS } from "../../../src/model/limits.ts";
import { type ArchiveBench, archiveBench } from "../archive/archive-fixture.ts";
import { contractShelf, knownContract, openLoopBench, START_MS } from "../loop-fixture.ts";
import { metadataOf, releaseOf, type Values, ZONE } from "../replay/replay-fixture.ts";
import { calibrationRecord, evidenceLedgerRecord, impactClosedRecord, revocationRecord } from "./impact-fixture.ts";

const QA: Principal = { id: "QA-1", roles: ["QA"] };
const at = (text: string): number => parseInstant(`${text}:00-06:00`) ?? Number.NaN;
const release = releaseOf(`contract UV-DAILY "UV" {
  for every penetrant station
  uv is measured in uW/cm2
  before every test {
    intensity:
      each day, uv must be at least 1000 uW/cm2
  }
}
`);

interface Test {
  readonly test: string;
  readonly at: string;
  readonly with?: string;
  readonly value?: number;
  readonly part?: string;
  readonly order?: string;
}

const decision = (node: string, given: Test): LedgerRecord => {
  const atMs = at(given.at);
  const takenAt = printUtc(atMs - 3_600_000);
  const snapshot: Values = {
    plantZone: ZONE,
    station: { id: node, type: "penetrant", roles: {} },
    test: { id: given.test, operator: "STF-1", ...(given.order === undefined ? {} : { clientPO: given.order }) },
    equipment: {},
    readings: { uv: { value: given.value ?? 1200, unit: "uW/cm2", takenAt, takenWith: given.with ?? "LM-1" } },
  };
  const recorded = metadataOf({ node, atMs, releases: [release], snapshot, part: given.part ?? null });
  return {
    ...{ action_type: "gate_decision", action: "decided", target: given.test, details: "", user_id: "STF-1" },
    ...{ smart_id: null, metadata: { ...recorded } },
  };
};
const calibration = (asset: string, performedOn: string, more: Parameters<typeof calibrationRecord>[2] = {}) =>
  evidenceLedgerRecord(calibrationRecord(seqs++, asset, { performedOn, ...more }));
let seqs = 0;

async function openImpacts() {
  const loop = await openLoopBench();
  const bench = archiveBench();
  const known = knownContract(release.loaded.bundle, "", { bundleDigest: release.loaded.digest });
  const impacts = createImpactService({
    ...{ ...loop, archive: bench.archive(), contracts: contractShelf([known]) },
    nodes: { plantZone: async () => ZONE },
  });
  const heads = new Map<string, LedgerHead>();
  return {
    ...loop,
    impacts,
    write: (node: string, records: readonly LedgerRecord[]) => write(bench, heads, node, records),
  };
}

/** As the node's own process: entries whose time is that of what was decided. */
function write(
  bench: ArchiveBench,
  heads: Map<string, LedgerHead>,
  node: string,
  records: readonly LedgerRecord[],
): void {
  let head = heads.get(node) ?? EMPTY_HEAD;
  const from = head.size;
  const entries = records.map((record) => {
    const { decision: made } = record.metadata as { readonly decision?: { readonly atUtc: string } };
    const next = nextEntry(head, record, Date.parse(made?.atUtc ?? "2026-11-20T12:00:00.000Z"), "attested");
    head = next.head;
    return next.bytes;
  });
  heads.set(node, head);
  expect(bench.archive().append([{ node, from, entries }])).toEqual([{ kind: "stored", size: head.size }]);
}

const OUT = { asFound: "out-of-tolerance", certificate: "C-2" } as const;
/** Two stations with one meter that was found bad on 20 November, and one that is good. */
const floor = async () => {
  const bench = await openImpacts();
  bench.write("LP-1", [
    calibration("LM-1", "2026-05-01", { certificate: "C-1" }),
    decision("LP-1", { test: "T-0", at: "2026-04-30T09:00" }),
    decision("LP-1", { test: "T-1", at: "2026-06-01T09:00", part: "P-1", order: "PO-1" }),
    decision("LP-1", { test: "T-2", at: "2026-06-01T10:00", part: "P-1", order: "PO-2" }),
    decision("LP-1", { test: "T-3", at: "2026-06-01T11:00", value: 800 }),
    decision("LP-1", { test: "T-4", at: "2026-06-02T11:00" }),
    calibration("LM-1", "2026-11-20", OUT),
    decision("LP-1", { test: "T-5", at: "2026-11-21T09:00" }),
  ]);
  bench.write("LP-2", [
    decision("LP-2", { test: "T-1", at: "2026-07-01T09:00" }),
    decision("LP-2", { test: "T-2", at: "2026-07-01T09:00", with: "LM-2" }),
    calibration("LM-1", "2026-11-20", OUT),
  ]);
  return bench;
};
const open = (impacts: ImpactService, more: object = {}) =>
  impacts.open({ asset: "LM-1", note: "as found low", ...more }, QA);

const tooMany = (): never => {
  throw conflict("more than 100000 parts and tests rested on it");
};

describe("an instrument that was found out of tolerance", () => {
  test("is said before anybody opened it, and what rested on it at every node is found", async () => {
    const { impacts, entries } = await floor();
    expect(await impacts.list()).toEqual({
      impacts: [],
      candidates: [
        {
          kind: "as-found",
          asset: "LM-1",
          performedOn: "2026-11-20",
          certificate: "C-2",
          node: "LP-1",
          record: expect.stringMatching(/^E\d/),
          words: expect.stringMatching(
            /^LM-1 was found out of tolerance on 2026-11-20, certificate C-2 \(E\d+ at LP-1\)$/,
          ),
        },
      ],
    });
    const view = await open(impacts);
    expect(view).toMatchObject({
      id: "impact-1",
      state: "open",
      toMs: at("2026-11-21T00:00"),
    });
    // May's days begin in daylight saving time.
    expect(view.fromMs).toBe(parseInstant("2026-05-01T00:00:00-05:00"));
    expect(view.items.map(({ key, orders }) => [key, ...orders])).toEqual([
      ["part:P-1", "PO-1", "PO-2"],
      ["test:LP-1/T-4"],
      ["test:LP-2/T-1"],
    ]);
    expect(view.lastLook).toMatchObject({ items: 3, undisposed: 3 });
    expect(view.lastLook.counts).toEqual({
      allowed: 4,
      blocked: 1,
      unclear: 0,
      tests: 4,
      orders: 2,
      parts: 1,
      nodes: ["LP-1", "LP-2"],
    });
    expect((await impacts.list()).candidates).toEqual([]);
    expect(entries()).toEqual(["impact opened QA-1"]);
    await expect(open(impacts)).rejects.toThrow(/impact-1 is about this already/);
  });

  test("is closed when everything has a disposition, and a station's warning is its own", async () => {
    const { impacts, entries, write: append } = await floor();
    await open(impacts);
    const closing = () => impacts.close("impact-1", "all tested again", QA);
    await expect(closing()).rejects.toThrow(/3 of 3 have no disposition/);
    const ask = { disposition: "retest", note: "on Monday" } as const;
    await expect(impacts.dispose("impact-1", { ...ask, items: ["part:P-9"] }, QA)).rejects.toThrow(/P-9/);
    await expect(impacts.dispose("impact-1", { ...ask, items: ["part:P-1"], note: " " }, QA)).rejects.toThrow(
      /say why/,
    );
    const first = await impacts.dispose("impact-1", { ...ask, items: ["part:P-1"] }, QA);
    expect(first.lastLook).toMatchObject({ items: 3, undisposed: 2 });
    await impacts.dispose("impact-1", { items: "all", disposition: "accept", note: "the error was in our favour" }, QA);
    await impacts.dispose(
      "impact-1",
      { items: ["part:P-1"], disposition: "recall", note: "the client asks for it" },
      QA,
    );
    const closed = await closing();
    expect(closed).toMatchObject({ state: "closed", closed: { by: "QA-1", note: "all tested again" } });
    expect(closed.items.map(({ disposition }) => disposition?.disposition)).toEqual(["recall", "accept", "accept"]);
    expect(closed.stations.map(({ node, closed: settled }) => [node, settled])).toEqual([
      ["LP-1", null],
      ["LP-2", null],
    ]);
    expect(closed.stations[0]?.toDo).toBe(
      'maint record impact --node LP-1 --asset LM-1 --certificate C-2 --disposition "impact-1"',
    );
    append("LP-2", [evidenceLedgerRecord(impactClosedRecord(900, "LM-1", "C-2"))]);
    const { stations } = await impacts.get("impact-1");
    expect(stations.map(({ node, closed: settled }) => [node, settled?.by ?? null])).toEqual([
      ["LP-1", null],
      ["LP-2", "QA-1"],
    ]);
    expect(entries()).toEqual(["impact opened QA-1", ...Array(3).fill("impact disposed QA-1"), "impact closed QA-1"]);
    await expect(closing()).rejects.toThrow(/closed already/);
    await expect(impacts.dispose("impact-1", { ...ask, items: ["part:P-1"] }, QA)).rejects.toThrow(/is closed/);
  });

  test("is open again by what a node hands in later", async () => {
    const { impacts, write: append, entries } = await floor();
    await open(impacts);
    await impacts.dispose("impact-1", { items: "all", disposition: "accept", note: "fine" }, QA);
    await impacts.close("impact-1", "settled", QA);
    append("LP-3", [decision("LP-3", { test: "T-7", at: "2026-08-01T09:00", part: "P-7" })]);
    const found = await impacts.get("impact-1");
    expect([found.state, found.lastLook.undisposed]).toEqual(["closed", 1]);
    const again = await impacts.dispose("impact-1", { items: "all", disposition: "retest", note: "came late" }, QA);
    expect([again.state, again.lastLook.undisposed]).toEqual(["open", 0]);
    expect(entries().slice(-2)).toEqual(["impact reopened QA-1", "impact disposed QA-1"]);
    expect((await impacts.close("impact-1", "settled again", QA)).state).toBe("closed");
  });

  test("a disposition is about the decisions that were known: of more on the same part people decide again", async () => {
    const { impacts, write: append, entries } = await floor();
    await open(impacts);
    await impacts.dispose("impact-1", { items: "all", disposition: "accept", note: "fine" }, QA);
    await impacts.close("impact-1", "settled", QA);
    append("LP-3", [decision("LP-3", { test: "T-7", at: "2026-08-01T09:00", part: "P-1" })]);
    const found = await impacts.get("impact-1");
    expect([found.state, found.lastLook.items, found.lastLook.undisposed]).toEqual(["closed", 3, 1]);
    expect(found.items.map(({ key, disposition }) => [key, disposition?.disposition ?? null])).toEqual([
      ["part:P-1", null],
      ["test:LP-1/T-4", "accept"],
      ["test:LP-2/T-1", "accept"],
    ]);
    const again = await impacts.dispose("impact-1", { items: "all", disposition: "recall", note: "twice" }, QA);
    expect([again.state, again.lastLook.undisposed]).toEqual(["open", 0]);
    expect(again.items[0]?.disposition).toMatchObject({ disposition: "recall", decisions: 3 });
    expect(entries().slice(-2)).toEqual(["impact reopened QA-1", "impact disposed QA-1"]);
  });

  test("is looked at again by and by, so that the list says what came later", async () => {
    const { impacts, write: append, tick } = await floor();
    await open(impacts);
    await impacts.dispose("impact-1", { items: "all", disposition: "accept", note: "fine" }, QA);
    await impacts.close("impact-1", "settled", QA);
    append("LP-3", [decision("LP-3", { test: "T-7", at: "2026-08-01T09:00", part: "P-7" })]);
    const undisposed = async () => (await impacts.list()).impacts.map(({ lastLook }) => lastLook.undisposed);
    expect(await impacts.revisit()).toBe(false);
    expect(await undisposed()).toEqual([0]);
    tick(IMPACT_REVISIT_MS);
    expect([await impacts.revisit(), await impacts.revisit()]).toEqual([true, false]);
    expect(await undisposed()).toEqual([1]);
    // It does not open itself, nor does it close: people do.
    expect((await impacts.list()).impacts.map(({ state }) => state)).toEqual(["closed"]);
    append("LP-3", [decision("LP-3", { test: "T-8", at: "2026-08-02T09:00", part: "P-8" })]);
    tick(IMPACT_REVISITED_MS + IMPACT_REVISIT_MS);
    expect(await impacts.revisit()).toBe(false);
    expect((await impacts.get("impact-1")).lastLook.undisposed).toBe(2);
  });

  test("that grew beyond what one look holds stands as it was seen last, and the hub goes on", async () => {
    const { impacts, tick, db } = await floor();
    await open(impacts);
    db.prepare("update impact set last_look = json_set(last_look, '$.items', 7)").run();
    const full = createImpactService({
      ...{ clock: { nowMs: () => START_MS + IMPACT_REVISIT_MS }, db, journal: { commit: async () => expect.fail("") } },
      archive: { nodes: () => [], entries: () => [], decisions: tooMany },
      ...{ contracts: contractShelf([]), nodes: { plantZone: async () => ZONE } },
    });
    tick(IMPACT_REVISIT_MS);
    expect([await full.revisit(), await full.revisit()]).toEqual([true, false]);
    expect((await impacts.list()).impacts).toMatchObject([{ state: "open", lastLook: { items: 7 } }]);
  });

  test("reaches what was calibrated with it", async () => {
    const { impacts, write: append } = await floor();
    append("LP-3", [
      calibration("LM-7", "2026-06-05", { references: ["LM-1"] }),
      decision("LP-3", { test: "T-8", at: "2026-06-04T09:00", with: "LM-7" }),
      decision("LP-3", { test: "T-9", at: "2026-12-04T09:00", with: "LM-7", part: "P-9" }),
    ]);
    const view = await open(impacts);
    expect(view.suspects.map(({ asset, via }) => [asset, ...via.map(({ standard }) => standard)])).toEqual([
      ["LM-1"],
      ["LM-7", "LM-1"],
    ]);
    expect(view.items.map(({ key }) => key)).toContain("part:P-9");
    expect(view.items.map(({ key }) => key)).not.toContain("test:LP-3/T-8");
  });
});

describe("a certificate that was taken back", () => {
  const revoke = (asset: string, certificate: string) =>
    evidenceLedgerRecord(revocationRecord(800, asset, certificate));
  const revokedFloor = async () => {
    const bench = await openImpacts();
    bench.write("LP-1", [
      calibration("LM-1", "2026-05-01", { certificate: "C-1" }),
      decision("LP-1", { test: "T-0", at: "2026-04-30T09:00" }),
      decision("LP-1", { test: "T-1", at: "2026-06-01T09:00", part: "P-1" }),
      revoke("LM-1", "C-1"),
    ]);
    bench.write("LP-2", [
      calibration("LM-1", "2026-05-01", { certificate: "C-1" }),
      decision("LP-2", { test: "T-2", at: "2026-07-01T09:00" }),
    ]);
    return bench;
  };

  test("is said before anybody opened it, and reaches what rested on it", async () => {
    const { impacts, entries } = await revokedFloor();
    expect((await impacts.list()).candidates).toMatchObject([
      { kind: "revoked", asset: "LM-1", performedOn: "2026-05-01", certificate: "C-1", node: "LP-1" },
    ]);
    const view = await open(impacts);
    expect(view).toMatchObject({ cause: { kind: "revoked", certificate: "C-1" }, toMs: null });
    expect(view.fromMs).toBe(parseInstant("2026-05-01T00:00:00-05:00"));
    expect(view.items.map(({ key }) => key)).toEqual(["part:P-1", "test:LP-2/T-2"]);
    expect((await impacts.list()).candidates).toEqual([]);
    expect(entries()).toEqual(["impact opened QA-1"]);
    await expect(open(impacts)).rejects.toThrow(/impact-1 is about this already/);
    await expect(open(impacts, { certificate: "C-1" })).rejects.toThrow(/impact-1 is about this already/);
    await expect(impacts.close("impact-1", "done", QA)).rejects.toThrow(/2 of 2 have no disposition/);
  });

  test("says which stations accept it still", async () => {
    const { impacts, write: append } = await revokedFloor();
    const said = ({ stations }: { readonly stations: readonly ImpactStation[] }) =>
      stations.map(({ node, closed, toDo }) => [node, closed?.by ?? null, toDo]);
    expect(said(await open(impacts))).toEqual([
      ["LP-1", "QA-1", null],
      [
        "LP-2",
        null,
        'maint record revocation --node LP-2 --asset LM-1 --certificate C-1 --reason "the laboratory\'s standard was wrong"',
      ],
    ]);
    append("LP-2", [revoke("LM-1", "C-1")]);
    expect(said(await impacts.get("impact-1"))).toEqual([
      ["LP-1", "QA-1", null],
      ["LP-2", "QA-1", null],
    ]);
  });

  test("is another finding than that of the same instrument out of tolerance", async () => {
    const { impacts, write: append } = await floor();
    await open(impacts);
    append("LP-1", [revoke("LM-1", "C-1")]);
    expect((await impacts.list()).candidates).toMatchObject([{ kind: "revoked", certificate: "C-1" }]);
    // It was found out by C-2: since C-1 says nothing any more, and there was none before, since ever.
    expect(await open(impacts)).toMatchObject({ id: "impact-2", cause: { kind: "revoked" }, fromMs: null });
  });
});

describe("by hand", () => {
  const rows: readonly { readonly what: string; readonly asked: object; readonly keys: readonly string[] }[] = [
    {
      what: "since then",
      asked: { sinceMs: at("2026-06-01T12:00") },
      keys: ["test:LP-1/T-4", "test:LP-2/T-1", "test:LP-1/T-5"],
    },
    {
      what: "until then, since its last good calibration",
      asked: { untilMs: at("2026-06-02T00:00") },
      keys: ["part:P-1"],
    },
    {
      what: "an instrument that nobody calibrated",
      asked: { asset: "LM-2", sinceMs: at("2026-01-01T00:00") },
      keys: ["test:LP-2/T-2"],
    },
    { what: "nothing rested on it", asked: { asset: "LM-2", sinceMs: at("2026-08-01T00:00") }, keys: [] },
  ];
  test.each(rows)("$what", async ({ asked, keys }) => {
    const { impacts } = await floor();
    const view = await open(impacts, asked);
    expect(view.items.map(({ key }) => key)).toEqual(keys);
    expect(view.cause).toEqual({ kind: "by-hand" });
    expect(view.stations).toEqual([]);
  });

  const refused: readonly (readonly [what: string, asked: object, why: RegExp])[] = [
    ["nobody says since when", { asset: "LM-2" }, /nothing archived says/],
    ["it ends before it begins", { sinceMs: 5, untilMs: 5 }, /ends before it begins/],
    ["a certificate that found nothing", { certificate: "C-1" }, /no calibration of LM-1/],
    ["no reason", { note: "" }, /say why/],
  ];
  test.each(refused)("%s", async (_what, asked, why) => {
    const { impacts } = await floor();
    await expect(open(impacts, asked)).rejects.toThrow(why);
    expect((await impacts.list()).impacts).toEqual([]);
  });
});

test("a long list comes by pages, and an unknown one is named", async () => {
  const { impacts, write: append } = await openImpacts();
  const tests = Array.from({ length: 30 }, (_, index) => ({
    test: `T-${index}`,
    at: printUtc(at("2026-06-01T09:00") + index * DAY_MS).slice(0, 16),
  }));
  append(
    "LP-1",
    tests.map((one) => decision("LP-1", one)),
  );
  await open(impacts, { sinceMs: 0 });
  const page = await impacts.get("impact-1", 28, 10);
  expect([page.items.length, page.lastLook.items]).toEqual([2, 30]);
  await expect(impacts.get("impact-2")).rejects.toThrow(/no impact "impact-2"/);
});
