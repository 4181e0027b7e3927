import { expect, test } from "vitest";
import { openBlock, ROW } from "../../../src/hub/replay/block.ts";
import { blockWriter } from "../../../src/hub/replay/block-writer.ts";
import { meaningOf } from "../../../src/hub/replay/clause-meaning.ts";
import type { ReplayAnswer } from "../../../src/hub/replay/compare-verdicts.ts";
import { openRowReader } from "../../../src/hub/replay/project-row.ts";
import { redecide } from "../../../src/hub/replay/redecide.ts";
import { openRows } from "../../../src/hub/replay/replay-block.ts";
import { type ReplaySet, replaySet } from "./replay-case.ts";
import { shelfOf } from "./replay-fixture.ts";

const SEED = 20_261_128;
const CANDIDATES = 4;
const COUNT = 20_000;

const sorted = (answer: ReplayAnswer): ReplayAnswer => {
  if (answer.kind !== "judged") return answer;
  const keyOf = (cause: (typeof answer.causes)[number]): string => JSON.stringify(cause);
  return { ...answer, causes: [...answer.causes].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)) };
};

function blockOf({ releases, decisions }: ReplaySet) {
  const writer = blockWriter();
  const read = openRowReader(shelfOf(releases));
  for (const decision of decisions) {
    const { head, values, typed } = read(decision);
    writer.add(head, values, typed);
  }
  return openBlock(writer.finish(() => 1));
}

interface Difference {
  readonly group: number;
  readonly candidate: number;
  readonly row: number;
  readonly fast: ReplayAnswer;
  readonly whole: ReplayAnswer;
}

/** Both ways through every decision of a set, under every candidate. */
function differences(group: number, seen: Map<string, number>, meaning = meaningOf): readonly Difference[] {
  const set = replaySet(SEED, group, CANDIDATES);
  const shelf = shelfOf(set.releases);
  const block = blockOf(set);
  const found: Difference[] = [];
  for (const [index, candidate] of set.candidates.entries()) {
    const rows = openRows(block, "LP-1", { candidate, shelf, meaning });
    for (const [row, decision] of set.decisions.entries()) {
      const fast = sorted(rows.answer(row));
      const whole = sorted(redecide(decision, candidate, shelf));
      const kind = whole.kind === "judged" ? whole.change : whole.kind === "not-judged" ? whole.why : whole.kind;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      if (JSON.stringify(fast) !== JSON.stringify(whole)) found.push({ group, candidate: index, row, fast, whole });
    }
  }
  return found;
}

test("clause by clause says what whole decisions say, in 20,000 cases", { timeout: 120_000 }, () => {
  const seen = new Map<string, number>();
  let clauseByClause = 0;
  const total = (): number => [...seen.values()].reduce((sum, one) => sum + one, 0);
  for (let group = 0; total() < COUNT; group += 1) {
    expect(differences(group, seen)).toEqual([]);
    clauseByClause +=
      blockOf(replaySet(SEED, group, 0)).state.filter((state) => state === ROW.byClauses).length * CANDIDATES;
  }
  expect(clauseByClause).toBeGreaterThan(COUNT / 2);
  const kinds = ["unchanged", "newly-blocked", "newly-allowed", "blocked-otherwise", "unconcerned", "not-reproducible"];
  for (const kind of [...kinds, "not-asked-then", "snapshot-not-kept"])
    expect([kind, seen.get(kind) ?? 0]).not.toEqual([kind, 0]);
});

/** Mistakes as somebody could make who says when two clauses are equal. */
const planted: { readonly [mistake: string]: typeof meaningOf } = {
  "an instrument's own clauses are left out": strip(/"instrument":\{.*?\]\}/),
  "the declared unit and plausible range are left out": strip(/"quantities":\[\[?\{.*?\}\]/),
  "the asset a role stands for by default is left out": strip(/"assets":\[\[.*?\]\]/),
  "another order's clause is the same": strip(/"order":(null|"[^"]*")/),
  "the limit is left out": strip(/"limit":\{.*?\}\}?/),
};

function strip(part: RegExp): typeof meaningOf {
  return (loaded, compiled) => meaningOf(loaded, compiled)?.replace(part, "") ?? null;
}

/** Some mistakes show in few sets of contracts only; the search begins a little before one of them. */
const FROM: { readonly [mistake: string]: number } = { "another order's clause is the same": 260 };
const TRIED = 100;

test.each(Object.entries(planted))("control: %s is found", { timeout: 60_000 }, (mistake, meaning) => {
  const from = FROM[mistake] ?? 0;
  let group = from;
  while (group < from + TRIED && differences(group, new Map(), meaning).length === 0) group += 1;
  expect(group).toBeLessThan(from + TRIED);
});
