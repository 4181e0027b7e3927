import { expect, test } from "vitest";
import { check, type KnownZones } from "../../src/compiler/index.ts";

const names = ["America/Chicago", "Europe/Berlin"];
const zones: KnownZones = { isKnown: (zone) => names.includes(zone), names: () => names };
const contract = (zone: string): string => `contract A-1 "a" {
  for every station

  lamp is a uv-lamp

  before every test {
    warm:
      the lamp must have been on for at least 10 minutes
  }

  test "cold" {
    at 2026-11-24 09:00 in ${zone}
    lamp has been on for 9 minutes
    expect blocked by warm
  }
}
`;
const found = (zone: string, known: KnownZones | undefined) =>
  check([{ name: "a.maint", text: contract(zone) }], known === undefined ? {} : { zones: known }).diagnostics;

test.each([
  { zone: "America/Chicago", known: zones, says: [] },
  { zone: "America/Chicgo", known: zones, says: ["unknown-name 12:28 write `America/Chicago`"] },
  { zone: "Mars/Olympus", known: zones, says: ["unknown-name 12:28 no fix"] },
  { zone: "Mars/Olympus", known: undefined, says: [] },
])("a test in the zone $zone", ({ zone, known, says }) => {
  const lines = found(zone, known).map(
    ({ code, place, fix }) => `${code} ${place.line}:${place.column} ${fix?.title ?? "no fix"}`,
  );
  expect(lines).toEqual(says);
});
