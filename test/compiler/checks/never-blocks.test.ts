import { check } from "./check.ts";

check(
  "never-blocks",
  [
    {
      title: "a limit",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 uW/cm2"],
    },
  ],
  [
    {
      title: "a limit at the end of the plausible",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 0 uW/cm2"],
      on: "at least 0",
    },
    {
      title: "a limit at physical zero",
      declarations: ["light is measured in fc"],
      clauses: ["each day, light must be at least 0 lx"],
      on: "0 lx",
    },
  ],
);
