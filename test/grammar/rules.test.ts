import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EmbeddedActionsParser, type IToken } from "chevrotain";
import { expect, test } from "vitest";
import { scan } from "../../grammar/lexer.ts";
import { MaintParser } from "../../grammar/parser-files.ts";
import { vocabulary, Word } from "../../grammar/tokens.ts";

/** What no rule can read, and what stops some of them midway. */
const unreadable = ["", "}", "~", "must must", "the x", "contract", "each day", '"x" was', "expect reason", "5 psi {"];

type Rule = (...args: readonly unknown[]) => unknown;
const ruleNames = (parser: EmbeddedActionsParser): readonly string[] => Object.keys(parser.getGAstProductions());
const ruleOf = (parser: EmbeddedActionsParser, name: string): Rule =>
  (Reflect.get(parser, name) as Rule).bind(parser, { kind: "name", text: "lamp" }, { startOffset: 0 });

/** The rules that answer undefined or throw where one of the texts does not fit. */
function unanswered(parser: EmbeddedActionsParser, give: (text: string) => void): string[] {
  return unreadable.flatMap((text) =>
    ruleNames(parser).flatMap((name) => {
      give(text);
      try {
        return ruleOf(parser, name)() === undefined ? [`${name} answers undefined for ${JSON.stringify(text)}`] : [];
      } catch (error) {
        return [`${name} throws for ${JSON.stringify(text)}: ${error}`];
      }
    }),
  );
}

const parser = new MaintParser();
const give = (text: string): void =>
  parser.prepare(text, scan(text).tokens, new Map(), { maxClauses: 100, maxMistakes: 100 });

test("every rule answers a value for what it cannot read", () => {
  expect(ruleNames(parser).length).toBeGreaterThan(40);
  expect(unanswered(parser, give)).toEqual([]);
});

test("what a rule could not read is reported, never swallowed", () => {
  const silent = ruleNames(parser).filter((name) => {
    give("~");
    ruleOf(parser, name)();
    return parser.found.length + parser.errors.length === 0;
  });
  expect(silent).toEqual([]);
});

/** The control: a rule made past the wrapper. */
class BareParser extends EmbeddedActionsParser {
  constructor() {
    super(vocabulary, { recoveryEnabled: false, maxLookahead: 1 });
    this.performSelfAnalysis();
  }
  readonly thing = this.RULE("thing", (): IToken => this.CONSUME(Word));
}

test("finds a rule without a value", () => {
  const bare = new BareParser();
  const found = unanswered(bare, (text) => {
    bare.input = scan(text).tokens;
  });
  expect(found).toContain('thing answers undefined for "}"');
});

test("rules are made in one place", () => {
  const folder = join(import.meta.dirname, "../../grammar");
  const makers = readdirSync(folder).filter(
    (name) => name.endsWith(".ts") && readFileSync(join(folder, name), "utf8").includes("this.RULE("),
  );
  expect(makers).toEqual(["parser-base.ts"]);
});
