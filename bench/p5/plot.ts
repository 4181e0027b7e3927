interface Bar {
  readonly engine: string;
  readonly mbPerS: number;
}

const LEFT = 90;
const WIDTH = 640;
const ROW = 44;
const TOP = 80;
const names: { readonly [engine: string]: string } = { ours: "maint", peggy: "peggy 5", langium: "Langium 4" };

/** A bar for each engine and a line at the target; a figure that needs no script, no font and no network. */
export function plot(bars: readonly Bar[], target: number, text: string): string {
  const most = Math.max(target, ...bars.map(({ mbPerS }) => mbPerS));
  const step = most > 20 ? 5 : 2;
  const end = Math.ceil((most * 1.08) / step) * step;
  const x = (value: number): number => Math.round(LEFT + (value / end) * (WIDTH - LEFT - 40));
  const bottom = TOP + bars.length * ROW;
  const ticks = Array.from({ length: Math.floor(end / step) + 1 }, (_, index) => index * step);
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 62}" width="${WIDTH}" height="${bottom + 62}" font-family="system-ui, sans-serif" font-size="13">`,
    "<title>Parsing speed of maint, peggy and Langium in MB/s</title>",
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="16" y="26" font-size="16" font-weight="600" fill="#1b1f24">Parsing the same contracts to a syntax tree</text>`,
    `<text x="16" y="46" fill="#57606a">${text}; median of three processes, more is better</text>`,
    ...ticks.flatMap((tick) => [
      `<line x1="${x(tick)}" y1="${TOP}" x2="${x(tick)}" y2="${bottom}" stroke="#d8dee4"/>`,
      `<text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle" fill="#57606a">${tick}</text>`,
    ]),
    ...bars.flatMap(({ engine, mbPerS }, row) => {
      const y = TOP + row * ROW + 8;
      return [
        `<text x="${LEFT - 10}" y="${y + 19}" text-anchor="end" fill="#1b1f24">${names[engine] ?? engine}</text>`,
        `<rect x="${LEFT}" y="${y}" width="${x(mbPerS) - LEFT}" height="28" rx="3" fill="${row === 0 ? "#0969da" : "#8c959f"}"/>`,
        mbPerS / end > 0.12
          ? `<text x="${x(mbPerS) - 8}" y="${y + 19}" text-anchor="end" fill="#ffffff" font-weight="600">${mbPerS.toFixed(1)}</text>`
          : `<text x="${x(mbPerS) + 8}" y="${y + 19}" fill="#1b1f24" font-weight="600">${mbPerS.toFixed(1)}</text>`,
      ];
    }),
    `<line x1="${x(target)}" y1="${TOP - 4}" x2="${x(target)}" y2="${bottom}" stroke="#cf222e" stroke-width="2" stroke-dasharray="5 4"/>`,
    `<text x="${x(target)}" y="${TOP - 8}" text-anchor="middle" fill="#cf222e">target ${target}</text>`,
    `<line x1="${LEFT}" y1="${bottom}" x2="${WIDTH - 40}" y2="${bottom}" stroke="#57606a"/>`,
    `<text x="${(LEFT + WIDTH - 40) / 2}" y="${bottom + 44}" text-anchor="middle" fill="#1b1f24">MB/s, source text to tree</text>`,
    "</svg>",
  ];
  return `${lines.join("\n")}\n`;
}
