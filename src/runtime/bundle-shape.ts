import { SEVERITIES } from "../model/alert.ts";
import { type ClauseKind, partsOfClause, RULE_OPERATORS } from "../model/bundle.ts";
import {
  byKind,
  isPlainObject,
  listOf,
  matching,
  oneOf,
  orNull,
  record,
  refuseShape,
  type Shape,
  text,
  truth,
  whole,
} from "./shape.ts";

const name = matching(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, "a kebab-case name");
const decimal = matching(/^-?\d{1,400}(\.\d{1,400})?$/, "a decimal");
const digest = matching(/^sha256:[0-9a-f]{64}$/, "a SHA-256 digest");
const line = whole(1);
const count = whole(1);

const span = byKind({
  elapsed: record({ kind: text, ms: count }),
  calendar: record({ kind: text, count, unit: oneOf("day", "month", "year") }),
});

const freshness = byKind({
  period: record({ kind: text, period: oneOf("day", "shift", "week", "month", "quarter") }),
  every: record({ kind: text, span }),
  latest: record({ kind: text }),
});

const end = orNull(record({ value: decimal, inclusive: truth }));
const limit: Shape = (value, place) => {
  record({ unit: text, low: end, high: end })(value, place);
  const ends = value as { low: unknown; high: unknown };
  if (ends.low === null && ends.high === null) refuseShape("a limit has an end", place);
};

const base = {
  kind: text,
  index: whole(0),
  condition: name,
  strictness: oneOf("must", "should"),
  line,
  column: line,
  text,
  because: orNull(text),
  order: orNull(text),
  attribute: orNull(record({ equipment: name, attribute: text })),
  neverOverridable: truth,
};

const ofKind: { readonly [K in ClauseKind]: { readonly [field: string]: Shape } } = {
  calibration: {
    equipment: name,
    interval: orNull(span),
    cycles: orNull(count),
    warnBefore: orNull(span),
    warnCyclesBefore: orNull(count),
    referencesWithin: orNull(span),
    extension: orNull(record({ cap: span, roles: listOf(text, 1) })),
  },
  "warm-up": { equipment: name, ms: whole(0) },
  reading: {
    quantity: name,
    readWith: orNull(name),
    freshness,
    limit,
    guardBand: orNull(record({ value: decimal, unit: text })),
    settledMs: orNull(whole(0)),
  },
  use: {
    equipment: name,
    counter: oneOf("hours", "cycles"),
    every: decimal,
    warnBefore: orNull(decimal),
    enoughLeft: truth,
  },
  events: { equipment: name, events: listOf(name, 1) },
  acknowledgement: {
    who: byKind({
      operator: record({ kind: text }),
      people: record({ kind: text, count }),
      role: record({ kind: text, role: text }),
    }),
    step: text,
    freshness,
  },
  "service-state": { equipment: name },
  "before-and-after-use": { equipment: name },
  "shelf-life": { material: name, openedWithin: orNull(span) },
  "check-list": { equipment: name, items: listOf(text, 1), freshness },
};

const clause = byKind(
  Object.fromEntries(Object.entries(ofKind).map(([kind, fields]) => [kind, record({ ...base, ...fields })])),
);

/** Nothing but constant comparisons: no `path`, `params`, `priority`, `any`, `not`, no reference to another fact. */
const ruleCondition = record({
  fact: text,
  operator: oneOf(...RULE_OPERATORS),
  value: (value, place) => {
    if (typeof value !== "string" && typeof value !== "number") refuseShape("expected a text or a number", place);
  },
});

const rule = record({
  name: matching(/^c\d{1,5}(\.[a-z-]+)?$/, "a rule's name"),
  conditions: record({ all: listOf(ruleCondition, 1) }),
  event: record({
    type: oneOf("permit"),
    params: record({ clause: whole(0), part: oneOf(...Object.values(partsOfClause).flat()) }),
  }),
  source: record({ line, column: line }),
});

const fact = record({
  name: matching(/^c\d{1,5}(\.[a-z-]+)?\.(state|vsLimit|vsHigh|vsPlanned)$/, "a fact's name"),
  type: oneOf("state", "sign"),
  clause: whole(0),
  subject: text,
  unit: orNull(text),
});

const snapshot: Shape = (value, place) => {
  if (!isPlainObject(value)) refuseShape("expected an object", place);
};

const test = record({
  name: text,
  line,
  at: text,
  plantZone: text,
  snapshot,
  expect: listOf(
    byKind({
      allowed: record({ kind: text, line }),
      blocked: record({ kind: text, by: listOf(name), line }),
      reason: record({ kind: text, code: text, subject: text, line }),
      warning: record({ kind: text, code: text, subject: text, line }),
    }),
    1,
  ),
});

/** `maint-bundle/1`, member by member. Source: model/bundle. */
export const bundleShape: Shape = record({
  format: oneOf("maint-bundle/1"),
  contract: matching(/^(?=.{1,64}$)[A-Z][A-Z0-9]*(-[A-Z0-9]+)*$/, "a contract id"),
  title: text,
  doc: orNull(text),
  source: record({ digest }),
  following: listOf(text),
  scope: record({ stationType: orNull(text), order: orNull(text) }),
  equipment: listOf(record({ name, type: text, asset: orNull(text), line })),
  materials: listOf(record({ name, lot: orNull(text), line })),
  quantities: listOf(
    record({
      name,
      unit: text,
      plausible: orNull(record({ from: decimal, to: decimal })),
      difference: orNull(record({ left: name, right: name })),
      line,
    }),
  ),
  conditions: listOf(record({ name, testKind: orNull(text), line })),
  clauses: listOf(clause, 1),
  overrides: listOf(record({ roles: listOf(text, 1), reason: text, capMs: count, line })),
  whenBlocked: listOf(record({ role: text, severity: oneOf(...SEVERITIES), afterMs: whole(0), line })),
  rules: listOf(rule, 1),
  facts: listOf(fact),
  tests: listOf(test),
});
