import { expect, test } from "vitest";
import type { AlertStore } from "../../src/hub/alerts/alert-store.ts";
import { createTail } from "../../src/hub/alerts/tail.ts";
import { alertOf } from "./loop-fixture.ts";

const ALERTS = 5_000;

/** As many alerts as a page asks for, at once: as SQLite answers, without a turn of the loop. */
const store: Pick<AlertStore, "after" | "findNumber"> = {
  after: async (number, limit) =>
    Array.from({ length: Math.min(limit, ALERTS - number) }, (_, index) => {
      const own = number + index + 1;
      return { number: own, id: `alert-${own}`, alert: alertOf({ seq: own }) };
    }),
  findNumber: () => expect.fail("nothing fits"),
};

test("whoever looks through all alerts for nothing leaves the loop to others", async () => {
  const tail = createTail(store, () => ALERTS);
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const page = await tail.read({ after: 0, waitMs: 0, filter: { node: "NOBODY" } });
  isOver = true;
  expect(page).toEqual({ alerts: [], next: `alert-${ALERTS}` });
  expect(turns).toBeGreaterThan(10);
});
