import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../../src/disk/sqlite.ts";
import type { NumberedAlert } from "../../src/hub/alerts/alert-record.ts";
import { type Finding, findingOf, patternsIn } from "../../src/hub/patterns/find-patterns.ts";
import { openPatternState, type PatternState, STATE_LIMITS } from "../../src/hub/patterns/pattern-state.ts";
import { type HubDatabase, openHubDatabase } from "../../src/hub/store/database.ts";
import { patternTables } from "../../src/hub/store/patterns-tables.ts";
import { MAX_ALERTS_PER_DECISION } from "../../src/model/limits.ts";
import { alertOf } from "./loop-fixture.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 24);
const KEPT_MS = 100 * HOUR_MS;

/** What the state must say: every alert of its time looked at anew. */
function batch(alerts: readonly NumberedAlert[], fromMs: number): ReturnType<typeof patternsIn> {
  const findings = alerts.map(findingOf);
  const newest = (a: Finding, b: Finding): number => b.atMs - a.atMs || numberOf(b) - numberOf(a);
  const kept = [
    ...Map.groupBy(findings, ({ contract, condition, reason, decision }) =>
      JSON.stringify([contract, condition, reason, decision]),
    ).values(),
  ].flatMap((own) => own.sort(newest).slice(0, MAX_ALERTS_PER_DECISION));
  return patternsIn(kept.filter(({ atMs }) => atMs > fromMs));
}
const numberOf = ({ alert }: Finding): number => Number(alert.slice("alert-".length));

async function incremental(state: PatternState, fromMs: number): Promise<ReturnType<typeof patternsIn>> {
  const findings: Finding[] = [];
  for (const pattern of await state.busy(fromMs, 3)) {
    const group = await state.group(pattern, fromMs);
    expect(group.isComplete).toBe(true);
    findings.push(...group.findings);
  }
  return patternsIn(findings);
}

const alerts: fc.Arbitrary<readonly NumberedAlert[]> = fc
  .array(
    fc.record({
      node: fc.constantFrom("A", "B", "C"),
      testId: fc.constantFrom(null, "T-1", "T-2", "T-3", "T-4"),
      reason: fc.constantFrom("reading.out-of-limits", "calibration.overdue"),
      condition: fc.constantFrom(null, "x"),
      subject: fc.constantFrom("uv", "meter"),
      version: fc.constantFrom("v1.0", "v1.1", null),
      assets: fc.subarray(["L1", "L2", "M1"]),
      // Some before what is kept, some from a clock that is ahead, in no order.
      hours: fc.integer({ min: -120, max: 2 }),
    }),
    { minLength: 15, maxLength: 70 },
  )
  .map((all) =>
    all.map(({ hours, ...change }, index) => {
      const alert = alertOf({ ...change, atMs: NOW_MS + hours * HOUR_MS, seq: index + 1, ledgerSeq: index });
      return { number: index + 1, id: `alert-${index + 1}`, alert };
    }),
  );

const openMemory = (): Promise<HubDatabase> => openHubDatabase(openDatabase(":memory:"), [patternTables]);
const limits = { ...STATE_LIMITS, keptMs: KEPT_MS };

/** Hands the alerts over in pages of these lengths, however many there are. */
function* pages(all: readonly NumberedAlert[], lengths: readonly number[]): Generator<readonly NumberedAlert[]> {
  for (let from = 0, page = 0; from < all.length; page += 1) {
    const length = lengths[page % lengths.length] ?? 1;
    yield all.slice(from, from + length);
    from += length;
  }
}

const lengths = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 });
const since = fc.integer({ min: 1, max: 100 }).map((hours) => NOW_MS - hours * HOUR_MS);

describe("patterns that grow by each batch", () => {
  test("say what a look at all alerts says, however these were cut into batches", async () => {
    await fc.assert(
      fc.asyncProperty(alerts, lengths, since, async (all, cut, fromMs) => {
        const db = await openMemory();
        const state = openPatternState(db, limits);
        for (const page of pages(all, cut)) await state.take(page, NOW_MS);
        expect(await incremental(state, fromMs)).toEqual(batch(all, fromMs));
        expect(await state.followed()).toBe(all.length);
        await db.close();
      }),
      { numRuns: 150 },
    );
  });

  test("and so they do when the hub dies anywhere, in the middle of a batch too", async () => {
    const folder = mkdtempSync(join(tmpdir(), "patterns-"));
    let file = 0;
    await fc.assert(
      fc.asyncProperty(alerts, lengths, since, fc.array(fc.boolean()), async (all, cut, fromMs, dies) => {
        file += 1;
        const open = () => openHubDatabase(openDatabase(join(folder, `${file}.db`)), [patternTables]);
        let db = await open();
        let page = 0;
        for (;;) {
          const state = openPatternState(db, limits);
          const followed = await state.followed();
          const next = all.slice(followed, followed + (cut[page % cut.length] ?? 1));
          if (next.length === 0) break;
          page += 1;
          // Killed before the commit: nothing of the batch is there, and it is taken again.
          if (dies[page] === true)
            await expect(openPatternState(dying(db), limits).take(next, NOW_MS)).rejects.toThrow("killed");
          else await state.take(next, NOW_MS);
          await db.close();
          db = await open();
          if (page > 4 * all.length) throw new Error("it does not get on");
        }
        expect(await incremental(openPatternState(db, limits), fromMs)).toEqual(batch(all, fromMs));
        await db.close();
      }),
      { numRuns: 20 },
    );
    rmSync(folder, { recursive: true });
  });

  /** Everything is written, and the process ends before it is committed. */
  const dying = (db: HubDatabase): HubDatabase => ({
    ...db,
    atomically: (write) =>
      db.atomically(async (transaction) => {
        await write(transaction as never);
        throw new Error("killed");
      }),
  });
});

describe("planted bugs are seen", () => {
  const differs = async (plant: (all: readonly NumberedAlert[], page: number) => readonly NumberedAlert[]) => {
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(alerts, lengths, since, async (all, cut, fromMs) => {
        const db = await openMemory();
        const state = openPatternState(db, limits);
        let page = 0;
        for (const next of pages(all, cut)) {
          const planted = plant(next, page);
          page += 1;
          if (planted.length > 0) await state.take(planted, NOW_MS);
        }
        if (JSON.stringify(await incremental(state, fromMs)) !== JSON.stringify(batch(all, fromMs))) seen += 1;
        await db.close();
      }),
      { numRuns: 100 },
    );
    return seen;
  };

  test("the control: nothing planted, nothing seen", async () => expect(await differs((page) => page)).toBe(0));

  test("a batch that a restart lost", async () =>
    expect(await differs((page, nth) => (nth === 1 ? [] : page))).toBeGreaterThan(5));

  test("a test tried again that counts twice", async () => {
    const anew = (page: readonly NumberedAlert[]) =>
      page.map((one) => ({
        ...one,
        alert: { ...one.alert, testId: one.alert.testId && `${one.alert.testId}/${one.number}` },
      }));
    expect(await differs(anew)).toBeGreaterThan(5);
  });
});

describe("limits", () => {
  const numbered = (count: number, change: (index: number) => Parameters<typeof alertOf>[0]): NumberedAlert[] =>
    Array.from({ length: count }, (_, index) => ({
      number: index + 1,
      id: `alert-${index + 1}`,
      alert: alertOf({ seq: index + 1, ledgerSeq: index, ...change(index) }),
    }));
  const atMs = (index: number): number => NOW_MS - KEPT_MS + index * 1_000;

  test("one group keeps its newest decisions and says which windows are no longer whole", async () => {
    const db = await openMemory();
    const state = openPatternState(db, { ...STATE_LIMITS, decisionsOfOne: 10 });
    await state.take(
      numbered(25, (index) => ({ testId: `T-${index}`, atMs: atMs(index) })),
      NOW_MS,
    );
    const [pattern = ""] = await state.busy(0, 3);
    const all = await state.group(pattern, 0);
    expect(all.findings).toHaveLength(10);
    expect(Math.min(...all.findings.map((finding) => finding.atMs))).toBe(atMs(15));
    expect(all.isComplete).toBe(false);
    expect((await state.group(pattern, atMs(14))).isComplete).toBe(true);
    await db.close();
  });

  test("all groups together have a limit too, and a flood in one leaves the newest of the others", async () => {
    const db = await openMemory();
    const state = openPatternState(db, { ...STATE_LIMITS, decisionsOfAll: 30 });
    const flood = numbered(100, (index) => ({
      testId: `T-${index}`,
      atMs: atMs(index),
      condition: index % 10 === 9 ? "quiet" : "loud",
    }));
    for (const page of pages(flood, [7])) await state.take(page, NOW_MS);
    const sizes = await Promise.all((await state.busy(0, 1)).map((id) => state.group(id, 0)));
    expect(sizes.map(({ findings }) => findings.length).sort()).toEqual([27, 3]);
    expect(sizes.every(({ isComplete }) => !isComplete)).toBe(true);
    await db.close();
  });

  test("what is too old is forgotten, and a group with it", async () => {
    const db = await openMemory();
    const state = openPatternState(db, limits);
    await state.take(
      numbered(3, (index) => ({ testId: `T-${index}`, atMs: NOW_MS })),
      NOW_MS,
    );
    const later = NOW_MS + KEPT_MS;
    const next = { number: 4, id: "alert-4", alert: alertOf({ seq: 4, condition: "other", atMs: later }) };
    await state.take([next], later);
    expect(await state.busy(0, 1)).toHaveLength(1);
    expect(await state.countAlerts(0)).toBe(1);
    await db.close();
  });

  test("a button pressed a thousand times is one decision with its newest alerts", async () => {
    const db = await openMemory();
    const state = openPatternState(db, limits);
    for (const page of pages(
      numbered(1_000, (index) => ({ testId: "T-1", atMs: NOW_MS + index })),
      [300],
    ))
      await state.take(page, NOW_MS);
    const [pattern = ""] = await state.busy(0, 1);
    const { findings } = await state.group(pattern, 0);
    expect(findings).toHaveLength(MAX_ALERTS_PER_DECISION);
    expect(findings.map(({ alert }) => alert).sort()[0]).toBe("alert-1000");
    await db.close();
  });
});
