import { expect, test } from "vitest";
import { check } from "../../../src/compiler/index.ts";
import {
  askedTogether,
  type Clause,
  cells,
  implies,
  isSatisfiable,
  neverBlocks,
  type Small,
  small,
  textOf,
} from "./oracle.ts";
import { random } from "./random.ts";

const CONTRACTS = 1_500;
const CONTROLS = 150;

type Verdict = "unsatisfiable" | "never-blocks" | "redundant" | "loosens";
const verdicts: readonly Verdict[] = ["unsatisfiable", "never-blocks", "redundant", "loosens"];

/** What is so of each clause, by trying every value. */
function expected(contract: Small): ReadonlyMap<Clause, ReadonlySet<Verdict>> {
  const sound = contract.clauses.filter((clause) => isSatisfiable(contract, [clause]));
  return new Map(
    contract.clauses.map((clause) => {
      const found = new Set<Verdict>();
      if (!sound.includes(clause)) return [clause, found.add("unsatisfiable")];
      if (neverBlocks(contract, clause)) found.add("never-blocks");
      const by = sound.filter(
        (other) =>
          other !== clause &&
          implies(other, clause) &&
          (contract.clauses.indexOf(other) < contract.clauses.indexOf(clause) || !implies(clause, other)),
      );
      if (by.length > 0)
        found.add(clause.order !== null && by.some(({ order }) => order === null) ? "loosens" : "redundant");
      return [clause, found];
    }),
  );
}

/** Differences between what the compiler says of a text and what is so of the contract. */
function differences(contract: Small, compiled: Small): readonly string[] {
  const { text, lines } = textOf(compiled);
  const { diagnostics } = check([{ name: "x.maint", text }]);
  const problems: string[] = [];
  const lineOf = (clause: Clause): number => lines[contract.clauses.indexOf(clause)] ?? 0;
  for (const [clause, wanted] of expected(contract)) {
    for (const verdict of verdicts) {
      const said = diagnostics.some(({ code, place }) => code === verdict && place.line === lineOf(clause));
      if (said !== wanted.has(verdict)) problems.push(`line ${lineOf(clause)}: ${verdict} is ${wanted.has(verdict)}`);
    }
  }
  const asked = contract.clauses.filter((clause) => !clause.should && isSatisfiable(contract, [clause]));
  const excluded = cells(asked).some((cell) => !isSatisfiable(contract, cell));
  const contradictions = diagnostics.filter(({ code }) => code === "contradiction");
  if (excluded !== contradictions.length > 0) problems.push(`a contradiction is ${excluded}`);
  for (const { place, related } of contradictions) {
    const together = contract.clauses.filter((one) =>
      [place, ...related.map((r) => r.place)].some(({ line }) => line === lineOf(one)),
    );
    const isTrue = askedTogether(together) && !isSatisfiable(contract, together);
    const isLast = related.every((one) => one.place.line < place.line);
    if (!isTrue || !isLast) problems.push(`line ${place.line}: no contradiction of ${JSON.stringify(related)}`);
  }
  return problems.length === 0 ? [] : [text, ...problems];
}

test(`${CONTRACTS} random contracts: every verdict is what trying every value gives`, () => {
  let contradictions = 0;
  for (let seed = 1; seed <= CONTRACTS; seed++) {
    const contract = small(random(seed));
    const found = differences(contract, contract);
    if (found.length > 0) expect.fail(`seed ${seed}:\n${found.join("\n")}`);
    contradictions += cells(contract.clauses).some((cell) => !isSatisfiable(contract, cell)) ? 1 : 0;
  }
  expect(contradictions).toBeGreaterThan(CONTRACTS / 10);
});

test("control: a limit word taken for the other is caught", () => {
  const flipped = (end: Clause["low"]): Clause["low"] => (end === null ? null : { ...end, inclusive: !end.inclusive });
  let caught = 0;
  for (let seed = 1; seed <= CONTROLS; seed++) {
    const contract = small(random(seed));
    const clauses = contract.clauses.map((clause) =>
      clause.low !== null && clause.high !== null
        ? clause
        : { ...clause, low: flipped(clause.low), high: flipped(clause.high) },
    );
    if (differences(contract, { ...contract, clauses }).length > 0) caught += 1;
  }
  expect(caught).toBeGreaterThan(CONTROLS / 20);
});
