import { fail, ok, type Result } from "./result.ts";

/** JSON with every number kept as it was written: objects are maps, so that no key can reach a prototype. */
export type Json = null | boolean | string | JsonNumber | readonly Json[] | JsonObject;
export type JsonObject = ReadonlyMap<string, Json>;
export interface JsonNumber {
  readonly kind: "number";
  /** As it stood in the text, `1e3`, `999.99999999999999999`; a JavaScript value may also give `NaN` or `Infinity`. */
  readonly text: string;
}

export interface JsonError {
  readonly message: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export interface JsonLimits {
  /** UTF-16 units of text. */
  readonly maxLength?: number;
  readonly maxDepth?: number;
}

const DEFAULT_MAX_LENGTH = 4 << 20;
const DEFAULT_MAX_DEPTH = 64;

export const isJsonNumber = (value: Json | undefined): value is JsonNumber =>
  typeof value === "object" && value !== null && "kind" in value;
export const isJsonObject = (value: Json | undefined): value is JsonObject => value instanceof Map;
export const isJsonArray = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** Refuses what JSON.parse lets pass: duplicate keys, `__proto__`, deep nesting, large texts. The error says where. */
export function parseStrictJson(text: string, limits: JsonLimits = {}): Result<Json, JsonError> {
  return read<Json>(text, limits, {
    number: (digits) => ({ kind: "number", text: digits }),
    array: (items) => items,
    object: (members) => members,
  });
}

/** The same reader, answering ordinary JavaScript values. For bundles and documents, whose decimals are strings. */
export function parsePlainJson(text: string, limits: JsonLimits = {}): Result<unknown, JsonError> {
  return read<unknown>(text, limits, {
    number: Number,
    array: (items) => items,
    object: (members) => Object.fromEntries(members),
  });
}

interface Builder<V> {
  readonly number: (text: string) => V;
  readonly array: (items: V[]) => V;
  readonly object: (members: Map<string, V>) => V;
}

interface Reader<V> {
  readonly text: string;
  at: number;
  depth: number;
  readonly maxDepth: number;
  readonly build: Builder<V>;
}

/** Carries a place out of the recursion; never leaves this file. */
class Refusal extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

function read<V>(text: string, limits: JsonLimits, build: Builder<V>): Result<V, JsonError> {
  const { maxLength = DEFAULT_MAX_LENGTH, maxDepth = DEFAULT_MAX_DEPTH } = limits;
  if (text.length > maxLength) {
    return fail({ message: `the JSON is longer than ${maxLength} characters`, line: 1, column: 1 });
  }
  const reader: Reader<V> = { text, at: 0, depth: 0, maxDepth, build };
  try {
    const value = readValue(reader);
    skipSpace(reader);
    if (reader.at < text.length) refuse(reader, "nothing may follow the JSON value");
    return ok(value);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return fail({ message: error.message, ...place(text, error.at) });
  }
}

function place(text: string, at: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf("\n"); end >= 0 && end < at; end = text.indexOf("\n", end + 1)) {
    line += 1;
    start = end + 1;
  }
  return { line, column: at - start + 1 };
}

function refuse<V>(reader: Reader<V>, message: string, at = reader.at): never {
  throw new Refusal(message, at);
}

function skipSpace<V>(reader: Reader<V>): void {
  const { text } = reader;
  for (;;) {
    const code = text.charCodeAt(reader.at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
    reader.at += 1;
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

function readValue<V>(reader: Reader<V>): V {
  skipSpace(reader);
  const { text } = reader;
  switch (text[reader.at]) {
    case "{":
      return nested(reader, readObject);
    case "[":
      return nested(reader, readArray);
    case '"':
      return readString(reader) as V;
    case "t":
      return word(reader, "true", true as V);
    case "f":
      return word(reader, "false", false as V);
    case "n":
      return word(reader, "null", null as V);
    case undefined:
      return refuse(reader, "the JSON ends too early");
    default:
      return readNumber(reader);
  }
}

function readNumber<V>(reader: Reader<V>): V {
  NUMBER.lastIndex = reader.at;
  const match = NUMBER.exec(reader.text);
  if (match === null) return refuse(reader, `no JSON value begins with ${JSON.stringify(reader.text[reader.at])}`);
  reader.at += match[0].length;
  return reader.build.number(match[0]);
}

function word<V>(reader: Reader<V>, expected: string, value: V): V {
  if (!reader.text.startsWith(expected, reader.at)) refuse(reader, `expected ${expected}`);
  reader.at += expected.length;
  return value;
}

function nested<V>(reader: Reader<V>, readInside: (reader: Reader<V>) => V): V {
  reader.depth += 1;
  if (reader.depth > reader.maxDepth) refuse(reader, `nested deeper than ${reader.maxDepth}`);
  reader.at += 1;
  const value = readInside(reader);
  reader.depth -= 1;
  return value;
}

function readArray<V>(reader: Reader<V>): V {
  const items: V[] = [];
  if (closes(reader, "]")) return reader.build.array(items);
  do items.push(readValue(reader));
  while (!listEnds(reader, "]"));
  return reader.build.array(items);
}

function readObject<V>(reader: Reader<V>): V {
  const members = new Map<string, V>();
  if (closes(reader, "}")) return reader.build.object(members);
  do {
    skipSpace(reader);
    const at = reader.at;
    if (reader.text[at] !== '"') refuse(reader, "expected a key in quotes");
    const key = readString(reader);
    if (key === "__proto__") refuse(reader, "the key __proto__ is refused", at);
    if (members.has(key)) refuse(reader, `the key ${JSON.stringify(key)} stands twice`, at);
    skipSpace(reader);
    if (reader.text[reader.at] !== ":") refuse(reader, "expected : behind the key");
    reader.at += 1;
    members.set(key, readValue(reader));
  } while (!listEnds(reader, "}"));
  return reader.build.object(members);
}

function closes<V>(reader: Reader<V>, end: string): boolean {
  skipSpace(reader);
  if (reader.text[reader.at] !== end) return false;
  reader.at += 1;
  return true;
}

function listEnds<V>(reader: Reader<V>, end: string): boolean {
  skipSpace(reader);
  const found = reader.text[reader.at];
  if (found !== "," && found !== end) {
    refuse(reader, found === undefined ? "the JSON ends too early" : `expected , or ${end}`);
  }
  reader.at += 1;
  return found === end;
}

/** From here to the next quote, backslash or control character, or the end. */
function plainEnd(text: string, from: number): number {
  let end = from;
  for (let code = text.charCodeAt(end); code >= 32 && code !== 34 && code !== 92; code = text.charCodeAt(end)) end += 1;
  return end;
}

const ESCAPES: { readonly [letter: string]: string } = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

function readString<V>(reader: Reader<V>): string {
  const { text } = reader;
  reader.at += 1;
  let value = "";
  for (;;) {
    const end = plainEnd(text, reader.at);
    value += text.slice(reader.at, end);
    reader.at = end;
    const next = text[reader.at];
    if (next === '"') {
      reader.at += 1;
      return value;
    }
    if (next === undefined) refuse(reader, "the string does not end");
    if (next !== "\\") refuse(reader, "a control character stands in a string");
    value += readEscape(reader);
  }
}

function readEscape<V>(reader: Reader<V>): string {
  const letter = reader.text[reader.at + 1] ?? "";
  if (letter === "u") {
    const digits = reader.text.slice(reader.at + 2, reader.at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) refuse(reader, "\\u stands before four hex digits");
    reader.at += 6;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }
  const meant = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
  if (meant === undefined) return refuse(reader, "no such escape in a JSON string");
  reader.at += 2;
  return meant;
}

/**
 * JavaScript values as JSON with exact numbers: what a program hands over without writing text first. Undefined members are
 * left out; what JSON has no word for (functions, symbols, bigint) becomes null; NaN and infinities keep their names.
 */
export function jsonFromValue(value: unknown): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return { kind: "number", text: String(value) };
    case "object":
      return value === null ? null : compound(value);
    default:
      return null;
  }
}

function compound(value: object): Json {
  if (Array.isArray(value)) return value.map(jsonFromValue);
  const members = new Map<string, Json>();
  for (const [key, member] of Object.entries(value)) if (member !== undefined) members.set(key, jsonFromValue(member));
  return members;
}
