import { check } from "./check.ts";

check(
  "missing-unit",
  [
    {
      title: "the other end has it",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be between 1000 and 2000 uW/cm2"],
    },
  ],
  [
    {
      title: "a limit",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000"],
      on: "1000",
      message: "1000 uW/cm2",
    },
    {
      title: "a guard band",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 uW/cm2, guarded by 5"],
      on: "guarded",
    },
    { title: "a duration", clauses: ["the meter must be calibrated every 12"], on: "12" },
  ],
);
