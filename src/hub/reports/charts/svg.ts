import { escaped } from "../../../compiler/doc/html.ts";

/** Charts are drawn with the page's own colours, so that they follow its light, its dark and its paper. */
export const INK = "var(--ink)";
export const SOFT = "var(--soft)";
export const LINE = "var(--line)";
export const ACCENT = "var(--accent)";

export const WIDTH = 760;

/** `title` is what a reader who hears the page is told. */
export const svg = (height: number, title: string, marks: readonly string[]): string =>
  `<svg role="img" viewBox="0 0 ${WIDTH} ${height}" width="100%" font-family="system-ui,sans-serif" font-size="12"><title>${escaped(title)}</title>${marks.join("")}</svg>`;

/** Pixels: a tenth is enough, and the bytes stay the same on every machine. */
export const px = (value: number): string => String(Math.round(value * 10) / 10);

export const text = (
  x: number,
  y: number,
  words: string,
  {
    anchor = "start",
    fill = SOFT,
    weight = 400,
  }: { anchor?: "start" | "middle" | "end"; fill?: string; weight?: number } = {},
): string =>
  `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}" fill="${fill}" font-weight="${weight}">${escaped(words)}</text>`;

export const line = (
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
  stroke: string,
  more = "",
): string => `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="${stroke}"${more}/>`;

export const DASHED = ' stroke-dasharray="5 4"';

/** 1, 2 or 5 times a power of ten: at most `most` steps from 0 to `span`. */
export function niceStep(span: number, most: number): number {
  const rough = Math.max(span, Number.MIN_VALUE) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
}
