import type { Bundle, BundleClause, ClauseKind, Freshness, Limit, Span } from "../../model/bundle.ts";
import { code, type Fact, type Inline, joined, type Text } from "./page.ts";

/** A kind that is not here is told by its sentence and what it is about. */
type FactsOf = {
  readonly [K in ClauseKind]?: (clause: Extract<BundleClause, { kind: K }>, bundle: Bundle) => readonly (Fact | null)[];
};

const fact = (term: string, ...text: readonly Inline[]): Fact => ({ term, text });
const maybe = <T>(value: T | null, term: string, words: (value: T) => Inline): Fact | null =>
  value === null ? null : fact(term, words(value));

const plural = (count: string | number, word: string): string => `${count} ${word}${String(count) === "1" ? "" : "s"}`;

export function spanWords(span: Span): string {
  if (span.kind === "calendar") return plural(span.count, span.unit);
  const sizes = [
    [3_600_000, "hour"],
    [60_000, "minute"],
    [1_000, "second"],
  ] as const;
  for (const [size, word] of sizes) if (span.ms % size === 0) return plural(span.ms / size, word);
  return plural(span.ms, "millisecond");
}
export const msWords = (ms: number): string => spanWords({ kind: "elapsed", ms });

const periods = {
  day: "of the plant's calendar day",
  shift: "of the running shift",
  week: "of the plant's calendar week",
  month: "of the plant's calendar month",
  quarter: "of the plant's quarter",
} as const;

function freshnessWords(freshness: Freshness): string {
  if (freshness.kind === "latest") return "any age: the latest counts";
  if (freshness.kind === "period") return `${periods[freshness.period]}`;
  const { span } = freshness;
  return span.kind === "elapsed"
    ? `less than ${spanWords(span)} old`
    : `of the last ${spanWords(span)}, by the plant's calendar`;
}

function limitWords({ low, high, unit }: Limit): string {
  if (low !== null && high !== null) return `from ${low.value} to ${high.value} ${unit}, both ends included`;
  if (low !== null) return `${low.value} ${unit} ${low.inclusive ? "or more" : "is not enough, anything above is"}`;
  if (high === null) return "none";
  return `${high.value} ${unit} ${high.inclusive ? "or less" : "is too much, anything below is not"}`;
}

/** An equipment's or material's role, and what stands behind it where the station binds nothing else. */
function assetText(bundle: Bundle, name: string): Text {
  const asset =
    bundle.equipment.find((one) => one.name === name)?.asset ?? bundle.materials.find((one) => one.name === name)?.lot;
  return asset == null ? [code(name)] : [code(name), ` (by default ${asset})`];
}
const about = (bundle: Bundle, name: string): Fact => ({ term: "About", text: assetText(bundle, name) });

function aboutQuantity(bundle: Bundle, name: string): readonly Fact[] {
  const quantity = bundle.quantities.find((one) => one.name === name);
  if (quantity === undefined) return [];
  const { difference, plausible, unit } = quantity;
  const computed = difference === null ? [] : [`, ${difference.left} minus ${difference.right}`];
  const range = plausible === null ? [] : [fact("Plausible", `from ${plausible.from} to ${plausible.to} ${unit}`)];
  return [fact("About", code(name), ...computed), fact("Unit", code(unit)), ...range];
}

function intervalWords(span: Span): string {
  const from = `${spanWords(span)} from when it was performed, or the certificate's due date if that is earlier`;
  return span.kind === "calendar" ? `${from}; the due day itself still counts` : from;
}

const whoWords = { operator: "the operator who runs the test" } as const;

const table: FactsOf = {
  calibration: ({ equipment, interval, cycles, warnBefore, warnCyclesBefore, referencesWithin, extension }, bundle) => [
    about(bundle, equipment),
    maybe(interval, "Interval", intervalWords),
    maybe(cycles, "Cycles", (count) => `fewer than ${count} since the calibration`),
    maybe(warnBefore, "Warns", (span) => `${spanWords(span)} before it is due`),
    maybe(warnCyclesBefore, "Warns", (count) => `${plural(count, "cycle")} before they are used up`),
    maybe(referencesWithin, "Reference standards", (span) => `each calibrated within ${spanWords(span)} of its use`),
    maybe(extension, "Extension", ({ cap, roles }) => {
      const by = roles.length === 0 ? "" : `, approved by ${roles.join(" or ")}`;
      return `by at most ${spanWords(cap)}${by}, granted before it lapses`;
    }),
    extension === null && interval !== null ? fact("Extension", "none is allowed") : null,
  ],
  "warm-up": ({ equipment, ms }, bundle) => [about(bundle, equipment), fact("Limit", `on for ${msWords(ms)} or more`)],
  reading: ({ quantity, readWith, freshness, limit, guardBand, settledMs }, bundle) => [
    ...aboutQuantity(bundle, quantity),
    fact("Limit", limitWords(limit)),
    maybe(guardBand, "Guard band", ({ value, unit }) => `${value} ${unit} inside the limit`),
    fact("Freshness", freshnessWords(freshness)),
    maybe(settledMs, "Settled", (ms) => `for ${msWords(ms)} or more`),
    readWith === null
      ? fact("Instrument", "any")
      : { term: "Instrument", text: [...assetText(bundle, readWith), ", its calibration valid when it was read"] },
  ],
  use: ({ equipment, counter, every, warnBefore, enoughLeft }, bundle) => [
    about(bundle, equipment),
    fact("Limit", `fewer than ${every} ${counter === "hours" ? "use-hours" : "cycles"} since its service`),
    maybe(warnBefore, "Warns", (left) => `${left} before they are used up`),
    enoughLeft ? fact("Whole test", "the planned use must fit into what is left") : null,
  ],
  events: ({ equipment, events }, bundle) => [
    about(bundle, equipment),
    fact("Events", `${events.join(", ")}: none on or after the day of its calibration`),
  ],
  acknowledgement: ({ who, step, freshness }) => [
    fact("Step", step),
    fact(
      "Who",
      who.kind === "operator" ? whoWords.operator : who.kind === "people" ? `${who.count} different people` : who.role,
    ),
    fact("Freshness", freshnessWords(freshness)),
  ],
  "service-state": ({ equipment }, bundle) => [about(bundle, equipment)],
  "before-and-after-use": ({ equipment }, bundle) => [about(bundle, equipment)],
  "shelf-life": ({ material, openedWithin }, bundle) => [
    about(bundle, material),
    maybe(openedWithin, "Once opened", (span) => `used within ${spanWords(span)}`),
  ],
  "check-list": ({ equipment, items, freshness }, bundle) => [
    about(bundle, equipment),
    { term: "Items", text: joined(items) },
    fact("Freshness", freshnessWords(freshness)),
  ],
};

/** What a clause asks for, term by term. */
export function factsOfClause<K extends ClauseKind>(
  clause: Extract<BundleClause, { kind: K }>,
  bundle: Bundle,
): readonly Fact[] {
  const facts = table[clause.kind as K] as
    | ((clause: Extract<BundleClause, { kind: K }>, bundle: Bundle) => readonly (Fact | null)[])
    | undefined;
  const own = facts?.(clause, bundle) ?? ("equipment" in clause ? [about(bundle, clause.equipment)] : []);
  return own.filter((one) => one !== null);
}
