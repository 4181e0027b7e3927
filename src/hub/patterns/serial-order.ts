/** Text by text, and digits by the number they make: `A-9` before `A-10`. Numbers of any length; equal ones by their text. */
export function byDigits(a: string, b: string): number {
  const [mine, others] = [partsOf(a), partsOf(b)];
  for (let index = 0; index < Math.max(mine.length, others.length); index += 1) {
    const [one, other] = [mine[index] ?? "", others[index] ?? ""];
    const order = isDigits(one) && isDigits(other) ? byNumber(one, other) : byText(one, other);
    if (order !== 0) return order;
  }
  return byText(a, b);
}

const partsOf = (text: string): readonly string[] => text.match(/\d+|\D+/g) ?? [];
const isDigits = (text: string): boolean => /^\d+$/.test(text);
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function byNumber(a: string, b: string): number {
  const [mine, others] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return mine.length - others.length || byText(mine, others);
}
