import { check } from "./check.ts";

check(
  "unknown-unit",
  [
    {
      title: "another spelling",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 µW/cm²"],
    },
  ],
  [
    {
      title: "a unit",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 uW/cm3"],
      on: "cm3",
      message: "uW/cm2",
    },
    { title: "a duration", clauses: ["the meter must be calibrated every 12 moths"], on: "moths", message: "months" },
    {
      title: "a quantity, once",
      declarations: ["uv is measured in uW/cm3"],
      clauses: ["each day, uv must be at least 5 uW/cm2"],
      on: "measured",
    },
    {
      title: "a parameter",
      text: 'template station "S" with limit = 1000 uW/cm2, label = "LM-1" {\n  uv is measured in uW/cm2\n  meter is a radiometer, by default label\n  before every test {\n    first:\n      each day, uv read with the meter must be at least limit\n  }\n}\ncontract A "x" from station with limit = 5 uW/cm3 {\n}\n',
      on: "cm3",
    },
  ],
);
