/** Work for many sockets, a bounded part of it in each turn of the loop, so that nothing else waits for all of it. */
export interface Slices<K, V> {
  /** A later value for a key that still waits takes the earlier one's place. */
  readonly put: (key: K, value: V) => void;
  readonly drop: (key: K) => void;
  readonly waiting: () => number;
}

export function createSlices<K, V>(perTurn: number, work: (key: K, value: V) => void): Slices<K, V> {
  const waiting = new Map<K, V>();
  let scheduled = false;
  const schedule = (): void => {
    if (scheduled || waiting.size === 0) return;
    scheduled = true;
    setImmediate(turn);
  };
  const turn = (): void => {
    scheduled = false;
    // Taken out first: what puts a key back is served in the next turn, behind everybody else.
    const slice: [K, V][] = [];
    for (const entry of waiting) {
      if (slice.length === perTurn) break;
      slice.push(entry);
    }
    for (const [key] of slice) waiting.delete(key);
    for (const [key, value] of slice) work(key, value);
    schedule();
  };
  return {
    put(key, value) {
      waiting.set(key, value);
      schedule();
    },
    drop: (key) => void waiting.delete(key),
    waiting: () => waiting.size,
  };
}
