import { printDate } from "../../base/civil-time.ts";
import type { Bundle, BundleClause, ClauseKind } from "../../model/bundle.ts";
import { formatSource } from "../print.ts";
import { type Case, type CaseOrNot, leftOut, stillFine } from "./cases.ts";
import { clock, NOW_MINUTES, SHIFTS, TODAY } from "./moments.ts";
import {
  acknowledgementCases,
  beforeAndAfterUseCases,
  calibrationCases,
  checkListCases,
  eventsCases,
  serviceStateCases,
  shelfLifeCases,
  useCases,
  warmUpCases,
} from "./other-cases.ts";
import { readingCases } from "./reading-cases.ts";
import { type ClauseOf, OPERATOR, quoted, type Scene, sceneOf } from "./scene.ts";

/** A case that was not written, and why. */
export interface LeftOut {
  readonly contract: string;
  readonly line: number;
  readonly clause: string;
  readonly name: string;
  readonly why: string;
}

/** Of a compiled contract, what tests are made from. */
export interface TestedContract {
  readonly id: string;
  readonly bundle: Bundle;
}

export interface BoundaryTests {
  /** A `.maint` file of tests, in the format; each says which contract it tests. */
  readonly text: string;
  readonly tests: number;
  readonly leftOut: readonly LeftOut[];
}

type CasesOf = { readonly [K in ClauseKind]?: (clause: ClauseOf<K>, scene: Scene) => readonly CaseOrNot[] };

/** A kind that is not here is left out, and said to be. */
const casesOf: CasesOf = {
  calibration: calibrationCases,
  "warm-up": warmUpCases,
  reading: readingCases,
  use: useCases,
  events: eventsCases,
  acknowledgement: acknowledgementCases,
  "service-state": serviceStateCases,
  "before-and-after-use": beforeAndAfterUseCases,
  "shelf-life": shelfLifeCases,
  "check-list": checkListCases,
};

/**
 * Tests for every limit and due date: just inside, on it, just outside, missing, stale. What each must give follows from the
 * rules of decisions.md and from the compiled clause; nothing is decided here, so that the gate can be found wrong. `only` names
 * the clauses that are to be tested; left out, all are.
 */
export function boundaryTests(
  contracts: readonly TestedContract[],
  { zone, only = () => true }: { readonly zone: string; readonly only?: (clause: BundleClause) => boolean },
): BoundaryTests {
  const missing: LeftOut[] = [];
  const tests: string[] = [];
  for (const { id, bundle } of contracts) {
    for (const clause of bundle.clauses.filter(only)) {
      const scene = sceneOf(bundle, clause);
      for (const one of scene === undefined ? NO_SCENE : casesFor(clause, scene)) {
        const name = `${clause.condition} line ${clause.line}: ${one.name}`;
        if (one.kind === "left-out")
          missing.push({ contract: id, line: clause.line, clause: clause.text, name: one.name, why: one.why });
        else if (scene !== undefined) tests.push(testText(id, name, scene, one, zone));
      }
    }
  }
  const source = `${HEADER}${tests.join("\n")}`;
  const formatted = formatSource(source);
  return { text: formatted.ok ? formatted.text : source, tests: tests.length, leftOut: missing };
}

const HEADER =
  "// Made by `maint test --generate`: each test changes one thing against evidence that satisfies everything.\n// Make it again when a contract changes; `--check` says when it is stale.\n\n";
const NO_SCENE = [leftOut("everything", "no readings satisfy the contract's clauses together")];

function casesFor(clause: BundleClause, scene: Scene): readonly CaseOrNot[] {
  const make = casesOf[clause.kind] as ((clause: BundleClause, scene: Scene) => readonly CaseOrNot[]) | undefined;
  const inOrder = stillFine(scene, "everything in order", []);
  return make === undefined
    ? [leftOut("everything", `no cases are known for ${clause.kind}`)]
    : [inOrder, ...make(clause, scene)];
}

function testText(contract: string, name: string, { lines }: Scene, { changes, expects }: Case, zone: string): string {
  const all = new Map<string, string | null>([...lines, ...changes]);
  const statements = [
    `at ${printDate(TODAY)} ${clock(NOW_MINUTES)} in ${zone}`,
    `shifts start at ${SHIFTS.join(", ")}`,
    `operator is "${OPERATOR}"`,
    ...[...all.values()].filter((line) => line !== null),
    ...expects.map((one) => `expect ${one}`),
  ];
  return `test ${quoted(name)} of ${contract} {\n${statements.map((one) => `  ${one}\n`).join("")}}\n`;
}
