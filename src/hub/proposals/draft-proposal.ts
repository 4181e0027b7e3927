import { canonicalJson } from "../../base/canonical-json.ts";
import { add, compare, parseDecimal, type Rational, subtract } from "../../base/rational.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { Alert } from "../../model/alert.ts";
import type { Bundle, BundleQuantity, ReadingClause } from "../../model/bundle.ts";
import type { Version } from "../../model/ids.ts";
import { convert, findUnit } from "../../model/units.ts";
import type { AlertPattern } from "../patterns/find-patterns.ts";
import { insertBeside, warningClause } from "./draft-clause.ts";
import { type EarlyWarning, earlyWarning } from "./early-warning.ts";
import type { IntervalStudy } from "./interval-study.ts";
import { unifiedDiff } from "./line-diff.ts";
import type { MissingCondition } from "./missing-conditions.ts";
import { takenAway } from "./never-looser.ts";

/** What the compiler says about a text, as far as a proposal needs it. */
export interface CompiledText {
  readonly bundles: readonly Bundle[];
  readonly problems: readonly {
    readonly code: string;
    readonly severity: "error" | "warning";
    readonly message: string;
  }[];
}

/** The compiler as this part uses it; `format` answers undefined where the text does not parse. */
export interface TextTools {
  readonly compile: (text: string) => CompiledText;
  readonly format: (text: string) => string | undefined;
}

export interface DraftInput {
  readonly pattern: AlertPattern;
  /** Of the contract, as far back as is looked: those of the pattern, and others that carry readings. */
  readonly alerts: readonly Alert[];
  /** Readings of a quantity that archived decisions rested on, in its unit; empty where nothing is archived. */
  readonly archived: (quantity: string) => readonly Rational[];
  readonly current: { readonly version: Version; readonly text: string; readonly bundle: Bundle };
  readonly nextVersion: Version;
}

export interface Draft {
  readonly text: string;
  readonly diff: string;
  /** What is new or changed, on one line. */
  readonly clause: string;
  readonly reason: string;
  readonly statistics: DraftStatistics;
}

/** What a draft rests on, by its kind. */
export type DraftStatistics = EarlyWarning | IntervalStudy | MissingCondition;

/** The next version's text with an early warning before the `must` limit, or why there is none to propose. Pure. */
export function draftProposal(input: DraftInput, tools: TextTools): Result<Draft, string> {
  const { pattern, current } = input;
  if (pattern.recommendation !== "early-warning") {
    return fail(`${pattern.reason} is nothing that an early warning meets; people have to look at it`);
  }
  if (!pattern.versions.includes(current.version)) {
    const versions = pattern.versions.join(", ");
    return fail(`its alerts come from ${versions}; ${current.version} is in force, wait for what it brings`);
  }
  const clause = mustClause(current.bundle, pattern);
  if (clause === undefined) return fail(`${pattern.condition} has no must limit on ${pattern.subjects.join(" or ")}`);
  const found = warningOf(clause, input);
  if (!found.ok) return found;
  const warned = existingWarning(current.bundle, clause, found.value);
  if (warned !== undefined) return fail(`line ${warned.line} already warns: ${warned.text}`);
  return textWith(clause, found.value, input, tools);
}

/** The shop's own clause before one for an order or an attribute. */
function mustClause(bundle: Bundle, pattern: AlertPattern): ReadingClause | undefined {
  const clauses = bundle.clauses.filter(
    (clause): clause is ReadingClause =>
      clause.kind === "reading" &&
      clause.strictness === "must" &&
      clause.condition === pattern.condition &&
      pattern.subjects.includes(clause.quantity),
  );
  return clauses.find(({ order, attribute }) => order === null && attribute === null) ?? clauses[0];
}

function warningOf(clause: ReadingClause, { alerts, archived, current }: DraftInput): Result<EarlyWarning, string> {
  const quantity = current.bundle.quantities.find(({ name }) => name === clause.quantity);
  if (quantity === undefined) return fail(`${clause.quantity} is not declared`);
  const { low, high } = acceptance(clause, quantity);
  const isFailing = (reading: Rational): boolean =>
    (low !== null && compare(reading, low) < 0) || (high !== null && compare(reading, high) > 0);
  const recorded = archived(quantity.name).flatMap((value) =>
    inUnitOf(value, quantity.unit, clause.limit.unit, quantity),
  );
  // Alerts name failing readings alone, and those come before the ledger that holds their decisions.
  const readings = recorded.some(isFailing) ? recorded : [...recorded, ...readingsOf(alerts, clause, quantity)];
  const plausible = quantity.plausible;
  const inLimitUnit = (value: string) => exactly(value, quantity.unit, clause.limit.unit, quantity);
  const below = low === null ? 0 : readings.filter((reading) => compare(reading, low) < 0).length;
  const above = high === null ? 0 : readings.filter((reading) => compare(reading, high) > 0).length;
  const side = low !== null && (high === null || below >= above) ? "low" : "high";
  const limit = side === "low" ? low : high;
  if (limit === null) return fail(`${clause.quantity} has no limit`);
  const far = side === "low" ? high : low;
  const end = plausible === null ? null : (inLimitUnit(side === "low" ? plausible.to : plausible.from) ?? null);
  // What failed on the other side is neither a good reading nor one of these failures.
  const isBeyond = (reading: Rational): boolean =>
    far !== null && (side === "low" ? compare(reading, far) > 0 : compare(reading, far) < 0);
  const own = readings.filter((reading) => !isBeyond(reading));
  return earlyWarning({ limit, side, unit: clause.limit.unit, readings: own, bound: nearer(side, far, end) });
}

const nearer = (side: "low" | "high", a: Rational | null, b: Rational | null): Rational | null => {
  if (a === null || b === null) return a ?? b;
  return (side === "low") === compare(a, b) < 0 ? a : b;
};

/** What a reading must reach, guard band taken in. Source: decisions.md B3b. */
function acceptance(clause: ReadingClause, quantity: BundleQuantity): { low: Rational | null; high: Rational | null } {
  const { limit, guardBand } = clause;
  const band = guardBand === null ? undefined : exactly(guardBand.value, guardBand.unit, limit.unit, quantity, true);
  const low = limit.low === null ? null : (parseDecimal(limit.low.value) ?? null);
  const high = limit.high === null ? null : (parseDecimal(limit.high.value) ?? null);
  if (band === undefined) return { low, high };
  return { low: low === null ? null : add(low, band), high: high === null ? null : subtract(high, band) };
}

/** The reading each decision rested on, once a decision and in the limit's unit. Those that do not convert say nothing. */
function readingsOf(alerts: readonly Alert[], clause: ReadingClause, quantity: BundleQuantity): readonly Rational[] {
  const seen = new Map<string, Rational>();
  for (const { node, testId, epoch, seq, ledgerSeq, reading } of alerts) {
    if (reading === null || reading.quantity !== clause.quantity) continue;
    const value = exactly(reading.value, reading.unit, clause.limit.unit, quantity);
    if (value !== undefined) seen.set(`${node} ${testId ?? ledgerSeq ?? `${epoch} ${seq}`}`, value);
  }
  return [...seen.values()];
}

const inUnitOf = (value: Rational, from: string, to: string, quantity: BundleQuantity): readonly Rational[] => {
  const [source, target] = [findUnit(from), findUnit(to)];
  if (source === undefined || target === undefined) return [];
  const converted = convert(value, source, target, { difference: quantity.difference !== null });
  return converted === undefined ? [] : [converted];
};

/** `value` of unit `from` in unit `to`. A difference of two readings, and a guard band, convert without an offset. */
function exactly(
  value: string,
  from: string,
  to: string,
  quantity: BundleQuantity,
  span = false,
): Rational | undefined {
  const [parsed, source, target] = [parseDecimal(value), findUnit(from), findUnit(to)];
  if (parsed === undefined || source === undefined || target === undefined) return undefined;
  return convert(parsed, source, target, { difference: span || quantity.difference !== null });
}

/** A `should` of the same quantity on the same side, for the same tests or more, that would warn no later than the new one. */
function existingWarning(bundle: Bundle, clause: ReadingClause, warning: EarlyWarning): ReadingClause | undefined {
  const wanted = parseDecimal(warning.value);
  return bundle.clauses.find((other): other is ReadingClause => {
    if (other.kind !== "reading" || other.strictness !== "should" || other.quantity !== clause.quantity) return false;
    if (!coversTests(other, clause)) return false;
    const end = warning.side === "low" ? other.limit.low : other.limit.high;
    const quantity = bundle.quantities.find(({ name }) => name === clause.quantity);
    if (end === null || quantity === undefined || wanted === undefined) return false;
    const there = exactly(end.value, other.limit.unit, clause.limit.unit, quantity);
    if (there === undefined) return false;
    return warning.side === "low" ? compare(there, wanted) >= 0 : compare(there, wanted) <= 0;
  });
}

/** What warns of one order, or where the equipment has an attribute, says nothing of the other tests. */
const coversTests = (other: ReadingClause, clause: ReadingClause): boolean =>
  (other.order === null || other.order === clause.order) &&
  (other.attribute === null || canonicalJson(other.attribute) === canonicalJson(clause.attribute));

function textWith(
  clause: ReadingClause,
  warning: EarlyWarning,
  { pattern, current, nextVersion }: DraftInput,
  tools: TextTools,
): Result<Draft, string> {
  const words = warningClause(clause, warning.side, warning.value);
  const because = becauseOf(pattern, warning);
  let refused = `no place for it was found at line ${clause.line}`;
  for (const raw of insertBeside(current.text, current.bundle, clause, { clause: words, because })) {
    const text = tools.format(current.text) === current.text ? (tools.format(raw) ?? raw) : raw;
    const findings = findingsOf(text, current.bundle, tools);
    if (findings[0] !== undefined) {
      refused = findings[0];
      continue;
    }
    const { contract } = current.bundle;
    const diff = unifiedDiff(
      { name: `${contract}@${current.version}`, text: current.text },
      { name: `${contract}@${nextVersion}`, text },
    );
    return ok({ text, diff, clause: words, reason: reasonOf(pattern, warning), statistics: warning });
  }
  return fail(`the drafted text does not hold: ${refused}`);
}

/** Why a text may not be proposed; the last word is the compiler's and the comparison's, not the drafter's. */
export function findingsOf(text: string, before: Bundle, tools: Pick<TextTools, "compile">): readonly string[] {
  const { bundles, problems } = tools.compile(text);
  const bad = problems.filter(({ code, severity }) => severity === "error" || code === "loosens");
  if (bad.length > 0) return bad.map(({ code, message }) => `${code}: ${message}`);
  const after = bundles.find(({ contract }) => contract === before.contract);
  if (after === undefined) return [`the text no longer holds ${before.contract}`];
  const away = takenAway(before, after);
  if (away.length > 0) return away;
  return after.clauses.length === before.clauses.length + 1 ? [] : ["it is not one clause more"];
}

const surely = (confidence: number): string => `${Math.floor(confidence * 100)} %`;

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`;

const becauseOf = ({ decisions, nodes }: AlertPattern, { side, limit, unit }: EarlyWarning): string =>
  `early warning: ${plural(decisions, "test")} at ${plural(nodes.length, "node")} ` +
  `${decisions === 1 ? "was" : "were"} blocked ${side === "low" ? "below" : "above"} ${limit} ${unit}`;

function reasonOf(pattern: AlertPattern, warning: EarlyWarning): string {
  const { value, unit, limit, side, margin } = warning;
  const how =
    warning.quantile !== null
      ? `within the worst ${warning.quantile.share * 100} % of good readings, ${surely(warning.quantile.confidence)} sure from ` +
        `${warning.passingReadings} recorded ones that passed`
      : `the limit and the middle shortfall of ${plural(warning.failingReadings, "recorded reading")} that failed`;
  return (
    `${pattern.reason} blocked ${plural(pattern.decisions, "test")} at ${pattern.nodes.join(", ")}. ` +
    `A warning ${side === "low" ? "below" : "above"} ${value} ${unit}, ${margin} ${unit} ahead of the limit of ${limit} ${unit}, ` +
    `gives time to act; ${value} is ${how}. No must limit changes.`
  );
}
