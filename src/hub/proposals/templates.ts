/** Where a template stands in a text, its keyword to its closing brace. */
export interface TemplateBlock {
  readonly name: string;
  readonly text: string;
  readonly start: number;
  /** From 1. */
  readonly firstLine: number;
  readonly lastLine: number;
}

/** The templates of a text that compiles, in their order. Braces in texts and comments are no braces. */
export function templatesIn(text: string): readonly TemplateBlock[] {
  const blocks: TemplateBlock[] = [];
  let depth = 0;
  let open: { readonly name: string; readonly start: number } | undefined;
  for (const { index, 0: sign, groups } of text.matchAll(SIGNS)) {
    const name = groups?.["name"];
    if (name !== undefined && depth === 0) open = { name, start: index };
    if (sign === "{") depth += 1;
    if (sign !== "}") continue;
    depth -= 1;
    if (depth > 0 || open === undefined) continue;
    const { start } = open;
    const block = text.slice(start, index + 1);
    const firstLine = lineAt(text, start);
    blocks.push({ name: open.name, text: block, start, firstLine, lastLine: lineAt(text, index) });
    open = undefined;
  }
  return blocks;
}

/** A quoted text, a comment, a brace, or the head of a template. */
const SIGNS = /"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\{|\}|\btemplate\s+(?<name>[a-z][a-z0-9-]*)/g;

const lineAt = (text: string, at: number): number => text.slice(0, at).split("\n").length;

/** `text` with that block in the place of its own of the same name; undefined where it has another one, or none. */
export function withTemplate(text: string, was: TemplateBlock, now: TemplateBlock): string | undefined {
  const own = templatesIn(text).find(({ name }) => name === was.name);
  if (own === undefined || sameWords(own.text) !== sameWords(was.text)) return undefined;
  return text.slice(0, own.start) + now.text + text.slice(own.start + own.text.length);
}

/** Spaces and line ends mean nothing. */
const sameWords = (text: string): string => text.replace(/\s+/g, " ").trim();

/** The template that two texts have in different words, where all else is the same but for what is made from it. */
export function changedTemplate(
  before: string,
  after: string,
): { readonly was: TemplateBlock; readonly now: TemplateBlock } | undefined {
  const now = templatesIn(after);
  for (const was of templatesIn(before)) {
    const other = now.find(({ name }) => name === was.name);
    if (other !== undefined && sameWords(other.text) !== sameWords(was.text)) return { was, now: other };
  }
  return undefined;
}
