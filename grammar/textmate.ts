import { keyword, periodWords, reserved } from "./tokens.ts";

export interface TextmatePattern {
  readonly name?: string;
  readonly match: string;
  readonly captures?: { readonly [group: string]: { readonly name: string } };
}

const anyOf = (words: readonly string[]): string => [...words].sort((a, b) => b.length - a.length).join("|");
/** A word with no letter, digit or hyphen beside it: `day` is no part of `day-light`. */
const whole = (pattern: string): string => `(?<![\\w-])(?:${pattern})(?![\\w-])`;

/** Keywords that open a contract, a template or a block. */
const structure = ["contract", "template", "test", "following", "before", "station", "override", "expect"] as const;
const strictness = ["must", "should"] as const;
const NAME = "[a-z][a-z0-9]*(?:-[a-z0-9]+)*";
const CONTRACT_ID = "[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*";
const UNIT = '[A-Za-z\\u00b5\\u03bc\\u03a9\\u2126\\u00b0\\u2103\\u2109%\\u2030][^\\s,{}"]*';
const notUnit = `(?!(?:${anyOf(["the", "a", "an", "and", "or", "to", "before", "after", "since", "of", "whichever", ...Object.keys(reserved), "settled", "guarded", "may", "used", "approved", "never", "from", "tell", "people", "is"])})(?![\\w-]))`;

/** The first that matches wins, from left to right: TextMate's rule, so the longer forms stand before their parts. */
export function textmatePatterns(): readonly TextmatePattern[] {
  const others = Object.keys(keyword).filter((word) => !(structure as readonly string[]).includes(word));
  const connecting = Object.keys(reserved).filter((word) => !(strictness as readonly string[]).includes(word));
  return [
    { name: "comment.line.documentation.maint", match: "///.*$" },
    { name: "comment.line.double-slash.maint", match: "//.*$" },
    { name: "string.quoted.double.maint", match: '"(?:[^"\\\\]|\\\\["\\\\n])*"' },
    { name: "constant.other.date.maint", match: "\\b\\d{4}-\\d\\d-\\d\\d\\b" },
    { name: "constant.other.time.maint", match: "\\b\\d\\d:\\d\\d\\b" },
    {
      match: `(-?\\d+(?:\\.\\d+)?)(?:[ \\t]*(${notUnit}${UNIT}))?`,
      captures: { 1: { name: "constant.numeric.maint" }, 2: { name: "keyword.other.unit.maint" } },
    },
    {
      match: `${whole("measured")}([ \\t]+)${whole("in")}([ \\t]+)(${UNIT})`,
      captures: { 0: { name: "keyword.other.maint" }, 3: { name: "keyword.other.unit.maint" } },
    },
    { name: "constant.other.zone.maint", match: "(?<![\\w-])[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+" },
    { name: "constant.language.reason.maint", match: "(?<![\\w-])[a-z-]+\\.[a-z-]+(?![\\w-])" },
    { name: "entity.name.section.condition.maint", match: `^[ \\t]*${NAME}(?=[ \\t]*:)` },
    { name: "storage.type.maint", match: whole(anyOf(structure)) },
    { name: "keyword.control.strictness.maint", match: whole(anyOf(strictness)) },
    { name: "keyword.control.maint", match: whole(anyOf(connecting)) },
    { name: "keyword.other.article.maint", match: whole("the|an|a") },
    { name: "constant.language.period.maint", match: whole(anyOf(periodWords)) },
    { name: "keyword.other.maint", match: whole(anyOf(others)) },
    { name: "entity.name.type.contract.maint", match: whole(CONTRACT_ID) },
    { name: "variable.other.maint", match: whole("[A-Za-z][\\w-]*") },
    { name: "punctuation.maint", match: "[{},:=]" },
  ];
}

/** `maint.tmLanguage.json`: colours for editors, from the parser's own words. */
export function textmateText(): string {
  const grammar = {
    $schema: "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
    name: "maint",
    scopeName: "source.maint",
    fileTypes: ["maint"],
    patterns: textmatePatterns(),
  };
  // A short list on one line, as the project's formatter writes it.
  return `${JSON.stringify(grammar, null, 2).replace(/\[\s+"maint"\s+\]/, '["maint"]')}\n`;
}
