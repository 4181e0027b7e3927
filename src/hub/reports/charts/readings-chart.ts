import { printUtc } from "../../../base/civil-time.ts";
import type { ReadingSeries } from "../audit-report.ts";
import { ACCENT, DASHED, INK, LINE, line, niceStep, px, svg, text, WIDTH } from "./svg.ts";

const LEFT = 70;
const RIGHT = 20;
const TOP = 24;
const TALL = 150;

/** Readings over time against the limits they were judged by: a ring is inside, a cross is outside. */
export function readingsChart({ quantity, unit, low, high, points: all }: ReadingSeries): string | undefined {
  const points = all.filter(isDrawn);
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const values = points.map(({ value }) => Number(value));
  const limits = [low, high].flatMap((end) => (end === null ? [] : [Number(end)]));
  const least = Math.min(...values, ...limits);
  const most = Math.max(...values, ...limits);
  const step = niceStep(Math.max(most - least, Math.abs(most) / 100, 1e-9), 4);
  const [bottom, top] = [Math.floor(least / step) * step, Math.ceil(most / step) * step];
  const y = (value: number): number => TOP + TALL - ((value - bottom) / Math.max(step, top - bottom)) * TALL;
  const span = Math.max(1, last.atMs - first.atMs);
  const x = (atMs: number): number => LEFT + 8 + ((atMs - first.atMs) / span) * (WIDTH - LEFT - RIGHT - 16);
  const marks = Array.from(
    { length: Math.round((top - bottom) / step) + 1 },
    (_, index) => bottom + index * step,
  ).flatMap((value) => [
    line([LEFT, y(value)], [WIDTH - RIGHT, y(value)], LINE),
    text(LEFT - 8, y(value) + 4, shown(value), { anchor: "end" }),
  ]);
  // Words stand outside the limit, where good readings are not; above the scale's own words where there is no room.
  const below = low !== null && y(Number(low)) + 16 < TOP + TALL ? 14 : -5;
  for (const [end, word, away] of [
    [low, "at least", below],
    [high, "at most", -5],
  ] as const)
    if (end !== null)
      marks.push(
        line([LEFT, y(Number(end))], [WIDTH - RIGHT, y(Number(end))], INK, `${DASHED} stroke-width="1.5"`),
        text(WIDTH - RIGHT, y(Number(end)) + away, `${word} ${end} ${unit}`, { anchor: "end", fill: INK }),
      );
  for (const { atMs, value } of points) {
    const number = Number(value);
    const outside = (low !== null && number < Number(low)) || (high !== null && number > Number(high));
    marks.push(outside ? cross(x(atMs), y(number)) : ring(x(atMs), y(number)));
  }
  marks.push(
    text(LEFT, TOP + TALL + 18, printUtc(first.atMs).slice(0, 16).replace("T", " ")),
    text(WIDTH - RIGHT, TOP + TALL + 18, `${printUtc(last.atMs).slice(0, 16).replace("T", " ")} UTC`, {
      anchor: "end",
    }),
  );
  return svg(TOP + TALL + 28, `${points.length} readings of ${quantity} in ${unit}`, marks);
}

/** Nodes keep what was written down: `UNAVAILABLE` is a reading and has no place on a scale. */
export const isDrawn = ({ value }: ReadingSeries["points"][number]): boolean =>
  value.trim() !== "" && Number.isFinite(Number(value));

const shown = (value: number): string => String(Number(value.toPrecision(6)));

const ring = (x: number, y: number): string =>
  `<circle cx="${px(x)}" cy="${px(y)}" r="3" fill="none" stroke="${ACCENT}" stroke-width="1.5"/>`;

const cross = (x: number, y: number): string =>
  `<path d="M${px(x - 4)} ${px(y - 4)}l8 8m0 -8l-8 8" stroke="${INK}" stroke-width="2" fill="none"/>`;
