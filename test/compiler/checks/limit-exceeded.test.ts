import { check } from "./check.ts";

check(
  "limit-exceeded",
  [{ title: "ten thousand years", clauses: ["the meter must be calibrated every 10000 years"] }],
  [
    { title: "a longer time", clauses: ["the meter must be calibrated every 10001 years"], on: "10001" },
    {
      title: "a number of 41 digits",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at most 1000.1111111111111111111111111111111111111 uW/cm2"],
      on: "at most",
    },
  ],
);
