/**
 * Runs what it is given one after the other, in the order given. A failure goes to its own caller and stops nobody else.
 * Its use: read-then-write over an asynchronous store, where two callers in between would both see the old state.
 */
export function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
