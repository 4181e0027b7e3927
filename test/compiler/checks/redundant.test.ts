import { check } from "./check.ts";

check(
  "redundant",
  [
    {
      title: "a fresher demand",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 uW/cm2", "each shift, uv must be at least 800 uW/cm2"],
    },
    {
      title: "a wider guard band",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: [
        "each day, uv must be at least 1000 uW/cm2",
        "each day, uv must be at least 900 uW/cm2, guarded by 10 uW/cm2",
      ],
    },
  ],
  [
    {
      title: "a weaker limit",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 uW/cm2", "each day, uv must be at least 800 uW/cm2"],
      on: "800",
    },
    {
      title: "a weaker limit before",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each week, uv must be at least 0.8 mW/cm2", "each day, uv must be at least 1000 uW/cm2"],
      on: "0.8",
    },
    {
      title: "an equal clause, on the later",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 uW/cm2", "each day, uv must be at least 1 mW/cm2"],
      on: "1 mW",
    },
    {
      title: "a longer interval",
      clauses: ["the meter must be calibrated every 2 years", "the meter must be calibrated every 12 months"],
      on: "2 years",
    },
  ],
);
