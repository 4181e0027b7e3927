import type {
  BundleClause,
  BundleFact,
  BundleRule,
  BundleRuleCondition,
  ClauseKind,
  ClausePart,
  RuleOperator,
} from "../../model/bundle.ts";
import { partsOfClause } from "../../model/bundle.ts";

/** A sign fact that must be so for the part to be permitted. */
interface Sign {
  readonly name: "vsLimit" | "vsHigh" | "vsPlanned";
  readonly operator: RuleOperator;
}

interface Part {
  readonly part: ClausePart;
  readonly signs: readonly Sign[];
}

const below: Sign = { name: "vsHigh", operator: "lessThan" };
const only = (part: ClausePart, ...signs: Sign[]): readonly Part[] => [{ part, signs }];

type PartsOf = { readonly [K in ClauseKind]?: (clause: Extract<BundleClause, { kind: K }>) => readonly Part[] };

/** The parts a clause asks for, and the signs each needs besides a known state; one part without a sign where nothing stands. Source: decisions.md B2, B3b, B19. */
const partsOf: PartsOf = {
  calibration: ({ interval, cycles, referencesWithin }) => [
    ...(interval === null ? [] : only("interval", below)),
    ...(cycles === null ? [] : only("cycles", below)),
    ...(referencesWithin === null ? [] : only("references")),
  ],
  "warm-up": () => only("on-time", { name: "vsLimit", operator: "greaterThanInclusive" }),
  reading: ({ limit, guardBand }) => {
    const includes = (end: { readonly inclusive: boolean }): boolean => end.inclusive || isGuarded(guardBand);
    const signs: Sign[] = [];
    if (limit.low !== null) {
      signs.push({ name: "vsLimit", operator: includes(limit.low) ? "greaterThanInclusive" : "greaterThan" });
    }
    if (limit.high !== null) {
      signs.push({ name: "vsHigh", operator: includes(limit.high) ? "lessThanInclusive" : "lessThan" });
    }
    return only("limit", ...signs);
  },
  use: ({ enoughLeft }) =>
    only("use", below, ...(enoughLeft ? [{ name: "vsPlanned", operator: "lessThanInclusive" } as const] : [])),
  "shelf-life": () => only("life", below),
};

/** With a guard band the acceptance limit itself passes, whatever the limit word. A band of nothing is none. */
const isGuarded = (guardBand: { readonly value: string } | null): boolean =>
  guardBand !== null && guardBand.value !== "0";

export interface RulesAndFacts {
  readonly rules: readonly BundleRule[];
  readonly facts: readonly BundleFact[];
}

/** One permit rule a clause part, over constant facts. Source: language.md "Compiling". */
export function rulesOfClause(clause: BundleClause): RulesAndFacts {
  const first = partsOfClause[clause.kind][0];
  const partsOfKind = partsOf[clause.kind] as ((clause: BundleClause) => readonly Part[]) | undefined;
  const parts = partsOfKind?.(clause) ?? only(first);
  const both = parts.map(({ part, signs }) => {
    const name = part === first ? `c${clause.index}` : `c${clause.index}.${part}`;
    return ruleOf(clause, part, name, signs);
  });
  return { rules: both.map(({ rule }) => rule), facts: both.flatMap(({ facts }) => facts) };
}

function ruleOf(clause: BundleClause, part: ClausePart, name: string, signs: readonly Sign[]) {
  const { index, line, column } = clause;
  const known: BundleRuleCondition = { fact: `${name}.state`, operator: "equal", value: "known" };
  const all = [known, ...signs.map((sign) => ({ fact: `${name}.${sign.name}`, operator: sign.operator, value: 0 }))];
  const rule: BundleRule = {
    name,
    conditions: { all },
    event: { type: "permit", params: { clause: index, part } },
    source: { line, column },
  };
  const unit = clause.kind === "reading" ? clause.limit.unit : null;
  const facts = all.map(({ fact }, place): BundleFact => {
    const type = place === 0 ? "state" : "sign";
    return { name: fact, type, clause: index, subject: subjectOf(clause), unit: type === "sign" ? unit : null };
  });
  return { rule, facts };
}

function subjectOf(clause: BundleClause): string {
  switch (clause.kind) {
    case "reading":
      return clause.quantity;
    case "acknowledgement":
      return clause.step;
    case "shelf-life":
      return clause.material;
    default:
      return clause.equipment;
  }
}
