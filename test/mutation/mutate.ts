/**
 * Mutation test of what a decision rests on: facts, evaluator, overrides, selection, time. Every mutant answers the conformance
 * vectors and cases of the independent interpreter; those that survive are put into a copy of the project, where the unit tests
 * of these rooms run; those of equivalents.ts are counted apart. Exit code 1 below 95 % of all mutants, and where the list of
 * equivalent ones is wrong. `npm run mutate [-- --cases 5000 --only facts/reading --no-units --workers 1 --json]`.
 */
import { type ChildProcess, execFile, fork } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { runOptions, wholeOption } from "../fuzz/run-options.ts";
import { root } from "../tidy/source-files.ts";
import { equivalents } from "./equivalents.ts";
import type { MutantVerdict } from "./judge-mutants.ts";
import { changedLine, type Mutant, mutantsOf, mutated } from "./mutants.ts";

const FILES = [
  ...readdirSync(join(root, "src/runtime/facts")).map((name) => `src/runtime/facts/${name}`),
  ...["evaluator", "overrides", "selection"].map((name) => `src/runtime/${name}.ts`),
  ...["src/model/plant-calendar.ts", "src/base/civil-time.ts"],
];
const inRuntime = (...names: readonly string[]): readonly string[] =>
  names.map((name) => `test/runtime/${name}.test.ts`);
/** The tests that stand beside a file; what is decided with it is asked by the cases before. */
const UNIT_TESTS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/civil-time/, ["test/base/civil-time"]],
  [/plant-calendar/, inRuntime("plant-calendar")],
  [/evaluator/, inRuntime("evaluator")],
  [/selection/, [...inRuntime("selection"), "test/agent/releases-in-force.test.ts"]],
  [/amount/, inRuntime("amount")],
  [/./, inRuntime("facts", "said-words", "instrument", "overrides")],
];
const unitTestsOf = (path: string): readonly string[] => UNIT_TESTS.find(([files]) => files.test(path))?.[1] ?? [];
const WANTED = 0.95;
/** A mutant that takes longer hangs: a test run would end it too. */
const LIMIT_MS = 20_000;
const UNIT_LIMIT_MS = 120_000;

const ABOUT = `Plants a mistake in what a decision rests on, one at a time, and looks whether vectors, cases of the independent
interpreter or unit tests find it. Exit code 1 below 95 % of all, and where the list of equivalent ones is wrong.`;
const values = runOptions(ABOUT, {
  cases: { type: "string", default: "5000", is: "cases of the interpreter that each one answers" },
  workers: { type: "string", default: "2", is: "processes" },
  only: { type: "string", takes: "text", is: "only files with this in their path: facts/reading" },
  units: { type: "boolean", default: true, is: "leave out the unit tests" },
  json: { type: "boolean", default: false, is: "print JSON" },
});
const cases = wholeOption(values, "cases", 1);
const workers = wholeOption(values, "workers", 1);

const run = promisify(execFile);

interface Judged {
  readonly mutant: Mutant;
  readonly killed: string | null;
}

const UNCHANGED: Mutant = { path: "", line: 0, start: -1, end: -1, text: "", what: "nothing changed" };

async function startJudge(): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, "judge-mutants.ts"), [String(cases)]);
  await new Promise<void>((resolve, reject) => {
    child.once("message", () => resolve());
    child.once("exit", (code) => reject(new Error(`a judge ended with ${code}`)));
  });
  child.removeAllListeners("exit");
  return child;
}

/** Null where it answered in time that the mutant survives. */
function ask(child: ChildProcess, id: number, mutant: Mutant): Promise<string | null> {
  return new Promise((resolve) => {
    const end = (killed: string | null): void => {
      clearTimeout(timer);
      child.off("message", hear);
      child.off("exit", gone);
      resolve(killed);
    };
    const hear = (verdict: MutantVerdict): void => end(verdict.killed);
    const gone = (): void => end("it ends the process");
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      end("it hangs");
    }, LIMIT_MS);
    child.on("message", hear);
    child.once("exit", gone);
    child.send({ id, mutant });
  });
}

async function judgeAll(mutants: readonly Mutant[]): Promise<readonly Judged[]> {
  const judged: Judged[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    let child = await startJudge();
    const sound = await ask(child, 1_000_000, UNCHANGED);
    if (sound !== null) throw new Error(`the unchanged runtime does not pass: ${sound}`);
    while (next < mutants.length) {
      const id = next++;
      const mutant = mutants[id] as Mutant;
      const killed = await ask(child, id, mutant);
      judged.push({ mutant, killed });
      if (child.exitCode !== null || child.signalCode !== null) child = await startJudge();
    }
    child.disconnect();
  };
  await Promise.all(Array.from({ length: workers }, work));
  return judged;
}

/** Copies of the project, one a worker, in each of which one file at a time is changed. */
async function byUnitTests(survivors: readonly Judged[]): Promise<readonly Judged[]> {
  const judged: Judged[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    const copy = mkdtempSync(join(tmpdir(), "maint-mutants-"));
    try {
      for (const name of COPIED) cpSync(join(root, name), join(copy, name), { recursive: true });
      symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
      while (next < survivors.length) {
        const { mutant } = survivors[next++] as Judged;
        judged.push({ mutant, killed: await failingTest(copy, mutant) });
      }
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return judged;
}

const COPIED = [
  "src",
  "test",
  "grammar",
  "contracts",
  "docs",
  "bin",
  "package.json",
  "tsconfig.json",
  "vitest.config.ts",
];

async function failingTest(copy: string, mutant: Mutant): Promise<string | null> {
  const path = join(copy, mutant.path);
  const source = readFileSync(path, "utf8");
  writeFileSync(path, mutated(source, mutant));
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const words = [vitest, "run", "--bail", "1", "--project", "unit", ...unitTestsOf(mutant.path)];
  try {
    await run(process.execPath, words, { cwd: copy, timeout: UNIT_LIMIT_MS, maxBuffer: 1 << 26 });
    return null;
  } catch (error) {
    const { stdout = "" } = error as { readonly stdout?: string };
    return /FAIL\s+(.*)/.exec(stdout)?.[1]?.trim() ?? "a unit test hangs";
  } finally {
    writeFileSync(path, source);
  }
}

const { only } = values;
const mutants = FILES.filter((path) => only === undefined || path.includes(only)).flatMap((path) =>
  mutantsOf(path, readFileSync(join(root, path), "utf8")),
);
const begun = Date.now();
const first = await judgeAll(mutants);
const left = first.filter(({ killed }) => killed === null);
const second = values.units ? await byUnitTests(left) : left;
const alive = second.filter(({ killed }) => killed === null).map(({ mutant }) => mutant);
const listed = equivalents.filter(({ path }) => only === undefined || path.includes(only));
const lineOf = (mutant: Mutant): string => changedLine(readFileSync(join(root, mutant.path), "utf8"), mutant);
const reasonFor = (mutant: Mutant): string | undefined => {
  const line = lineOf(mutant);
  return listed.find(({ path, becomes }) => path === mutant.path && becomes === line)?.why;
};
const nameOf = ({ path, line, what }: Mutant): string => `${path}:${line} ${what}`;
const equivalent = alive.filter((mutant) => reasonFor(mutant) !== undefined);
const survivors = alive.filter((mutant) => reasonFor(mutant) === undefined);
const killed = mutants.length - alive.length;
const share = killed / Math.max(1, mutants.length);
const figures = {
  ...{ mutants: mutants.length, killed, share, seconds: Math.round((Date.now() - begun) / 1_000) },
  shareWithoutEquivalents: killed / Math.max(1, mutants.length - equivalent.length),
  killedByCases: mutants.length - left.length,
  killedByUnitTests: left.length - alive.length,
  equivalent: equivalent.map((mutant) => `${nameOf(mutant)}: ${reasonFor(mutant)}`).sort(),
  survivors: survivors.map(nameOf).sort(),
  /** On the list, and killed or not there: then the list is wrong. */
  notEquivalent: listed
    .filter(({ path, becomes }) => !equivalent.some((one) => one.path === path && lineOf(one) === becomes))
    .map(({ path, becomes }) => `${path}: ${becomes}`),
};
if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
else {
  for (const one of figures.equivalent) process.stdout.write(`equivalent  ${one}\n`);
  for (const one of figures.survivors) process.stdout.write(`survived  ${one}\n`);
  for (const one of figures.notEquivalent) process.stdout.write(`listed as equivalent, but killed or gone  ${one}\n`);
  process.stdout.write(
    `${killed} of ${mutants.length} mutants killed (${(share * 100).toFixed(1)} %; ${(figures.shareWithoutEquivalents * 100).toFixed(1)} % without the ${equivalent.length} equivalent ones) in ${figures.seconds} s: ${figures.killedByCases} by vectors and cases, ${figures.killedByUnitTests} by unit tests\n`,
  );
}
process.exitCode = share >= WANTED && (!values.units || figures.notEquivalent.length === 0) ? 0 : 1;
