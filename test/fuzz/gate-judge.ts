/** Asks all who answer, and makes a case on which they differ small. */
import { isJsonArray, isJsonObject, type Json } from "../../src/base/strict-json.ts";
import type { Decision } from "../../src/model/decision.ts";
import { parseSnapshot } from "../../src/model/snapshot-parse.ts";
import { type DecideInput, decide, decideFast, indexReleases, type Release } from "../../src/runtime/index.ts";
import { calendarOf } from "../conformance/calendar-of.ts";
import { type Answer, interpret } from "../reference/interpreter.ts";
import { readDay } from "../reference/interpreter-time.ts";
import { type GateCase, type MadeCase, questionOf, type Understood, understand } from "./gate-case.ts";
import { printJson } from "./gate-values.ts";

/** The case as the runtime is asked it. */
export function inputOf({ releases, understood, snapshot, now, zone, assumeBinding }: MadeCase): DecideInput {
  const listed = releases.map(({ text, version, from }): Release => {
    const found = understood.find((one) => one.text === text);
    if (found === undefined) throw new Error("a case holds the contracts it names");
    const day = from === null ? undefined : readDay(from);
    return { loaded: found.loaded, version: version as Release["version"], fromDay: day ?? null };
  });
  return {
    releases: indexReleases(listed),
    snapshot: parseSnapshot(snapshot),
    now,
    calendar: calendarOf(zone),
    node: null,
    assumeBinding,
  };
}

/** Two ways to decide that must agree, so that a test can plant a mistake in one of them. */
export interface Judges {
  readonly fast: (made: MadeCase) => Decision;
  readonly independent: (made: MadeCase) => Answer;
}

export const ourJudges: Judges = {
  fast: (made) => decideFast(inputOf(made)),
  independent: (made) => interpret(questionOf(made)),
};

const answerOf = ({ allow, reasons, warnings }: Answer): Answer => ({ allow, reasons, warnings });
const essence = (answer: Answer): string => JSON.stringify(answerOf(answer));

export interface Disagreement {
  readonly who: "interpreter" | "json-rules-engine";
  readonly fast: string;
  readonly other: string;
}

/** Undefined where fast and interpreter say the same. */
export function judged(
  made: MadeCase,
  judges: Judges,
): { readonly answer: Answer; readonly differs: Disagreement | undefined } {
  const fast = judges.fast(made);
  const [mine, other] = [essence(fast), essence(judges.independent(made))];
  return { answer: answerOf(fast), differs: mine === other ? undefined : { who: "interpreter", fast: mine, other } };
}

const withStates = (decision: Decision): string =>
  `${essence(decision)} ${JSON.stringify(decision.conditions.map(({ contract, name, state, clauses }) => [contract, name, state, clauses.map((one) => [one.line, one.state, one.reason])]))}`;

/** json-rules-engine's answer beside the fast one: verdict, codes, and the state of every condition and clause. */
export async function judgedByEngine(made: MadeCase, judges: Judges): Promise<Disagreement | undefined> {
  const fast = withStates(judges.fast(made));
  const other = withStates(await decide(inputOf(made), "reference"));
  return fast === other ? undefined : { who: "json-rules-engine", fast, other };
}

const MOST_SHRINKS = 4_000;

/** The same disagreement in as little as possible: fewer clauses, fewer releases, fewer members of the snapshot. */
export async function shrunk(made: MadeCase, differs: (made: MadeCase) => Promise<boolean>): Promise<MadeCase> {
  let best = made;
  let tries = 0;
  for (let improved = true; improved && tries < MOST_SHRINKS; ) {
    improved = false;
    for (const smaller of smallerCases(best)) {
      tries += 1;
      if (tries > MOST_SHRINKS) break;
      if (!(await stillDiffers(smaller, differs))) continue;
      best = smaller;
      improved = true;
      break;
    }
  }
  return best;
}

async function stillDiffers(made: MadeCase, differs: (made: MadeCase) => Promise<boolean>): Promise<boolean> {
  try {
    return await differs(made);
  } catch {
    // A smaller case that cannot be asked at all is not the same finding.
    return false;
  }
}

const smallerReleases = (made: MadeCase): MadeCase[] =>
  made.releases.length < 2
    ? []
    : made.releases.map((_, gone) => ({ ...made, releases: made.releases.filter((_, index) => index !== gone) }));

function* smallerCases(made: MadeCase): Generator<MadeCase> {
  yield* smallerReleases(made);
  yield* smallerContracts(made);
  for (const snapshot of smallerJson(made.snapshot)) yield { ...made, snapshot };
}

/** A condition or a block with its heading is up to so many lines. */
const MOST_LINES_AT_ONCE = 6;

/** Some lines less, or a modifier less, where that still compiles. */
function* smallerContracts(made: MadeCase): Generator<MadeCase> {
  for (const { text } of made.releases) {
    for (const smaller of smallerTexts(text)) {
      const understood = understandQuietly(smaller);
      if (understood === undefined) continue;
      const releases = made.releases.map((one) => (one.text === text ? { ...one, text: smaller } : one));
      yield { ...made, releases, understood: [...made.understood, understood] };
    }
  }
}

function* smallerTexts(text: string): Generator<string> {
  const lines = text.split("\n");
  for (let count = MOST_LINES_AT_ONCE; count > 0; count -= 1)
    for (let first = 0; first + count <= lines.length; first += 1) yield lines.toSpliced(first, count).join("\n");
  for (const [index, line] of lines.entries())
    for (const [part] of line.matchAll(/, (?=warn|may be|approved|guarded|settled|used within|with |never)[^,]*/g))
      yield lines.with(index, line.replace(part, "")).join("\n");
}

function understandQuietly(text: string): Understood | undefined {
  try {
    return understand(text);
  } catch {
    return undefined;
  }
}

function smallerJson(value: Json): Json[] {
  if (isJsonArray(value)) {
    const without = value.map((_, gone) => value.filter((_, index) => index !== gone));
    return [
      ...without,
      ...value.flatMap((one, index) => smallerJson(one).map((smaller) => value.with(index, smaller))),
    ];
  }
  if (!isJsonObject(value)) return [];
  const entries = [...value].filter(([key]) => key !== "plantZone");
  const without = entries.map(([gone]) => new Map([...value].filter(([key]) => key !== gone)));
  return [
    ...without,
    ...entries.flatMap(([key, one]) => smallerJson(one).map((smaller) => new Map([...value, [key, smaller]]))),
  ];
}

/** All that is needed to see it again. */
export function printCase({ releases, snapshot, now, zone, assumeBinding }: GateCase): string {
  const contracts = releases.map(({ text, version, from }) => `// version ${version}, from ${from}\n${text}`);
  return `${contracts.join("\n")}\n${printJson(snapshot)}\nat ${new Date(now).toISOString()} in ${zone}${assumeBinding ? ", taken as binding" : ""}`;
}
