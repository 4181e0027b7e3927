import { expect, test } from "vitest";
import type { AlertStore } from "../../src/hub/alerts/alert-store.ts";
import { createTail } from "../../src/hub/alerts/tail.ts";
import { alertOf } from "./loop-fixture.ts";

const ALERTS = 5_000;

/** As many alerts as a page asks for, at once: as SQLite answers, without a turn of the loop. */
const store: Pick<AlertStore, "after" | "find"> = {
  after: async (number, limit) =>
    Array.from({ length: Math.min(limit, ALERTS - number) }, (_, index) => {
      const own = number + index + 1;
      return { number: own, id: `alert-${own}`, alert: alertOf({ seq: own }) };
    }),
  find: () => expect.fail("nothing fits"),
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

test("what comes while it is looked for is answered at once, and not after the wait", async () => {
  const alert = alertOf();
  const stored: { number: number; id: string; alert: typeof alert }[] = [];
  const tail = createTail(
    {
      after: async (number) => {
        const seen = stored.filter((one) => one.number > number);
        // The commit of another is done behind the question and before its answer.
        if (stored.length === 0) {
          stored.push({ number: 1, id: "alert-1", alert });
          tail.wake();
        }
        return seen;
      },
      find: (id) => ({
        ...{ number: 1, id, alert, fingerprint: "f", receivedAtMs: 0, incident: "incident-1" },
        acknowledgement: null,
      }),
    },
    () => 0,
  );
  const page = await tail.read({ after: 0, waitMs: 3_600_000, filter: {} });
  expect(page).toMatchObject({ alerts: [{ id: "alert-1" }], next: "alert-1" });
});
