import { parseDate, parseInstant, parseMonthEnd } from "../base/civil-time.ts";
import { parseJsonNumber } from "../base/rational.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { isJsonNumber, type Json, type JsonObject } from "../base/strict-json.ts";
import type { EvidenceBody } from "../model/evidence.ts";
import { FUTURE_TOLERANCE_MS } from "../model/limits.ts";
import { MAX_EVIDENCE_TEXT } from "./evidence-forms.ts";
import { nearestNames, type Vocabulary } from "./vocabulary.ts";

/** What is wrong with a body, and what to do about it. */
export interface InputFault {
  readonly message: string;
  readonly help?: string;
}

export interface InputContext {
  readonly nowMs: number;
  readonly boot: { readonly bootId: string; readonly bootMs: number };
  readonly vocabulary: Vocabulary;
}

/** A parsed body with the subject it is about. */
export type Outcome = Result<
  { readonly subject: string; readonly body: EvidenceBody; readonly takenAtMs?: number },
  InputFault
>;
/** One kind of evidence: reads its fields, remembers their faults. */
export type Parse = (fields: Fields, context: InputContext) => Outcome;

export const suggestion = (names: readonly string[]): string => `known: ${names.map((name) => `"${name}"`).join(", ")}`;

export function unknownWord(field: string, word: Json | undefined, known: Iterable<string>): InputFault {
  const names = [...known];
  if (typeof word !== "string") {
    return {
      message: `"${field}" is missing or no text`,
      ...(names.length > 0 ? { help: suggestion(names.slice(0, 12)) } : {}),
    };
  }
  const near = nearestNames(word, names);
  const help =
    near.length > 0
      ? `did you mean ${near.map((name) => `"${name}"`).join(" or ")}?`
      : names.length === 0
        ? `no contract in force here names any ${field}`
        : `there are ${names.length} names, none like it`;
  return { message: `unknown ${field} "${word}"`, help };
}

/** Reads members and remembers what was wrong with them, so that each parser reads like a list of its fields. */
export interface Fields {
  readonly faults: InputFault[];
  readonly raw: (name: string) => Json | undefined;
  readonly text: (name: string, options?: { readonly optional?: boolean }) => string | undefined;
  /** Exact decimal text of a number or of a string that spells one. */
  readonly decimal: (name: string, options?: { readonly optional?: boolean }) => string | undefined;
  readonly date: (
    name: string,
    options?: { readonly optional?: boolean; readonly month?: boolean },
  ) => string | undefined;
  readonly word: <T extends string>(name: string, words: readonly T[], otherwise?: T) => T;
  readonly flag: (name: string) => boolean | undefined;
}

export function fieldsOf(body: JsonObject): Fields {
  const faults: InputFault[] = [];
  const say = (message: string): undefined => void faults.push({ message });
  const text: Fields["text"] = (name, { optional = false } = {}) => {
    const value = body.get(name);
    if (value === undefined && optional) return undefined;
    if (typeof value !== "string" || value.trim() === "") return say(`"${name}" is missing or no text`);
    return value.length > MAX_EVIDENCE_TEXT ? say(`"${name}" is longer than ${MAX_EVIDENCE_TEXT} characters`) : value;
  };
  return {
    faults,
    raw: (name) => body.get(name),
    text,
    decimal: (name, { optional = false } = {}) => {
      const value = body.get(name);
      if (value === undefined && optional) return undefined;
      const written = isJsonNumber(value) ? value.text : value;
      if (typeof written !== "string" || parseJsonNumber(written) === undefined)
        return say(`"${name}" is missing or no decimal number`);
      return written;
    },
    date: (name, { optional = false, month = false } = {}) => {
      const value = text(name, { optional });
      if (value === undefined) return undefined;
      if (parseDate(value) !== undefined || (month && parseMonthEnd(value) !== undefined)) return value;
      return say(`"${name}" is no date such as 2026-11-24`);
    },
    word: (name, words, otherwise) => {
      const value = body.get(name);
      if (value === undefined && otherwise !== undefined) return otherwise;
      const found = words.find((word) => word === value);
      if (found === undefined) faults.push(unknownWord(name, value, words));
      return found ?? (words[0] as (typeof words)[number]);
    },
    flag: (name) => {
      const value = body.get(name);
      if (value === undefined || typeof value === "boolean") return value;
      return say(`"${name}" is neither true nor false`);
    },
  };
}

export function takenAt(fields: Fields, nowMs: number): Result<number, InputFault> {
  const text = fields.text("takenAt", { optional: true });
  if (text === undefined) return fields.faults[0] === undefined ? ok(nowMs) : fail(fields.faults[0]);
  const instant = parseInstant(text);
  if (instant === undefined)
    return fail({ message: '"takenAt" is no instant', help: "write it with its offset: 2026-11-24T06:20:00-06:00" });
  if (instant > nowMs + FUTURE_TOLERANCE_MS) return fail({ message: '"takenAt" lies in the future' });
  return ok(Math.min(instant, nowMs));
}

export function assetOf(fields: Fields, { vocabulary }: InputContext, name = "asset"): string {
  const word = fields.raw(name);
  const asset = typeof word === "string" ? vocabulary.assetOf(word) : undefined;
  if (asset === undefined) fields.faults.push(unknownWord(name, word, vocabulary.assetNames));
  return asset ?? "";
}

/** Drops members that are undefined, so that optional ones are absent rather than undefined. */
export const present = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
