import { stripVTControlCharacters } from "node:util";

/** What a terminal is asked and told here; `process.stdout` is one. */
export interface Screen {
  readonly columns?: number;
  readonly rows?: number;
  readonly write: (text: string) => unknown;
}

const CLEAR_LINE = "\u001b[2K";
const CLEAR_BELOW = "\u001b[0J";
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/**
 * Draws lines over those that it drew before, in one write and only where they differ, so that nothing flickers. A line that
 * would wrap is cut, and what does not fit on the screen is left out: lines that scroll away cannot be drawn over. The last
 * picture is whole, since nothing is drawn over it.
 */
export function redrawn(screen: Screen): (lines: readonly string[], isLast?: boolean) => void {
  let before: readonly string[] = [];
  return (lines, isLast = false) => {
    // A terminal that does not know its size says 0.
    const fitting = isLast ? lines : fitted(lines, screen.columns || DEFAULT_COLUMNS, screen.rows || DEFAULT_ROWS);
    if (fitting.length === before.length && fitting.every((line, index) => line === before[index])) return;
    const up = before.length === 0 ? "" : `\u001b[${before.length}A`;
    screen.write(`${up}\r${fitting.map((line) => `${CLEAR_LINE}${line}\n`).join("")}${CLEAR_BELOW}`);
    before = fitting;
  };
}

function fitted(lines: readonly string[], columns: number, rows: number): readonly string[] {
  const width = Math.max(20, columns - 1);
  const height = Math.max(4, rows - 1);
  const cut = lines.map((line) => {
    const plain = stripVTControlCharacters(line);
    return plain.length <= width ? line : `${plain.slice(0, width - 1)}…`;
  });
  if (cut.length <= height) return cut;
  return [...cut.slice(0, height - 1), `  … ${cut.length - height + 1} more lines`];
}
