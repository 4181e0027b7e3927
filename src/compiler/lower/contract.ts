import type { Amount, Contract, Member, NodeOf, ParameterReference, Text } from "../../../grammar/ast.ts";
import { assert } from "../../base/assert.ts";
import type { Severity } from "../../model/alert.ts";
import type {
  Bundle,
  BundleEquipment,
  BundleMaterial,
  BundleNotice,
  BundleQuantity,
  BundleTest,
} from "../../model/bundle.ts";
import { convert, findUnit, type Unit } from "../../model/units.ts";
import { exactDecimal, msOf, numberOf } from "../amounts.ts";
import { type Body, conditionsOf, declarationsOf, unitOfQuantity } from "../body.ts";
import type { SoundClause } from "../check-context.ts";
import { placeOf } from "../source-text.ts";
import { rulesOfClause } from "./rules.ts";

const textOf = (text: Text | ParameterReference | null): string | null => {
  if (text === null) return null;
  assert(text.kind === "text", "parameters are put in before declarations are lowered");
  return text.value;
};

const lineOf = ({ source }: Body, { span }: { readonly span: { start: number; end: number } }): number =>
  placeOf(source, span).line;

/** Whom the contract binds; what it says itself counts more than what its template says. */
export function scopeOf({ members }: Body): Bundle["scope"] {
  const scopes = members.filter((member) => member.kind === "scope");
  return {
    stationType: scopes.findLast(({ order }) => order === null)?.stationType?.text ?? null,
    order: scopes.findLast(({ order }) => order !== null)?.order?.value ?? null,
  };
}

/** The quantity in compiled form; undefined where its own declaration is no good. */
export function quantityOf(body: Body, name: string): BundleQuantity | undefined {
  const declared = body.declared.get(name);
  const unit = unitOfQuantity(body, name);
  if (unit === undefined) return undefined;
  if (declared?.kind === "difference") {
    const difference = { left: declared.left.text, right: declared.right.text };
    return { name, unit: unit.symbol, plausible: null, difference, line: lineOf(body, declared) };
  }
  if (declared?.kind !== "measured") return undefined;
  const plausible = declared.plausible === null ? null : rangeOf(declared.plausible, unit);
  return { name, unit: unit.symbol, plausible, difference: null, line: lineOf(body, declared) };
}

function rangeOf({ low, high }: NodeOf<"range">, quantity: Unit) {
  const wordOf = (end: Amount) => (end.kind === "quantity" ? end.unit : null);
  const inUnit = (end: Amount, other: Amount): string => {
    const word = wordOf(end) ?? wordOf(other);
    const unit = word === null ? quantity : findUnit(word.text);
    const value = unit === undefined ? undefined : convert(numberOf(end), unit, quantity);
    const text = value === undefined ? undefined : exactDecimal(value);
    assert(text !== undefined, "the checks let no end without an exact decimal through");
    return text;
  };
  return { from: inUnit(low, high), to: inUnit(high, low) };
}

/** A severity that is not said is that of the notice before; the first is medium. */
function noticesOf(body: Body): BundleNotice[] {
  return body.members.flatMap((member) => {
    if (member.kind !== "when-blocked") return [];
    let severity: Severity = "medium";
    return member.notices.map((notice): BundleNotice => {
      severity = (notice.severity?.text as Severity | undefined) ?? severity;
      const afterMs = notice.after === null ? 0 : msOf(notice.after);
      return { role: notice.role.text, severity, afterMs, line: lineOf(body, notice) };
    });
  });
}

const kindOf = <K extends Member["kind"]>(members: readonly Member[], kind: K) =>
  members.filter((member): member is Extract<Member, { kind: K }> => member.kind === kind);

/** A contract without errors as the bundle that nodes decide by. `digest` is that of the file's bytes. */
export function lowerContract(
  contract: Contract,
  body: Body,
  sound: readonly SoundClause[],
  tests: readonly BundleTest[],
  digest: string,
): Bundle {
  const { members } = body;
  const clauses = sound.map(({ compiled }) => compiled);
  const lowered = clauses.map(rulesOfClause);
  const equipment = kindOf(members, "equipment").map(
    (one): BundleEquipment => ({
      name: one.name.text,
      type: one.type.text,
      asset: textOf(one.byDefault),
      line: lineOf(body, one),
    }),
  );
  const materials = kindOf(members, "material").map(
    (one): BundleMaterial => ({ name: one.name.text, lot: textOf(one.byDefault), line: lineOf(body, one) }),
  );
  const quantities = declarationsOf(members).flatMap(({ name }) => quantityOf(body, name.text) ?? []);
  const testKinds = new Map(
    kindOf(members, "before").flatMap((before) =>
      conditionsOf([before]).map((condition) => [condition, before.testKind?.text ?? null] as const),
    ),
  );
  return {
    format: "maint-bundle/1",
    contract: contract.id.text,
    title: contract.title?.value ?? body.template?.title?.value ?? contract.id.text,
    doc: (contract.doc ?? body.template?.doc)?.lines.join("\n") ?? null,
    source: { digest },
    following: kindOf(members, "following").flatMap(({ documents }) => documents.map(({ value }) => value)),
    scope: scopeOf(body),
    equipment,
    materials,
    quantities,
    conditions: [...testKinds].map(([condition, testKind]) => ({
      name: condition.name.text,
      testKind,
      line: lineOf(body, condition),
    })),
    clauses,
    overrides: kindOf(members, "override").map((override) => ({
      roles: override.roles.map(({ text }) => text),
      reason: override.reason.text,
      capMs: msOf(override.atMost),
      line: lineOf(body, override),
    })),
    whenBlocked: noticesOf(body),
    rules: lowered.flatMap(({ rules }) => rules),
    facts: lowered.flatMap(({ facts }) => facts),
    tests,
  };
}
