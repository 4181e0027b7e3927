import { expect, test } from "vitest";
import type { Standing } from "../../src/agent/activation.ts";
import type { ReleaseSet, VerifiedRelease } from "../../src/agent/release-set.ts";
import { releasesInForce } from "../../src/agent/releases-in-force.ts";
import { DAY_MS, printDate } from "../../src/base/civil-time.ts";
import { snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import { decideFast, type LoadedBundle } from "../../src/runtime/index.ts";
import { bundles, chicago } from "../conformance/vectors.ts";
import { bright, now } from "../runtime/gate-fixture.ts";

type Ready = Extract<Standing, { readonly kind: "ready" }>;

const uv = bundles.get("UV") as LoadedBundle;
interface Given {
  readonly version: string;
  readonly from?: string;
  readonly mode?: "enforce" | "shadow";
}

/** One set with the contract UV in this version, or without it. */
function setOf(given: Given | null): Ready["set"] {
  // What proves a set has no part in deciding; whatever else a set has, tsc asks for here.
  const set: Omit<ReleaseSet, "signed" | "mark" | "onlineKeys" | "freshUntilMs" | "assignments"> = {
    ...{ contracts: given === null ? [] : [releaseOf(given)], shadows: [], shadowFaults: [] },
    ...{ register: null, people: null, orders: null, zone: null },
  };
  return set as Ready["set"];
}

function releaseOf(given: Given): VerifiedRelease {
  const { version, from = null, mode = "enforce" } = given;
  const { bundle } = uv;
  const digest = `sha256:${version}`;
  return {
    ...{ contract: bundle.contract, version, digest, mode, from, offline: "accept", bundle },
    loaded: { ...uv, digest },
  };
}

/** Sets in the order in which they were activated: the first a day ago, then one each hour. */
function standing(...given: readonly (Given | null)[]): Ready {
  const sets = given.map((one, index) => ({
    set: setOf(one),
    accepted: { acceptedAtMs: now - DAY_MS + index * 3_600_000 } as Ready["accepted"],
  }));
  const newest = sets.at(-1) as (typeof sets)[number];
  return { kind: "ready", ...newest, earlier: sets.slice(0, -1).reverse() };
}

/** The version that decides a test which began so many hours after the first activation; now where it has not begun. */
function versionFor(ready: Ready, startedAfterHours?: number): string | null {
  const startedAt = startedAfterHours === undefined ? undefined : now - DAY_MS + startedAfterHours * 3_600_000;
  const test = startedAt === undefined ? {} : { startedAt: new Date(startedAt).toISOString() };
  const { contracts, reasons } = decideFast({
    releases: releasesInForce(ready),
    snapshot: snapshotFromValues({ readings: bright, test }),
    ...{ now, calendar: chicago, node: "NODE-1", assumeBinding: false },
  });
  return contracts[0]?.version ?? reasons[0] ?? null;
}

const NONE = "contract.none-binding:node";

test.each<readonly [string, Ready, number | undefined, string]>([
  ["the active version decides a new test", standing({ version: "v1.0" }, { version: "v1.1" }), undefined, "v1.1"],
  ["a running test keeps the version it began with", standing({ version: "v1.0" }, { version: "v1.1" }), 0.5, "v1.0"],
  ["at the instant of activation the new one holds", standing({ version: "v1.0" }, { version: "v1.1" }), 1, "v1.1"],
  ["before anything is remembered the oldest holds", standing({ version: "v1.0" }, { version: "v1.1" }), -5, "v1.0"],
  [
    "three versions, the one in between",
    standing({ version: "v1.0" }, { version: "v1.1" }, { version: "v1.2" }),
    1.5,
    "v1.1",
  ],
  [
    "a step back to an earlier version holds",
    standing({ version: "v1.0" }, { version: "v1.1" }, { version: "v1.0" }),
    undefined,
    "v1.0",
  ],
  ["a retired contract binds no new test", standing({ version: "v1.0" }, null), undefined, NONE],
  ["a retired contract leaves running tests alone", standing({ version: "v1.0" }, null), 0.5, "v1.0"],
  [
    "the version before the last does not come back with its end",
    standing({ version: "v1.0" }, { version: "v1.1" }, null),
    undefined,
    NONE,
  ],
  [
    "nor do those before it, where the last was to begin later",
    standing({ version: "v1.0" }, { version: "v1.1", from: "2999-01-01" }, null),
    undefined,
    NONE,
  ],
  [
    "of two that ended, a running test keeps its own",
    standing({ version: "v1.0" }, { version: "v1.1" }, null),
    0.5,
    "v1.0",
  ],
  [
    "a contract that ended and began again",
    standing({ version: "v1.0" }, { version: "v1.1" }, null, { version: "v1.2" }),
    undefined,
    "v1.2",
  ],
  [
    "what is put in the shadow decides nothing new",
    standing({ version: "v1.0" }, { version: "v1.0", mode: "shadow" }),
    undefined,
    NONE,
  ],
  [
    "a contract that came later does not reach back",
    standing(null, { version: "v1.0" }),
    0.5,
    "contract.none-in-force:UV",
  ],
])("%s", (_, ready, startedAfterHours, version) => {
  expect(versionFor(ready, startedAfterHours)).toBe(version);
});

test("until a newer version's date the version before it decides", () => {
  const today = chicago.dayOf(now);
  const from = (days: number) => standing({ version: "v1.0" }, { version: "v1.1", from: printDate(today + days) });
  expect([from(1), from(0), from(-1)].map((ready) => versionFor(ready))).toEqual(["v1.0", "v1.1", "v1.1"]);
});

test("a set that only changed a document starts no new stretch", () => {
  const ready = standing({ version: "v1.0" }, { version: "v1.0" }, { version: "v1.1" });
  expect(releasesInForce(ready).size).toBe(2);
  expect(versionFor(ready, 1.5)).toBe("v1.0");
});
