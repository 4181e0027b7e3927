import { parseDate } from "../base/civil-time.ts";
import { compare, parseJsonNumber } from "../base/rational.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { isJsonArray, isJsonNumber, isJsonObject, type Json, type JsonObject } from "../base/strict-json.ts";
import type { CalibrationEvidence, EvidenceKind, EvidenceRecord, RecordedKind } from "../model/evidence.ts";
import { findUnit, nearestUnits } from "../model/units.ts";
import {
  assetOf,
  type Fields,
  fieldsOf,
  type InputContext,
  type InputFault,
  type Outcome,
  type Parse,
  present,
  suggestion,
  takenAt,
  unknownWord,
} from "./evidence-fields.ts";
import {
  CALIBRATION_RESULTS,
  CHECK_RESULTS,
  CHECK_TIMES,
  COUNTERS,
  evidenceForms,
  fieldsOfForm,
  SERVICE_STATES,
  SWITCH_STATES,
} from "./evidence-forms.ts";
import { grantParsers } from "./evidence-grants.ts";
import { nearestNames } from "./vocabulary.ts";

/** What a body says, before it has its place in the ledger. */
export type NewEvidence = Pick<EvidenceRecord, "kind" | "subject" | "takenAtMs" | "supersedes" | "body">;

const parsers: { readonly [kind in RecordedKind]: Parse } = {
  ...{ calibration, reading, acknowledgement, check, event, service, lot, counter },
  "on-time": onTime,
  ...grantParsers,
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
  const parse: Parse = parsers[kind as RecordedKind];
  const known = fieldsOfForm(evidenceForms[kind as RecordedKind]);
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
    result: fields.word("result", CALIBRATION_RESULTS),
    certificate: fields.text("certificate", { optional: true }),
    assetSerial: fields.text("assetSerial", { optional: true }),
    asFound: fields.text("asFound", { optional: true }),
    asLeft: fields.text("asLeft", { optional: true }),
    asFoundShare: fields.decimal("asFoundShare", { optional: true }),
    asLeftShare: fields.decimal("asLeftShare", { optional: true }),
    signature: fields.text("signature", { optional: true }),
    ranges: rangesOf(fields),
    references: named as readonly string[] | undefined,
    national: fields.flag("national"),
  });
  // Calibrations are ordered by the day on the certificate; of one day, the one recorded later counts.
  return ok({ subject, body, takenAtMs: (parseDate(performedOn) ?? 0) * DAY_MS });
}

/** `[[low, high, unit], …]`; undefined where the body has none. */
function rangesOf(fields: Fields): CalibrationEvidence["ranges"] {
  const given = fields.raw("ranges");
  if (given === undefined) return undefined;
  const rows = isJsonArray(given) ? given.map(rangeOf) : [undefined];
  if (rows.length > 0 && rows.every((row) => row !== undefined)) return rows;
  fields.faults.push({
    message: '"ranges" is no list of [low, high, unit]',
    help: 'such as [["0", "20000", "uW/cm2"]]',
  });
  return undefined;
}

function rangeOf(row: Json): readonly [string, string, string] | undefined {
  if (!isJsonArray(row) || row.length !== 3) return undefined;
  const [low, high, unit] = row;
  const [from, to] = [numberText(low), numberText(high)];
  const known = typeof unit === "string" ? findUnit(unit) : undefined;
  if (from === undefined || to === undefined || known === undefined) return undefined;
  const [a, b] = [parseJsonNumber(from), parseJsonNumber(to)];
  return a !== undefined && b !== undefined && compare(a, b) <= 0 ? [from, to, known.symbol] : undefined;
}

const numberText = (value: Json | undefined): string | undefined =>
  isJsonNumber(value) ? value.text : typeof value === "string" ? value : undefined;

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
  const state = fields.word("state", SWITCH_STATES, "on");
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
    when: fields.word("when", CHECK_TIMES, "list"),
    name: fields.text("name", { optional: true }),
    result: fields.word("result", CHECK_RESULTS),
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
    counter: fields.word("counter", COUNTERS),
    value,
    atService: fields.flag("atService") ?? false,
  };
  return ok({ subject: assetOf(fields, context), body });
}
