import { expect, test } from "vitest";
import { createGroups } from "../../src/hub/session/groups.ts";

type At = (index: number | undefined) => void;

/** Keeps what it is given when nothing in it is bad, as a transaction does. */
function ledgerOf(options: { readonly neverSays?: boolean } = {}) {
  const kept: number[] = [];
  const commits: number[][] = [];
  const commit = async (items: readonly number[], at: At): Promise<readonly string[]> => {
    const written: number[] = [];
    for (const [index, item] of items.entries()) {
      if (options.neverSays !== true) at(index);
      if (item < 0) throw new Error(`${item} is bad`);
      written.push(item);
    }
    at(undefined);
    await Promise.resolve();
    kept.push(...written);
    commits.push(written);
    return items.map((item) => `kept ${item}`);
  };
  return { kept, commits, commit };
}

const outcomes = async (promises: readonly Promise<string>[]): Promise<readonly string[]> =>
  (await Promise.allSettled(promises)).map((one) => (one.status === "fulfilled" ? one.value : one.reason.message));

test("what comes in one turn is one commit, and what comes during it is the next", async () => {
  const { commits, commit } = ledgerOf();
  const put = createGroups<number, string>(100, commit);
  const first = [1, 2, 3].map(put);
  expect(await outcomes(first)).toEqual(["kept 1", "kept 2", "kept 3"]);
  expect(await outcomes([4, 5].map(put))).toEqual(["kept 4", "kept 5"]);
  expect(commits).toEqual([
    [1, 2, 3],
    [4, 5],
  ]);
});

test("a group has its limit", async () => {
  const { commits, commit } = ledgerOf();
  const put = createGroups<number, string>(2, commit);
  await Promise.all([1, 2, 3, 4, 5].map(put));
  expect(commits).toEqual([[1, 2], [3, 4], [5]]);
});

test("a group has its weight, and an item that is too heavy goes alone", async () => {
  const { commits, commit } = ledgerOf();
  const put = createGroups<number, string>({ max: 10, weightOf: (item) => item }, commit);
  await Promise.all([4, 5, 3, 20, 1, 9].map(put));
  expect(commits).toEqual([[4, 5], [3], [20], [1, 9]]);
});

test("a group waits while more comes in each turn, and no longer", async () => {
  const { commits, commit } = ledgerOf();
  const put = createGroups<number, string>({ max: 100, gatherTurns: 3 }, commit);
  const waiting: Promise<string>[] = [];
  for (let turn = 1; turn <= 6; turn++) {
    waiting.push(put(turn));
    await new Promise(setImmediate);
  }
  await Promise.all(waiting);
  expect(commits.flat()).toEqual([1, 2, 3, 4, 5, 6]);
  expect(commits[0]?.length).toBeGreaterThan(1);
  expect(commits.length).toBeGreaterThan(1);
});

test("one bad item never spoils the others", async () => {
  const { kept, commit } = ledgerOf();
  const put = createGroups<number, string>(100, commit);
  expect(await outcomes([1, -2, 3, -4, 5].map(put))).toEqual(["kept 1", "-2 is bad", "kept 3", "-4 is bad", "kept 5"]);
  expect(kept).toEqual([1, 3, 5]);
});

test("planted: a commit that does not say which item it is busy with spoils the whole group", async () => {
  const { kept, commit } = ledgerOf({ neverSays: true });
  const put = createGroups<number, string>(100, commit);
  expect(await outcomes([1, -2, 3].map(put))).toEqual(["-2 is bad", "-2 is bad", "-2 is bad"]);
  expect(kept).toEqual([]);
});

test("a disk that fails at the commit fails all of the group, once, and the next group is tried", async () => {
  let tries = 0;
  const put = createGroups<number, string>(100, async (items, at) => {
    for (const index of items.keys()) at(index);
    at(undefined);
    tries += 1;
    if (tries === 1) throw new Error("no space");
    return items.map((item) => `kept ${item}`);
  });
  expect(await outcomes([1, 2].map(put))).toEqual(["no space", "no space"]);
  expect(tries).toBe(1);
  expect(await outcomes([3].map(put))).toEqual(["kept 3"]);
});
