import { afterEach, expect, test, vi } from "vitest";
import { editDistance } from "../../src/base/edit-distance.ts";
import { nearest, unknownId } from "../../src/hub/refusals.ts";

const compared = vi.hoisted(() => ({ count: 0 }));
vi.mock("../../src/base/edit-distance.ts", async (original) => {
  const real = await original<typeof import("../../src/base/edit-distance.ts")>();
  const counting = (a: string, b: string): number => {
    compared.count += 1;
    return real.editDistance(a, b);
  };
  return { ...real, editDistance: counting };
});
afterEach(() => {
  compared.count = 0;
});

const nodes = Array.from({ length: 10_000 }, (_, index) => `LP-${index}`);

test.each([
  ["LP-1O", ["LP-1", "LP-10", "LP-11"]],
  ["lp-77", ["LP-77"]],
  ["QQQQQQQQQQQQ", []],
])("%s is near to %j", (asked, near) => {
  expect(nearest(asked, nodes).slice(0, near.length)).toEqual(near);
});

test("what is left out by its length alone would not have been near", () => {
  for (const asked of ["L", "LP", "LP-1", "LP-1234567", "LP-12345678901234567890"]) {
    const limit = Math.max(2, Math.ceil(asked.length / 3));
    const best = nodes.filter((name) => editDistance(asked.toLowerCase(), name.toLowerCase()) <= limit);
    expect(nearest(asked, nodes).length, asked).toBe(Math.min(3, best.length));
  }
});

// A name as long as a URL may be: each comparison is the product of both lengths, and there are ten thousand.
test("a name that is far too long is compared with nothing", () => {
  expect(unknownId("node", "x".repeat(16_000), nodes)).toMatchObject({ code: "MAINT_ERR_NOT_FOUND", help: undefined });
  expect(compared.count).toBe(0);
});
