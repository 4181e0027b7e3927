import { parseDate, printDate } from "../../../base/civil-time.ts";
import type { DayRow } from "../audit-report.ts";
import { ACCENT, INK, LINE, line, niceStep, px, SOFT, svg, text, WIDTH } from "./svg.ts";

const LEFT = 46;
const RIGHT = 12;
const TOP = 30;
const TALL = 150;
/** Beyond so many days a bar is a week. */
const MAX_BARS = 100;

interface Bar {
  readonly day: number;
  allowed: number;
  blocked: number;
}

/** Decisions a day over all stations: blocked ones filled, allowed ones hollow on top; an idle day has no bar. */
export function decisionsChart(days: readonly DayRow[], from: string, to: string): string | undefined {
  const [first, last] = [parseDate(from), parseDate(to)];
  if (days.length === 0 || first === undefined || last === undefined) return undefined;
  const { bars, step } = barsOf(days, first, last);
  const most = Math.max(...bars.map(({ allowed, blocked }) => allowed + blocked));
  const tick = Math.max(1, niceStep(most, 4));
  const top = Math.ceil(most / tick) * tick;
  const y = (count: number): number => TOP + TALL - (count / top) * TALL;
  const wide = (WIDTH - LEFT - RIGHT) / bars.length;
  const marks = Array.from({ length: Math.round(top / tick) + 1 }, (_, index) => index * tick).flatMap((count) => [
    line([LEFT, y(count)], [WIDTH - RIGHT, y(count)], LINE),
    text(LEFT - 8, y(count) + 4, String(count), { anchor: "end" }),
  ]);
  bars.forEach(({ day, allowed, blocked }, index) => {
    const x = LEFT + index * wide + wide * 0.12;
    const across = wide * 0.76;
    const rect = (from: number, count: number, look: string): string =>
      count === 0
        ? ""
        : `<rect x="${px(x)}" y="${px(y(from + count))}" width="${px(across)}" height="${px(y(from) - y(from + count))}" ${look}/>`;
    marks.push(rect(0, blocked, `fill="${INK}"`), rect(blocked, allowed, `fill="none" stroke="${ACCENT}"`));
    const every = Math.max(1, Math.ceil(bars.length / 10));
    if (index % every === 0)
      marks.push(text(x + across / 2, TOP + TALL + 18, printDate(day).slice(5), { anchor: "middle" }));
  });
  marks.push(...legend());
  const total = bars.reduce((sum, { allowed, blocked }) => sum + allowed + blocked, 0);
  return svg(TOP + TALL + 30, `${total} decisions, ${step === 7 ? "by week" : "by day"}`, marks);
}

const legend = (): readonly string[] => [
  `<rect x="${LEFT}" y="6" width="12" height="12" fill="${INK}"/>`,
  text(LEFT + 18, 16, "blocked", { fill: SOFT }),
  `<rect x="${LEFT + 84}" y="6" width="12" height="12" fill="none" stroke="${ACCENT}"/>`,
  text(LEFT + 102, 16, "allowed", { fill: SOFT }),
];

function barsOf(
  days: readonly DayRow[],
  first: number,
  last: number,
): { readonly bars: readonly Bar[]; readonly step: number } {
  const step = last - first + 1 > MAX_BARS ? 7 : 1;
  const bars: Bar[] = [];
  for (let day = first; day <= last; day += step) bars.push({ day, allowed: 0, blocked: 0 });
  for (const { day, allowed, blocked } of days) {
    const bar = bars[Math.floor(((parseDate(day) ?? first) - first) / step)];
    if (bar === undefined) continue;
    bar.allowed += allowed;
    bar.blocked += blocked;
  }
  return { bars, step };
}
