import { parseDate, printDate } from "../../../base/civil-time.ts";
import type { InstrumentRow } from "../audit-report.ts";
import { ACCENT, DASHED, INK, LINE, line, niceStep, px, SOFT, svg, text, WIDTH } from "./svg.ts";

const LEFT = 190;
const RIGHT = 110;
const TOP = 34;
const ROW = 26;
/** More rows than a person looks through are left to the table. */
export const MAX_DUE_ROWS = 40;

const WORDS: { readonly [state in InstrumentRow["state"]]: string } = {
  "in-calibration": "",
  "due-soon": ", soon",
  overdue: ", overdue",
  failed: ", failed",
  revoked: ", certificate taken back",
  "signature-invalid": ", signature does not verify",
  never: "never calibrated",
};

/** Each instrument from its last calibration to the day it is good to, with the day of the report across. */
export function dueChart(instruments: readonly InstrumentRow[], asOfDay: string): string | undefined {
  const dated = instruments.filter(({ last, due }) => last !== null && due !== null).slice(0, MAX_DUE_ROWS);
  const today = parseDate(asOfDay);
  if (dated.length === 0 || today === undefined) return undefined;
  const spans = dated.map((one) => ({
    one,
    from: parseDate(one.last ?? "") ?? today,
    to: parseDate(one.due ?? "") ?? today,
  }));
  const low = Math.min(today, ...spans.map(({ from }) => from));
  const high = Math.max(today, ...spans.map(({ to }) => to));
  const x = (day: number): number => LEFT + ((day - low) / Math.max(1, high - low)) * (WIDTH - LEFT - RIGHT);
  const bottom = TOP + dated.length * ROW;
  const marks = [
    ...ticks(low, high).flatMap((day) => [
      line([x(day), TOP - 4], [x(day), bottom], LINE),
      text(x(day), bottom + 16, printDate(day).slice(0, 7), { anchor: "middle" }),
    ]),
  ];
  spans.forEach(({ one, from, to }, row) => {
    const y = TOP + row * ROW + ROW / 2;
    const late = one.state !== "in-calibration" && one.state !== "due-soon";
    marks.push(
      text(LEFT - 12, y + 4, shortened(one.asset), { anchor: "end", fill: INK }),
      line([x(from), y], [x(to), y], late ? INK : ACCENT, ` stroke-width="${late ? 3 : 6}"${late ? DASHED : ""}`),
      `<circle cx="${px(x(from))}" cy="${px(y)}" r="4" fill="var(--paper)" stroke="${late ? INK : ACCENT}" stroke-width="2"/>`,
      text(x(to) + 8, y + 4, `${one.due}${WORDS[one.state]}`, { fill: late ? INK : SOFT, weight: late ? 700 : 400 }),
    );
  });
  marks.push(
    line([x(today), TOP - 10], [x(today), bottom], INK, DASHED),
    text(x(today), TOP - 15, asOfDay, { anchor: x(today) > WIDTH - 120 ? "end" : "middle", fill: INK }),
  );
  return svg(bottom + 26, `due dates of ${dated.length} instruments as of ${asOfDay}`, marks);
}

const shortened = (name: string): string => (name.length <= 26 ? name : `${name.slice(0, 25)}…`);

function ticks(low: number, high: number): readonly number[] {
  const step = Math.max(1, niceStep(high - low, 6));
  return Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, index) => low + index * step);
}
