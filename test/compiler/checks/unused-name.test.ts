import { check } from "./check.ts";

check(
  "unused-name",
  [
    {
      title: "used by an instrument clause",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000", "meter is a radiometer"],
      clauses: ["each day, uv read with the meter must be at least 5 uW/cm2"],
    },
  ],
  [
    { title: "an equipment", declarations: ["meter is a radiometer", "oven is a drying-oven"], on: "oven" },
    {
      title: "a parameter",
      text: 'template station "S" with limit = 1000 uW/cm2, label = "LM-1", spare = 2 psi {\n  uv is measured in uW/cm2\n  meter is a radiometer, by default label\n  before every test {\n    first:\n      each day, uv read with the meter must be at least limit\n  }\n}\ncontract A "x" from station with limit = 2 mW/cm2 {\n}\n',
      on: "spare",
    },
  ],
);
