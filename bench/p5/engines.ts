import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createServicesForGrammar } from "langium/grammar";
import peggy from "peggy";
import { walk } from "../../grammar/child-keys.ts";
import { parse } from "../../grammar/parser.ts";

/** What a text holds, by an engine's own tree: the engines must agree. */
export interface Counts {
  readonly contracts: number;
  readonly conditions: number;
  readonly clauses: number;
  readonly tests: number;
  /** Mistakes found; a sound text has none. */
  readonly errors: number;
}

export interface Engine {
  /** Reads a text and builds its tree. */
  readonly parse: (text: string) => unknown;
  readonly counts: (tree: unknown) => Counts;
}

export const ENGINES = ["ours", "peggy", "langium"] as const;
export type EngineName = (typeof ENGINES)[number];

const grammar = (name: string): string => readFileSync(join(import.meta.dirname, name), "utf8");

/** Makes an engine ready; this is its setup time. */
export const makeEngine: { readonly [name in EngineName]: () => Engine | Promise<Engine> } = {
  ours: () => {
    parse("");
    return { parse, counts: (tree) => ourCounts(tree as ReturnType<typeof parse>) };
  },
  peggy: () => {
    const parser = peggy.generate(grammar("maint.peggy"));
    return {
      parse: (text) => parser.parse(text),
      counts: (tree) => ({ ...countKinds(tree, "kind", kinds), errors: 0 }),
    };
  },
  langium: async () => {
    const services = await createServicesForGrammar({
      grammar: grammar("maint.langium"),
      parserConfig: { maxLookahead: 3, skipValidations: true },
    });
    const { LangiumParser } = services.parser;
    return { parse: (text) => LangiumParser.parse(text), counts: (tree) => langiumCounts(tree as LangiumResult) };
  },
};

type Tally = Omit<Counts, "errors">;
const kinds: { readonly [kind: string]: keyof Tally } = {
  contract: "contracts",
  condition: "conditions",
  test: "tests",
};

function ourCounts({ file, diagnostics }: ReturnType<typeof parse>): Counts {
  const tally = { contracts: 0, conditions: 0, clauses: 0, tests: 0 };
  walk(file, (node) => {
    const key = "strictness" in node ? "clauses" : kinds[node.kind];
    if (key !== undefined) tally[key] += 1;
  });
  return { ...tally, errors: diagnostics.length };
}

interface LangiumResult {
  readonly value: unknown;
  readonly lexerErrors: readonly unknown[];
  readonly parserErrors: readonly unknown[];
}

const langiumKinds: { readonly [type: string]: keyof Tally } = {
  Contract: "contracts",
  Condition: "conditions",
  Clause: "clauses",
  Test: "tests",
};

const langiumCounts = ({ value, lexerErrors, parserErrors }: LangiumResult): Counts => ({
  ...countKinds(value, "$type", langiumKinds),
  errors: lexerErrors.length + parserErrors.length,
});

/** Counts nodes by their type; Langium's own links, whose names begin with `$`, lead back up and are left out. */
function countKinds(tree: unknown, typeKey: string, types: { readonly [type: string]: keyof Tally }): Tally {
  const tally = { contracts: 0, conditions: 0, clauses: 0, tests: 0 };
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const type = (node as { [key: string]: unknown })[typeKey];
    const key =
      typeof type === "string"
        ? (types[type] ?? ("strictness" in node && typeKey === "kind" ? "clauses" : undefined))
        : undefined;
    if (key !== undefined) tally[key] += 1;
    for (const [name, child] of Object.entries(node)) if (!name.startsWith("$")) visit(child);
  };
  visit(tree);
  return tally;
}

/** A tree without what peggy's lacks: places and doc comments. */
export function normalForm(tree: unknown): unknown {
  return JSON.parse(
    JSON.stringify(tree, (key, value: unknown) => (key === "span" || key === "doc" ? undefined : value)),
  );
}
