import type { BundleClause, ClauseKind, Freshness, Limit, Span } from "../../model/bundle.ts";

type ClauseOf<K extends ClauseKind> = Extract<BundleClause, { readonly kind: K }>;
/** What a clause says in each of its respects, in words; "none" where it says nothing. */
type Aspects = { readonly [aspect: string]: string };
/** A kind that is not here differs in its whole text. */
type AspectsOf = { readonly [K in ClauseKind]?: (clause: ClauseOf<K>) => Aspects };

const counted = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? "" : "s"}`;

export function spanWords(span: Span): string {
  if (span.kind === "calendar") return counted(span.count, span.unit);
  if (span.ms % 3_600_000 === 0) return counted(span.ms / 3_600_000, "hour");
  return span.ms % 60_000 === 0 ? counted(span.ms / 60_000, "minute") : counted(span.ms / 1000, "second");
}

const orNone = <T>(value: T | null, words: (value: T) => string): string => (value === null ? "none" : words(value));
const every = (span: Span): string => `every ${spanWords(span)}`;

function freshnessWords(freshness: Freshness): string {
  if (freshness.kind === "period") return `each ${freshness.period}`;
  return freshness.kind === "every" ? every(freshness.span) : "the latest, of any age";
}

function limitWords({ low, high, unit }: Limit): string {
  if (low !== null && high !== null) return `between ${low.value} and ${high.value} ${unit}`;
  if (low !== null) return `${low.inclusive ? "at least" : "more than"} ${low.value} ${unit}`;
  return `${high?.inclusive === true ? "at most" : "less than"} ${high?.value} ${unit}`;
}

const whoWords = (who: ClauseOf<"acknowledgement">["who"]): string =>
  who.kind === "people" ? `${who.count} people` : who.kind === "role" ? who.role : "the operator";

const aspectsOf: AspectsOf = {
  calibration: ({ interval, cycles, warnBefore, warnCyclesBefore, referencesWithin, extension }) => ({
    interval: orNone(interval, every),
    cycles: orNone(cycles, String),
    warning: orNone(warnBefore, (span) => `${spanWords(span)} before`),
    "cycles warning": orNone(warnCyclesBefore, (count) => `${count} before`),
    "reference standards": orNone(referencesWithin, (span) => `within ${spanWords(span)}`),
    extension: orNone(extension, ({ cap, roles }) => `at most ${spanWords(cap)}, approved by ${roles.join(" or ")}`),
  }),
  "warm-up": ({ ms }) => ({ time: spanWords({ kind: "elapsed", ms }) }),
  reading: ({ limit, freshness, readWith, guardBand, settledMs }) => ({
    limit: limitWords(limit),
    freshness: freshnessWords(freshness),
    instrument: readWith ?? "any",
    "guard band": orNone(guardBand, ({ value, unit }) => `${value} ${unit}`),
    settling: orNone(settledMs, (ms) => spanWords({ kind: "elapsed", ms })),
  }),
  use: (clause) => ({
    use: `every ${clause.every} ${clause.counter === "hours" ? "use-hours" : "cycles"}`,
    warning: orNone(clause.warnBefore, (before) => `${before} before`),
    "enough left": clause.enoughLeft ? "for the whole test" : "not asked",
  }),
  events: ({ events }) => ({ events: events.join(" or ") }),
  acknowledgement: ({ who, freshness }) => ({ who: whoWords(who), freshness: freshnessWords(freshness) }),
  "service-state": () => ({}),
  "before-and-after-use": () => ({}),
  "shelf-life": ({ openedWithin }) => ({ "used within": orNone(openedWithin, spanWords) }),
  "check-list": ({ items, freshness }) => ({
    items: items.map((item) => JSON.stringify(item)).join(", "),
    freshness: freshnessWords(freshness),
  }),
};

function aspects(clause: BundleClause): Aspects {
  const { strictness, neverOverridable, condition, order, attribute } = clause;
  const own = aspectsOf[clause.kind] as ((clause: BundleClause) => Aspects) | undefined;
  return {
    ...(own?.(clause) ?? { clause: clause.text }),
    strictness,
    override: neverOverridable ? "never" : "as the contract says",
    condition,
    order: order ?? "any",
    guard: attribute === null ? "none" : `when the ${attribute.equipment} is ${attribute.attribute}`,
  };
}

/** Each respect in which two clauses of one kind differ: `limit: at least 1000 uW/cm2 → at least 1200 uW/cm2`. */
export function differencesOf(was: BundleClause, now: BundleClause): readonly string[] {
  const [before, after] = [aspects(was), aspects(now)];
  return Object.keys({ ...before, ...after }).flatMap((name) =>
    before[name] === after[name] ? [] : [`${name}: ${before[name] ?? "none"} → ${after[name] ?? "none"}`],
  );
}

/** What a clause is about, as reasons and pages name it. */
export function subjectOf(clause: BundleClause): string {
  if ("equipment" in clause) return clause.equipment;
  if (clause.kind === "reading") return clause.quantity;
  return clause.kind === "shelf-life" ? clause.material : clause.step;
}
