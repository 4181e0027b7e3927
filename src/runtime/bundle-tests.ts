import { parseInstant } from "../base/civil-time.ts";
import { jsonFromValue } from "../base/strict-json.ts";
import type { BundleExpectation, BundleTest } from "../model/bundle.ts";
import type { Decision, EngineChoice } from "../model/decision.ts";
import { openPlantCalendar, readLocalTime } from "../model/plant-calendar.ts";
import { parseSnapshot } from "../model/snapshot-parse.ts";
import type { ZoneTransitions } from "../model/zone.ts";
import { decide } from "./decide.ts";
import type { LoadedBundle } from "./program.ts";
import { indexReleases } from "./selection.ts";

export interface BundleTestResult {
  readonly test: BundleTest;
  /** `skipped`: the test's time zone is not known here, so nothing was decided. */
  readonly outcome: "passed" | "failed" | "skipped";
  readonly problems: readonly TestProblem[];
  readonly decision: Decision | null;
}

export interface TestProblem {
  /** Of the expectation in the `.maint` file. */
  readonly line: number;
  readonly message: string;
}

export type ZoneOf = (zone: string) => ZoneTransitions | undefined;

/** Runs the tests a bundle carries. The hub's validation, a node's self-test and `maint test` all ask here. */
export async function runBundleTests(
  loaded: LoadedBundle,
  zoneOf: ZoneOf,
  engine: EngineChoice = "both",
  tests: readonly BundleTest[] = loaded.bundle.tests,
): Promise<readonly BundleTestResult[]> {
  const results: BundleTestResult[] = [];
  for (const test of tests) results.push(await runTest(loaded, test, zoneOf, engine));
  return results;
}

/** `tests` may also come from a file beside the contract's. */
async function runTest(
  loaded: LoadedBundle,
  test: BundleTest,
  zoneOf: ZoneOf,
  engine: EngineChoice,
): Promise<BundleTestResult> {
  const zone = zoneOf(test.plantZone);
  if (zone === undefined) {
    const message = `the time zone ${JSON.stringify(test.plantZone)} is not known here`;
    return { test, outcome: "skipped", problems: [{ line: test.line, message }], decision: null };
  }
  const calendar = openPlantCalendar(zone);
  const read = (text: string): number | undefined => parseInstant(text) ?? readLocalTime(calendar, text);
  const now = read(test.at);
  if (now === undefined) {
    const message = `no such instant: ${test.at}`;
    return { test, outcome: "failed", problems: [{ line: test.line, message }], decision: null };
  }
  const snapshot = parseSnapshot(jsonFromValue(test.snapshot), read);
  const releases = indexReleases([{ loaded, version: null, fromDay: null }]);
  const decision = await decide({ releases, snapshot, now, calendar, node: null, assumeBinding: true }, engine);
  const problems = test.expect.flatMap((expectation) => problemOf(expectation, decision));
  return { test, outcome: problems.length === 0 ? "passed" : "failed", problems, decision };
}

function problemOf(expectation: BundleExpectation, decision: Decision): readonly TestProblem[] {
  const message = messageOf(expectation, decision);
  return message === null ? [] : [{ line: expectation.line, message }];
}

function messageOf(expectation: BundleExpectation, decision: Decision): string | null {
  switch (expectation.kind) {
    case "allowed":
      return decision.allow ? null : `expected allowed, was blocked: ${decision.reasons.join(", ")}`;
    case "blocked": {
      if (decision.allow) return "expected blocked, was allowed";
      const blocking = new Set(
        decision.details.flatMap(({ severity, condition }) => (severity === "reason" ? (condition ?? []) : [])),
      );
      const missing = expectation.by.filter((name) => !blocking.has(name));
      const seen = [...blocking].join(", ") || decision.reasons.join(", ");
      return missing.length === 0 ? null : `expected blocked by ${missing.join(", ")}, was blocked by ${seen}`;
    }
    case "reason":
      return missingCode(expectation, decision.reasons, "reason");
    case "warning":
      return missingCode(expectation, decision.warnings, "warning");
  }
}

function missingCode(
  { code, subject }: { readonly code: string; readonly subject: string },
  given: readonly string[],
  word: string,
): string | null {
  const wanted = `${code}:${subject}`;
  if (given.includes(wanted)) return null;
  return `expected ${word} ${wanted}, ${given.length === 0 ? `there was no ${word}` : `there was ${given.join(", ")}`}`;
}
