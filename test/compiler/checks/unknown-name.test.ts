import { check } from "./check.ts";

check(
  "unknown-name",
  [{ title: "a declared name" }],
  [
    {
      title: "a misspelt name",
      clauses: ["the meter must be in service", "the metre must be calibrated every 12 months"],
      on: "metre",
      message: "did you mean `meter`",
    },
    {
      title: "a parameter outside a template",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least uv-limit"],
      on: "uv-limit",
    },
    { title: "a template that is not there", text: 'contract A "x" from nothing {\n}\n', on: "nothing" },
    { title: "a severity", members: ["when blocked, tell supervisor with severity hihg"], on: "hihg", message: "high" },
    {
      title: "a contract behind `of`",
      text: 'contract A "x" {\n  before every test {\n    first:\n      each day, the operator must acknowledge "x"\n  }\n}\ntest "x" of B {\n  at 2026-02-28 09:00 in America/Chicago\n  expect allowed\n}\n',
      on: "of B",
    },
  ],
);
