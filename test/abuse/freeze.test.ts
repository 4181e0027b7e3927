import { describe, expect, test } from "vitest";
import { systemTime } from "../../src/agent/agent-clock.ts";
import { FRESH, type FreshnessLook, stepFreshness } from "../../src/agent/core/freshness.ts";
import { STALE_AFTER_MS } from "../../src/model/limits.ts";
import { ask, bundleOf, inForce, openWorld, operator, until } from "../agent/agent-world.ts";
import { saysTime } from "../agent/signed-time.ts";

// Abuse case 06: a hub, or somebody on the way to it, that serves the same state for ever. What the threat model asks for is that
// people hear of it after a day; that contracts block for it the design does not have: an expired timestamp stops no offline node
// (distribution.md "Trust").

const HOUR_MS = 3_600_000;
const UNTIL_MS = 24 * HOUR_MS;
const CONTRACT = `contract UV-DAILY "UV each day" {
  for every penetrant station

  uv-intensity is measured in uW/cm2

  before every test {
    uv-intensity-each-day:
      each day, uv-intensity must be at least 1000 uW/cm2
  }
}
`;

/** Which of the looks told people. */
function told(...looks: readonly Partial<FreshnessLook>[]): readonly number[] {
  let state = FRESH;
  return looks.flatMap((look, index) => {
    const step = stepFreshness(state, {
      ...{ nowMs: UNTIL_MS + 1, monotonicMs: index * STALE_AFTER_MS, isAnswered: true, freshUntilMs: UNTIL_MS },
      ...look,
    });
    state = step.state;
    return step.tell ? [index] : [];
  });
}

const next = { freshUntilMs: UNTIL_MS + 1, nowMs: UNTIL_MS + 2 };

describe("AB-06: the hub answers, and brings nothing newer", () => {
  test.each([
    ["it is told of a minute later, once", [{}, {}, {}], [1]],
    ["and once more of the next one that runs out", [{}, {}, next, next], [1, 2]],
    ["control: to the end of its day it is fresh", [{ nowMs: UNTIL_MS }, { nowMs: UNTIL_MS }], []],
    ["a node that was away for a month is caught up before that", [{}, { freshUntilMs: UNTIL_MS * 2 }, {}], []],
    ["a node without a hub is no frozen one", [{ isAnswered: false }, { isAnswered: false }], []],
    ["the minute begins anew with the session", [{}, { isAnswered: false }, {}, {}], [3]],
    ["a node without a set", [{ freshUntilMs: null }, { freshUntilMs: null }], []],
  ] as const)("%s", (_, looks, indexes) => {
    expect(told(...looks)).toEqual(indexes);
  });

  test("people hear of it, the ledger stands, and the gate goes on by what is in force", async () => {
    const system = systemTime();
    let laterMs = 0;
    const time = { ...system, monotonicMs: () => system.monotonicMs() + laterMs };
    const w = await openWorld();
    w.set(1, { "UV-DAILY": w.repository.release("UV-DAILY", "v1.0", bundleOf(CONTRACT)) });
    const agent = await w.start({ time });
    await inForce(agent, 1);
    // A day later: it signs the time, and serves what it served.
    w.hub.answers = { ping: saysTime(w, { aheadMs: UNTIL_MS + HOUR_MS }) };
    await until("a day has passed", () => agent.status().clock.nowMs > (agent.status().freshUntilMs ?? 0));
    await until("an alert", () => {
      laterMs += STALE_AFTER_MS / 60;
      return w.hub.alerts.size === 1;
    });
    expect(w.hub.alerts.get(1)).toMatchObject({ reason: "bundle.stale", severity: "high", kind: "release-rejected" });
    const { json } = await ask(agent, "/v1/gate", { test: "T-1" }, operator.token);
    expect(json).toMatchObject({ reasons: ["reading.missing:uv-intensity"], contracts: [{ version: "v1.0" }] });
  });
});
