import { MAX_ANALYSIS_CELLS } from "../../../src/model/limits.ts";
import { check, type Example } from "./check.ts";

/** Each lamp doubles the combinations of attributes that are to be told apart. */
function lamps(count: number): Omit<Example, "title"> {
  const names = Array.from({ length: count }, (_, index) => `lamp-${index + 1}`);
  return {
    declarations: [
      ...names.map((name) => `${name} is a uv-a-lamp`),
      "warm is measured in K",
      "cold is measured in K",
      "rise is warm minus cold",
    ],
    clauses: names.flatMap((name) =>
      ["old", "new"].map((attribute) => `when the ${name} is ${attribute}, each day, rise must be at least 1 K`),
    ),
  };
}

const enough = Math.log2(MAX_ANALYSIS_CELLS);

check(
  "undecided",
  [{ title: "as many combinations as the limit allows", ...lamps(enough) }],
  [{ title: "twice as many", ...lamps(enough + 1), on: `lamp-${enough + 1} is new`, message: "too many combinations" }],
);
