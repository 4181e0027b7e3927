import type { BundleClause, BundleRuleCondition, ClausePart, RuleOperator } from "../model/bundle.ts";
import { isGuardedBy } from "./facts/reading.ts";
import { ruleName } from "./facts.ts";

/**
 * The conditions that the rule of one part must have, by the clause alone. The compiler writes them into the bundle; the guard
 * compares, so that no rule can permit more than its clause says. Source: model/bundle `BundleRule`.
 */
export function conditionsOf(clause: BundleClause, part: ClausePart): readonly BundleRuleCondition[] {
  const rule = ruleName(clause, part);
  const sign = (fact: string, operator: RuleOperator): BundleRuleCondition => ({
    fact: `${rule}.${fact}`,
    operator,
    value: 0,
  });
  return [{ fact: `${rule}.state`, operator: "equal", value: "known" }, ...signsOf(clause, part, sign)];
}

type MakeSign = (fact: "vsLimit" | "vsHigh" | "vsPlanned", operator: RuleOperator) => BundleRuleCondition;

function signsOf(clause: BundleClause, part: ClausePart, sign: MakeSign): readonly BundleRuleCondition[] {
  switch (clause.kind) {
    case "calibration":
      return part === "references" ? [] : [sign("vsHigh", "lessThan")];
    case "shelf-life":
      return [sign("vsHigh", "lessThan")];
    case "warm-up":
      return [sign("vsLimit", "greaterThanInclusive")];
    case "use":
      return clause.enoughLeft
        ? [sign("vsHigh", "lessThan"), sign("vsPlanned", "lessThanInclusive")]
        : [sign("vsHigh", "lessThan")];
    case "reading": {
      const { low, high } = clause.limit;
      const guarded = isGuardedBy(clause.guardBand);
      return [
        ...(low === null ? [] : [sign("vsLimit", guarded || low.inclusive ? "greaterThanInclusive" : "greaterThan")]),
        ...(high === null ? [] : [sign("vsHigh", guarded || high.inclusive ? "lessThanInclusive" : "lessThan")]),
      ];
    }
    default:
      // A known state is all that the other kinds ask for.
      return [];
  }
}
