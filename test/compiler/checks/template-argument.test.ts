import { check } from "./check.ts";

check(
  "template-argument",
  [
    {
      title: "another limit",
      text: 'template station "S" with limit = 1000 uW/cm2, label = "LM-1" {\n  uv is measured in uW/cm2\n  meter is a radiometer, by default label\n  before every test {\n    first:\n      each day, uv read with the meter must be at least limit\n  }\n}\ncontract A "x" from station with limit = 2 mW/cm2 {\n}\n',
    },
    {
      title: "another text",
      text: 'template station "S" with limit = 1000 uW/cm2, label = "LM-1" {\n  uv is measured in uW/cm2\n  meter is a radiometer, by default label\n  before every test {\n    first:\n      each day, uv read with the meter must be at least limit\n  }\n}\ncontract A "x" from station with label = "LM-2" {\n}\n',
    },
  ],
  [
    {
      title: "an unknown parameter",
      text: 'template station "S" with limit = 1000 uW/cm2, label = "LM-1" {\n  uv is measured in uW/cm2\n  meter is a radiometer, by default label\n  before every test {\n    first:\n      each day, uv read with the meter must be at least limit\n  }\n}\ncontract A "x" from station with limits = 2 mW/cm2 {\n}\n',
      on: "limits",
      message: "did you mean `limit`",
    },
    {
      title: "a text for a number",
      text: 'template station "S" with limit = 1000 uW/cm2, label = "LM-1" {\n  uv is measured in uW/cm2\n  meter is a radiometer, by default label\n  before every test {\n    first:\n      each day, uv read with the meter must be at least limit\n  }\n}\ncontract A "x" from station with limit = "high" {\n}\n',
      on: "high",
    },
    {
      title: "one given twice",
      text: 'template station "S" with limit = 1000 uW/cm2, label = "LM-1" {\n  uv is measured in uW/cm2\n  meter is a radiometer, by default label\n  before every test {\n    first:\n      each day, uv read with the meter must be at least limit\n  }\n}\ncontract A "x" from station with limit = 2 mW/cm2, limit = 3 mW/cm2 {\n}\n',
      on: "limit",
    },
  ],
);
