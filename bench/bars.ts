/** One bar of a figure; `ours` stand out. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly label: string;
  readonly ours?: boolean;
}

export interface Figure {
  readonly title: string;
  readonly text: string;
  /** What the axis counts. */
  readonly axis: string;
  readonly bars: readonly Bar[];
  readonly target?: { readonly value: number; readonly label: string };
}

const LEFT = 250;
const RIGHT = 110;
const WIDTH = 760;
const ROW = 34;
const TOP = 84;

/** Bars on a scale of powers of ten; a figure that needs no script, no font and no network. */
export function logBars({ title, text, axis, bars, target }: Figure): string {
  const values = [...bars.map(({ value }) => value), ...(target === undefined ? [] : [target.value])];
  const low = Math.floor(Math.log10(Math.min(...values)) - 0.2);
  const high = Math.ceil(Math.log10(Math.max(...values)));
  const x = (value: number): number =>
    Math.round(LEFT + ((Math.log10(value) - low) / (high - low)) * (WIDTH - LEFT - RIGHT));
  const bottom = TOP + bars.length * ROW;
  const step = high - low > 9 ? 2 : 1;
  const ticks = Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, index) => 10 ** (low + index * step));
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 62}" width="${WIDTH}" height="${bottom + 62}" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="16" y="26" font-size="16" font-weight="600" fill="#1b1f24">${escaped(title)}</text>`,
    `<text x="16" y="46" fill="#57606a">${escaped(text)}</text>`,
    ...ticks.flatMap((tick) => [
      `<line x1="${x(tick)}" y1="${TOP}" x2="${x(tick)}" y2="${bottom}" stroke="#d8dee4"/>`,
      `<text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle" fill="#57606a">${tickLabel(tick)}</text>`,
    ]),
    ...bars.flatMap(({ name, value, ours = false }, row) => {
      const y = TOP + row * ROW + 5;
      return [
        `<text x="${LEFT - 10}" y="${y + 17}" text-anchor="end" fill="#1b1f24">${escaped(name)}</text>`,
        `<rect x="${LEFT}" y="${y}" width="${Math.max(2, x(value) - LEFT)}" height="24" rx="3" fill="${ours ? "#0969da" : "#8c959f"}"/>`,
      ];
    }),
    ...(target === undefined
      ? []
      : [
          `<line x1="${x(target.value)}" y1="${TOP - 6}" x2="${x(target.value)}" y2="${bottom}" stroke="#cf222e" stroke-width="2" stroke-dasharray="5 4"/>`,
          `<text x="${x(target.value)}" y="${TOP - 12}" text-anchor="${x(target.value) > WIDTH - 140 ? "end" : "middle"}" fill="#cf222e">${escaped(target.label)}</text>`,
        ]),
    ...bars.map(
      ({ value, label }, row) =>
        `<text x="${x(value) + 8}" y="${TOP + row * ROW + 22}" fill="#1b1f24" font-weight="600" stroke="#ffffff" stroke-width="4" paint-order="stroke">${escaped(label)}</text>`,
    ),
    `<line x1="${LEFT}" y1="${bottom}" x2="${WIDTH - RIGHT}" y2="${bottom}" stroke="#57606a"/>`,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${bottom + 44}" text-anchor="middle" fill="#1b1f24">${escaped(axis)}, each line ten times the one before</text>`,
    "</svg>",
  ];
  return `${lines.join("\n")}\n`;
}

const SUFFIXES = ["", "k", "M", "G"];

function tickLabel(value: number): string {
  if (value < 1) return String(Number(value.toPrecision(1)));
  const power = Math.min(3, Math.floor(Math.log10(value) / 3 + 1e-9));
  return `${Number((value / 1000 ** power).toPrecision(3))}${SUFFIXES[power]}`;
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
