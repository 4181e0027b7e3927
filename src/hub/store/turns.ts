/** Lets everybody else have the loop before the work goes on. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Reads a long table in its key's order, a page a turn: `page` answers what comes behind a key, at most `PAGE` rows. */
export async function inPages<T>(
  page: (after: string, limit: number) => Promise<readonly T[]>,
  keyOf: (row: T) => string,
): Promise<readonly T[]> {
  const rows: T[] = [];
  for (;;) {
    const more = await page(keyBehind(rows, keyOf), PAGE);
    rows.push(...more);
    if (more.length < PAGE) return rows;
    await nextTurn();
  }
}

const PAGE = 1_000;

/** No key is empty: the empty text stands before all of them. */
function keyBehind<T>(rows: readonly T[], keyOf: (row: T) => string): string {
  const last = rows.at(-1);
  return last === undefined ? "" : keyOf(last);
}
