/** Small whole numbers, a bit each: it holds ten million in little more than a megabyte and travels between threads as it is. */
export interface NumberSet {
  bits: Uint32Array;
}

const FIRST_WORDS = 1_024;

export const numberSet = (): NumberSet => ({ bits: new Uint32Array(FIRST_WORDS) });

export function addNumber(set: NumberSet, value: number): void {
  const word = value >>> 5;
  if (word >= set.bits.length) grow(set, word + 1);
  set.bits[word] = (set.bits[word] as number) | (1 << (value & 31));
}

export function addNumbers(set: NumberSet, more: NumberSet): void {
  if (more.bits.length > set.bits.length) grow(set, more.bits.length);
  more.bits.forEach((bits, word) => {
    set.bits[word] = (set.bits[word] as number) | bits;
  });
}

function grow(set: NumberSet, words: number): void {
  const bits = new Uint32Array(Math.max(words, set.bits.length * 2));
  bits.set(set.bits);
  set.bits = bits;
}

export function sizeOf({ bits }: NumberSet): number {
  let size = 0;
  for (let rest of bits)
    while (rest !== 0) {
      rest &= rest - 1;
      size += 1;
    }
  return size;
}
