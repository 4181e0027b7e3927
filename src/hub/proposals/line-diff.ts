/**
 * A unified diff of two texts, line by line, with `context` lines around each change; empty where they are equal.
 * A text without a line end at its end is shown as if it had one. Time and memory are the product of the lines that differ.
 */
export function unifiedDiff(
  before: { readonly name: string; readonly text: string },
  after: { readonly name: string; readonly text: string },
  context = 3,
): string {
  const edits = editScript(linesOf(before.text), linesOf(after.text));
  const hunks = hunksOf(edits, context);
  if (hunks.length === 0) return "";
  return [`--- ${before.name}`, `+++ ${after.name}`, ...hunks.flat(), ""].join("\n");
}

type Edit = { readonly kind: " " | "-" | "+"; readonly line: string };

const linesOf = (text: string): readonly string[] => {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
};

/** The shortest script, deletions before insertions. Equal heads and tails are set aside first: they are nearly all there is. */
function editScript(a: readonly string[], b: readonly string[]): readonly Edit[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const kept = (lines: readonly string[]): Edit[] => lines.map((line) => ({ kind: " ", line }));
  return [
    ...kept(a.slice(0, head)),
    ...middleScript(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...kept(a.slice(a.length - tail)),
  ];
}

/** By the table of longest common subsequences: `common[i][j]` is that of a from i and b from j. */
function middleScript(a: readonly string[], b: readonly string[]): readonly Edit[] {
  const common = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = common[i] as Uint32Array;
      row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const edits: Edit[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      edits.push({ kind: " ", line: a[i] as string });
      i++;
      j++;
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))) {
      edits.push({ kind: "-", line: a[i++] as string });
    } else {
      edits.push({ kind: "+", line: b[j++] as string });
    }
  }
  return edits;
}

function hunksOf(edits: readonly Edit[], context: number): readonly (readonly string[])[] {
  const hunks: string[][] = [];
  const changed = edits.flatMap(({ kind }, index) => (kind === " " ? [] : [index]));
  let from = 0;
  for (const [nth, index] of changed.entries()) {
    const next = changed[nth + 1];
    if (nth === 0 || index - (changed[nth - 1] ?? 0) > 2 * context) from = Math.max(0, index - context);
    if (next !== undefined && next - index <= 2 * context) continue;
    hunks.push(hunkOf(edits, from, Math.min(edits.length, index + context + 1)));
  }
  return hunks;
}

function hunkOf(edits: readonly Edit[], from: number, to: number): string[] {
  const count = (part: readonly Edit[], without: "+" | "-"): number =>
    part.filter(({ kind }) => kind !== without).length;
  const before = edits.slice(0, from);
  const body = edits.slice(from, to);
  const range = (without: "+" | "-"): string => {
    const length = count(body, without);
    // A range of no lines names the line before it. Source: POSIX diff, unified format.
    return `${count(before, without) + (length === 0 ? 0 : 1)},${length}`;
  };
  return [`@@ -${range("+")} +${range("-")} @@`, ...body.map(({ kind, line }) => `${kind}${line}`)];
}
