import { Alternation, Alternative, type IProduction, NonTerminal, Option, Repetition, Terminal } from "chevrotain";
import { MaintParser } from "./parser-files.ts";

/** The grammar as EBNF, from the parser's own rules, so that it cannot say anything else than the parser does. */
export function ebnf(): string {
  const rules = Object.values(new MaintParser().getGAstProductions());
  const lines = rules.map(({ name, definition }) => `${name} ::= ${sequence(definition)}`);
  return `(* Made from the parser's rules; a test says when it is stale. Words in capitals are tokens. *)\n${lines.join("\n")}\n`;
}

const sequence = (parts: readonly IProduction[]): string =>
  parts
    .map(text)
    .filter((part) => part !== "")
    .join(" ");

function text(part: IProduction): string {
  if (part instanceof NonTerminal) return part.nonTerminalName;
  if (part instanceof Terminal) return tokenText(part);
  if (part instanceof Alternation) return `( ${part.definition.map(text).join(" | ")} )`;
  if (!(part instanceof Alternative || part instanceof Option || part instanceof Repetition)) return "";
  const inside = sequence(part.definition);
  if (part instanceof Alternative) return inside;
  return part instanceof Option ? `[ ${inside} ]` : `{ ${inside} }`;
}

function tokenText({ terminalType: { PATTERN, name } }: Terminal): string {
  return typeof PATTERN === "string" ? `"${PATTERN}"` : name.toUpperCase();
}
