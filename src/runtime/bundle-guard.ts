import { AssertionFailed } from "../base/assert.ts";
import { canonicalJson } from "../base/canonical-json.ts";
import { compare, parseDecimal } from "../base/rational.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { sha256Hex } from "../base/sha256.ts";
import { parsePlainJson } from "../base/strict-json.ts";
import type { Bundle, BundleClause } from "../model/bundle.ts";
import { MAX_CLAUSES, MAX_JSON_BYTES, MAX_JSON_DEPTH } from "../model/limits.ts";
import { isOverridable } from "../model/reason-codes.ts";
import { findUnit } from "../model/units.ts";
import { bundleShape } from "./bundle-shape.ts";
import { askedParts, ruleName } from "./facts.ts";
import { compileBundle, type LoadedBundle } from "./program.ts";
import { conditionsOf } from "./rule-form.ts";
import { refuseShape, ShapeError } from "./shape.ts";

/** Why a bundle is not let in; `place` is a path into it, or line:column where it is no JSON. */
export interface BundleRefusal {
  readonly message: string;
  readonly place: string;
}

/**
 * Reads and compiles a bundle. Refuses whatever is not exactly `maint-bundle/1`: operators that fail open, `path`, empty groups,
 * rules that permit more than their clause says, names and units that do not exist. Never throws on bytes.
 */
export function loadBundle(source: Uint8Array | string): Result<LoadedBundle, BundleRefusal> {
  if (source.length > MAX_JSON_BYTES) return fail({ message: `longer than ${MAX_JSON_BYTES} bytes`, place: "1:1" });
  const text = typeof source === "string" ? source : decode(source);
  if (text === undefined) return fail({ message: "the bytes are no UTF-8", place: "1:1" });
  const parsed = parsePlainJson(text, { maxDepth: MAX_JSON_DEPTH, maxLength: MAX_JSON_BYTES });
  if (!parsed.ok) {
    return fail({ message: parsed.error.message, place: `${parsed.error.line}:${parsed.error.column}` });
  }
  const digest = `sha256:${sha256Hex(typeof source === "string" ? new TextEncoder().encode(source) : source)}`;
  return admit(parsed.value, digest);
}

/** The same for a bundle that this process has just compiled itself; its digest is that of its canonical JSON. */
export function loadCompiledBundle(bundle: Bundle): Result<LoadedBundle, BundleRefusal> {
  return loadBundle(canonicalJson(bundle));
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function admit(value: unknown, digest: string): Result<LoadedBundle, BundleRefusal> {
  try {
    bundleShape(value, "");
    const bundle = value as Bundle;
    checkNames(bundle);
    bundle.clauses.forEach((clause, index) => {
      checkClause(bundle, clause, index);
    });
    checkRules(bundle);
    return ok(compileBundle(bundle, digest));
  } catch (error) {
    if (error instanceof ShapeError) return fail({ message: error.message, place: error.place });
    if (error instanceof AssertionFailed) return fail({ message: error.message, place: "" });
    throw error;
  }
}

function checkNames({ equipment, materials, quantities, conditions, clauses, overrides }: Bundle): void {
  if (clauses.length > MAX_CLAUSES) refuseShape(`more than ${MAX_CLAUSES} clauses`, "clauses");
  distinct([...equipment, ...materials, ...quantities], "equipment, materials and quantities");
  distinct(conditions, "conditions");
  quantities.forEach(({ unit, plausible, difference }, index) => {
    const place = `quantities[${index}]`;
    if (findUnit(unit) === undefined) refuseShape(`no such unit: ${unit}`, `${place}.unit`);
    if (plausible !== null && isAbove(plausible.from, plausible.to)) {
      refuseShape("the plausible range is empty", place);
    }
    for (const side of difference === null ? [] : [difference.left, difference.right]) {
      const operand = quantities.find(({ name }) => name === side);
      if (operand === undefined || operand.difference !== null || !sameKind(operand.unit, unit)) {
        refuseShape(`${side} is no quantity of the same kind that is read`, `${place}.difference`);
      }
    }
  });
  overrides.forEach(({ reason }, index) => {
    if (!isOverridable(reason)) refuseShape(`nobody may override ${reason}`, `overrides[${index}].reason`);
  });
}

function distinct(items: readonly { readonly name: string }[], place: string): void {
  const seen = new Set<string>();
  for (const { name } of items) {
    if (seen.has(name)) refuseShape(`${name} stands twice`, place);
    seen.add(name);
  }
}

const isAbove = (from: string, to: string): boolean => {
  const [low, high] = [parseDecimal(from), parseDecimal(to)];
  return low === undefined || high === undefined || compare(low, high) > 0;
};

const sameKind = (a: string, b: string): boolean => {
  const [left, right] = [findUnit(a), findUnit(b)];
  return left !== undefined && left.kind === right?.kind;
};

function checkClause(bundle: Bundle, clause: BundleClause, index: number): void {
  const place = `clauses[${index}]`;
  const needs = (list: readonly { readonly name: string }[], name: string, field: string): void => {
    if (!list.some((item) => item.name === name)) refuseShape(`${name} is not declared`, `${place}.${field}`);
  };
  if (clause.index !== index) refuseShape("a clause's index is its place", `${place}.index`);
  needs(bundle.conditions, clause.condition, "condition");
  if ("equipment" in clause) needs(bundle.equipment, clause.equipment, "equipment");
  if (clause.attribute !== null) needs(bundle.equipment, clause.attribute.equipment, "attribute");
  if (clause.kind === "shelf-life") needs(bundle.materials, clause.material, "material");
  if (askedParts(clause).length === 0) refuseShape("the clause asks for nothing", place);
  if (clause.kind !== "reading") return;
  needs(bundle.quantities, clause.quantity, "quantity");
  if (clause.readWith !== null) needs(bundle.equipment, clause.readWith, "readWith");
  const { unit } = bundle.quantities.find(({ name }) => name === clause.quantity) ?? { unit: "" };
  if (!sameKind(clause.limit.unit, unit)) refuseShape("the limit is of another kind", `${place}.limit.unit`);
  if (clause.guardBand !== null && !sameKind(clause.guardBand.unit, unit)) {
    refuseShape("the guard band is of another kind", `${place}.guardBand.unit`);
  }
}

/** One rule for every part a clause asks for, no other, and each exactly as its clause says. */
function checkRules({ clauses, rules, facts }: Bundle): void {
  const expected = new Map(
    clauses.flatMap((clause) => askedParts(clause).map((part) => [ruleName(clause, part), { clause, part }] as const)),
  );
  const declared = new Set(facts.map(({ name }) => name));
  for (const [index, rule] of rules.entries()) {
    const place = `rules[${index}]`;
    const meant = expected.get(rule.name);
    if (meant === undefined) {
      refuseShape("a rule of no clause, or a second one", `${place}.name`);
      continue;
    }
    expected.delete(rule.name);
    const { clause, part } = meant;
    if (rule.event.params.clause !== clause.index || rule.event.params.part !== part) {
      refuseShape("the rule permits another clause than its name says", `${place}.event`);
    }
    if (canonicalJson(rule.conditions.all) !== canonicalJson(conditionsOf(clause, part))) {
      refuseShape(`the rule does not say what the clause in line ${clause.line} says`, `${place}.conditions`);
    }
    for (const { fact } of rule.conditions.all) {
      if (!declared.has(fact)) refuseShape(`the fact ${fact} is not listed`, `${place}.conditions`);
    }
  }
  const [missing] = expected.keys();
  if (missing !== undefined) refuseShape(`the rule ${missing} is missing`, "rules");
}
