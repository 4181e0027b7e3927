import { parseDate, parseInstant, parseMonthEnd } from "../base/civil-time.ts";
import { parseJsonNumber } from "../base/rational.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { isJsonArray, isJsonNumber, isJsonObject, type Json, type JsonObject } from "../base/strict-json.ts";
import { FUTURE_TOLERANCE_MS } from "../model/limits.ts";
import { findUnit, nearestUnits } from "../model/units.ts";
import type { EvidenceBody, EvidenceKind, EvidenceRecord } from "./evidence-record.ts";
import { nearestNames, type Vocabulary } from "./vocabulary.ts";

/** What a body says, before it has its place in the ledger. */
export type NewEvidence = Pick<EvidenceRecord, "kind" | "subject" | "takenAtMs" | "supersedes" | "body">;

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

type Outcome = Result<
  { readonly subject: string; readonly body: EvidenceBody; readonly takenAtMs?: number },
  InputFault
>;
type Parse = (fields: Fields, context: InputContext) => Outcome;

/** Fields that every kind may carry, then each kind's own. */
const COMMON = ["kind", "takenAt", "supersedes"] as const;
const parsers: { readonly [kind in EvidenceKind]: { readonly fields: readonly string[]; readonly parse: Parse } } = {
  calibration: {
    fields: [
      "asset",
      "performedOn",
      "dueOn",
      "result",
      "certificate",
      "assetSerial",
      "asFound",
      "references",
      "national",
    ],
    parse: calibration,
  },
  reading: { fields: ["quantity", "value", "unit", "takenWith", "settledMinutes"], parse: reading },
  acknowledgement: { fields: ["step"], parse: acknowledgement },
  "on-time": { fields: ["asset", "state", "forMinutes"], parse: onTime },
  check: { fields: ["asset", "when", "name", "result", "items"], parse: check },
  event: { fields: ["asset", "event"], parse: event },
  service: { fields: ["asset", "state"], parse: service },
  lot: { fields: ["material", "lot", "expires", "openedOn"], parse: lot },
  counter: { fields: ["asset", "counter", "value", "atService"], parse: counter },
};

/** Who did it is never taken from a body. */
const FROM_THE_TOKEN = ["by", "role", "roles", "operator", "person"] as const;

/** The first of these fields that a body carries, as a fault; undefined where it carries none. */
export function refuseIdentity(body: JsonObject): InputFault | undefined {
  const found = FROM_THE_TOKEN.find((name) => body.has(name));
  if (found === undefined) return undefined;
  return {
    message: `"${found}" may not stand in the body: who it is comes from the token`,
    help: "leave it out and send the token of the person who did it",
  };
}

export function parseEvidence(body: JsonObject, context: InputContext): Result<NewEvidence, InputFault> {
  const identity = refuseIdentity(body);
  if (identity !== undefined) return fail(identity);
  const kind = body.get("kind");
  if (typeof kind !== "string" || !Object.hasOwn(parsers, kind))
    return fail(unknownWord("kind", kind, Object.keys(parsers)));
  const { fields: allowed, parse } = parsers[kind as EvidenceKind];
  const known = [...COMMON, ...allowed];
  const stray = [...body.keys()].find((name) => !known.includes(name));
  if (stray !== undefined) {
    const near = nearestNames(stray, known);
    return fail({ message: `a ${kind} has no field "${stray}"`, help: suggestion(near.length > 0 ? near : known) });
  }
  const fields = fieldsOf(body);
  const takenAtMs = takenAt(fields, context.nowMs);
  if (!takenAtMs.ok) return takenAtMs;
  const outcome = parse(fields, context);
  if (fields.faults[0] !== undefined) return fail(fields.faults[0]);
  if (!outcome.ok) return outcome;
  const supersedes = fields.text("supersedes", { optional: true }) ?? null;
  if (fields.faults[0] !== undefined) return fail(fields.faults[0]);
  const { subject, body: parsed } = outcome.value;
  return ok({
    kind: kind as EvidenceKind,
    subject,
    takenAtMs: outcome.value.takenAtMs ?? takenAtMs.value,
    supersedes,
    body: parsed,
  });
}

const suggestion = (names: readonly string[]): string => `known: ${names.map((name) => `"${name}"`).join(", ")}`;

function unknownWord(field: string, word: Json | undefined, known: Iterable<string>): InputFault {
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
interface Fields {
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

const MAX_TEXT = 512;

function fieldsOf(body: JsonObject): Fields {
  const faults: InputFault[] = [];
  const say = (message: string): undefined => void faults.push({ message });
  const text: Fields["text"] = (name, { optional = false } = {}) => {
    const value = body.get(name);
    if (value === undefined && optional) return undefined;
    if (typeof value !== "string" || value.trim() === "") return say(`"${name}" is missing or no text`);
    return value.length > MAX_TEXT ? say(`"${name}" is longer than ${MAX_TEXT} characters`) : value;
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

function takenAt(fields: Fields, nowMs: number): Result<number, InputFault> {
  const text = fields.text("takenAt", { optional: true });
  if (text === undefined) return fields.faults[0] === undefined ? ok(nowMs) : fail(fields.faults[0]);
  const instant = parseInstant(text);
  if (instant === undefined)
    return fail({ message: '"takenAt" is no instant', help: "write it with its offset: 2026-11-24T06:20:00-06:00" });
  if (instant > nowMs + FUTURE_TOLERANCE_MS) return fail({ message: '"takenAt" lies in the future' });
  return ok(Math.min(instant, nowMs));
}

function assetOf(fields: Fields, { vocabulary }: InputContext, name = "asset"): string {
  const word = fields.raw(name);
  const asset = typeof word === "string" ? vocabulary.assetOf(word) : undefined;
  if (asset === undefined) fields.faults.push(unknownWord(name, word, vocabulary.assetNames));
  return asset ?? "";
}

/** Drops members that are undefined, so that optional ones are absent rather than undefined. */
const present = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

const DAY_MS = 86_400_000;
/** The first zone that sees a new day is 14 hours ahead of UTC. */
const EASTMOST_MS = 14 * 3_600_000;

function calibration(fields: Fields, context: InputContext): Outcome {
  const subject = assetOf(fields, context);
  const references = fields.raw("references");
  const named =
    isJsonArray(references) && references.every((item) => typeof item === "string") ? references : undefined;
  if (references !== undefined && named === undefined)
    fields.faults.push({ message: '"references" is no list of names' });
  const performedOn = fields.date("performedOn") ?? "";
  if ((parseDate(performedOn) ?? 0) > Math.floor((context.nowMs + EASTMOST_MS) / DAY_MS))
    fields.faults.push({ message: '"performedOn" lies in the future' });
  const body = present({
    kind: "calibration" as const,
    performedOn,
    dueOn: fields.date("dueOn", { optional: true }),
    result: fields.word("result", ["pass", "fail", "pass-with-correction"]),
    certificate: fields.text("certificate", { optional: true }),
    assetSerial: fields.text("assetSerial", { optional: true }),
    asFound: fields.text("asFound", { optional: true }),
    references: named as readonly string[] | undefined,
    national: fields.flag("national"),
  });
  // Calibrations are ordered by the day on the certificate; of one day, the one recorded later counts.
  return ok({ subject, body, takenAtMs: (parseDate(performedOn) ?? 0) * DAY_MS });
}

function reading(fields: Fields, context: InputContext): Outcome {
  const quantity = fields.raw("quantity");
  const unitOfQuantity = typeof quantity === "string" ? context.vocabulary.quantities.get(quantity) : undefined;
  if (unitOfQuantity === undefined)
    return fail(unknownWord("quantity", quantity, context.vocabulary.quantities.keys()));
  const wanted = findUnit(unitOfQuantity);
  const word = fields.text("unit") ?? "";
  const unit = findUnit(word);
  if (unit === undefined || (wanted !== undefined && unit.kind !== wanted.kind)) {
    const near = unit === undefined ? nearestUnits(word, 3, wanted?.kind) : [];
    const what = unit === undefined ? `unknown unit "${word}"` : `${unit.symbol} is ${unit.words}, ${quantity} is not`;
    return fail({ message: what, help: `use ${[...new Set([unitOfQuantity, ...near])].join(" or ")}` });
  }
  const takenWith = fields.raw("takenWith") === undefined ? undefined : assetOf(fields, context, "takenWith");
  const body = present({
    kind: "reading" as const,
    value: fields.decimal("value") ?? "",
    unit: unit.symbol,
    takenWith,
    settledMinutes: fields.decimal("settledMinutes", { optional: true }),
  });
  return ok({ subject: quantity as string, body });
}

function acknowledgement(fields: Fields, { vocabulary }: InputContext): Outcome {
  const step = fields.raw("step");
  if (typeof step !== "string" || !vocabulary.steps.has(step)) return fail(unknownWord("step", step, vocabulary.steps));
  return ok({ subject: step, body: { kind: "acknowledgement" } });
}

const MAX_CLAIMED_MINUTES = 24 * 60;

function onTime(fields: Fields, context: InputContext): Outcome {
  const minutes = Number(fields.decimal("forMinutes", { optional: true }) ?? "0");
  if (minutes < 0 || minutes > MAX_CLAIMED_MINUTES)
    return fail({ message: `"forMinutes" lies between 0 and ${MAX_CLAIMED_MINUTES}` });
  const state = fields.word("state", ["on", "off"], "on");
  const forSeconds = state === "on" ? Math.floor(minutes * 60) : 0;
  return ok({ subject: assetOf(fields, context), body: { kind: "on-time", state, forSeconds, ...context.boot } });
}

function check(fields: Fields, context: InputContext): Outcome {
  const items = fields.raw("items");
  const given: { [item: string]: string | boolean } = {};
  if (isJsonObject(items)) {
    for (const [item, value] of items) {
      if (typeof value === "string" || typeof value === "boolean") given[item] = value;
      else fields.faults.push({ message: `the item "${item}" is neither text nor true or false` });
    }
  } else if (items !== undefined) fields.faults.push({ message: '"items" is no object' });
  const body = present({
    kind: "check" as const,
    when: fields.word("when", ["list", "opening", "closing"], "list"),
    name: fields.text("name", { optional: true }),
    result: fields.word("result", ["pass", "fail"]),
    items: items === undefined ? undefined : given,
  });
  const failed = Object.entries(given).find(([, value]) => value === "fail" || value === false);
  if (body.result === "pass" && failed !== undefined)
    fields.faults.push({ message: `the check passed, but its item "${failed[0]}" failed: one of them is wrong` });
  return ok({ subject: assetOf(fields, context), body });
}

function event(fields: Fields, context: InputContext): Outcome {
  return ok({ subject: assetOf(fields, context), body: { kind: "event", event: fields.text("event") ?? "" } });
}

const SERVICE_STATES = [
  "in-service",
  "out-of-service",
  "locked",
  "unlocked",
  "returned",
  "reverified",
  "used",
] as const;

function service(fields: Fields, context: InputContext): Outcome {
  return ok({
    subject: assetOf(fields, context),
    body: { kind: "service", state: fields.word("state", SERVICE_STATES) },
  });
}

function lot(fields: Fields, { vocabulary }: InputContext): Outcome {
  const material = fields.raw("material");
  const subject = typeof material === "string" ? vocabulary.materialOf(material) : undefined;
  if (subject === undefined) return fail(unknownWord("material", material, vocabulary.materials));
  const body = present({
    kind: "lot" as const,
    lot: fields.text("lot") ?? "",
    expires: fields.date("expires", { optional: true, month: true }),
    openedOn: fields.date("openedOn", { optional: true }),
  });
  return ok({ subject, body });
}

function counter(fields: Fields, context: InputContext): Outcome {
  const value = fields.decimal("value") ?? "";
  if (value.startsWith("-")) fields.faults.push({ message: '"value" is below zero: a counter counts up' });
  const body = {
    kind: "counter" as const,
    counter: fields.word("counter", ["hours", "cycles"]),
    value,
    atService: fields.flag("atService") ?? false,
  };
  return ok({ subject: assetOf(fields, context), body });
}
