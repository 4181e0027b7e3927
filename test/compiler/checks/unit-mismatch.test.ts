import { check } from "./check.ts";

check(
  "unit-mismatch",
  [
    {
      title: "another unit of the kind",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 10 W/m2"],
    },
  ],
  [
    {
      title: "light for the eye",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 fc"],
      on: "fc",
    },
    {
      title: "a guard band",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 uW/cm2, guarded by 1 psi"],
      on: "psi",
    },
    { title: "an interval", clauses: ["the meter must be calibrated every 12 psi"], on: "psi" },
    {
      title: "a warning without its limit",
      clauses: ["the meter must be calibrated every 12 months, warn 250 cycles before"],
      on: "cycles",
    },
    {
      title: "a parameter",
      text: 'template station "S" with limit = 1000 uW/cm2, label = "LM-1" {\n  uv is measured in uW/cm2\n  meter is a radiometer, by default label\n  before every test {\n    first:\n      each day, uv read with the meter must be at least limit\n  }\n}\ncontract A "x" from station with limit = 5 psi {\n}\n',
      on: "psi",
    },
    {
      title: "sides of a difference",
      declarations: ["left is measured in K", "right is measured in psi", "gap is left minus right"],
      clauses: ["each day, gap must be at least 5 K"],
      on: "minus",
    },
  ],
);
