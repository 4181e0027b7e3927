import { expect, test } from "vitest";
import { parseInstant } from "../../src/base/civil-time.ts";
import { snapshotFromValues } from "../../src/model/snapshot-parse.ts";
import { decideFast, indexReleases } from "../../src/runtime/index.ts";
import { bundles, chicago } from "../conformance/vectors.ts";

/** Whether an override holds whose second role is signed for at this place, after so many signatures of the first. */
function holdsWithSignatureAt(place: number): boolean {
  const loaded = bundles.get("OVR");
  const now = parseInstant("2026-11-23T09:00:00-06:00");
  if (loaded === undefined || now === undefined) throw new Error("the vectors have a contract OVR");
  const first = Array.from({ length: place - 1 }, () => ({ by: "Q", role: "QA" }));
  const override = {
    ...{ id: "O", rule: "calibration.overdue", subject: "T-1", approvals: [...first, { by: "S", role: "supervisor" }] },
    ...{ grantedAt: "2026-11-23T08:00:00-06:00", expiresAt: "2026-11-23T16:00:00-06:00" },
  };
  const calibration = { performedOn: "2026-01-01", result: "pass" };
  const snapshot = snapshotFromValues({
    ...{ plantZone: "America/Chicago", test: { operator: "A" }, overrides: [override] },
    equipment: { "T-1": { serial: "SN", status: "in-service", calibration } },
  });
  const releases = indexReleases([{ loaded, version: null, fromDay: null }]);
  return decideFast({ releases, snapshot, now, calendar: chicago, node: null, assumeBinding: true }).allow;
}

test("of a flood of signatures the first 64 are read: looking for who fills which role must end", () => {
  expect([2, 63, 64, 65, 10_000].map(holdsWithSignatureAt)).toEqual([true, true, true, false, false]);
});
