/** A small seeded generator (mulberry32), so that a failing run can be run again. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % Math.max(1, below);
  };
}

const bits = [
  "{",
  "}",
  ",",
  ":",
  '"',
  "\n",
  "\\",
  "//",
  "///x\n",
  "must",
  "the",
  "every",
  "each day",
  "is",
  "contract A",
  "1",
  "°F",
  "=",
  "\u202E",
  "\ud800",
];
const WORDS = /[A-Za-z-]+|\d+|[^\sA-Za-z\d]|\s+/g;

/** One to four changes: characters, words or spans of other sources. */
export function mutated(sources: readonly string[], below: (limit: number) => number): string {
  let text = sources[below(sources.length)] ?? "";
  for (let changes = 1 + below(4); changes > 0; changes -= 1) {
    const at = below(text.length + 1);
    const other = sources[below(sources.length)] ?? "";
    const from = below(other.length + 1);
    const words = text.match(WORDS) ?? [];
    const word = below(words.length);
    const kinds: readonly (() => string)[] = [
      () => text.slice(0, at) + text.slice(at + 1 + below(12)),
      () => text.slice(0, at) + (bits[below(bits.length)] ?? "") + text.slice(at),
      () => text.slice(0, at) + other.slice(from, from + below(80)) + text.slice(at),
      () => words.toSpliced(word, 1).join(""),
      () => words.toSpliced(word, 0, words[below(words.length)] ?? "", " ").join(""),
      () => text.slice(0, at) + String.fromCharCode(below(0x2100)) + text.slice(at + 1),
    ];
    text = kinds[below(kinds.length)]?.() ?? text;
  }
  return text;
}
