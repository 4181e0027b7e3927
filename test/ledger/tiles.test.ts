import { expect, test } from "vitest";
import { leafHash, type TreeHash } from "../../src/ledger/merkle.ts";
import { expandTile, tileOf, tilePath, tileWidth } from "../../src/ledger/tiles.ts";
import { treeOf } from "./read-tree.ts";

test("tiles are named as C2SP tlog-tiles names them", () => {
  expect(tilePath(0, 0, 256)).toBe("tile/0/000");
  expect(tilePath(0, 273, 112)).toBe("tile/0/273.p/112");
  expect(tilePath(1, 1_234_067, 256)).toBe("tile/1/x001/x234/067");
  expect(tilePath("entries", 1_000, 1)).toBe("tile/entries/x001/000.p/1");
});

test("a tree of 70,000 has the tiles that tlog-tiles says it has", () => {
  const widths = (level: number, from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => tileWidth(level, from + at, 70_000));
  expect(widths(0, 272, 275)).toEqual([256, 112, 0]);
  expect(widths(1, 0, 3)).toEqual([256, 17, 0]);
  expect(widths(2, 0, 2)).toEqual([1, 0]);
  expect([tileWidth(0, 0, 256), tileWidth(1, 0, 256), tileWidth(0, 1, 256)]).toEqual([256, 1, 0]);
});

test("every complete subtree is found in the tile it is said to be in", () => {
  const leaves = Array.from({ length: 600 }, (_, index) => leafHash(Buffer.from(`${index}`)));
  const { levels } = treeOf(leaves);
  for (const [level, row] of levels.entries()) {
    for (const [index, hash] of row.entries()) {
      const { level: tileLevel, index: tile, height, place } = tileOf(level, index);
      const own = levels[tileLevel * 8] as readonly TreeHash[];
      const expanded = expandTile(Buffer.concat(own.slice(tile * 256, tile * 256 + 256)));
      expect(expanded[height]?.[place]).toEqual(hash);
    }
  }
});
