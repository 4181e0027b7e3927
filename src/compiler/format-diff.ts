/** What formatting (or `how` else it was done) changes in a file, as lines `-` and `+` in hunks; the empty string where nothing. Not for patches of huge files. */
export function lineDiff(name: string, before: string, after: string, how = "formatted"): string {
  if (before === after) return "";
  const old = before.split("\n");
  const fresh = after.split("\n");
  let start = 0;
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start += 1;
  let end = 0;
  const room = Math.min(old.length, fresh.length) - start;
  while (end < room && old[old.length - 1 - end] === fresh[fresh.length - 1 - end]) end += 1;
  const removed = old.slice(start, old.length - end);
  const added = fresh.slice(start, fresh.length - end);
  const head = `@@ -${start + 1},${removed.length} +${start + 1},${added.length} @@`;
  const lines = [`--- ${name}`, `+++ ${name}, ${how}`, head];
  return `${[...lines, ...removed.map((line) => `-${line}`), ...added.map((line) => `+${line}`)].join("\n")}\n`;
}
