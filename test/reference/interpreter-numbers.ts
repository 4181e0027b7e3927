/**
 * Exact numbers and units of the test interpreter: its own fractions and its own short table, so that a mistake in the
 * project's is not made here as well. Source: decisions.md B2, B3.
 */
export interface Fraction {
  readonly over: bigint;
  /** Above zero; not in lowest terms. */
  readonly under: bigint;
}

export const fraction = (over: bigint, under = 1n): Fraction =>
  under < 0n ? { over: -over, under: -under } : { over, under };
export const NOTHING = fraction(0n);
export const plus = (a: Fraction, b: Fraction): Fraction =>
  fraction(a.over * b.under + b.over * a.under, a.under * b.under);
export const minus = (a: Fraction, b: Fraction): Fraction => plus(a, fraction(-b.over, b.under));
export const times = (a: Fraction, b: Fraction): Fraction => fraction(a.over * b.over, a.under * b.under);
export const isBelow = (a: Fraction, b: Fraction): boolean => a.over * b.under < b.over * a.under;
export const isAtMost = (a: Fraction, b: Fraction): boolean => !isBelow(b, a);

/** `-12.50`, `1e3`; undefined for NaN, infinities, and what is no number. */
export function readNumber(text: string): Fraction | undefined {
  const [mantissa = "", power = "0", more] = text.toLowerCase().split("e");
  if (more !== undefined || !/^[+-]?\d{1,4}$/.test(power) || !/^-?\d+(\.\d+)?$/.test(mantissa)) return undefined;
  // decisions.md names no largest number; the project draws the line at 400 digits, and this follows it.
  if (Math.abs(Number(power)) > 400) return undefined;
  const [whole = "", decimals = ""] = mantissa.split(".");
  const exponent = Number(power) - decimals.length;
  const digits = BigInt(whole + decimals);
  return exponent < 0 ? fraction(digits, 10n ** BigInt(-exponent)) : fraction(digits * 10n ** BigInt(exponent));
}

interface UnitWord {
  readonly kind: string;
  readonly factor: Fraction;
  /** Added after the factor. */
  readonly offset: Fraction;
  /** Nothing is below zero of the base unit. */
  readonly hasZero: boolean;
}

const decimal = (text: string): Fraction => readNumber(text) as Fraction;
const ratio = (over: string, under: string): Fraction => {
  const [a, b] = [decimal(over), decimal(under)];
  return fraction(a.over * b.under, a.under * b.over);
};

const unit = (kind: string, factor: Fraction, hasZero = false, offset = NOTHING): UnitWord => ({
  kind,
  factor,
  offset,
  hasZero,
});

const microwatt = unit("irradiance", decimal("0.01"), true);
const footcandle = unit("illuminance", ratio("1", "0.09290304"), true);
const celsius = unit("temperature", decimal("1"), true, decimal("273.15"));
const fahrenheit = unit("temperature", ratio("5", "9"), true, times(decimal("459.67"), ratio("5", "9")));
const newtonMetre = unit("torque", decimal("1"));
const footpound = unit("torque", times(decimal("4.4482216152605"), decimal("0.3048")));

/** The units that the generator and the vectors use. Source: BIPM SI brochure, NIST SP 811. */
const units: ReadonlyMap<string, UnitWord> = new Map([
  ["W/m2", unit("irradiance", decimal("1"), true)],
  ["mW/m2", unit("irradiance", decimal("0.001"), true)],
  ["W/cm2", unit("irradiance", decimal("10000"), true)],
  ["mW/cm2", unit("irradiance", decimal("10"), true)],
  ["uW/cm2", microwatt],
  // Two signs look alike: micro and the Greek letter.
  ["\u00b5W/cm\u00b2", microwatt],
  ["\u03bcW/cm\u00b2", microwatt],
  ["lx", unit("illuminance", decimal("1"), true)],
  ["klx", unit("illuminance", decimal("1000"), true)],
  ["fc", footcandle],
  ["ftc", footcandle],
  ["Pa", unit("pressure", decimal("1"), true)],
  ["kPa", unit("pressure", decimal("1000"), true)],
  ["bar", unit("pressure", decimal("100000"), true)],
  ["psi", unit("pressure", ratio("4.4482216152605", "0.00064516"), true)],
  ["K", unit("temperature", decimal("1"), true)],
  ["degC", celsius],
  ["°C", celsius],
  ["degF", fahrenheit],
  ["°F", fahrenheit],
  ["N.m", newtonMetre],
  ["Nm", newtonMetre],
  ["N·m", newtonMetre],
  ["lbf.ft", footpound],
  ["ft-lb", footpound],
  ["lbf.in", unit("torque", times(decimal("4.4482216152605"), decimal("0.0254")))],
  ["mL/100mL", unit("volume-concentration", decimal("0.01"), true)],
  ["mL/L", unit("volume-concentration", decimal("0.001"), true)],
  ["%", unit("ratio", decimal("0.01"))],
  ["permille", unit("ratio", decimal("0.001"))],
  ["ppm", unit("ratio", decimal("0.000001"))],
  ["G", unit("flux-density", decimal("0.0001"))],
  ["mT", unit("flux-density", decimal("0.001"))],
  ["kg", unit("mass", decimal("1"))],
  ["g", unit("mass", decimal("0.001"))],
  ["lb", unit("mass", decimal("0.45359237"))],
  ["N", unit("force", decimal("1"))],
  ["lbf", unit("force", decimal("4.4482216152605"))],
  ["kgf", unit("force", decimal("9.80665"))],
  ["mm", unit("length", decimal("0.001"))],
  ["in", unit("length", decimal("0.0254"))],
  ["L/min", unit("flow", ratio("0.001", "60"))],
  // A gallon is 231 cubic inches.
  ["gal/min", unit("flow", ratio("0.003785411784", "60"))],
  ["deg", unit("angle", decimal("1"))],
]);

export const unitOf = (word: string): UnitWord | undefined => units.get(word);

/** In the base unit of its kind. */
export const inBase = (value: Fraction, { factor, offset }: UnitWord): Fraction => plus(times(value, factor), offset);
/** The same for a difference: degrees keep their size and lose their zero. */
export const sizeInBase = (value: Fraction, { factor }: UnitWord): Fraction => times(value, factor);
