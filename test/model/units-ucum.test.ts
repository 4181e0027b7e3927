import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { parseDecimal, type Rational, rational } from "../../src/base/rational.ts";
import { allUnits, convert, type Unit } from "../../src/model/units.ts";

/**
 * Our unit beside its UCUM code, where the spellings differ. UCUM's factors are doubles: they judge ours to twelve digits,
 * the exact figures are in units.test.ts.
 */
const CODES: { readonly [symbol: string]: string } = {
  lx: "lx",
  klx: "klx",
  fc: "lm/[ft_i]2",
  in: "[in_i]",
  ft: "[ft_i]",
  yd: "[yd_i]",
  mi: "[mi_i]",
  mil: "[mil_i]",
  in2: "[in_i]2",
  ft2: "[ft_i]2",
  gal: "[gal_us]",
  qt: "[qt_us]",
  pt: "[pt_us]",
  "fl-oz": "[foz_us]",
  in3: "[in_i]3",
  ft3: "[ft_i]3",
  arcmin: "'",
  arcsec: "''",
  turn: "circ",
  lb: "[lb_av]",
  oz: "[oz_av]",
  gr: "[gr]",
  kgf: "kgf",
  lbf: "[lbf_av]",
  ozf: "[lbf_av]/16",
  kip: "10*3.[lbf_av]",
  "lbf.ft": "[lbf_av].[ft_i]",
  "lbf.in": "[lbf_av].[in_i]",
  "ozf.in": "[lbf_av].[in_i]/16",
  psi: "[lbf_av]/[in_i]2",
  ksi: "10*3.[lbf_av]/[in_i]2",
  Torr: "atm/760",
  mTorr: "10*-3.atm/760",
  mmHg: "mm[Hg]",
  inHg: "[in_i'Hg]",
  mmH2O: "mm[H2O]",
  inH2O: "[in_i'H2O]",
  at: "att",
  "km/h": "km/h",
  "ft/s": "[ft_i]/s",
  "ft/min": "[ft_i]/min",
  "in/s": "[in_i]/s",
  "in/min": "[in_i]/min",
  mph: "[mi_i]/h",
  gn: "[g]",
  "ft/s2": "[ft_i]/s2",
  "gal/min": "[gal_us]/min",
  "ft3/min": "[ft_i]3/min",
  rpm: "{rev}/min",
  rps: "{rev}/s",
  ohm: "Ohm",
  mohm: "mOhm",
  uohm: "uOhm",
  kohm: "kOhm",
  Mohm: "MOhm",
  Gohm: "GOhm",
  Wh: "W.h",
  kWh: "kW.h",
  "mL/100mL": "mL/(100.mL)",
  "fl-oz/gal": "[foz_us]/[gal_us]",
  "g/100mL": "g/(100.mL)",
  "lb/gal": "[lb_av]/[gal_us]",
  "oz/gal": "[oz_av]/[gal_us]",
  "lb/ft3": "[lb_av]/[ft_i]3",
  ppm: "[ppm]",
  ppb: "[ppb]",
  permille: "[ppth]",
  "%RH": "%",
  pH: "[pH]",
  count: "1",
  dozen: "12",
  "count/m3": "/m3",
  "count/ft3": "/[ft_i]3",
  "count/mL": "/mL",
  rad: "RAD",
  mrem: "mREM",
  "mrem/h": "mREM/h",
  degC: "Cel",
  degF: "[degF]",
  degR: "K.5/9",
  dB: "dB",
  dBA: "dB",
  "K/min": "K/min",
  "degF/min": "K.5/(9.min)",
};

/** Where UCUM rounds what instruments and certificates define with more digits; these are compared to six digits. */
const ROUNDED: { readonly [symbol: string]: string } = {
  mmHg: "NIST SP 811: 133.322387415 Pa; UCUM rounds the metre of mercury to 133.3220 kPa",
  inHg: "NIST SP 811: 25.4 mmHg; UCUM rounds the metre of mercury",
};

/** The package declares no types; this is what is asked of it. */
interface Ucum {
  readonly UcumLhcUtils: {
    getInstance(): {
      convertUnitTo(
        from: string,
        value: number,
        to: string,
      ): { readonly status: string; readonly toVal: number | null };
    };
  };
}
const { UcumLhcUtils } = createRequire(import.meta.url)("@lhncbc/ucum-lhc") as Ucum;
const judge = UcumLhcUtils.getInstance();
const codeOf = ({ symbol }: Unit): string => CODES[symbol] ?? symbol;

/** The same value by UCUM, or undefined where it does not convert. */
function byUcum(value: number, from: Unit, to: Unit): number | undefined {
  const { status, toVal } = judge.convertUnitTo(codeOf(from), value, codeOf(to));
  return status === "succeeded" && toVal !== null ? toVal : undefined;
}

const decimal = (text: string): Rational => parseDecimal(text) ?? expect.fail(`no decimal ${text}`);
const asNumber = ({ n, d }: Rational): number => Number(n) / Number(d);
const VALUES = ["1", "-40", "98.6"];
/** What double arithmetic may lose over the factors of a pair, relative to the values in it. */
const RELATIVE = 1e-12;

type Convert = (value: Rational, from: Unit, to: Unit) => Rational | undefined;

/** Every ordered pair of one kind that differs from UCUM by more than double arithmetic can. */
function differences(ours: Convert): { readonly compared: number; readonly found: readonly string[] } {
  const found: string[] = [];
  let compared = 0;
  for (const from of allUnits) {
    for (const to of allUnits) {
      if (from.kind !== to.kind) continue;
      const relative = from.symbol in ROUNDED || to.symbol in ROUNDED ? 5e-6 : RELATIVE;
      for (const value of VALUES) {
        const theirs = byUcum(Number(value), from, to);
        const own = ours(decimal(value), from, to);
        compared += 1;
        const what = `${value} ${from.symbol} (${codeOf(from)}) in ${to.symbol} (${codeOf(to)})`;
        if (theirs === undefined || own === undefined) found.push(`${what}: no answer`);
        else if (Math.abs(asNumber(own) - theirs) > relative * Math.max(Math.abs(theirs), offsetIn(to))) {
          found.push(`${what}: ${asNumber(own)}, UCUM ${theirs}`);
        }
      }
    }
  }
  return { compared, found };
}

/** Degrees lose digits against their distance from absolute zero. */
const offsetIn = ({ kind }: Unit): number => (kind === "temperature" ? 1000 : 0);

test("every pair of units of one kind converts as UCUM says", () => {
  const { compared, found } = differences((value, from, to) => convert(value, from, to));
  expect(found).toEqual([]);
  expect(allUnits.length).toBeGreaterThanOrEqual(120);
  expect(compared).toBeGreaterThan(4_000);
});

test("a factor that is off in its tenth digit is found (control)", () => {
  const planted: Convert = (value, from, to) => {
    const right = convert(value, from, to);
    const wrong = right !== undefined && from.symbol === "psi" && to.symbol !== "psi";
    return wrong ? rational(right.n * 10_000_000_001n, right.d * 10_000_000_000n) : right;
  };
  expect(differences(planted).found.length).toBeGreaterThan(10);
});

test("units of two kinds never convert, not even where UCUM converts them", () => {
  let alsoByUcum = 0;
  for (const from of allUnits) {
    for (const to of allUnits) {
      if (from.kind === to.kind) continue;
      expect(convert(rational(1n), from, to), `${from.symbol} in ${to.symbol}`).toBeUndefined();
    }
  }
  const mixed = [
    ["N.m", "J"],
    ["Hz", "Bq"],
    ["%", "mL/100mL"],
    ["dB", "dBA"],
    ["lx", "cd/m2"],
  ];
  for (const [from = "", to = ""] of mixed) {
    const unit = (symbol: string): Unit => allUnits.find((one) => one.symbol === symbol) ?? expect.fail(symbol);
    if (byUcum(1, unit(from), unit(to)) !== undefined) alsoByUcum += 1;
  }
  expect(alsoByUcum).toBeGreaterThan(2);
});
