/**
 * A piece of a railroad diagram. It is entered at its left on `y = 0` and left at its right on `y = exit`; it reaches `up`
 * above and `down` below the line it is entered on. Lengths are SVG user units.
 */
export interface Box {
  readonly width: number;
  readonly up: number;
  readonly down: number;
  readonly exit: number;
  readonly draw: (x: number, y: number) => string;
}

const HALF = 13;
const GAP = 12;
const ROW_GAP = 10;
const ARC = 8;
/** A sequence wider than this goes on in a row below: diagrams fit a page's width. */
const MAX_ROW = 620;
/** A monospaced letter of 13 px, wide enough for every common font. */
const LETTER = 8.1;

export const escaped = (text: string): string =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");

const number = (value: number): string => String(Math.round(value * 10) / 10);
const path = (d: string): string => `<path d="${d}"/>`;
const line = (x: number, y: number, to: number): string =>
  to - x < 0.05 ? "" : path(`M${number(x)} ${number(y)}H${number(to)}`);

/** A word as written (`word`), a kind of token (`token`): rounded. A rule: square, and a link to it. */
export function label(text: string, shape: "word" | "token" | "rule", href?: string): Box {
  const width = Math.ceil([...text].length * LETTER) + 22;
  const draw = (x: number, y: number): string => {
    const corner = shape === "rule" ? "" : ` rx="${HALF}"`;
    const box = `<rect class="${shape}" x="${number(x)}" y="${number(y - HALF)}" width="${width}" height="${HALF * 2}"${corner}/>`;
    const words = `<text class="${shape}" x="${number(x + width / 2)}" y="${number(y + 4.5)}">${escaped(text)}</text>`;
    return href === undefined ? box + words : `<a href="${escaped(href)}">${box}${words}</a>`;
  };
  return { width, up: HALF, down: HALF, exit: 0, draw };
}

export const nothing: Box = { width: 0, up: 0, down: 0, exit: 0, draw: () => "" };

/** One behind the other; in several rows where one is too wide. */
export function sequence(boxes: readonly Box[]): Box {
  const rows: Box[][] = [[]];
  let width = 0;
  for (const box of boxes) {
    if (width > 0 && width + GAP + box.width > MAX_ROW) {
      rows.push([]);
      width = 0;
    }
    rows.at(-1)?.push(box);
    width += box.width + GAP;
  }
  const drawn = rows.map(inRow);
  return drawn.slice(1).reduce(below, drawn[0] ?? nothing);
}

function inRow(boxes: readonly Box[]): Box {
  let [width, up, down, exit] = [0, 0, 0, 0];
  for (const [index, box] of boxes.entries()) {
    up = Math.max(up, box.up - exit);
    down = Math.max(down, exit + box.down);
    exit += box.exit;
    width += box.width + (index > 0 ? GAP : 0);
  }
  const draw = (x: number, y: number): string => {
    let out = "";
    let [atX, atY] = [x, y];
    for (const [index, box] of boxes.entries()) {
      if (index > 0) {
        out += line(atX, atY, atX + GAP);
        atX += GAP;
      }
      out += box.draw(atX, atY);
      atX += box.width;
      atY += box.exit;
    }
    return out;
  };
  return { width, up, down, exit, draw };
}

/** The line turns back and goes on at the left of the row below. */
function below(first: Box, second: Box): Box {
  const turn = first.down + ROW_GAP;
  const next = turn + Math.max(ROW_GAP, second.up + ROW_GAP / 2) + ARC;
  const inner = Math.max(first.width, second.width);
  const draw = (x: number, y: number): string => {
    const [left, right] = [x + 2 * ARC, x + 2 * ARC + first.width];
    const [out, back, again] = [y + first.exit, y + turn, y + next];
    const rail =
      `M${number(right)} ${number(out)}h2q${ARC} 0 ${ARC} ${ARC}V${number(back - ARC)}q0 ${ARC} -${ARC} ${ARC}` +
      `H${number(left - ARC)}q-${ARC} 0 -${ARC} ${ARC}V${number(again - ARC)}q0 ${ARC} ${ARC} ${ARC}H${number(left)}`;
    const tail = line(left + second.width, again + second.exit, x + inner + 4 * ARC);
    return line(x, y, left) + first.draw(left, y) + path(rail) + second.draw(left, again) + tail;
  };
  return { width: inner + 4 * ARC, up: first.up, down: next + second.down, exit: next + second.exit, draw };
}

/** One of several, the first on the line. */
export function choice(boxes: readonly Box[]): Box {
  const [first = nothing, ...others] = boxes;
  const width = Math.max(...boxes.map((box) => box.width));
  const rows: { readonly box: Box; readonly offset: number }[] = [];
  let down = first.down;
  for (const box of others) {
    const offset = Math.max(down + box.up + ROW_GAP, 2 * ARC, first.exit + 2 * ARC);
    rows.push({ box, offset });
    down = offset + box.down;
  }
  const side = 2 * ARC + 2;
  const draw = (x: number, y: number): string => {
    const right = x + side + width;
    const end = right + side;
    const exit = y + first.exit;
    let out = line(x, y, x + side) + first.draw(x + side, y) + line(x + side + first.width, exit, end);
    for (const { box, offset } of rows) {
      const at = y + offset;
      const leaves = at + box.exit;
      out += path(
        `M${number(x)} ${number(y)}q${ARC} 0 ${ARC} ${ARC}V${number(at - ARC)}q0 ${ARC} ${ARC} ${ARC}H${number(x + side)}`,
      );
      out += box.draw(x + side, at);
      out += path(
        `M${number(x + side + box.width)} ${number(leaves)}H${number(end - 2 * ARC)}q${ARC} 0 ${ARC} -${ARC}V${number(exit + ARC)}q0 -${ARC} ${ARC} -${ARC}`,
      );
    }
    return out;
  };
  return { width: width + 2 * side, up: first.up, down, exit: first.exit, draw };
}

/** Once or again; what stands between two turns is on the way back. */
export function loop(box: Box, between: Box): Box {
  const width = Math.max(box.width, between.width);
  const back = Math.max(box.down + between.up + ROW_GAP, box.exit + 2 * ARC);
  const side = 2 * ARC;
  const draw = (x: number, y: number): string => {
    const [left, right] = [x + side, x + side + width];
    const [exit, turn] = [y + box.exit, y + back];
    const middle = left + (width - between.width) / 2;
    const up = `M${number(middle)} ${number(turn)}H${number(left)}q-${ARC} 0 -${ARC} -${ARC}V${number(y + ARC)}q0 -${ARC} ${ARC} -${ARC}`;
    const over = `M${number(right)} ${number(exit)}q${ARC} 0 ${ARC} ${ARC}V${number(turn - ARC)}q0 ${ARC} -${ARC} ${ARC}H${number(middle + between.width)}`;
    const rails = line(x, y, left) + line(left + box.width, exit, right + side);
    return rails + box.draw(left, y) + path(over) + between.draw(middle, turn) + path(up) + arrow(middle, turn);
  };
  return { width: width + 2 * side, up: box.up, down: back + Math.max(between.down, 4), exit: box.exit, draw };
}

/** Shows that the way back runs to the left. */
const arrow = (x: number, y: number): string => `<path class="arrow" d="M${number(x - 8)} ${number(y)}l6 -3.5v7z"/>`;

/** With the marks at which a diagram begins and ends. */
export function framed(box: Box): { readonly width: number; readonly height: number; readonly body: string } {
  const pad = 8;
  const [x, y] = [pad, pad + Math.max(box.up, HALF)];
  const end = x + 24 + box.width;
  const bars = (at: number, on: number): string => path(`M${number(at)} ${number(on - 7)}v14m4 -14v14`);
  const body =
    bars(x, y) +
    line(x + 4, y, x + 24) +
    box.draw(x + 24, y) +
    line(end, y + box.exit, end + 20) +
    bars(end + 20, y + box.exit);
  return {
    width: Math.ceil(end + 24 + pad),
    height: Math.ceil(y + Math.max(box.down, HALF, box.exit + 7) + pad),
    body,
  };
}
