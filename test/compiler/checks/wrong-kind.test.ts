import { check } from "./check.ts";

check(
  "wrong-kind",
  [{ title: "equipment calibrated" }],
  [
    {
      title: "a quantity calibrated",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["uv must be calibrated every 12 months"],
      on: "calibrated",
    },
    {
      title: "a lamp compared with fc",
      declarations: ["lamp is a uv-a-lamp"],
      clauses: ["each day, lamp must be at least 2 fc"],
      on: "lamp",
    },
    { title: "an equipment's shelf life", clauses: ["the meter must be within its shelf life"], on: "shelf" },
    {
      title: "a text where a number is needed",
      text: 'template station "S" with label = "LM-1" {\n  uv is measured in uW/cm2\n  meter is a radiometer, by default label\n  before every test {\n    first:\n      each day, uv read with the meter must be at least label\n  }\n}\ncontract A "x" from station with label = "LM-2" {\n}\n',
      on: "at least label",
    },
  ],
);
