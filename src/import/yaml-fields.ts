import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, visit } from "yaml";
import { fail, ok, type Result } from "../base/result.ts";

/** Why a text is no contract that could be read. Line and column count from 1. */
export interface YamlProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** `decide`: a person must; `not-taken-over`: the other form has no place for it. */
export interface TransferNote {
  readonly kind: "decide" | "not-taken-over";
  /** In the file that was read, from 1. */
  readonly line: number;
  /** `checklist_steps[2].unit`, or a clause's condition. */
  readonly field: string;
  readonly message: string;
}

/** A larger file is no checklist that people fill in. */
export const MAX_YAML_LENGTH = 1 << 20;

interface Placed {
  readonly line: number;
  readonly column: number;
  readonly field: string;
}

/** A scalar keeps its spelling: 1000.10 never passes through a double. */
export interface YamlText extends Placed {
  readonly kind: "text";
  readonly text: string;
  readonly type: "string" | "number" | "boolean";
}
export interface YamlList extends Placed {
  readonly kind: "list";
  readonly items: readonly YamlValue[];
}
export interface YamlFields extends Placed {
  readonly kind: "fields";
  readonly fields: Fields;
}
export interface YamlEmpty extends Placed {
  readonly kind: "empty";
}
export type YamlValue = YamlText | YamlList | YamlFields | YamlEmpty;

const WORDS_OF_KIND = {
  text: "a text",
  list: "a list",
  fields: "a group of fields",
  empty: "nothing",
} as const satisfies Readonly<Record<YamlValue["kind"], string>>;

/** What a file holds: its fields, and every text in them in their order. */
export interface YamlFile {
  readonly fields: Fields;
  readonly texts: readonly YamlText[];
}

/** The fields of one mapping. What nobody takes is told at the end, so that nothing is dropped silently. */
export class Fields {
  readonly line: number;
  readonly #values: ReadonlyMap<string, YamlValue>;
  readonly #taken = new Set<string>();

  constructor(line: number, values: ReadonlyMap<string, YamlValue>) {
    this.line = line;
    this.#values = values;
  }

  /** Without taking it. */
  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** The first of the names that holds a value of this kind. One of another kind stays behind and is told. */
  take<K extends YamlValue["kind"]>(kind: K, ...names: readonly string[]): Extract<YamlValue, { kind: K }> | undefined {
    for (const name of names) {
      const value = this.#values.get(name);
      if (value?.kind !== kind || this.#taken.has(name)) continue;
      this.#taken.add(name);
      return value as Extract<YamlValue, { kind: K }>;
    }
    return undefined;
  }

  /** A text that says something. */
  text(...names: readonly string[]): YamlText | undefined {
    const value = this.take("text", ...names);
    return value === undefined || value.text.trim() === "" ? undefined : value;
  }

  /** A list, or the one value that stands where a list of one would. */
  many(...names: readonly string[]): readonly YamlValue[] {
    const list = this.take("list", ...names);
    if (list !== undefined) return list.items;
    const one = this.take("text", ...names) ?? this.take("fields", ...names);
    return one === undefined ? [] : [one];
  }

  /** What nobody took. `why` knows some fields by name. */
  leftOver(why: (name: string) => string | undefined): readonly TransferNote[] {
    return [...this.#values].flatMap(([name, value]): TransferNote[] => {
      if (this.#taken.has(name) || value.kind === "empty") return [];
      const message = why(name) ?? `not taken over: no place for ${WORDS_OF_KIND[value.kind]} called \`${name}\``;
      return [{ kind: "not-taken-over", line: value.line, field: value.field, message }];
    });
  }
}

/**
 * The one mapping of a YAML text. Refused with the place: anything that is no YAML, doubled keys, aliases, tags nobody knows,
 * more documents than one, a list or a scalar where the mapping should be. Never throws on any text.
 */
export function parseYamlFields(text: string): Result<YamlFile, YamlProblem> {
  const lines = new LineCounter();
  const at = (offset: number, message: string): YamlProblem => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1), message };
  };
  if (text.length > MAX_YAML_LENGTH) {
    return fail({ line: 1, column: 1, message: `the file is longer than ${MAX_YAML_LENGTH} characters` });
  }
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true, prettyErrors: false });
  const [broken] = [...document.errors, ...document.warnings];
  if (broken !== undefined) return fail(at(broken.pos[0], wordsOf(broken.message)));
  const odd: YamlProblem[] = [];
  visit(document, {
    Alias: (_key, node) => {
      odd.push(at(node.range?.[0] ?? 0, "a contract is written out: aliases (*name) are not read"));
      return visit.BREAK;
    },
    Pair: (_key, pair) => {
      if (isScalar(pair.key)) return undefined;
      odd.push(at((pair.key as Node | null)?.range?.[0] ?? 0, "a field's name must be a word"));
      return visit.BREAK;
    },
  });
  if (odd[0] !== undefined) return fail(odd[0]);
  const { contents } = document;
  if (!isMap(contents)) {
    const what = contents === null || isScalar(contents) ? "a bare value or nothing" : "a list";
    return fail(at(contents?.range?.[0] ?? 0, `fields such as \`smart_contract_id: …\` were expected, not ${what}`));
  }
  const texts: YamlText[] = [];
  const root = readValue(contents, "", 0, { placeAt: (offset) => lines.linePos(offset), texts });
  return root.kind === "fields" ? ok({ fields: root.fields, texts }) : fail(at(0, "fields were expected"));
}

/** The parser's own words, but for the one that speaks of its stack. */
const wordsOf = (message: string): string =>
  message.includes("call stack") ? "nested deeper than can be read" : (message.split("\n", 1)[0] ?? message);

interface Reading {
  readonly placeAt: (offset: number) => { readonly line: number; readonly col: number };
  readonly texts: YamlText[];
}

function readValue(node: unknown, field: string, from: number, reading: Reading): YamlValue {
  const start = (node as Node | null)?.range?.[0] ?? from;
  const { line, col: column } = reading.placeAt(start);
  const placed: Placed = { line, column, field };
  if (isSeq(node)) {
    const items = node.items.map((item, index) => readValue(item, `${field}[${index + 1}]`, start, reading));
    return { kind: "list", ...placed, items };
  }
  if (isMap(node)) {
    const values = node.items.map((pair: Pair): [string, YamlValue] => {
      const key = isScalar(pair.key) ? String(pair.key.source ?? pair.key.value) : "";
      const keyStart = (pair.key as Node | null)?.range?.[0] ?? start;
      return [key, readValue(pair.value, field === "" ? key : `${field}.${key}`, keyStart, reading)];
    });
    return { kind: "fields", ...placed, fields: new Fields(line, new Map(values)) };
  }
  if (!isScalar(node) || isAlias(node) || node.value === null) return { kind: "empty", ...placed };
  const isText = typeof node.value === "string";
  const type = isText ? "string" : typeof node.value === "boolean" ? "boolean" : "number";
  const own = isText ? String(node.value) : (node.source ?? String(node.value));
  const text: YamlText = { kind: "text", ...placed, text: own, type };
  reading.texts.push(text);
  return text;
}
