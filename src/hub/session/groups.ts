import { nextTurn } from "../store/turns.ts";

interface Waiting<I, O> {
  readonly item: I;
  readonly done: (value: O) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Commits what many bring in groups: the next group is what came while the last one was written, `max` at most, and the loop
 * turns between two. `commit` answers one value an item, in their order, once all of them are durable; it says by `at` which
 * item it is busy with. What throws there goes to that item's caller alone, and the others are committed without it. What
 * throws outside of any item goes to all of them: whether it is on the disk is unknown then, and nothing is tried again.
 */
export function createGroups<I, O>(
  max: number,
  commit: (items: readonly I[], at: (index: number | undefined) => void) => Promise<readonly O[]>,
): (item: I) => Promise<O> {
  const waiting: Waiting<I, O>[] = [];
  let running = false;
  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      await commitOne(waiting.splice(0, max), commit);
      await nextTurn();
    }
    running = false;
  };
  return (item) =>
    new Promise((done, failed) => {
      waiting.push({ item, done, failed });
      if (running) return;
      running = true;
      // What comes in this turn goes together.
      setImmediate(() => void run());
    });
}

async function commitOne<I, O>(
  group: readonly Waiting<I, O>[],
  commit: (items: readonly I[], at: (index: number | undefined) => void) => Promise<readonly O[]>,
): Promise<void> {
  let rest = group;
  while (rest.length > 0) {
    let busyWith: number | undefined;
    try {
      const values = await commit(
        rest.map(({ item }) => item),
        (index) => {
          busyWith = index;
        },
      );
      for (const [index, one] of rest.entries()) one.done(values[index] as O);
      return;
    } catch (error) {
      if (busyWith === undefined) {
        for (const { failed } of rest) failed(error);
        return;
      }
      const spoiled = rest[busyWith];
      spoiled?.failed(error);
      rest = rest.filter((one) => one !== spoiled);
    }
  }
}
