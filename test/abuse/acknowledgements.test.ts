import { expect, test } from "vitest";
import { contractWith, gate } from "../properties/ask.ts";

// What a person said once is no word for another step, another shift, another day or another person.

const zone = "America/Chicago";
/** 2026-11-24 15:00 in Chicago, an hour into the second shift. */
const now = Date.parse("2026-11-24T15:00:00-06:00");
const contract = contractWith([], ['each shift, the operator must acknowledge "Lamp clean"']);
const reasons = (ack: object): readonly string[] =>
  gate({
    ...{ contract, zone, now },
    facts: {
      ...{ test: { operator: "STF-1" }, shifts: ["06:00", "14:00", "22:00"] },
      acks: [{ step: "Lamp clean", by: "STF-1", role: "operator", at: "2026-11-24T14:00:00-06:00", ...ack }],
    },
  }).reasons;

test("control: what the operator said in this shift counts from its first instant on", () => {
  expect(reasons({})).toEqual([]);
});

test.each([
  ["of another step", { step: "Booth clean" }, "ack.missing:Lamp clean"],
  ["of the shift before, to its last millisecond", { at: "2026-11-24T13:59:59.999-06:00" }, "ack.missing:Lamp clean"],
  ["of the same hour yesterday", { at: "2026-11-23T14:30:00-06:00" }, "ack.missing:Lamp clean"],
  ["that is dated ahead", { at: "2026-11-24T15:00:05.001-06:00" }, "ack.missing:Lamp clean"],
  ["without an instant", { at: "this morning" }, "ack.missing:Lamp clean"],
  ["of somebody else", { by: "STF-2" }, "ack.wrong-person:Lamp clean"],
])("AB-26: an acknowledgement %s does not count", (_, ack, reason) => {
  expect(reasons(ack)).toEqual([reason]);
});
