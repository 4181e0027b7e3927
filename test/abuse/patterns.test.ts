import { expect, test } from "vitest";
import { createAlertService } from "../../src/hub/alerts/alert-service.ts";
import { createPatternService } from "../../src/hub/patterns/pattern-service.ts";
import { alertOf, contractShelf, ENGINEER, EPOCH, emptyFloor, openLoopBench } from "../hub/loop-fixture.ts";

// Abuse case 30: one node that wants a contract changed.

async function floor() {
  const bench = await openLoopBench();
  const shelf = contractShelf([]);
  const alerts = createAlertService({ ...bench, contracts: shelf, hubId: "hub", post: () => {} });
  const patterns = createPatternService({
    ...bench,
    alerts,
    nodes: { ids: async () => ["LP-1", "LP-2"] },
    archive: null,
    floor: emptyFloor,
  });
  return { alerts, patterns, shelf };
}

const flood = (node: string) =>
  Array.from({ length: 100 }, (_, index) => alertOf({ node, testId: `T-${index}`, seq: index + 1, ledgerSeq: index }));

test("AB-30: what one node says a hundred times is no pattern, but a review of its equipment", async () => {
  const { alerts, patterns } = await floor();
  expect(await alerts.receive("LP-1", { epoch: EPOCH, alerts: flood("LP-1") })).toMatchObject({ ok: true });
  const { unique_patterns, equipment_reviews } = await patterns.analyse(ENGINEER);
  expect(unique_patterns).toBe(0);
  expect(equipment_reviews).toMatchObject([{ decisions: 100 }]);
});

test("AB-30: a node speaks for itself only", async () => {
  const { alerts, patterns } = await floor();
  const faked = await alerts.receive("LP-1", { epoch: EPOCH, alerts: flood("LP-2") });
  expect(faked).toMatchObject({ ok: false, error: { code: "bad-frame" } });
  expect((await patterns.analyse(ENGINEER)).total_alerts).toBe(0);
});

test("AB-30: a pattern of two nodes changes no contract; people do", async () => {
  const { alerts, patterns, shelf } = await floor();
  await alerts.receive("LP-1", { epoch: EPOCH, alerts: flood("LP-1") });
  await alerts.receive("LP-2", { epoch: EPOCH, alerts: flood("LP-2") });
  expect((await patterns.analyse(ENGINEER)).unique_patterns).toBe(1);
  expect(shelf.drafts).toEqual([]);
});
