import { check } from "./check.ts";

check(
  "unsatisfiable",
  [
    {
      title: "a range",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be between 1000 and 2000 uW/cm2"],
    },
  ],
  [
    {
      title: "crossed ends",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be between 2000 and 1000 uW/cm2"],
      on: "between",
    },
    {
      title: "nothing plausible",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 200000 uW/cm2"],
      on: "200000",
    },
    {
      title: "a guard band too wide",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be between 1000 and 1010 uW/cm2, guarded by 6 uW/cm2"],
      on: "guarded",
    },
    {
      title: "below nothing",
      declarations: ["light is measured in fc"],
      clauses: ["each day, light must be less than 0 fc"],
      on: "less than",
    },
    {
      title: "by an argument",
      text: 'template station "S" with limit = 1000 uW/cm2, label = "LM-1" {\n  uv is measured in uW/cm2, plausible from 0 to 2000\n  meter is a radiometer, by default label\n  before every test {\n    first:\n      each day, uv read with the meter must be at least limit\n  }\n}\ncontract A "x" from station with limit = 5 mW/cm2 {\n}\n',
      on: "contract A",
    },
  ],
);
