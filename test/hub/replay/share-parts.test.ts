import { expect, test } from "vitest";
import {
  isEqualJson,
  openPartSharing,
  openSharedReader,
  type SharedSnapshot,
} from "../../../src/hub/replay/share-parts.ts";
import { snapshotFromValues } from "../../../src/model/snapshot-parse.ts";
import { randomOf } from "../../fuzz/gate-random.ts";

const item = (draw: () => number) => ({
  serial: `S-${Math.floor(draw() * 2)}`,
  cycles: { $number: String(Math.floor(draw() * 3)) },
  locks: draw() < 0.5 ? [] : [{ by: "QA-1", at: draw() < 0.5 ? null : "2026-11-24T15:00:00Z" }],
});
const snapshot = (draw: () => number) => ({
  plantZone: "America/Chicago",
  station: { id: "LP-1", roles: draw() < 0.8 ? { lamp: "L-1" } : {} },
  equipment: Object.fromEntries(
    ["L-1", "L-2", "__proto__"].flatMap((name) => (draw() < 0.7 ? [[name, item(draw)]] : [])),
  ),
  readings: draw() < 0.2 ? null : { uv: { value: { $number: "980" }, unit: draw() < 0.8 ? "uW/cm2" : "lx" } },
  acks: draw() < 0.5 ? [] : [{ step: "clean", by: "STF-1" }],
});

test("what is shared says the same as what was read, and what is equal is one object", () => {
  const [share, typed] = [openPartSharing(), openSharedReader()];
  const draw = randomOf(20_261_128, 0);
  let reused = 0;
  let before: SharedSnapshot = { fields: {}, equipment: new Map() };
  const partsOf = ({ fields, equipment }: SharedSnapshot): ReadonlyMap<string, unknown> =>
    new Map([
      ...Object.entries(fields),
      ...[...equipment].flatMap(([name, { rest, moving }]) => [
        [`${name} rest`, rest] as const,
        [name, moving] as const,
      ]),
    ]);
  for (let turn = 0; turn < 3_000; turn += 1) {
    const read = JSON.parse(JSON.stringify(snapshot(draw))) as { readonly [field: string]: unknown };
    const shared = share(read);
    expect(typed(shared)).toEqual(snapshotFromValues(read));
    const [parts, then] = [partsOf(shared), partsOf(before)];
    for (const [name, part] of parts) {
      if (typeof part !== "object" || part === null) continue;
      if (part === then.get(name)) reused += 1;
      else expect(JSON.stringify(part)).not.toBe(JSON.stringify(then.get(name)));
    }
    before = shared;
  }
  expect(reused).toBeGreaterThan(3_000);
});

test.each<[unknown, unknown, boolean]>([
  [{ a: 1, b: [1, 2] }, { a: 1, b: [1, 2] }, true],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, false],
  [[1, 2], [1, 2, 3], false],
  [[], {}, false],
  [{}, [], false],
  [null, {}, false],
  [{ a: undefined }, { b: undefined }, false],
  [0, -0, false],
  ["1", 1, false],
  [JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":2}}'), false],
])("%j and %j: %s", (a, b, expected) => {
  expect(isEqualJson(a, b)).toBe(expected);
});
