import {
  Alternation,
  Alternative,
  type IProduction,
  NonTerminal,
  Option,
  Repetition,
  type Rule,
  Terminal,
} from "chevrotain";
import { MaintParser } from "./parser-files.ts";
import { type Box, choice, escaped, framed, label, loop, nothing, sequence } from "./railroad-layout.ts";

/** Which rules stand together on the page, in reading order. A test holds that every rule of the parser has its place. */
export const ruleGroups: { readonly [title: string]: readonly string[] } = {
  Contracts: [
    ...["file", "fileItem", "contract", "template", "templateUse", "bindings", "binding", "value"],
    ...["member", "scope", "before", "condition", "override", "whenBlocked", "notice"],
  ],
  Declarations: ["declaration", "byDefault"],
  Clauses: [
    ...["clause", "prefix", "period", "attributeGuard", "subject"],
    ...["predicate", "bePredicate", "checkedPredicate", "notHaveBeen", "limit"],
  ],
  Modifiers: ["modifier", "withModifier"],
  Tests: [
    ...["test", "testStatement", "testAt", "testAcknowledged", "testFact", "factIs", "factWas", "factHas"],
    ...["factReads", "factExpires", "testExpect", "nameOrText"],
  ],
  "Names and amounts": ["articledName", "articledRole", "amount", "quantity", "moment"],
};

let known: { readonly [name: string]: Rule } | undefined;

/** The parser's rules by name; made once, because analysing the grammar is slow. */
export function grammarRules(): { readonly [name: string]: Rule } {
  known ??= new MaintParser().getGAstProductions();
  return known;
}

/** `attributeGuard` as a person says it. */
const spoken = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/**
 * One rule of the grammar as a self-contained SVG: rounded is what is written, square is another rule, which it links to as
 * `#name`. It takes the colour of the text around it. The same grammar gives the same text.
 * @throws RangeError where the grammar has no such rule
 */
export function railroadSvg(ruleName: string): string {
  const rule = Object.hasOwn(grammarRules(), ruleName) ? grammarRules()[ruleName] : undefined;
  if (rule === undefined) throw new RangeError(`the grammar has no rule ${ruleName}`);
  const { width, height, body } = framed(boxOf(rule.definition));
  const id = `railroad-${ruleName}`;
  const head =
    `<svg xmlns="http://www.w3.org/2000/svg" class="railroad" role="img" aria-labelledby="${id}-title ${id}-desc"` +
    ` width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" style="color:inherit;max-width:100%">`;
  const title = `<title id="${id}-title">The form of a ${escaped(spoken(ruleName))}</title>`;
  const inWords = `<desc id="${id}-desc">${escaped(wordsOf(rule.definition))}</desc>`;
  return `${head}${title}${inWords}<style>${style}</style>${body}</svg>`;
}

const style = [
  ".railroad path{fill:none;stroke:currentColor;stroke-width:1.4}",
  ".railroad path.arrow{fill:currentColor;stroke:none}",
  ".railroad rect{fill:var(--railroad-word,transparent);stroke:currentColor;stroke-width:1.2}",
  ".railroad rect.rule{fill:var(--railroad-rule,transparent)}",
  ".railroad rect.token{fill:var(--railroad-token,transparent);stroke-dasharray:4 2}",
  ".railroad text{fill:currentColor;text-anchor:middle;font:13px ui-monospace,Menlo,Consolas,monospace}",
  ".railroad text.word{font-weight:600}",
  ".railroad text.token{font-style:italic}",
  ".railroad a{cursor:pointer}.railroad a:hover rect{stroke-width:2.4}",
].join("");

/** `X { , X }` is drawn as a loop with the comma on its way back. */
function boxOf(parts: readonly IProduction[]): Box {
  const boxes: Box[] = [];
  for (const [index, part] of parts.entries()) {
    const before = parts[index - 1];
    const between = part instanceof Repetition && before !== undefined ? separators(part, before) : undefined;
    if (between === undefined) boxes.push(box(part));
    else boxes.push(loop(boxes.pop() ?? nothing, boxOf(between)));
  }
  return sequence(boxes.filter((one) => one !== nothing));
}

/** What stands between the turns, where a repetition repeats what stands before it. */
function separators({ definition }: Repetition, before: IProduction): readonly IProduction[] | undefined {
  const last = definition.at(-1);
  if (last === undefined || wordsOf([last]) !== wordsOf([before])) return undefined;
  return definition.slice(0, -1);
}

function box(part: IProduction): Box {
  if (part instanceof NonTerminal) return label(spoken(part.nonTerminalName), "rule", `#${part.nonTerminalName}`);
  if (part instanceof Terminal) return terminal(part);
  if (part instanceof Alternation) return choice(part.definition.map(box));
  if (part instanceof Alternative) return boxOf(part.definition);
  if (part instanceof Option) return choice([nothing, boxOf(part.definition)]);
  if (part instanceof Repetition) return choice([nothing, loop(boxOf(part.definition), nothing)]);
  return nothing;
}

const isWritten = ({ terminalType: { PATTERN } }: Terminal): boolean => typeof PATTERN === "string";
const isArticle = ({ terminalType: { name } }: Terminal): boolean => name === "Article";

function terminal(part: Terminal): Box {
  return label(terminalWords(part), isWritten(part) || isArticle(part) ? "word" : "token");
}

function terminalWords(part: Terminal): string {
  const { PATTERN, LABEL, name } = part.terminalType;
  if (typeof PATTERN === "string") return PATTERN;
  if (isArticle(part)) return "the · a · an";
  return (LABEL ?? name).replace(/ such as .*/, "").replace(/^an? /, "");
}

/** The form in a line of words, for those who hear the page. */
function wordsOf(parts: readonly IProduction[]): string {
  const words = parts.map((part): string => {
    if (part instanceof NonTerminal) return `<${spoken(part.nonTerminalName)}>`;
    if (part instanceof Terminal) return isWritten(part) ? `"${terminalWords(part)}"` : terminalWords(part);
    if (part instanceof Alternation) return `either ${part.definition.map((one) => wordsOf([one])).join(", or ")};`;
    if (part instanceof Alternative) return wordsOf(part.definition);
    if (part instanceof Option) return `optionally (${wordsOf(part.definition)})`;
    return part instanceof Repetition ? `any number of (${wordsOf(part.definition)})` : "";
  });
  return words.join(" ");
}

/** The whole page: an index, then every rule under its group. It loads nothing. */
export function railroadPage(): string {
  const groups = Object.entries(ruleGroups);
  const index = groups.map(([title, names]) => {
    const links = names.map((name) => `<a href="#${name}">${spoken(name)}</a>`).join(" · ");
    return `<p><b>${title}</b><br>${links}</p>`;
  });
  const sections = groups.map(([title, names]) => {
    const figures = names.map((name) => {
      const used = usedIn(name).map((other) => `<a href="#${other}">${spoken(other)}</a>`);
      const where = used.length === 0 ? "" : `<p class="used">stands in: ${used.join(", ")}</p>`;
      return `<section id="${name}">\n<h3>${spoken(name)}</h3>\n<figure>${railroadSvg(name)}</figure>\n${where}</section>`;
    });
    return `<h2>${title}</h2>\n${figures.join("\n")}`;
  });
  return `${pageHead}\n<nav>\n${index.join("\n")}\n</nav>\n${sections.join("\n")}\n</main>\n</body>\n</html>\n`;
}

/** The rules in whose diagram `name` stands. */
function usedIn(name: string): string[] {
  const names = (parts: readonly IProduction[]): string[] =>
    parts.flatMap((part) => {
      if (part instanceof NonTerminal) return [part.nonTerminalName];
      return "definition" in part ? names((part as { definition: IProduction[] }).definition) : [];
    });
  return Object.values(grammarRules()).flatMap((rule) => (names(rule.definition).includes(name) ? [rule.name] : []));
}

const pageHead = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>The maint language in diagrams</title>
<style>
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--line:#d5dae0;--railroad-word:#e8f3ea;--railroad-rule:#e7eefb;--railroad-token:#faf3df}
@media (prefers-color-scheme:dark){:root{--ink:#e4e8ee;--paper:#15181d;--line:#39414b;--railroad-word:#1f3324;--railroad-rule:#1d2b45;--railroad-token:#3a311a}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem}
h2{margin:2.5rem 0 0;border-bottom:1px solid var(--line)}
h3{margin:1.5rem 0 .3rem;font:600 1rem ui-monospace,Menlo,Consolas,monospace}
section:target h3{text-decoration:underline}
figure{margin:0;overflow-x:auto}
a{color:inherit}
.used{margin:.2rem 0 0;font-size:.85rem;opacity:.8}
@media print{:root{--ink:#000;--paper:#fff;--railroad-word:#fff;--railroad-rule:#fff;--railroad-token:#fff}section{break-inside:avoid}}
</style>
</head>
<body>
<main>
<h1>The <code>.maint</code> language in diagrams</h1>
<p>Follow the line from left to right. A rounded box is written as it stands; a rounded box with a dashed edge is a name,
a number, a text or a date of yours; a square box is another diagram, and a link to it.</p>`;
