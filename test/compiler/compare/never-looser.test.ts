import { expect, test } from "vitest";
import { parseInstant } from "../../../src/base/civil-time.ts";
import { compareVersions } from "../../../src/cli/compared.ts";
import { type CompiledContract, compile } from "../../../src/compiler/index.ts";
import { snapshotFromValues } from "../../../src/model/snapshot-parse.ts";
import { decideFast, indexReleases, type LoadedBundle, loadBundle } from "../../../src/runtime/index.ts";
import { chicago } from "../../conformance/vectors.ts";
import { type Random, random } from "../analysis/random.ts";
import { facts } from "./random-facts.ts";
import { draft, mutated, textOf } from "./random-versions.ts";

const PAIRS = 400;
const SNAPSHOTS = 150;
const nows = ["2026-11-24T09:00:00-06:00", "2026-11-24T00:30:00-06:00", "2026-11-24T06:30:00-06:00"].map(
  (text) => parseInstant(text) as number,
);

interface Versions {
  readonly older: CompiledContract;
  readonly newer: CompiledContract;
  readonly next: Random;
}

/** A pair that compiles; what the diagnostics refuse is no contract to compare. */
function versions(seed: number): Versions | undefined {
  const next = random(seed);
  const from = draft(next);
  const [older, newer] = [from, mutated(from, next)].map(
    (one) => compile([{ name: "x.maint", text: textOf(one) }]).contracts[0],
  );
  return older === undefined || newer === undefined ? undefined : { older, newer, next };
}

function loaded({ bytes }: CompiledContract): LoadedBundle {
  const result = loadBundle(bytes);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

const isAsked = (reasons: readonly string[]): boolean => !reasons.includes("contract.none-binding:node");

/** Whether one of many random snapshots is let through by the newer version and blocked by the older: no proof is trusted here. */
function refutedBySearch({ older, newer, next }: Versions): Record<string, unknown> | undefined {
  const [was, now] = [loaded(older), loaded(newer)];
  for (let count = 0; count < SNAPSHOTS; count++) {
    const at = next.pick(nows);
    const given = facts(next, chicago, at);
    const decided = (bundle: LoadedBundle) =>
      decideFast({
        releases: indexReleases([{ loaded: bundle, version: null, fromDay: null }]),
        snapshot: snapshotFromValues(given),
        ...{ now: at, calendar: chicago, node: null, assumeBinding: false },
      });
    const [before, after] = [decided(was), decided(now)];
    const isLetThrough = after.allow || !isAsked(after.reasons);
    if (isLetThrough && !before.allow && isAsked(before.reasons)) return given;
  }
  return undefined;
}

/** A verdict, and whether search refutes "never looser". */
interface Judged {
  readonly seed: number;
  readonly proved: boolean;
  readonly verdict: string;
  readonly refuted: Record<string, unknown> | undefined;
}

type Prover = (pair: Versions) => Promise<string>;

const ours: Prover = async ({ older, newer }) =>
  (await compareVersions([older], [newer], chicago))[0]?.verdict ?? "missing";

/** A bug as a prover might have it: a clause about the same thing is taken for as strict a clause. */
const careless: Prover = async ({ older, newer }) => {
  const topics = ({ bundle }: CompiledContract): string[] =>
    bundle.clauses.map((clause) => `${clause.kind} ${"quantity" in clause ? clause.quantity : ""}`);
  const asked = topics(newer);
  return topics(older).every((topic) => asked.includes(topic)) ? "never-looser" : "looser";
};

async function judged(pairs: number, prove: Prover): Promise<readonly Judged[]> {
  const all: Judged[] = [];
  for (let seed = 1; seed <= pairs; seed++) {
    const pair = versions(seed);
    if (pair === undefined) continue;
    const verdict = await prove(pair);
    const proved = verdict === "never-looser" || verdict === "equal";
    all.push({ seed, proved, verdict, refuted: refutedBySearch(pair) });
  }
  return all;
}

const wrong = (all: readonly Judged[]): readonly string[] =>
  all.flatMap(({ seed, proved, verdict, refuted }) =>
    proved && refuted !== undefined ? [`seed ${seed} is ${verdict}, but ${JSON.stringify(refuted)}`] : [],
  );

test(`${PAIRS} random versions, ${SNAPSHOTS} snapshots each: nothing refutes a proof, and few are left undecided`, async () => {
  const all = await judged(PAIRS, ours);
  expect(wrong(all)).toEqual([]);
  const count = (verdict: string): number => all.filter((one) => one.verdict === verdict).length;
  expect(count("never-looser")).toBeGreaterThan(PAIRS / 5);
  expect(count("looser")).toBeGreaterThan(PAIRS / 5);
  expect(count("undecided")).toBeLessThan(PAIRS / 50);
  // What search finds is found looser too, but for the undecided.
  const missed = all.filter(({ verdict, refuted }) => refuted !== undefined && verdict !== "looser");
  expect(missed.length).toBeLessThanOrEqual(count("undecided"));
});

test("control: a careless prover is refuted", async () => {
  expect(wrong(await judged(100, careless)).length).toBeGreaterThan(10);
});
