import { check } from "./check.ts";

check(
  "loosens",
  [
    {
      title: "a tighter clause",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: [
        "each day, uv must be at least 1000 uW/cm2",
        'for order "A", each day, uv must be at least 1200 uW/cm2',
      ],
    },
  ],
  [
    {
      title: "a weaker clause",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 uW/cm2", 'for order "A", each day, uv must be at least 800 uW/cm2'],
      on: "800",
    },
    {
      title: "an equal clause",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: [
        'for order "A", each day, uv must be at least 1000 uW/cm2',
        "each day, uv must be at least 1000 uW/cm2",
      ],
      on: "order",
    },
  ],
);
