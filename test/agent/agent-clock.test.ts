import { expect, test } from "vitest";
import { openAgentClock } from "../../src/agent/agent-clock.ts";
import { TIME_ROUND_TRIP_MAX_MS } from "../../src/model/limits.ts";

const START_MS = Date.parse("2026-11-24T15:00:00Z");

/** A clock at the hub's signed time, and the hand that lets its machine run. */
function attested() {
  let bootMs = 1_000;
  const sources = { wallMs: () => START_MS, monotonicMs: () => bootMs, bootMs: () => bootMs, bootId: "boot-1" };
  const clock = openAgentClock(sources, null);
  const attest = (timeMs: number): void => clock.attest({ bootId: "boot-1", bootMs, timeMs });
  attest(START_MS);
  return {
    clock,
    attest,
    run: (ms: number) => {
      bootMs += ms;
    },
  };
}

test("a later signature that says a little less makes no instant come twice in the wrong order", () => {
  const { clock, attest, run } = attested();
  run(100);
  expect(clock.now().nowMs).toBe(START_MS + 100);
  attest(START_MS + 60);
  expect(clock.now().nowMs).toBe(START_MS + 100);
  run(39);
  expect(clock.now().nowMs).toBe(START_MS + 100);
  run(2);
  expect(clock.now()).toEqual({ nowMs: START_MS + 101, source: "attested", evenMs: START_MS + 101 });
});

test("the first signature that says a little less than the wall clock did holds it as well", () => {
  let [wallMs, bootMs] = [START_MS, 1_000];
  const sources = { wallMs: () => wallMs, monotonicMs: () => bootMs, bootMs: () => bootMs, bootId: "boot-1" };
  const clock = openAgentClock(sources, null);
  expect(clock.now()).toMatchObject({ nowMs: START_MS, source: "wall" });
  clock.attest({ bootId: "boot-1", bootMs, timeMs: START_MS - 60 });
  [wallMs, bootMs] = [wallMs + 50, bootMs + 50];
  expect(clock.now()).toMatchObject({ nowMs: START_MS, source: "attested" });
  [wallMs, bootMs] = [wallMs + 20, bootMs + 20];
  expect(clock.now()).toMatchObject({ nowMs: START_MS + 10, source: "attested" });
});

test("a wall clock that is set back before anything was signed is shown as it is", () => {
  let wallMs = START_MS;
  const sources = { wallMs: () => wallMs, monotonicMs: () => 0, bootMs: () => 0, bootId: "boot-1" };
  const clock = openAgentClock(sources, null);
  clock.now();
  wallMs -= 30;
  expect(clock.now().nowMs).toBe(START_MS - 30);
});

test("more than a way can take is the hub's word, and is taken", () => {
  const { clock, attest } = attested();
  clock.now();
  attest(START_MS - TIME_ROUND_TRIP_MAX_MS);
  expect(clock.now().nowMs).toBe(START_MS);
  attest(START_MS - TIME_ROUND_TRIP_MAX_MS - 1);
  expect(clock.now().nowMs).toBe(START_MS - TIME_ROUND_TRIP_MAX_MS - 1);
});

test("a signature that says more is followed at once", () => {
  const { clock, attest } = attested();
  clock.now();
  attest(START_MS + 3_600_000);
  expect(clock.now().nowMs).toBe(START_MS + 3_600_000);
});
