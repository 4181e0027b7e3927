import { check } from "./check.ts";

check(
  "no-freshness",
  [
    {
      title: "the latest",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["from the latest readings, uv must be at least 1000 uW/cm2"],
    },
    {
      title: "a limit",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 uW/cm2"],
    },
  ],
  [
    {
      title: "a reading",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["uv must be at least 1000 uW/cm2"],
      on: "uv must",
    },
    {
      title: "an acknowledgement",
      declarations: [],
      clauses: ['the operator must acknowledge "x"'],
      on: "acknowledge",
    },
    { title: "a check list", clauses: ['the meter must be checked: "clean"'], on: "clean" },
  ],
);
