import { nextTurn } from "../store/turns.ts";

interface Waiting<I, O> {
  readonly item: I;
  readonly done: (value: O) => void;
  readonly failed: (error: unknown) => void;
}

/** How large a group may be. */
export interface GroupLimits<I> {
  /** The sum of the weights of a group's items; a single item may weigh more. */
  readonly max: number;
  /** 1 unless told. */
  readonly weightOf?: (item: I) => number;
  /** Turns of the loop that a group waits while more comes in each of them; none unless told. */
  readonly gatherTurns?: number;
}

/**
 * Commits what many bring in groups: the next group is what came while the last one was written, `max` at most, and the loop
 * turns between two. `commit` answers one value an item, in their order, once all of them are durable; it says by `at` which
 * item it is busy with. What throws there goes to that item's caller alone, and the others are committed without it. What
 * throws outside of any item goes to all of them: whether it is on the disk is unknown then, and nothing is tried again.
 */
export function createGroups<I, O>(
  limits: number | GroupLimits<I>,
  commit: (items: readonly I[], at: (index: number | undefined) => void) => Promise<readonly O[]>,
): (item: I) => Promise<O> {
  const { max, weightOf = () => 1, gatherTurns = 0 } = typeof limits === "number" ? { max: limits } : limits;
  const waiting: Waiting<I, O>[] = [];
  let running = false;
  const nextGroup = (): Waiting<I, O>[] => {
    let weight = 0;
    const over = waiting.findIndex(({ item }, index) => {
      weight += weightOf(item);
      return weight > max && index > 0;
    });
    return waiting.splice(0, over === -1 ? waiting.length : over);
  };
  const gather = async (): Promise<void> => {
    for (let turn = 0, seen = 0; turn < gatherTurns && waiting.length > seen && waiting.length < max; turn++) {
      seen = waiting.length;
      await nextTurn();
    }
  };
  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      await gather();
      await commitOne(nextGroup(), commit);
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
