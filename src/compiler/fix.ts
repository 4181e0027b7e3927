import type { Diagnostic, Fix } from "./diagnostic.ts";
import { type Source, sourceText } from "./source-text.ts";

export type CheckAll = (sources: readonly Source[]) => readonly Diagnostic[];

export interface Fixed {
  /** All files, in their order, with the text that the fixes leave. */
  readonly sources: readonly Source[];
  /** The findings whose fixes were applied, as they stood in the round that applied them. */
  readonly applied: readonly Diagnostic[];
  readonly remaining: readonly Diagnostic[];
}

export interface FixOptions {
  /** Also what may say another limit than was meant: the nearest unit, the quantity's unit behind a bare number. */
  readonly guesses?: boolean;
}

/** A wrong name shows at the next check; a wrong unit compiles, and lets the wrong part pass. */
const GUESSES: ReadonlySet<Diagnostic["code"]> = new Set(["unknown-unit", "missing-unit"]);

/** Whether a finding has a fix that a person must look at before it is written. */
export const isGuess = ({ code, fix }: Diagnostic): boolean => fix !== null && GUESSES.has(code);

const MAX_ROUNDS = 10;
/** Fixes of a round that are tried alone after they failed together; each one costs a check of all files. */
const MAX_ALONE = 100;

/**
 * Applies the fixes that findings carry, until none is left or ten rounds are over. A fix is kept only where no file then has
 * more errors than before, nor an error of a code that it had not: what would break something else stays for a person.
 */
export function applyFixes(given: readonly Source[], check: CheckAll, { guesses = false }: FixOptions = {}): Fixed {
  let sources = given;
  let remaining = check(sources);
  const applied: Diagnostic[] = [];
  const refused = new Set<string>();
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const broken = new Set(remaining.filter(({ severity }) => severity === "error").map(({ file }) => file));
    // What a warning would take away may be what a wrong line meant: errors go first.
    const isDue = ({ severity, file }: Diagnostic): boolean => severity === "error" || !broken.has(file);
    const chosen = withoutOverlaps(
      remaining.filter((one) => isDue(one) && (guesses || !isGuess(one)) && !refused.has(keyOf(one))),
    );
    if (chosen.length === 0) break;
    const together = attempt(sources, remaining, chosen, check);
    if (together !== undefined) {
      [sources, remaining] = [together.sources, together.remaining];
      applied.push(...chosen);
      continue;
    }
    const before = remaining;
    for (const one of chosen.slice(0, MAX_ALONE)) {
      // The places of this round hold only until the first change; what is left is found anew in the next.
      const alone = attempt(sources, before, [one], check);
      if (alone === undefined) refused.add(keyOf(one));
      else {
        [sources, remaining] = [alone.sources, alone.remaining];
        applied.push(one);
        break;
      }
    }
  }
  return { sources, applied, remaining };
}

const keyOf = ({ file, code, message, fix }: Diagnostic): string => JSON.stringify([file, code, message, fix?.text]);

function attempt(
  sources: readonly Source[],
  before: readonly Diagnostic[],
  chosen: readonly Diagnostic[],
  check: CheckAll,
) {
  const fresh = sources.map((source) => ({
    name: source.name,
    text: replaced(
      source,
      chosen.flatMap(({ file, fix }) => (file === source.name && fix !== null ? [fix] : [])),
    ),
  }));
  if (fresh.every(({ text }, index) => text === sources[index]?.text)) return undefined;
  const remaining = check(fresh);
  return isNoWorse(before, remaining) ? { sources: fresh, remaining } : undefined;
}

function isNoWorse(before: readonly Diagnostic[], after: readonly Diagnostic[]): boolean {
  const errors = (all: readonly Diagnostic[], file: string): readonly Diagnostic[] =>
    all.filter((one) => one.severity === "error" && one.file === file);
  return [...new Set(after.map(({ file }) => file))].every((file) => {
    const [old, now] = [errors(before, file), errors(after, file)];
    return now.length <= old.length && now.every(({ code }) => old.some((one) => one.code === code));
  });
}

const startsBefore = (a: Fix, b: Fix): number => a.place.line - b.place.line || a.place.column - b.place.column;
const endsBefore = (a: Fix, b: Fix): boolean =>
  a.place.endLine < b.place.line || (a.place.endLine === b.place.line && a.place.endColumn <= b.place.column);

/** Of fixes that touch the same text the first one; two that insert at one place touch. */
function withoutOverlaps(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const taken = new Map<string, Fix[]>();
  return diagnostics.filter(({ file, fix }) => {
    if (fix === null) return false;
    const others = taken.get(file) ?? [];
    const touches = (other: Fix): boolean =>
      startsBefore(fix, other) === 0 || !(endsBefore(fix, other) || endsBefore(other, fix));
    if (others.some(touches)) return false;
    taken.set(file, [...others, fix]);
    return true;
  });
}

/** A source's text with fixes that do not overlap put in. */
export function replaced(source: Source, fixes: readonly Fix[]): string {
  const { lineStarts, text } = sourceText(source);
  const offset = (line: number, column: number): number => (lineStarts[line - 1] ?? text.length) + column - 1;
  return [...fixes]
    .sort((a, b) => startsBefore(b, a))
    .reduce((result, { place, text: fresh }) => {
      const [start, end] = [offset(place.line, place.column), offset(place.endLine, place.endColumn)];
      return result.slice(0, start) + fresh + result.slice(end);
    }, text);
}
