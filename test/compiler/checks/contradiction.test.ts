import { expect, test } from "vitest";
import { check as checkSources } from "../../../src/compiler/index.ts";
import { check } from "./check.ts";

const TEMPERATURES = ["process is measured in degF", "air is measured in degF", "heat is process minus air"];

check(
  "contradiction",
  [
    {
      title: "limits that leave a gap",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 uW/cm2", "each day, uv must be at most 2000 uW/cm2"],
    },
    {
      title: "two orders",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: [
        'for order "A", each day, uv must be at least 2000 uW/cm2',
        'for order "B", each day, uv must be at most 1000 uW/cm2',
      ],
    },
    {
      title: "two attributes of one item",
      declarations: ["lamp is a uv-a-lamp", "uv is measured in uW/cm2"],
      clauses: [
        "when the lamp is battery-powered, each day, uv must be at least 2000 uW/cm2",
        "when the lamp is mains-powered, each day, uv must be at most 1000 uW/cm2",
      ],
    },
    {
      title: "a should",
      declarations: ["uv is measured in uW/cm2"],
      clauses: ["each day, uv must be at most 1000 uW/cm2", "each day, uv should be at least 2000 uW/cm2"],
    },
    {
      title: "a difference that its sides leave open",
      declarations: TEMPERATURES,
      clauses: [
        "each day, process must be at least 140 degF",
        "each day, air must be at most 80 degF",
        "each day, heat must be at most 61 degF",
      ],
    },
    {
      title: "three clauses, no test asked them all",
      declarations: TEMPERATURES,
      clauses: [
        'for order "A", each day, process must be at least 140 degF',
        'for order "B", each day, air must be at most 80 degF',
        "each day, heat must be at most 5 degF",
      ],
    },
  ],
  [
    {
      title: "limits that cross",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 uW/cm2", "each day, uv must be less than 1000 uW/cm2"],
      on: "less than",
    },
    {
      title: "limits that cross by their guard bands",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: [
        "each day, uv must be at least 1000 uW/cm2, guarded by 10 uW/cm2",
        "each day, uv must be at most 1005 uW/cm2",
      ],
      on: "at most",
    },
    {
      title: "limits in two units",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 2 mW/cm2", "each day, uv must be at most 1000 uW/cm2"],
      on: "at most",
    },
    {
      title: "attributes of different items",
      declarations: ["lamp is a uv-a-lamp", "meter is a radiometer", "uv is measured in uW/cm2"],
      clauses: [
        "when the lamp is battery-powered, each day, uv must be at least 2000 uW/cm2",
        "when the meter is digital, each day, uv must be at most 1000 uW/cm2",
      ],
      on: "digital",
    },
    {
      title: "a difference and its two sides",
      declarations: TEMPERATURES,
      clauses: [
        "each day, process must be at least 140 degF",
        "each day, air must be at most 80 degF",
        "each day, heat must be at most 5 degF",
      ],
      on: "heat must",
      message: "`process`, `air`",
    },
    {
      title: "a difference and its two sides, by strictness alone and in other units",
      declarations: TEMPERATURES,
      clauses: [
        "each day, heat must be at most 50 degC",
        "each day, air must be less than 50 degF",
        "each day, process must be at least 140 degF",
      ],
      on: "process must",
    },
  ],
);

const contract = (id: string, scope: string, unit: string, clause: string): string =>
  `contract ${id} "${id}" {\n  for ${scope}\n  q is measured in ${unit}\n  before every test {\n    c-${id.toLowerCase()}:\n      ${clause}\n  }\n}\n`;

const across: readonly (readonly [title: string, texts: readonly string[], found: readonly string[]])[] = [
  [
    "contracts of one station, in two units",
    [
      contract("A", "every station", "psi", "each day, q must be at least 40 psi"),
      contract("B", "every penetrant station", "kPa", "each day, q must be at most 250 kPa"),
    ],
    ["1.maint:6 contradiction"],
  ],
  [
    "contracts of two stations",
    [
      contract("A", "every magnetic station", "psi", "each day, q must be at least 40 psi"),
      contract("B", "every penetrant station", "psi", "each day, q must be at most 30 psi"),
    ],
    [],
  ],
  [
    "ranges that have no value in common",
    [
      contract("A", "every station", "psi, plausible from 0 to 50", "each day, q must be at least 10 psi"),
      contract("B", "every station", "psi, plausible from 60 to 100", "each day, q must be at least 70 psi"),
    ],
    ["1.maint:6 contradiction"],
  ],
  [
    "one reading, two kinds",
    [
      contract("A", "every station", "psi", "each day, q must be at least 10 psi"),
      contract("B", "every station", "degC", "each day, q must be at least 70 degC"),
    ],
    ["1.maint:6 contradiction"],
  ],
  [
    "a contract for an order, and one for another",
    [
      contract("A", 'order "PO-1"', "psi", "each day, q must be at least 40 psi"),
      contract("B", 'order "PO-2"', "psi", "each day, q must be at most 30 psi"),
    ],
    [],
  ],
];

for (const [title, texts, found] of across) {
  test(`contradiction across: ${title}`, () => {
    const sources = texts.map((text, index) => ({ name: `${index}.maint`, text }));
    const { diagnostics } = checkSources(sources);
    expect(diagnostics.map(({ file, place, code }) => `${file}:${place.line} ${code}`)).toEqual(found);
  });
}
