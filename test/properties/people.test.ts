/** Extensions, revocations, signatures. Source: decisions.md B10–B12. */
import fc from "fast-check";
import { describe, expect } from "vitest";
import { DAY, HOUR, MINUTE, plantTime } from "../reference/interpreter-time.ts";
import {
  aMillisecondEarly,
  aMillisecondLate,
  contractWith,
  day,
  days,
  type Facts,
  instant,
  reading,
  rule,
  seeing,
  zones,
} from "./ask.ts";

const meter = 'meter is a radiometer, by default "M-1"';

describe("B10", () => {
  const provision =
    "the meter must be calibrated every 180 days, may be extended by at most 14 days, approved by QA or Supervisor";
  const contract = contractWith([meter], [provision]);
  const strict = contractWith([meter], ["the meter must be calibrated every 180 days"]);
  const extended = (performedOn: number, until: number, grantedAt: number, role: string): Facts => ({
    equipment: {
      "M-1": {
        calibration: { performedOn: day(performedOn), result: "pass" },
        extension: { until: day(until), grantedAt: instant(grantedAt), approvals: [{ by: "P-1", role }] },
      },
    },
  });
  const CARRIED = { allow: true, reasons: [], warnings: ["calibration.extended:M-1"] };
  rule(
    "an extension carries to the end of its last day, and at most the cap beyond the due date",
    (decide) =>
      fc.property(zones, days, fc.integer({ min: 1, max: 40 }), (zone, performedOn, length) => {
        const plant = plantTime(zone);
        const due = performedOn + 180;
        const facts = extended(performedOn, due + length, plant.midnight(due) - 1, "qa");
        const over = plant.midnight(due + Math.min(length, 14) + 1);
        expect(decide({ contract, facts, zone, now: over - 1 })).toEqual(CARRIED);
        expect(decide({ contract, facts, zone, now: over }).reasons).toEqual(["calibration.overdue:M-1"]);
        // Before it lapses nothing is extended, and afterwards only where the clause says so.
        const still = plant.midnight(due + 1) - 1;
        expect(decide({ contract, facts, zone, now: still })).toEqual({ allow: true, reasons: [], warnings: [] });
        expect(decide({ contract: strict, facts, zone, now: over - 1 }).reasons).toEqual(["extension.not-allowed:M-1"]);
      }),
    aMillisecondLate,
  );
  rule(
    "it must be granted before the lapse, by a role the clause names",
    (decide) =>
      fc.property(
        zones,
        days,
        fc.integer({ min: -2, max: 2 }),
        fc.constantFrom("QA", "supervisor", "operator", ""),
        (zone, performedOn, ms, role) => {
          const lapse = plantTime(zone).midnight(performedOn + 181);
          const facts = extended(performedOn, performedOn + 190, lapse + ms, role);
          const isNamed = role === "QA" || role === "supervisor";
          const expected = ms >= 0 ? ["extension.granted-too-late:M-1"] : isNamed ? [] : ["extension.not-approved:M-1"];
          expect(decide({ contract, facts, zone, now: lapse + HOUR }).reasons).toEqual(expected);
        },
      ),
    reading("by QA or Supervisor", "by operator"),
  );
});

describe("B11", () => {
  const contract = contractWith([meter], ["the meter must be calibrated every 12 months"]);
  rule(
    "a revocation works from its instant on",
    (decide) =>
      fc.property(days, fc.integer({ min: -3, max: 3 }), (on, ms) => {
        const now = on * DAY + 18 * HOUR;
        const facts = {
          equipment: {
            "M-1": { calibration: { performedOn: day(on - 5), result: "pass", revokedAt: instant(now - ms) } },
          },
        };
        expect(decide({ contract, facts, now, zone: "America/Chicago" }).reasons).toEqual(
          ms >= 0 ? ["calibration.revoked:M-1"] : [],
        );
      }),
    aMillisecondLate,
  );
});

describe("B12", () => {
  const NOW = 20_781 * DAY + 15 * HOUR;
  const here = { now: NOW, zone: "America/Chicago" };
  const people = fc.array(fc.constantFrom("P-1", "P-2", "P-3", "STF-1"), { minLength: 0, maxLength: 5 });
  const acknowledged = (by: readonly string[]): Facts => ({
    test: { operator: "STF-1" },
    acks: by.map((one) => ({ step: "Clean", by: one, role: "QA", at: instant(NOW) })),
  });
  const asking = (who: string): string => contractWith([], [`each day, ${who} must acknowledge "Clean"`]);
  rule(
    "two people are two, the operator is the operator, in whatever order they signed",
    (decide) =>
      fc.property(people, fc.integer({ min: 2, max: 4 }), (by, count) => {
        const words = ["two", "three", "four"][count - 2];
        const answer = (who: string, signed: readonly string[]) =>
          decide({ contract: asking(who), facts: acknowledged(signed), ...here }).reasons;
        const none = by.length === 0 ? ["ack.missing:Clean"] : undefined;
        expect(answer(`${words} people`, by)).toEqual(
          none ?? (new Set(by).size >= count ? [] : ["ack.second-person-missing:Clean"]),
        );
        expect(answer("the operator", by)).toEqual(none ?? (by.includes("STF-1") ? [] : ["ack.wrong-person:Clean"]));
        expect(answer("two people", by.toReversed())).toEqual(answer("two people", by));
      }),
    seeing((facts) => ({
      ...facts,
      acks: (facts["acks"] as Facts[]).map((ack, index) => ({ ...ack, by: `${ack["by"]}-${index}` })),
    })),
  );

  const contract = contractWith(
    [meter],
    ["the meter must be calibrated every 12 months", "the meter must be in service"],
    ["QA and Supervisor together may override calibration.overdue for at most 8 hours"],
  );
  interface Signed {
    readonly by: string;
    readonly role: string;
  }
  const approvals = fc.array(
    fc.record({
      by: fc.constantFrom("P-1", "P-2", "STF-1"),
      role: fc.constantFrom("QA", "qa", "Supervisor", "operator"),
    }),
    { maxLength: 4 },
  );
  const lapsed = (override: Facts, more: Facts = {}): Facts => ({
    test: { operator: "STF-1" },
    equipment: { "M-1": { status: "in-service", calibration: { performedOn: "2020-01-01", result: "pass" }, ...more } },
    overrides: [{ id: "O-1", rule: "calibration.overdue", subject: "M-1", reason: "late", ...override }],
  });
  /** Whether two different people fill both roles. */
  const fills = (signed: readonly Signed[]): boolean =>
    signed.some((a) => a.role.toLowerCase() === "qa" && signed.some((b) => b.role === "Supervisor" && b.by !== a.by));
  rule(
    "both roles by two different people, neither of them the operator, in whatever order they signed",
    (decide) =>
      fc.property(approvals, fc.nat(), (signed, turn) => {
        const asked = (list: readonly Signed[]) =>
          decide({
            contract,
            facts: lapsed({ grantedAt: instant(NOW), expiresAt: instant(NOW + HOUR), approvals: list }),
            ...here,
          });
        const answer = asked(signed);
        const others = signed.filter(({ by }) => by !== "STF-1");
        const code = !fills(signed)
          ? "override.signatures:O-1"
          : !fills(others)
            ? "override.self-approved:O-1"
            : undefined;
        expect(answer.reasons).toEqual(code === undefined ? [] : ["calibration.overdue:M-1", code]);
        expect(answer.warnings).toEqual(code === undefined ? ["override.applied:O-1"] : []);
        const at = signed.length === 0 ? 0 : turn % signed.length;
        expect(asked([...signed.slice(at), ...signed.slice(0, at)])).toEqual(answer);
      }),
    seeing((facts) => ({ ...facts, test: { operator: "nobody" } })),
  );
  const around = fc.constantFrom(-5001, -5000, -1, 0, 1);
  rule(
    "granted ≤ now < expires, and no longer than its cap; a lock-out is never lifted",
    (decide) =>
      fc.property(
        around,
        fc.integer({ min: -1, max: 1 }),
        fc.integer({ min: 0, max: 481 }),
        fc.boolean(),
        (since, over, minutes, isLocked) => {
          const grantedAt = NOW - since - minutes * MINUTE * (since < 0 ? 0 : 1);
          const length = 8 * HOUR + over;
          const both = [
            { by: "P-1", role: "QA" },
            { by: "P-2", role: "Supervisor" },
          ];
          const override = { grantedAt: instant(grantedAt), expiresAt: instant(grantedAt + length), approvals: both };
          const { reasons } = decide({
            contract,
            facts: lapsed(override, isLocked ? { locks: [{ by: "P-9" }] } : {}),
            ...here,
          });
          const isInForce = grantedAt <= NOW + 5000 && NOW < grantedAt + length;
          const code = !isInForce ? "override.not-in-force:O-1" : over > 0 ? "override.too-long:O-1" : undefined;
          const stays = code === undefined ? [] : ["calibration.overdue:M-1", code];
          expect(reasons).toEqual([...stays, ...(isLocked ? ["equipment.locked-out:M-1"] : [])].sort());
        },
      ),
    aMillisecondEarly,
  );
});
