/** Recorded decisions at random, and candidates that differ from what they were decided by in a line or two. */
import { isJsonArray, isJsonNumber, isJsonObject, type Json } from "../../../src/base/strict-json.ts";
import type { ArchivedDecision } from "../../../src/hub/archive/archived.ts";
import type { Candidate } from "../../../src/hub/replay/redecide.ts";
import type { Release } from "../../../src/runtime/index.ts";
import { CASES_PER_SET, contractSet, gateCase, type Understood, understand } from "../../fuzz/gate-case.ts";
import { contractText } from "../../fuzz/gate-contracts.ts";
import { below, chance, choose, type Random, randomOf } from "../../fuzz/gate-random.ts";
import { memoryArchive, type Values } from "./replay-fixture.ts";

/** Exact numbers travel as agents send them. */
function plain(json: Json): unknown {
  if (isJsonNumber(json)) return { $number: json.text };
  if (isJsonArray(json)) return json.map(plain);
  return isJsonObject(json) ? Object.fromEntries([...json].map(([key, value]) => [key, plain(value)])) : json;
}

export interface ReplaySet {
  readonly releases: readonly Release[];
  readonly decisions: readonly ArchivedDecision[];
  readonly candidates: readonly Candidate[];
}

const releaseOf = ({ loaded }: Understood, version: string, next: Random): Release => ({
  ...{ loaded, version, fromDay: null, offline: chance(next, 0.2) ? "strict" : "accept" },
});

/** One set of contracts, some fifty decisions by them, and candidates of the first. */
export function replaySet(seed: number, group: number, candidates: number): ReplaySet {
  const next = randomOf(seed ^ 0x2545f491, group);
  const { contracts, second } = contractSet(seed, group * CASES_PER_SET);
  const releases = contracts.map((contract) => releaseOf(contract, "v1.0", next));
  const archive = memoryArchive();
  const decisions = Array.from({ length: CASES_PER_SET }, (_, index) => {
    const made = gateCase(seed, group * CASES_PER_SET + index);
    const attested = chance(next, 0.05) ? { clock: { attested: false } } : {};
    const test = chance(next, 0.9) ? { id: `T-${below(next, 30)}` } : {};
    const values = plain(made.snapshot) as Values & { readonly test?: object };
    const snapshot = { ...values, ...attested, plantZone: made.zone, test: { ...values.test, ...test } };
    const bound = chance(next, 0.9) ? releases : releases.slice(1);
    const broken = chance(next, 0.03) ? { decision: { allow: true, reasons: [] } } : {};
    const lost = chance(next, 0.03) ? { keepsSnapshot: false } : {};
    return archive.decide({ node: "LP-1", atMs: made.now, releases: bound, snapshot, ...broken, ...lost });
  });
  const [first] = contracts;
  if (first === undefined) throw new Error("a set has a contract");
  const instants = decisions.map(({ atMs }) => atMs);
  return {
    ...{ releases, decisions },
    candidates: Array.from({ length: candidates }, (): Candidate => {
      const tried = second !== null && chance(next, 0.2) ? second : changed(next, first);
      return {
        release: releaseOf(tried, "v9.9", next),
        inForceFromMs: chance(next, 0.15) ? choose(next, instants) + choose(next, [0, 1, -1, -3_600_000]) : null,
        against: chance(next, 0.2) ? releaseOf(changed(next, first), "v9.8", next) : null,
      };
    }),
  };
}

const isClause = (line: string): boolean => line.startsWith("      ");
const isNumberOfLimit =
  /\b(\d+(?:\.\d+)?)(?= (uW|mW|W|fc|lx|psi|kPa|bar|deg|K|N|lbf|mL|hours|days|months|cycles|use-hours))/;

/** The same contract with a line or two changed, as an engineer would; sound, or the contract itself after many tries. */
function changed(next: Random, first: Understood): Understood {
  for (let tries = 0; tries < 40; tries += 1) {
    let lines = first.text.split("\n");
    for (let edits = 1 + below(next, 2); edits > 0; edits -= 1) lines = edited(next, lines);
    const found = understand(lines.join("\n"));
    if (found !== undefined) return found;
  }
  return first;
}

function edited(next: Random, lines: readonly string[]): string[] {
  const clauses = lines.flatMap((line, index) => (isClause(line) ? [index] : []));
  if (clauses.length === 0) return [...lines];
  const at = choose(next, clauses);
  const line = lines[at] ?? "";
  const donor = contractText(next, "GATE-A").split("\n");
  const replaced = (text: string | null): string[] =>
    lines.flatMap((one, index) => (index === at ? (text === null ? [] : text.split("\n")) : [one]));
  switch (below(next, 9)) {
    case 0:
      return replaced(null);
    case 1:
      return replaced(
        line.includes(" must ") ? line.replace(" must ", " should ") : line.replace(" should ", " must "),
      );
    case 2:
      return replaced(`${line}\n${choose(next, donor.filter(isClause))}`);
    case 3:
      return replaced(choose(next, donor.filter(isClause)));
    case 4:
      return lines.map((one) => (one.startsWith("  for ") ? (donor.find((l) => l.startsWith("  for ")) ?? one) : one));
    case 5:
      // A declaration: another asset by default, another unit, another plausible range.
      return lines.map((one) => (chance(next, 0.5) ? (redeclared(next, one) ?? one) : one));
    case 6:
      return replaced(line.replace(/, never overridable/, "").replace(/, guarded by [^,]*/, ""));
    default:
      return replaced(
        line.replace(isNumberOfLimit, (number) => String(Number(number) + choose(next, [1, -1, 0.5, 10]))),
      );
  }
}

function redeclared(next: Random, line: string): string | undefined {
  const [, role, rest] = /^ {2}([a-z-]+) (is .*)$/.exec(line) ?? [];
  if (role === undefined || rest === undefined) return undefined;
  if (rest.includes("by default")) return `  ${role} ${rest.replace(/"[^"]*"/, choose(next, ['"M-2"', '"W-9"']))}`;
  const range = choose(next, ["", ", plausible from 0 to 1", ", plausible from 5 to 1000000"]);
  return rest.includes("measured in") ? `${line.replace(/, plausible.*/, "")}${range}` : undefined;
}
