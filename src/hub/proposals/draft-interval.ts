import { fail, ok, type Result } from "../../base/result.ts";
import type { Bundle, BundleClause, CalibrationClause } from "../../model/bundle.ts";
import type { Version } from "../../model/ids.ts";
import type { Draft, TextTools } from "./draft-proposal.ts";
import type { IntervalStudy, ShorterInterval } from "./interval-study.ts";
import { unifiedDiff } from "./line-diff.ts";
import { besidesShortening } from "./never-looser.ts";
import { spanWords } from "./spans.ts";

export interface IntervalDraftInput {
  readonly study: IntervalStudy;
  readonly current: { readonly version: Version; readonly text: string; readonly bundle: Bundle };
  readonly nextVersion: Version;
}

/** The next version's text in which one calibration falls due sooner, or why there is none to propose. Pure. */
export function draftShorterInterval(
  { study, current, nextVersion }: IntervalDraftInput,
  tools: TextTools,
): Result<Draft, string> {
  const { bundle, text } = current;
  const clause = bundle.clauses[study.index];
  if (clause?.kind !== "calibration") return fail(`line ${study.line} asks for no calibration`);
  if (study.shorter === null)
    return fail(study.advice ?? `nothing asks for a shorter interval: ${study.opinions.map(opinionWords).join("; ")}`);
  let refused = `the amount is not written at line ${clause.line}, nor as a parameter of its template`;
  for (const raw of candidates(text, bundle, clause, study.shorter)) {
    const next = tools.format(text) === text ? (tools.format(raw) ?? raw) : raw;
    const findings = shortenedFindings(next, bundle, clause.index, tools);
    if (findings[0] !== undefined) {
      refused = findings[0];
      continue;
    }
    const after = compiledOf(next, bundle, tools)?.clauses[clause.index];
    const names = [current.version, nextVersion].map((version) => `${bundle.contract}@${version}`) as [string, string];
    const diff = unifiedDiff({ name: names[0], text }, { name: names[1], text: next });
    return ok({ text: next, diff, clause: after?.text ?? clause.text, reason: reasonOf(study), statistics: study });
  }
  return fail(`the drafted text does not hold: ${refused}`);
}

const compiledOf = (text: string, before: Bundle, tools: Pick<TextTools, "compile">): Bundle | undefined =>
  tools.compile(text).bundles.find(({ contract }) => contract === before.contract);

/** Why a text may not be proposed: the last word is the compiler's and the comparison's. */
export function shortenedFindings(
  text: string,
  before: Bundle,
  place: number,
  tools: Pick<TextTools, "compile">,
): readonly string[] {
  const { problems } = tools.compile(text);
  const bad = problems.filter(({ code, severity }) => severity === "error" || code === "loosens");
  if (bad.length > 0) return bad.map(({ code, message }) => `${code}: ${message}`);
  const after = compiledOf(text, before, tools);
  if (after === undefined) return [`the text no longer holds ${before.contract}`];
  const findings = besidesShortening(before, after, place);
  if (findings.length > 0) return findings;
  const isSame = before.clauses.every((clause, index) => clause.text === after.clauses[index]?.text);
  return isSame ? ["it changes nothing"] : [];
}

/** Texts with the amount replaced where it may stand: in the clause, in what the contract gives its template, in the template. */
function* candidates(
  text: string,
  bundle: Bundle,
  clause: CalibrationClause,
  shorter: ShorterInterval,
): Generator<string> {
  const { from, to } = placeOf(text, bundle, clause);
  const own = text.slice(from, to);
  const after = shorter.interval === null ? null : spanWords(shorter.interval);
  const written = replaced(own, after, shorter.cycles);
  if (written !== own) yield text.slice(0, from) + written + text.slice(to);
  // A parameter: the contract's own value of it, else the template's.
  for (const [, name = ""] of own.matchAll(/\b(?:every|or)\s+([a-z][a-z0-9-]*)\b/g)) {
    const value = new RegExp(`\\b${name}\\s*=\\s*(\\d+\\s+(?:day|month|year|hour|cycle)s?)`, "g");
    for (const match of [...text.matchAll(value)].reverse()) {
      const amount = match[1] ?? "";
      const isUse = amount.includes("cycle");
      const now = isUse ? (shorter.cycles === null ? null : `${shorter.cycles} cycles`) : explicit(after);
      const at = match.index + match[0].length - amount.length;
      if (now !== null) yield text.slice(0, at) + now + text.slice(at + amount.length);
    }
  }
}

/** A parameter's value is a number and a unit: `month` alone is none. */
const explicit = (words: string | null): string | null => (words === null || /^\d/.test(words) ? words : `1 ${words}`);

const TIME = /\bevery\s+(?:\d+\s+)?(?:day|month|year|hour)s?\b/;
const CYCLES = /\b\d+\s+cycles\b/;

function replaced(clause: string, interval: string | null, cycles: number | null): string {
  const timed = interval === null ? clause : clause.replace(TIME, `every ${interval}`);
  return cycles === null ? timed : timed.replace(CYCLES, `${cycles} cycles`);
}

/** From the clause's first sign to the next one's, or to the end of its block. */
function placeOf(
  text: string,
  { clauses }: Bundle,
  clause: CalibrationClause,
): { readonly from: number; readonly to: number } {
  const lines = text.split("\n");
  const offset = ({ line, column }: Pick<BundleClause, "line" | "column">): number =>
    lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
  const from = offset(clause);
  const next = clauses.map(offset).filter((at) => at > from);
  const closing = text.indexOf("}", from);
  return { from, to: Math.min(...next, closing === -1 ? text.length : closing) };
}

const opinionWords = ({ method, because }: IntervalStudy["opinions"][number]): string => `${method}: ${because}`;

function reasonOf({ equipment, opinions, withFindings, findings, outOfTolerance }: IntervalStudy): string {
  const asking = opinions.filter(({ factor }) => factor < 1).map(opinionWords);
  return (
    `${outOfTolerance} of ${findings} findings of ${withFindings} instruments as ${equipment} were out of tolerance. ` +
    `${asking.join("; ")}. The calibration falls due sooner; nothing else changes.`
  );
}
