import { expect, test } from "vitest";
import { check as checkSources } from "../../../src/compiler/index.ts";
import { check } from "./check.ts";

const UV = ["uv is measured in uW/cm2"];

check(
  "conflicting-limits",
  [
    {
      title: "limits that leave a range",
      declarations: UV,
      clauses: ["each day, uv must be at least 1000 uW/cm2", "each day, uv must be at most 1001 uW/cm2"],
    },
    {
      title: "one value that is meant",
      declarations: UV,
      clauses: ["each day, uv must be between 1000 and 1000 uW/cm2"],
    },
    {
      title: "the shop's limit and that of an order",
      declarations: UV,
      clauses: [
        "each day, uv must be at least 1000 uW/cm2",
        'for order "PO-1", each day, uv must be at most 1000 uW/cm2',
      ],
    },
  ],
  [
    {
      title: "limits that meet in one value, in two units",
      declarations: UV,
      clauses: ["each day, uv must be at least 1000 uW/cm2", "each day, uv must be at most 1 mW/cm2"],
      on: "at most",
      message: "a single value of `uv`",
    },
    {
      title: "limits that meet by their guard bands",
      declarations: UV,
      clauses: [
        "each day, uv must be at least 1000 uW/cm2, guarded by 5 uW/cm2",
        "each shift, uv must be at most 1010 uW/cm2, guarded by 5 uW/cm2",
      ],
      on: "at most",
    },
  ],
);

const contract = (id: string, scope: string, documents: string, clause: string): string =>
  `contract ${id} "${id}" {\n  for ${scope}\n  ${documents}\n  q is measured in psi\n  before every test {\n    c-${id.toLowerCase()}:\n      ${clause}\n  }\n}\n`;

const DOCUMENT = 'following "QP-820"';

const across: readonly (readonly [title: string, texts: readonly string[], found: readonly string[]])[] = [
  [
    "two documents, two limits",
    [
      contract("A", "every station", DOCUMENT, "each day, q must be at most 40 psi"),
      contract("B", "every station", DOCUMENT, "each shift, q must be at most 30 psi"),
    ],
    ["1.maint:7 conflicting-limits"],
  ],
  [
    "two documents, one limit with and one without its end",
    [
      contract("A", "every station", DOCUMENT, "each day, q must be at least 40 psi"),
      contract("B", "every station", DOCUMENT, "each day, q must be more than 40 psi"),
    ],
    ["1.maint:7 conflicting-limits"],
  ],
  [
    "two documents, one limit in two units",
    [
      contract("A", "every station", DOCUMENT, "each day, q must be at most 1 kPa"),
      contract("B", "every station", DOCUMENT, "each day, q must be at most 1000 Pa"),
    ],
    [],
  ],
  [
    "stricter for fewer stations",
    [
      contract("A", "every station", DOCUMENT, "each day, q must be at most 40 psi"),
      contract("B", "every penetrant station", DOCUMENT, "each day, q must be at most 30 psi"),
    ],
    [],
  ],
  [
    "stricter by the house",
    [
      contract("A", "every station", DOCUMENT, "each day, q must be at most 40 psi"),
      contract("B", "every station", "", "each day, q must be at most 30 psi"),
    ],
    [],
  ],
  [
    "one document each side",
    [
      contract("A", "every station", DOCUMENT, "each day, q must be at most 40 psi"),
      contract("B", "every station", DOCUMENT, "each day, q must be at least 30 psi"),
    ],
    [],
  ],
];

for (const [title, texts, found] of across) {
  test(`conflicting-limits across: ${title}`, () => {
    const sources = texts.map((text, index) => ({ name: `${index}.maint`, text }));
    const { diagnostics } = checkSources(sources);
    expect(diagnostics.map(({ file, place, code }) => `${file}:${place.line} ${code}`)).toEqual(found);
  });
}
