import { findUnit } from "../model/units.ts";

const PREFIXES: { readonly [name: string]: string } = {
  ...{ tera: "T", giga: "G", mega: "M", kilo: "k", hecto: "h", deca: "da" },
  ...{ deci: "d", centi: "c", milli: "m", micro: "u", nano: "n", pico: "p", femto: "f" },
};

const UNITS: { readonly [name: string]: string } = {
  ...{ metre: "m", gram: "g", kilogram: "kg", tonne: "t", litre: "L", second: "s", minute: "min", hour: "h" },
  ...{ ampere: "A", kelvin: "K", degreecelsius: "degC", mole: "mol", candela: "cd", lumen: "lm", lux: "lx" },
  ...{ hertz: "Hz", newton: "N", pascal: "Pa", bar: "bar", mmHg: "mmHg", joule: "J", watt: "W" },
  ...{ volt: "V", farad: "F", ohm: "ohm", siemens: "S", tesla: "T", henry: "H" },
  ...{ becquerel: "Bq", gray: "Gy", sievert: "Sv", degree: "deg", arcminute: "arcmin", arcsecond: "arcsec" },
  ...{ percent: "%", ppm: "ppm", decibel: "dB" },
};

const TOKEN = /\\([A-Za-z]+)(?:\{(-?\d)\})?/y;

interface Part {
  readonly symbol: string;
  power: number;
}

/**
 * The symbol of our unit for a D-SI unit, `\micro\watt\per\centi\metre\tothe{2}` → `uW/cm2`, or undefined where the table
 * has none: a number is never taken over in another unit than it was written in. Source: D-SI brochure, SmartCom.
 */
export function unitFromDsi(written: string): string | undefined {
  if (!written.startsWith("\\")) return findUnit(written)?.symbol;
  const parts: Part[] = [];
  let prefix = "";
  let under = false;
  let at = 0;
  while (at < written.length) {
    TOKEN.lastIndex = at;
    const [token, name = "", power] = TOKEN.exec(written) ?? [];
    if (token === undefined) return undefined;
    at += token.length;
    const last = parts.at(-1);
    if (name === "tothe") {
      if (last === undefined || power === undefined || prefix !== "") return undefined;
      last.power *= Number(power);
    } else if (power !== undefined) return undefined;
    else if (name === "per") under = true;
    else if (Object.hasOwn(PREFIXES, name) && prefix === "") prefix = PREFIXES[name] ?? "";
    else if (Object.hasOwn(UNITS, name)) {
      parts.push({ symbol: `${prefix}${UNITS[name]}`, power: under ? -1 : 1 });
      prefix = "";
      under = false;
    } else return undefined;
  }
  return prefix !== "" || under ? undefined : findUnit(spelled(parts))?.symbol;
}

function spelled(parts: readonly Part[]): string {
  const side = (sign: 1 | -1): string =>
    parts
      .filter(({ power }) => Math.sign(power) === sign)
      .map(({ symbol, power }) => (Math.abs(power) === 1 ? symbol : `${symbol}${Math.abs(power)}`))
      .join(".");
  return side(-1) === "" ? side(1) : `${side(1)}/${side(-1)}`;
}
