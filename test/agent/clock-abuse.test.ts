import { uptime } from "node:os";
import { describe, expect, test } from "vitest";
import { keptUptime, openAgentClock, systemTime, type TimeSources } from "../../src/agent/agent-clock.ts";
import { compile } from "../../src/compiler/index.ts";
import { snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import { decideFast, indexReleases, loadBundle } from "../../src/runtime/index.ts";
import { chicago } from "../conformance/vectors.ts";
import { now } from "../runtime/gate-fixture.ts";

// Abuse cases 17 to 21: who owns the node's clock wants a lapsed calibration to look valid.

const DAY_MS = 86_400_000;

/** A machine whose wall clock anybody may set; its boot clock runs on. */
function machine(boot = "boot-1") {
  const time = { wallMs: now, bootMs: 1_000_000, bootId: boot };
  const sources: TimeSources = {
    wallMs: () => time.wallMs,
    monotonicMs: () => time.bootMs,
    bootMs: () => time.bootMs,
    get bootId() {
      return time.bootId;
    },
  };
  const pass = (ms: number): void => {
    time.wallMs += ms;
    time.bootMs += ms;
  };
  return { time, sources, pass };
}

function releaseOf(clause: string, offline: "accept" | "strict") {
  const text = `contract X "x" {\n  meter is a radiometer, by default "M-1"\n  before every test {\n    it:\n      ${clause}\n  }\n}\n`;
  const loaded = loadBundle(compile([{ name: "x.maint", text }]).contracts[0]?.bytes ?? "");
  if (!loaded.ok) throw new Error(loaded.error.message);
  return { loaded: loaded.value, version: "v1.0", fromDay: null, offline };
}

const CALIBRATED = "the meter must be calibrated every 12 months";
const SHOULD = "the meter should be calibrated every 12 months";
const IN_SERVICE = "the meter must be in service";

function decided(clause: string, offline: "accept" | "strict", clock: object, at = now): unknown {
  const snapshot = snapshotFromValues({
    clock,
    equipment: { "M-1": { status: "in-service", calibration: { performedOn: "2026-06-01", result: "pass" } } },
  });
  const releases = indexReleases([releaseOf(clause, offline)]);
  const input = { releases, snapshot, now: at, calendar: chicago, node: null, assumeBinding: true };
  const { allow, reasons, warnings } = decideFast(input);
  return [allow, ...reasons, ...warnings];
}

const UNATTESTED = "clock.unattested:node";

describe("without signed time", () => {
  test.each([
    ["a hub confirmed it: nothing is said", CALIBRATED, "strict", { attested: true }, [true]],
    ["the snapshot does not say: nothing follows", CALIBRATED, "strict", {}, [true]],
    ["what is no answer is none", CALIBRATED, "strict", { attested: "no" }, [true]],
    ["accepted, and said", CALIBRATED, "accept", { attested: false }, [true, UNATTESTED]],
    [
      "AB-21: strict lets nothing be judged by such a clock",
      CALIBRATED,
      "strict",
      { attested: false },
      [false, UNATTESTED],
    ],
    ["strict, but nothing rests on the time", IN_SERVICE, "strict", { attested: false }, [true, UNATTESTED]],
    ["strict, but nothing that must", SHOULD, "strict", { attested: false }, [true, UNATTESTED]],
  ] as const)("%s", (_, clause, offline, clock, said) => {
    expect(decided(clause, offline, clock)).toEqual(said);
  });

  test("AB-17: a clock that was set back 40 days is behind what the ledger has seen", () => {
    const highWater = new Date(now).toISOString();
    for (const attested of [true, false])
      expect(decided(CALIBRATED, "accept", { highWater, attested }, now - 40 * DAY_MS)).toEqual([
        false,
        "clock.went-back:node",
      ]);
  });
});

describe("with signed time", () => {
  test("AB-17: setting the wall clock moves nothing", () => {
    const { time, sources, pass } = machine();
    const clock = openAgentClock(sources, null);
    clock.attest({ bootId: "boot-1", bootMs: time.bootMs, timeMs: now });
    for (const days of [-400, -40, 40, 400]) {
      time.wallMs = now + days * DAY_MS;
      pass(1_000);
      expect(clock.now()).toMatchObject({ nowMs: now + time.bootMs - 1_000_000, source: "attested" });
    }
  });

  test("AB-19: a clock that was ahead once, without a hub, locks nobody out once there is one", () => {
    const { time, sources } = machine();
    const clock = openAgentClock(sources, null);
    time.wallMs = now + 400 * DAY_MS;
    expect(clock.now()).toMatchObject({ source: "wall" });
    clock.attest({ bootId: "boot-1", bootMs: time.bootMs, timeMs: now });
    expect(clock.now()).toMatchObject({ nowMs: now, source: "attested" });
  });

  test("AB-21: it holds over a restart of the agent, and not over one of the machine", () => {
    const kept = { bootId: "boot-1", bootMs: 900_000, timeMs: now };
    expect(openAgentClock(machine("boot-1").sources, kept).now()).toMatchObject({
      nowMs: now + 100_000,
      source: "attested",
    });
    expect(openAgentClock(machine("boot-2").sources, kept).now().source).toBe("wall");
    // A restored image of the machine: its boot clock is behind the one that was signed for.
    expect(openAgentClock(machine("boot-1").sources, { ...kept, bootMs: 2_000_000 }).now().source).toBe("wall");
  });

  test("the uptime is asked again after a few milliseconds, and is never from before", () => {
    const time = { monotonicMs: 0, uptimeMs: 100 };
    const bootMs = keptUptime(
      () => time.uptimeMs,
      () => time.monotonicMs,
    );
    const at = (monotonicMs: number, uptimeMs: number): number => {
      Object.assign(time, { monotonicMs, uptimeMs });
      return bootMs();
    };
    expect([at(0, 100), at(4.9, 110), at(5, 110), at(9.9, 120)]).toEqual([100, 100, 110, 110]);
    // The machine slept an hour: the monotonic clock stood still, the uptime did not.
    expect([at(10, 3_600_120), at(10, 3_600_120)]).toEqual([3_600_120, 3_600_120]);
    const { bootMs: real } = systemTime();
    expect(Math.abs(real() - uptime() * 1_000)).toBeLessThan(60_000);
  });

  test("control: a clock that believed the wall would follow it", () => {
    const { time, sources } = machine();
    const clock = openAgentClock(sources, null);
    time.wallMs = now - 40 * DAY_MS;
    expect(clock.now().nowMs).toBe(now - 40 * DAY_MS);
  });
});
