import { parseInstant } from "../../src/base/civil-time.ts";
import { zoneFromIntl } from "../../src/disk/zone-from-intl.ts";
import { snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import type { ZoneTransitions } from "../../src/model/zone.ts";
import { type Gate, type GateOptions, type LoadedBundle, openGate, type TestRequest } from "../../src/runtime/index.ts";
import { bundles } from "../conformance/vectors.ts";

export const now = parseInstant("2026-11-23T09:00:00-06:00") ?? 0;

export const request: TestRequest = {
  ...{ test: "T1", kind: null, order: null, operator: "STF-1" },
  planned: { hours: null, cycles: null },
};

/** Enough for the contract `UV` of the vectors: a reading of this morning, at least 1000 uW/cm2. */
export const bright = { uv: { value: 1500, unit: "uW/cm2", takenAt: "2026-11-23T06:20:00-06:00" } };

export const uv = bundles.get("UV") as LoadedBundle;
if (uv === undefined) throw new Error("the vectors have a contract UV");

/** A gate over good evidence at a standing clock, but for what is changed; `written` are the verdicts in the journal. */
export function gateWith(change: Partial<GateOptions>): { readonly gate: Gate; readonly written: readonly boolean[] } {
  const written: boolean[] = [];
  const gate = openGate({
    bundles: [{ loaded: uv, version: "v1.0", fromDay: null }],
    evidence: { snapshot: () => snapshotFromValues({ plantZone: "America/Chicago", readings: bright }) },
    journal: {
      append: (decision) => {
        written.push(decision.allow);
        return { seq: written.length };
      },
    },
    clock: {
      nowMs: () => now,
      monotonicMs: () => 0,
      after: () => ({ elapsed: new Promise(() => {}), cancel: () => {} }),
    },
    zone: zoneFromIntl("America/Chicago") as ZoneTransitions,
    node: "NODE-1",
    ...change,
  });
  return { gate, written };
}
