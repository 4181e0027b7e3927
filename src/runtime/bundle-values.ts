import { byKind, matching, oneOf, orNull, record, refuseShape, type Shape, text, truth, whole } from "./shape.ts";

/* The values that stand in several members of a bundle. Source: model/bundle. */

export const name = matching(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, "a kebab-case name");
export const decimal = matching(/^-?\d{1,400}(\.\d{1,400})?$/, "a decimal");
export const digest = matching(/^sha256:[0-9a-f]{64}$/, "a SHA-256 digest");
export const line = whole(1);
export const count = whole(1);

export const span = byKind({
  elapsed: record({ kind: text, ms: count }),
  calendar: record({ kind: text, count, unit: oneOf("day", "month", "year") }),
});

export const freshness = byKind({
  period: record({ kind: text, period: oneOf("day", "shift", "week", "month", "quarter") }),
  every: record({ kind: text, span }),
  latest: record({ kind: text }),
});

const end = orNull(record({ value: decimal, inclusive: truth }));
export const limit: Shape = (value, place) => {
  record({ unit: text, low: end, high: end })(value, place);
  const ends = value as { low: unknown; high: unknown };
  if (ends.low === null && ends.high === null) refuseShape("a limit has an end", place);
};
