import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { canonicalJson } from "../../../src/base/canonical-json.ts";
import { MaintError } from "../../../src/base/maint-error.ts";
import { openDatabase } from "../../../src/disk/sqlite.ts";
import { type ArchiveFile, openArchiveFile } from "../../../src/hub/archive/archive-file.ts";
import { openProjectionFile } from "../../../src/hub/replay/projection-file.ts";
import { redecide } from "../../../src/hub/replay/redecide.ts";
import {
  openReplayEngine,
  type ReplayOrder,
  replayHere,
  type StoredBundle,
} from "../../../src/hub/replay/replay-engine.ts";
import { type ReplayProgress, runReplay } from "../../../src/hub/replay/replay-threads.ts";
import { count, openTally, summaryOf, type Tally } from "../../../src/hub/replay/tally.ts";
import type { Release } from "../../../src/runtime/index.ts";
import { candidateOf, memoryArchive, releaseOf, shelfOf, type Values, ZONE } from "./replay-fixture.ts";

const START_MS = Date.parse("2026-11-02T15:00:00Z");
const uv = (limit: number, more = ""): string => `contract UV-DAILY "UV" {
  for every penetrant station
  uv is measured in uW/cm2
  before every test {
    uv-each-day:
      each day, uv must be at least ${limit} uW/cm2
${more}  }
}
`;
const recorded = releaseOf(uv(1000), "v1.0");
const candidate = candidateOf(uv(1100));
const summarized = (tally: Tally) =>
  summaryOf({ contract: "UV-DAILY", candidate: "sha256:0", against: null, inForceFromMs: null, filter: {} }, tally);

interface Bench {
  readonly folder: string;
  readonly archive: ArchiveFile;
  readonly memory: ReturnType<typeof memoryArchive>;
  /** Decides so many tests at a node, and hands its ledger in. */
  readonly decide: (node: string, tests: number, releases?: readonly Release[], note?: string) => void;
  readonly order: (change?: Partial<ReplayOrder>) => ReplayOrder;
  readonly here: (order?: ReplayOrder, runtime?: string) => Tally;
}

function bench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), "replay-"));
  const archive = openArchiveFile(join(folder, "archive.db"));
  const memory = memoryArchive();
  onTestFinished(() => {
    archive.close();
    rmSync(folder, { recursive: true });
  });
  let turn = 0;
  const stored = (release: Release): StoredBundle => {
    const file = join(folder, `${release.loaded.digest.slice(7)}.json`);
    writeFileSync(file, canonicalJson(release.loaded.bundle));
    const { contract } = release.loaded.bundle;
    return { contract, version: release.version ?? "v0.0", digest: release.loaded.digest, offline: "accept", file };
  };
  const order: Bench["order"] = (change = {}) => ({
    ...{ candidate: canonicalJson(candidate.release.loaded.bundle), offline: "accept", against: null },
    ...{ inForceFromMs: null, filter: {}, examples: 5, releases: [stored(recorded)] },
    ...change,
  });
  return {
    folder,
    archive,
    memory,
    order,
    decide: (node, tests, releases = [recorded], note = "") => {
      const from = memory.bytesOf(node).length;
      for (let one = 0; one < tests; one += 1) {
        turn += 1;
        const atMs = START_MS + turn * 600_000;
        const snapshot: Values = {
          ...{ plantZone: ZONE, station: { id: node, type: "penetrant", roles: {} }, equipment: {} },
          test: { id: `T-${turn % 50}`, operator: "STF-1", clientPO: null },
          ...(note === "" ? {} : { lots: { note: { lot: `${turn} ${note}` } } }),
          readings: { uv: { value: 950 + (turn % 40) * 10, unit: "uW/cm2", takenAt: new Date(atMs).toISOString() } },
        };
        memory.decide({ node, atMs, releases, snapshot, part: `P-${turn}` });
      }
      const [answer] = archive.append([{ node, from, entries: memory.bytesOf(node).slice(from) }]);
      if (answer?.kind !== "stored") throw new Error(JSON.stringify(answer));
    },
    here: (given = order(), runtime = "runtime-1") => {
      const file = openProjectionFile(join(folder, "replay-cache.db"), runtime);
      try {
        return replayHere(openReplayEngine(archive, file, given), given.examples);
      } finally {
        file.close();
      }
    },
  };
}

/** Decision by decision, each as a whole, from the entries themselves. */
function naive({ memory }: Bench): Tally {
  const tally = openTally(5);
  const tests = new Map<string, number>();
  for (const decision of memory.decisions()) {
    const { testId, order } = decision.recorded.decision;
    if (testId !== null && !tests.has(testId)) tests.set(testId, tests.size + 1);
    const about = () => ({ test: testId, order, part: decision.recorded.part });
    const place = { node: decision.node, seq: decision.entry.seq, atMs: decision.atMs };
    const answer = redecide(decision, candidate, shelfOf([recorded]));
    count(tally, { ...place, test: testId === null ? null : (tests.get(testId) ?? null), about }, answer);
  }
  return tally;
}

test("threads, blocks and what is kept between replays say what decision by decision says", async () => {
  const made = bench();
  for (const [node, tests] of [
    ["LP-1", 120],
    ["LP-2", 45],
    ["LP-3", 1],
  ] as const)
    made.decide(node, tests);
  const expected = summarized(naive(made));
  expect(expected.counts).toMatchObject({ decisions: 166, unconcerned: 0 });
  expect(Math.min(expected.counts.newlyBlocked, expected.counts.unchangedBlocked)).toBeGreaterThan(10);
  expect(expected.examples.newlyBlocked[0]).toMatchObject({ test: expect.any(String), part: expect.any(String) });
  const places = { archive: made.archive.path, projection: join(made.folder, "replay-cache.db"), runtime: "runtime-1" };
  const told: ReplayProgress[] = [];
  const run = { threads: 2, progress: (progress: ReplayProgress) => told.push(progress) };
  expect(summarized(await runReplay({ ...places, order: made.order() }, run))).toEqual(expected);
  expect(told.at(-1)).toEqual({ phase: "deciding", done: 166, total: 166 });
  expect(told.filter(({ phase }) => phase === "reading").at(-1)).toEqual({ phase: "reading", done: 166, total: 166 });
  expect(summarized(made.here())).toEqual(expected);
  made.decide("LP-2", 60);
  made.decide("LP-4", 3);
  expect(summarized(made.here())).toEqual(summarized(naive(made)));
});

test("a filter by nodes and instants looks at no other decision", () => {
  const made = bench();
  for (const node of ["LP-1", "LP-2"]) made.decide(node, 30);
  const all = [...made.memory.decisions({ nodes: ["LP-2"] })];
  const [fromMs, toMs] = [all[5]?.atMs, all[25]?.atMs];
  const { counts, span, stations } = summarized(made.here(made.order({ filter: { nodes: ["LP-2"], fromMs, toMs } })));
  expect([counts.decisions, span]).toEqual([20, { firstMs: fromMs, lastMs: all[24]?.atMs }]);
  expect(stations.map(({ node }) => node)).toEqual(["LP-2"]);
});

test("a bundle that was gone is judged by once it is there again", () => {
  const made = bench();
  const other = releaseOf(uv(900).replace("UV-DAILY", "OTHER"), "v3.0");
  made.decide("LP-1", 10, [recorded, other]);
  made.decide("LP-2", 10);
  expect(summarized(made.here()).notJudged).toEqual([{ why: "bundle-gone", count: 10 }]);
  const { releases } = made.order();
  const { contract } = other.loaded.bundle;
  const file = join(made.folder, "other.json");
  const back = { contract, version: "v3.0", digest: other.loaded.digest, offline: "accept" as const, file };
  // Bytes of another bundle are not what was decided by.
  writeFileSync(file, readFileSync(releases[0]?.file ?? ""));
  expect(summarized(made.here(made.order({ releases: [...releases, back] }))).counts.notJudged).toBe(10);
  writeFileSync(file, canonicalJson(other.loaded.bundle));
  expect(summarized(made.here(made.order({ releases: [...releases, back] }))).notJudged).toEqual([]);
});

test("a replay that ends while old decisions are made anew keeps them all", () => {
  const made = bench();
  const other = releaseOf(uv(900).replace("UV-DAILY", "OTHER"), "v3.0");
  // Without its bundle nothing of a snapshot is kept: 200 decisions are one small block. With it they are several.
  made.decide("LP-1", 200, [recorded, other], "x".repeat(200_000));
  expect(summarized(made.here()).notJudged).toEqual([{ why: "bundle-gone", count: 200 }]);
  const file = join(made.folder, "other.json");
  writeFileSync(file, canonicalJson(other.loaded.bundle));
  const { contract } = other.loaded.bundle;
  const back = { contract, version: "v3.0", digest: other.loaded.digest, offline: "accept" as const, file };
  const order = made.order({ releases: [...made.order().releases, back] });
  const projection = openProjectionFile(join(made.folder, "replay-cache.db"), "runtime-1");
  onTestFinished(() => projection.close());
  let writes = 0;
  const engine = openReplayEngine(
    made.archive,
    {
      ...projection,
      write: (step) => {
        projection.write(step);
        writes += 1;
        if (step.adds.length > 0) throw new Error("killed");
      },
    },
    order,
  );
  expect(() => replayHere(engine, 5)).toThrow("killed");
  expect(writes).toBeGreaterThan(0);
  const again = summarized(replayHere(openReplayEngine(made.archive, projection, order), 5));
  expect([again.counts.decisions, again.notJudged]).toEqual([200, []]);
  expect(projection.blocks({ node: "LP-1", number: 0 }).length).toBeGreaterThan(1);
});

test("another runtime's, a damaged file and a spoiled block are made anew", () => {
  const made = bench();
  made.decide("LP-1", 40);
  made.decide("LP-2", 40);
  const expected = summarized(made.here());
  const path = join(made.folder, "replay-cache.db");
  expect(summarized(made.here(made.order(), "runtime-2"))).toEqual(expected);
  const db = openDatabase(path);
  const { body } = db.prepare("SELECT body FROM block WHERE id = 1").get() as { readonly body: Uint8Array };
  body[body.length >> 1] = (body[body.length >> 1] as number) ^ 1;
  db.prepare("UPDATE block SET body = ? WHERE id = 1").run(body);
  expect(db.prepare("SELECT runtime FROM made_by").all()).toEqual([{ runtime: "runtime-2" }]);
  db.close();
  expect(summarized(made.here(made.order(), "runtime-2"))).toEqual(expected);
  writeFileSync(path, "this is no database, and it is longer than a header of one would be, by a good deal of text");
  expect(summarized(made.here(made.order(), "runtime-2"))).toEqual(expected);
});

test("small blocks are gathered, so that a replay after each test does not end in a block a test", () => {
  const made = bench();
  for (let one = 0; one < 40; one += 1) {
    made.decide("LP-1", 1);
    made.here();
  }
  const file = openProjectionFile(join(made.folder, "replay-cache.db"), "runtime-1");
  onTestFinished(() => file.close());
  const rows = file.blocks({ node: "LP-1", number: 0 }).map((block) => block.rows);
  expect(rows.reduce((a, b) => a + b, 0)).toBe(40);
  expect(rows.length).toBeLessThan(8);
});

test("what the archive keeps no more is not decided again", async () => {
  const made = bench();
  made.decide("LP-1", 50);
  expect(summarized(made.here()).counts.decisions).toBe(50);
  made.archive.retain({ node: "LP-1", days: null, entries: 20 });
  await made.archive.removeExpired(START_MS, async () => undefined);
  expect(summarized(made.here()).counts.decisions).toBe(20);
});

test("an archive that was put back from an older copy, or is another, is read anew", () => {
  const made = bench();
  made.decide("LP-1", 30);
  made.here();
  const another = bench();
  another.decide("LP-2", 7);
  another.decide("LP-1", 25);
  const file = openProjectionFile(join(made.folder, "replay-cache.db"), "runtime-1");
  onTestFinished(() => file.close());
  const tally = replayHere(openReplayEngine(another.archive, file, another.order()), 5);
  expect(summarized(tally)).toEqual(summarized(naive(another)));
});

test("a cancelled replay ends at once and the next one begins where it ended", async () => {
  const made = bench();
  made.decide("LP-1", 60);
  const places = {
    ...{ archive: made.archive.path, projection: join(made.folder, "replay-cache.db"), runtime: "runtime-1" },
    order: made.order(),
  };
  const workers: Worker[] = [];
  const seen = (message: unknown): unknown => workers.push((message as { readonly worker: Worker }).worker);
  subscribe("worker_threads", seen);
  onTestFinished(() => void unsubscribe("worker_threads", seen));
  const stop = new AbortController();
  const run = runReplay(places, { threads: 2, signal: stop.signal, progress: () => stop.abort() });
  await expect(run).rejects.toMatchObject({ code: "MAINT_ERR_REPLAY_CANCELLED" });
  await expect(runReplay(places, { signal: stop.signal })).rejects.toMatchObject({
    code: "MAINT_ERR_REPLAY_CANCELLED",
  });
  // A thread that outlived its replay could write what the next one has begun to write as well.
  expect(workers.map(({ threadId }) => threadId)).toEqual([-1, -1]);
  expect(summarized(await runReplay(places, { threads: 1 }))).toEqual(summarized(naive(made)));
});

test("what a thread dies of keeps its code and its advice", async () => {
  const made = bench();
  made.decide("LP-1", 3);
  const db = openDatabase(made.archive.path);
  db.exec("DROP TRIGGER body_goes_by_retention_alone; DELETE FROM body WHERE place = (SELECT max(place) FROM body)");
  db.close();
  const places = { archive: made.archive.path, projection: join(made.folder, "replay-cache.db"), runtime: "runtime-1" };
  const error = await runReplay({ ...places, order: made.order() }, { threads: 1 }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(MaintError);
  expect(error).toMatchObject({
    ...{ code: "MAINT_ERR_ARCHIVE_DAMAGED", exitCode: 69, message: expect.stringContaining("entry 2 of LP-1") },
    help: expect.stringContaining("maint archive verify --node LP-1"),
  });
});

test("an entry that says it is a decision and has not the form of one is counted, and stops nothing", () => {
  const made = bench();
  made.memory.decide({
    ...{ node: "LP-1", atMs: START_MS, releases: [recorded], snapshot: { plantZone: ZONE } },
    decision: { reasons: "none" as unknown as readonly string[] },
  });
  expect(made.archive.append([{ node: "LP-1", from: 0, entries: made.memory.bytesOf("LP-1") }])).toMatchObject([
    { kind: "stored", size: 1 },
  ]);
  made.decide("LP-1", 3);
  const { counts, notJudged } = summarized(made.here());
  expect([counts.decisions, notJudged]).toEqual([4, [{ why: "unreadable", count: 1 }]]);
});
