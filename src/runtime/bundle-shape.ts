import { SEVERITIES } from "../model/alert.ts";
import { partsOfClause, RULE_OPERATORS } from "../model/bundle.ts";
import { count, decimal, digest, line, name } from "./bundle-values.ts";
import { clauseKinds } from "./clause-kinds.ts";
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

const clause = byKind(
  Object.fromEntries(Object.entries(clauseKinds).map(([kind, { shape }]) => [kind, record({ ...base, ...shape })])),
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
