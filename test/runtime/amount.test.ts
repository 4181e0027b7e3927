import { expect, test } from "vitest";
import { add, compare, parseJsonNumber, type Rational, rational, subtract } from "../../src/base/rational.ts";
import { allUnits, convert, type Unit } from "../../src/model/units.ts";
import { type Amount, amountIn, amountOf, type Bound, boundOf, signAgainst } from "../../src/runtime/facts/amount.ts";

let state = 99;
const draw = (below: number): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return (state >>> 8) % below;
};
const decimal = (text: string): Rational => {
  const value = parseJsonNumber(text);
  if (value === undefined) throw new Error(text);
  return value;
};

/** Values from 1e-320 to 1e320, most of them such as instruments show. */
function someValue(): Rational {
  const exponent = draw(10) === 0 ? draw(640) - 320 : draw(9) - 4;
  return decimal(`${draw(2) === 0 ? "-" : ""}${draw(2_000_000)}.${draw(1_000)}e${exponent}`);
}

/** Nothing, or a step so small that a double cannot show it, or one that it can. */
function someStep(around: Rational): Rational {
  const size = [10n ** 40n, 10n ** 25n, 10n ** 17n, 10n ** 16n, 10n ** 15n, 10n ** 12n, 10n ** 3n][draw(7)] as bigint;
  const sign = BigInt(draw(3) - 1);
  return around.n === 0n ? rational(sign, size) : rational(around.n * sign, around.d * size);
}

const kinds = [...Map.groupBy(allUnits, ({ kind }) => kind).values()].filter((units) => units.length > 1);

interface Pair {
  readonly amount: Amount;
  readonly bound: Bound;
  readonly truth: number;
}

function somePair(): Pair {
  const units = kinds[draw(kinds.length)] as readonly Unit[];
  const [from, to] = [units[draw(units.length)] as Unit, units[draw(units.length)] as Unit];
  const value = someValue();
  const inLimitUnit = convert(value, from, to) as Rational;
  const limit = draw(4) === 0 ? someValue() : add(inLimitUnit, someStep(inLimitUnit));
  return { amount: amountIn(value, from, to), bound: boundOf(limit), truth: compare(inLimitUnit, limit) };
}

test("a sign by doubles is the exact sign, and most need no more than doubles", () => {
  const runs = 60_000;
  let exactly = 0;
  for (let run = 0; run < runs; run++) {
    const { amount, bound, truth } = somePair();
    const counted: Amount = {
      ...amount,
      exact: () => {
        exactly += 1;
        return amount.exact();
      },
    };
    expect(signAgainst(counted, bound), `run ${run}: ${amount.approx} against ${bound.approx}`).toBe(truth);
  }
  expect(exactly).toBeGreaterThan(runs / 10);
  expect(exactly).toBeLessThan((runs * 7) / 10);
});

test("control: without the slack, doubles decide wrongly", () => {
  let wrong = 0;
  for (let run = 0; run < 20_000; run++) {
    const { amount, bound, truth } = somePair();
    if (Math.sign(amount.approx - bound.approx) !== truth) wrong += 1;
  }
  expect(wrong).toBeGreaterThan(1_000);
});

test.each([
  ["1000", "999.99999999999999999", 1],
  ["999.99999999999999999", "1000", -1],
  ["0.1", "0.1", 0],
  ["1e-400", "0", 1],
  ["0", "1e-400", -1],
  ["1e400", "1e399", 1],
  ["-1e400", "1e399", -1],
  ["9007199254740993", "9007199254740992", 1],
] as const)("%s against %s", (value, limit, sign) => {
  expect(signAgainst(amountOf(decimal(value)), boundOf(decimal(limit)))).toBe(sign);
  expect(compare(subtract(decimal(value), decimal(limit)), decimal("0"))).toBe(sign);
});

const unitNamed = (symbol: string): Unit => {
  const unit = allUnits.find((one) => one.symbol === symbol);
  if (unit === undefined) throw new Error(symbol);
  return unit;
};

/** Readings that lie far from their limit, as nearly all do: exact numbers are not worked out for them. */
test.each<readonly [string, (value: Rational) => Amount]>([
  ["in the unit of the limit", (value) => amountIn(value, unitNamed("K"), unitNamed("K"))],
  ["in a unit of another size", (value) => amountIn(value, unitNamed("lx"), unitNamed("fc"))],
  ["in a unit with another zero", (value) => amountIn(value, unitNamed("degF"), unitNamed("degC"))],
  ["known exactly already", amountOf],
])("doubles decide a thousandth away from the limit: %s", (_, amountOfValue) => {
  for (const text of ["0.5", "-0.5", "25", "1180", "250000"]) {
    const amount = amountOfValue(decimal(text));
    const never: Amount = { ...amount, exact: () => expect.fail(`${text} was worked out exactly`) };
    const { n, d } = amount.exact();
    for (const [step, sign] of [
      [-1n, 1],
      [1n, -1],
    ] as const)
      expect(signAgainst(never, boundOf(add({ n, d }, rational(step, 1_000n))))).toBe(sign);
  }
});
