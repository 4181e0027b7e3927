/**
 * The closed table of units. A row is `symbol factor alias…`, parted by spaces: the factor leads to the first symbol of
 * its group and is exact, a decimal or a quotient of two. A unit's kind is more than its dimension: light measured by
 * power and light measured by the eye never convert, nor does a percentage into a volume concentration.
 * Sources: BIPM SI brochure (9th edition), NIST SP 811 appendix B, international yard and pound of 1959.
 */
export interface UnitGroup {
  readonly kind: string;
  /** What a person calls it. */
  readonly words: string;
  /** Nothing measured lies below zero of the group's first unit. Source: decisions.md B4. */
  readonly hasPhysicalZero: boolean;
  readonly rows: readonly string[];
}

const group = (kind: string, words: string, rows: readonly string[], hasPhysicalZero = false): UnitGroup => ({
  kind,
  words,
  hasPhysicalZero,
  rows,
});

/** Degrees: `offset` is added after the factor to reach kelvin. */
export const temperatureOffsets: { readonly [symbol: string]: string } = {
  degC: "273.15",
  degF: "459.67*5/9",
};

const light: readonly UnitGroup[] = [
  group(
    "irradiance",
    "an irradiance",
    [
      "W/m2 1 W/m^2",
      "mW/m2 0.001 mW/m^2",
      "uW/m2 0.000001 uW/m^2",
      "W/cm2 10000 W/cm^2",
      "mW/cm2 10 mW/cm^2",
      "uW/cm2 0.01 uW/cm^2",
    ],
    true,
  ),
  group(
    "illuminance",
    "an illuminance",
    [
      "lx 1 lux lm/m2",
      "klx 1000 klux",
      "fc 1/0.09290304 ftc ft-c footcandle footcandles foot-candle foot-candles lm/ft2",
    ],
    true,
  ),
  group("luminance", "a luminance", ["cd/m2 1 nit nits", "kcd/m2 1000"], true),
  group("luminous-flux", "a luminous flux", ["lm 1 lumen lumens", "klm 1000"], true),
  group("luminous-intensity", "a luminous intensity", ["cd 1 candela", "mcd 0.001", "kcd 1000"], true),
];

const mechanics: readonly UnitGroup[] = [
  group("length", "a length", [
    "m 1 metre metres meter meters",
    "km 1000",
    "dm 0.1",
    "cm 0.01",
    "mm 0.001",
    "um 0.000001 micron microns",
    "nm 0.000000001",
    "in 0.0254 inch inches",
    "ft 0.3048 foot feet",
    "yd 0.9144 yard yards",
    "mi 1609.344 mile miles",
    "mil 0.0000254 mils thou",
  ]),
  group("area", "an area", [
    "m2 1 m^2",
    "cm2 0.0001 cm^2",
    "mm2 0.000001 mm^2",
    "in2 0.00064516 in^2 sqin",
    "ft2 0.09290304 ft^2 sqft",
  ]),
  group("volume", "a volume", [
    "m3 1 m^3",
    "L 0.001 l litre litres liter liters dm3",
    "mL 0.000001 ml cm3 cc",
    "uL 0.000000001 ul",
    "mm3 0.000000001",
    "gal 0.003785411784 gallon gallons",
    "qt 0.000946352946 quart quarts",
    "pt 0.000473176473 pint pints",
    "fl-oz 0.0000295735295625 floz",
    "in3 0.000016387064",
    "ft3 0.028316846592",
  ]),
  group("angle", "an angle", ["deg 1 degree degrees °", "arcmin 1/60", "arcsec 1/3600", "turn 360 turns"]),
  group("mass", "a mass", [
    "kg 1 kilogram kilograms",
    "g 0.001 gram grams",
    "mg 0.000001",
    "ug 0.000000001",
    "t 1000 tonne tonnes",
    "lb 0.45359237 lbs pound pounds",
    "oz 0.028349523125 ounce ounces",
    "gr 0.00006479891 grain grains",
  ]),
  group("force", "a force", [
    "N 1 newton newtons",
    "mN 0.001",
    "kN 1000",
    "MN 1000000",
    "dyn 0.00001",
    "gf 0.00980665",
    "kgf 9.80665 kp",
    "lbf 4.4482216152605",
    "ozf 0.278013850953781250",
    "kip 4448.2216152605 kips",
  ]),
  group("torque", "a torque", [
    "N.m 1 Nm N*m N-m",
    "cN.m 0.01 cNm cN*m",
    "mN.m 0.001 mNm mN*m",
    "kN.m 1000 kNm kN*m",
    "kgf.m 9.80665 kgfm kgf*m",
    "kgf.cm 0.0980665 kgfcm kgf*cm",
    "lbf.ft 1.3558179483314004 ft.lbf ft-lb ft-lbs ft-lbf lbf-ft lb-ft lb.ft ft.lb",
    "lbf.in 0.1129848290276167 in.lbf in-lb in-lbs in-lbf lbf-in lb-in lb.in in.lb",
    "ozf.in 0.00706155181422604375 in.ozf oz-in in-oz ozf-in",
  ]),
  group(
    "pressure",
    "a pressure",
    [
      "Pa 1 pascal pascals N/m2",
      "hPa 100",
      "kPa 1000",
      "MPa 1000000 N/mm2",
      "GPa 1000000000",
      "bar 100000 bars",
      "mbar 100 mb",
      "psi 4.4482216152605/0.00064516 PSI lbf/in2 lb/in2",
      "ksi 4448.2216152605/0.00064516",
      "atm 101325",
      "Torr 101325/760 torr",
      "mTorr 101.325/760 mtorr",
      "mmHg 133.322387415",
      "inHg 3386.388640341",
      "mmH2O 9.80665",
      "inH2O 249.08891",
      "kgf/cm2 98066.5",
      "at 98066.5",
    ],
    true,
  ),
  group("speed", "a speed", [
    "m/s 1",
    "mm/s 0.001",
    "cm/s 0.01",
    "m/min 1/60",
    "km/h 1000/3600 kph",
    "ft/s 0.3048",
    "ft/min 0.3048/60 fpm",
    "in/s 0.0254 ips",
    "in/min 0.0254/60 ipm",
    "mph 1609.344/3600 mi/h",
  ]),
  group("acceleration", "an acceleration", ["m/s2 1 m/s^2", "gn 9.80665 gee", "ft/s2 0.3048"]),
  group("flow", "a flow", [
    "m3/s 1",
    "m3/h 1/3600",
    "L/s 0.001",
    "L/min 0.001/60 l/min lpm",
    "L/h 0.001/3600 l/h",
    "mL/min 0.000001/60 ml/min",
    "gal/min 0.003785411784/60 gpm",
    "ft3/min 0.028316846592/60 cfm",
  ]),
  group("dynamic-viscosity", "a dynamic viscosity", ["Pa.s 1 Pa*s", "mPa.s 0.001 mPa*s cP"]),
  group("kinematic-viscosity", "a kinematic viscosity", ["m2/s 1", "mm2/s 0.000001 cSt"]),
];

const timeAndElectricity: readonly UnitGroup[] = [
  group("time", "a time", [
    "s 1 sec second seconds",
    "ms 0.001 millisecond milliseconds",
    "us 0.000001 microsecond microseconds",
    "ns 0.000000001",
    "min 60 minute minutes",
    "h 3600 hr hrs hour hours",
  ]),
  group("frequency", "a frequency", ["Hz 1 hertz", "mHz 0.001", "kHz 1000", "MHz 1000000", "GHz 1000000000"]),
  group("rotation", "a speed of rotation", ["rpm 1 r/min rev/min", "rps 60 r/s rev/s"]),
  group("electric-current", "an electric current", [
    "A 1 amp amps ampere amperes",
    "kA 1000",
    "mA 0.001",
    "uA 0.000001",
    "nA 0.000000001",
  ]),
  group("voltage", "a voltage", ["V 1 volt volts", "kV 1000", "mV 0.001", "uV 0.000001"]),
  group("resistance", "an electric resistance", [
    "ohm 1 ohms",
    "mohm 0.001",
    "uohm 0.000001",
    "kohm 1000",
    "Mohm 1000000",
    "Gohm 1000000000",
  ]),
  group("power", "a power", ["W 1 watt watts", "mW 0.001", "uW 0.000001", "kW 1000", "MW 1000000"]),
  group("energy", "an energy", ["J 1 joule joules", "mJ 0.001", "kJ 1000", "MJ 1000000", "Wh 3600", "kWh 3600000"]),
  group("capacitance", "a capacitance", [
    "F 1 farad",
    "mF 0.001",
    "uF 0.000001",
    "nF 0.000000001",
    "pF 0.000000000001",
  ]),
  group("inductance", "an inductance", ["H 1 henry", "mH 0.001", "uH 0.000001"]),
  group("conductivity", "a conductivity", ["S/m 1", "S/cm 100", "mS/cm 0.1", "uS/cm 0.0001", "MS/m 1000000"]),
  group("magnetic-flux-density", "a magnetic flux density", [
    "T 1 tesla",
    "mT 0.001",
    "uT 0.000001",
    "G 0.0001 gauss",
    "kG 0.1",
  ]),
  group("magnetic-field", "a magnetic field strength", ["A/m 1", "kA/m 1000", "A/cm 100"]),
  group("level", "a level", ["dB 1"]),
  // Weighted as the ear hears: no figure turns it into unweighted decibels.
  group("sound-level", "a weighted sound level", ["dBA 1"]),
];

const matter: readonly UnitGroup[] = [
  group(
    "volume-concentration",
    "a volume concentration",
    [
      "mL/100mL 0.01 ml/100ml cm3/100cm3 cc/100cc",
      "mL/L 0.001 ml/l",
      "uL/L 0.000001 ul/l",
      "L/m3 0.001",
      "fl-oz/gal 1/128 floz/gal",
    ],
    true,
  ),
  group(
    "mass-concentration",
    "a mass concentration",
    [
      "kg/m3 1 g/L g/l",
      "g/cm3 1000 g/mL g/ml kg/L",
      "g/100mL 10 g/100ml",
      "mg/L 0.001 mg/l",
      "mg/mL 1 mg/ml",
      "ug/L 0.000001",
      "g/m3 0.001",
      "mg/m3 0.000001",
      "ug/m3 0.000000001",
      "lb/gal 0.45359237/0.003785411784",
      "oz/gal 0.028349523125/0.003785411784",
      "lb/ft3 0.45359237/0.028316846592",
    ],
    true,
  ),
  group("amount-concentration", "an amount concentration", ["mol/L 1 mol/l", "mmol/L 0.001 mmol/l"], true),
  group("mass-fraction", "a mass fraction", ["g/kg 0.001", "mg/kg 0.000001", "ug/kg 0.000000001"], true),
  group("amount", "an amount of substance", ["mol 1", "mmol 0.001", "umol 0.000001"]),
  group("ratio", "a ratio", ["% 0.01 percent pct", "ppm 0.000001", "ppb 0.000000001", "permille 0.001 ‰"]),
  group("humidity", "a relative humidity", ["%RH 1 %rh"]),
  group("acidity", "an acidity", ["pH 1"]),
  group("count", "a count", ["count 1 counts pcs piece pieces", "dozen 12"]),
  group(
    "count-concentration",
    "a particle concentration",
    ["count/m3 1", "count/ft3 1/0.028316846592", "count/mL 1000000"],
    true,
  ),
  group(
    "radioactivity",
    "a radioactivity",
    ["Bq 1", "kBq 1000", "MBq 1000000", "Ci 37000000000", "mCi 37000000"],
    true,
  ),
  group("absorbed-dose", "an absorbed dose", ["Gy 1", "mGy 0.001", "uGy 0.000001", "rad 0.01"], true),
  group("dose", "a dose equivalent", ["Sv 1", "mSv 0.001", "uSv 0.000001", "mrem 0.00001"], true),
  group("dose-rate", "a dose rate", ["Sv/h 1", "mSv/h 0.001", "uSv/h 0.000001", "mrem/h 0.00001"], true),
];

const heat: readonly UnitGroup[] = [
  group(
    "temperature",
    "a temperature",
    [
      "K 1 kelvin kelvins degK",
      "mK 0.001",
      "degC 1 celsius Celsius",
      "degF 5/9 fahrenheit Fahrenheit",
      "degR 5/9 rankine",
    ],
    true,
  ),
  group("heating-rate", "a rate of temperature change", [
    "K/min 1 degC/min",
    "K/h 1/60 degC/h",
    "K/s 60 degC/s",
    "degF/min 5/9",
  ]),
];

export const unitGroups: readonly UnitGroup[] = [...light, ...mechanics, ...timeAndElectricity, ...matter, ...heat];
