/**
 * Parts of the latest snapshots, for as long as what they were made of stays: the same part is then the same object, so that
 * those who type, spell and hash it see at once that they have done so before. Nobody changes a part.
 */
export interface SnapshotMemory {
  /** The part of that name, made anew where one of `from` is another one than it was. */
  readonly part: <T extends object>(name: string, from: readonly unknown[], make: () => T) => T;
}

/** More parts than this are forgotten at once: a station has one for each asset and a handful besides. */
const MAX_PARTS = 10_000;

export function openSnapshotMemory(): SnapshotMemory {
  const parts = new Map<string, { readonly from: readonly unknown[]; readonly part: object }>();
  return {
    part: (name, from, make) => {
      const known = parts.get(name);
      if (known !== undefined && isSame(known.from, from)) return known.part as ReturnType<typeof make>;
      const part = make();
      if (parts.size >= MAX_PARTS) parts.clear();
      parts.set(name, { from, part });
      return part;
    },
  };
}

const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((one, index) => Object.is(one, b[index]));
