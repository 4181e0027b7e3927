import { check } from "./check.ts";

check(
  "contradiction",
  [
    {
      title: "limits that leave a gap",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 uW/cm2", "each day, uv must be at most 2000 uW/cm2"],
    },
    {
      title: "limits that meet in one point",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 uW/cm2", "each day, uv must be at most 1 mW/cm2"],
    },
    {
      title: "two orders",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: [
        'for order "A", each day, uv must be at least 2000 uW/cm2',
        'for order "B", each day, uv must be at most 1000 uW/cm2',
      ],
    },
  ],
  [
    {
      title: "limits that cross",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 uW/cm2", "each day, uv must be less than 1000 uW/cm2"],
      on: "less than",
    },
    {
      title: "limits that cross by their guard bands",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: [
        "each day, uv must be at least 1000 uW/cm2, guarded by 10 uW/cm2",
        "each day, uv must be at most 1005 uW/cm2",
      ],
      on: "at most",
    },
    {
      title: "limits in two units",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 2 mW/cm2", "each day, uv must be at most 1000 uW/cm2"],
      on: "at most",
    },
  ],
);
