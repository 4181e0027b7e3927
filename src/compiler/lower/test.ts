import type { Moment, NodeOf, Test, TestStatement } from "../../../grammar/ast.ts";
import { type Rational, rational } from "../../base/rational.ts";
import type { BundleExpectation, BundleTest } from "../../model/bundle.ts";
import { findUnit } from "../../model/units.ts";
import { decimalText, exactDecimal, measured, msOf, numberOf } from "../amounts.ts";
import { type Body, clausesOf } from "../body.ts";
import { placeOf } from "../source-text.ts";

type Fields = { [key: string]: unknown };

/** The snapshot while the statements of a test write it. */
interface Draft {
  readonly body: Body;
  readonly day: string;
  /** A facts file says how the items are; the test writes only what it speaks of. */
  readonly isGiven: boolean;
  readonly equipment: { [asset: string]: Fields };
  readonly lots: { [lot: string]: Fields };
  readonly readings: { [quantity: string]: Fields };
  readonly roles: { [role: string]: string };
  readonly acks: Fields[];
  readonly test: Fields;
  readonly top: Fields;
  readonly expect: BundleExpectation[];
}

/** Numbers travel as their decimals. Source: decisions.md "The snapshot". */
const number = (text: string) => ({ $number: text });
const exactly = (value: Rational) => number(exactDecimal(value) ?? "0");

/** Local plant time without an offset: the runtime knows the zone's transitions, the compiler does not. */
const momentOf = ({ date, time }: Moment, { day }: Draft): string => `${date?.text ?? day}T${time.text}`;

type Writers = { readonly [K in TestStatement["kind"]]: (statement: NodeOf<K>, draft: Draft) => void };

const writers: Writers = {
  "test-at": () => {},
  "test-shifts": ({ times }, { top }) => {
    top["shifts"] = times.map(({ text }) => text);
  },
  "test-operator": ({ operator }, { test }) => {
    test["operator"] = operator.value;
  },
  "test-order": ({ order }, { test, top }) => {
    test["clientPO"] = order.value;
    top["orders"] = [{ id: order.value, revision: 1, state: "open", tests: [] }];
  },
  "test-calibrated": ({ subject, on, result }, draft) => {
    itemOf(subject.text, draft)["calibration"] = {
      performedOn: on.text,
      result: result.text,
      certificate: `test certificate of ${subject.text}`,
    };
  },
  "test-on": ({ subject, duration }, draft) => {
    itemOf(subject.text, draft)["onSeconds"] = exactly(rational(BigInt(msOf(duration)), 1000n));
  },
  "test-reads": ({ subject, value, at, readWith, settledFor }, draft) => {
    draft.readings[subject.text] = {
      value: number(decimalText(value.number)),
      unit: value.unit === null ? unitWord(subject.text, draft.body) : (findUnit(value.unit.text)?.symbol ?? null),
      takenAt: momentOf(at, draft),
      ...(readWith === null ? {} : { takenWith: assetOf(readWith.text, draft) }),
      ...(settledFor === null ? {} : { settledMinutes: exactly(rational(BigInt(msOf(settledFor)), 60_000n)) }),
    };
  },
  "test-acknowledged": ({ step, by, role, at }, draft) => {
    const who = role === null ? {} : { role: role.text };
    draft.acks.push({ step: step.value, by: by.value, ...who, at: momentOf(at, draft) });
  },
  "test-service": ({ subject, state }, draft) => {
    const item = itemOf(subject.text, draft);
    item["status"] = state === "out of service" ? "out-of-service" : "in-service";
    if (state === "locked out") item["locks"] = [{ by: "test", at: `${draft.day}T00:00` }];
  },
  "test-attribute": ({ subject, attribute }, draft) => {
    (itemOf(subject.text, draft)["attributes"] as string[]).push(attribute.text);
  },
  "test-event": ({ subject, event, on }, draft) => {
    (itemOf(subject.text, draft)["events"] as Fields[]).push({ kind: event.text, at: `${on.text}T12:00` });
  },
  "test-use": ({ subject, amount }, draft) => {
    const measure = measured(amount);
    const counter = measure.kind === "use" && measure.counter === "cycles" ? "cycles" : "hours";
    const item = itemOf(subject.text, draft);
    item[counter] = exactly(numberOf(amount));
    item[`${counter}AtService`] = number("0");
  },
  "test-planned": ({ amount }, { test }) => {
    const measure = measured(amount);
    const counter = measure.kind === "use" && measure.counter === "cycles" ? "cycles" : "hours";
    test["planned"] = { ...(test["planned"] as Fields | undefined), [counter]: exactly(numberOf(amount)) };
  },
  "test-lot": ({ subject, expires, opened }, draft) => {
    const lot = lotOf(subject.text, draft);
    draft.lots[lot] = {
      lot,
      expires: expires.text,
      ...(opened === null ? {} : { openedOn: opened.text }),
    };
  },
  "test-checked": ({ subject, by, at, result }, draft) => {
    const item = itemOf(subject.text, draft);
    const when = momentOf(at, draft);
    const items = Object.fromEntries(
      checkItems(subject.text, draft.body).map((text) => [text, result.text === "pass"]),
    );
    item["checks"] = [{ name: subject.text, at: when, by: by.value, result: result.text, items }];
    item["closingCheck"] = { at: when, result: result.text };
  },
  "test-used": ({ subject, until }, draft) => {
    itemOf(subject.text, draft)["lastUseEndedAt"] = momentOf(until, draft);
  },
  "test-given": () => {},
  "expect-allowed": (statement, { expect, body }) => {
    expect.push({ kind: "allowed", line: lineOf(statement, body) });
  },
  "expect-blocked": (statement, { expect, body }) => {
    expect.push({ kind: "blocked", by: statement.by.map(({ text }) => text), line: lineOf(statement, body) });
  },
  "expect-reason": (statement, draft) => {
    const { level, code, subject } = statement;
    const named = subject.kind === "text" ? subject.value : subjectOf(subject.text, draft);
    draft.expect.push({ kind: level, code: code.text, subject: named, line: lineOf(statement, draft.body) });
  },
};

const lineOf = ({ span }: TestStatement, { source }: Body): number => placeOf(source, span).line;

/** The asset a name stands for in a test: the contract's default, else the name itself, bound by the station. */
function assetOf(name: string, { body, roles }: Draft): string {
  const declared = body.declared.get(name);
  const byDefault = declared !== undefined && "byDefault" in declared ? declared.byDefault : null;
  if (byDefault?.kind === "text") return byDefault.value;
  roles[name] = name;
  return name;
}
const lotOf = assetOf;

/** Reasons name assets and lots; quantities go by their own name. */
function subjectOf(name: string, draft: Draft): string {
  const kind = draft.body.declared.get(name)?.kind;
  return kind === "equipment" || kind === "material" ? assetOf(name, draft) : name;
}

function itemOf(name: string, draft: Draft): Fields {
  const asset = assetOf(name, draft);
  draft.equipment[asset] ??= newItem(draft.isGiven);
  return draft.equipment[asset];
}

/** A test says what is special; an item it does not speak of is in the register, in service, and nothing happened to it. */
const newItem = (isGiven: boolean): Fields => ({
  ...(isGiven ? {} : { status: "in-service" }),
  attributes: [],
  events: [],
  locks: [],
});

const unitWord = (quantity: string, body: Body): string | null => {
  const declared = body.declared.get(quantity);
  return declared?.kind === "measured" ? (findUnit(declared.unit.text)?.symbol ?? null) : null;
};

function checkItems(equipment: string, body: Body): readonly string[] {
  return clausesOf(body.members).flatMap(({ clause }) =>
    clause.kind === "check-list" && clause.subject.text === equipment ? clause.items.map(({ value }) => value) : [],
  );
}

/** A sound test in compiled form. `facts` is what `given facts` brings, under which the statements are laid. */
export function lowerTest(test: Test, body: Body, facts: Fields | null): BundleTest {
  const statements = test.statements.filter((statement) => statement.kind !== "broken");
  const at = statements.find((statement) => statement.kind === "test-at");
  const draft: Draft = {
    body,
    day: at?.date.text ?? "",
    isGiven: facts !== null,
    ...{ equipment: record(), lots: record(), readings: record(), roles: record() },
    ...{ acks: [], test: {}, top: {}, expect: [] },
  };
  for (const [name, { kind }] of body.declared) if (kind === "equipment" && facts === null) itemOf(name, draft);
  for (const statement of statements) write(statement, draft);
  const { equipment, lots, readings, roles, acks, top, expect } = draft;
  const zone = at?.zone.text ?? "";
  const own = { plantZone: zone, ...top, equipment, lots, readings, acks, station: { roles }, test: draft.test };
  return {
    name: test.title.value,
    line: placeOf(body.source, test.span).line,
    at: at === undefined ? "" : `${at.date.text}T${at.time.text}`,
    plantZone: zone,
    snapshot: facts === null ? own : laidOver(facts, own),
    expect,
  };
}

function write(statement: TestStatement, draft: Draft): void {
  (writers[statement.kind] as (statement: TestStatement, draft: Draft) => void)(statement, draft);
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !("$number" in value);

/** Objects join, everything else is replaced; an empty list or object of a test says nothing about the given facts. */
function laidOver(under: Fields, over: Fields): Fields {
  const joined = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const below = joined.get(key);
    if (isFields(below) && isFields(value)) joined.set(key, laidOver(below, value));
    else if (!(Array.isArray(value) && value.length === 0 && below !== undefined)) joined.set(key, value);
  }
  return Object.fromEntries(joined);
}

/** Its keys are the author's texts: none of them may reach a prototype. */
const record = <V>(): { [key: string]: V } => Object.create(null) as { [key: string]: V };
