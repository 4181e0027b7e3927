import type {
  Broken,
  Clause,
  Condition,
  Contract,
  Declaration,
  Member,
  Override,
  Parameter,
  Template,
  Test,
  TestStatement,
  WhenBlocked,
} from "../../grammar/ast.ts";
import { findUnit, type Unit } from "../model/units.ts";
import type { SourceText } from "./source-text.ts";

/** A contract with its template's members put in front and the parameters replaced; or a template with its defaults. */
export interface Body {
  readonly source: SourceText;
  readonly node: Contract | Template;
  /** The template a contract is made from: its members stand before the contract's own. */
  readonly template: Template | null;
  readonly members: readonly Member[];
  /** The first declaration of each name; a broken one counts. Parameters stand here too. */
  readonly declared: ReadonlyMap<string, Declared>;
  /** The first condition of each name. */
  readonly conditions: ReadonlyMap<string, Condition>;
}

export type Declared = Declaration | Parameter | Broken;
export type DeclaredKind = Declaration["kind"];

/** What a diagnostic about a member, clause or statement is about. */
export type Thing = Declaration | Clause | Override | WhenBlocked | TestStatement;

/** A clause and the condition and test kind it stands under. */
export interface PlacedClause {
  readonly clause: Clause;
  readonly condition: Condition;
  /** `before every fluorescent-inspection test`; null is every test. */
  readonly testKind: string | null;
}

const isDeclaration = (member: Member): member is Declaration =>
  member.kind === "equipment" ||
  member.kind === "material" ||
  member.kind === "measured" ||
  member.kind === "difference";

export function body(
  source: SourceText,
  node: Contract | Template,
  template: Template | null,
  members: readonly Member[],
): Body {
  const declared = new Map<string, Declared>();
  const parameters = (node.kind === "template" ? node : template)?.parameters ?? [];
  const named = [
    ...parameters.map((parameter) => [parameter.name.text, parameter] as const),
    ...members.flatMap((member) => nameOf(member)),
  ];
  for (const [name, item] of named) if (!declared.has(name)) declared.set(name, item);
  const conditions = new Map<string, Condition>();
  for (const condition of conditionsOf(members)) {
    if (!conditions.has(condition.name.text)) conditions.set(condition.name.text, condition);
  }
  return { source, node, template, members, declared, conditions };
}

function nameOf(member: Member): (readonly [string, Declared])[] {
  if (isDeclaration(member)) return [[member.name.text, member]];
  return member.kind === "broken" && member.declares !== null ? [[member.declares.text, member]] : [];
}

export const declarationsOf = (members: readonly Member[]): readonly Declaration[] => members.filter(isDeclaration);

export function conditionsOf(members: readonly Member[]): readonly Condition[] {
  return members.flatMap((member) =>
    member.kind === "before" ? member.conditions.filter((condition) => condition.kind === "condition") : [],
  );
}

export function clausesOf(members: readonly Member[]): readonly PlacedClause[] {
  return members.flatMap((member) =>
    member.kind !== "before"
      ? []
      : member.conditions.flatMap((condition) =>
          condition.kind === "broken"
            ? []
            : condition.clauses.flatMap((clause) =>
                clause.kind === "broken" ? [] : [{ clause, condition, testKind: member.testKind?.text ?? null }],
              ),
        ),
  );
}

export const testsOf = (members: readonly Member[]): readonly Test[] =>
  members.filter((member) => member.kind === "test");

/** Everything in a body that is broken: its names count as used. */
export function brokenOf(members: readonly Member[]): readonly Broken[] {
  return members.flatMap((member) => {
    if (member.kind === "broken") return [member];
    if (member.kind === "test") return member.statements.filter((statement) => statement.kind === "broken");
    if (member.kind !== "before") return [];
    return member.conditions.flatMap((condition) =>
      condition.kind === "broken" ? [condition] : condition.clauses.filter((clause) => clause.kind === "broken"),
    );
  });
}

/** The unit of a quantity; a difference has that of its left side. Undefined where the declaration is no good. */
export function unitOfQuantity({ declared }: Body, name: string): Unit | undefined {
  const declaration = declared.get(name);
  if (declaration?.kind === "measured") return findUnit(declaration.unit.text);
  if (declaration?.kind !== "difference") return undefined;
  const left = declared.get(declaration.left.text);
  return left?.kind === "measured" ? findUnit(left.unit.text) : undefined;
}

/** What a person calls a declaration. */
export const wordsOfKind: { readonly [K in Declared["kind"]]: string } = {
  equipment: "equipment",
  material: "a material",
  measured: "a quantity",
  difference: "a difference of two quantities",
  parameter: "a parameter of the template",
  broken: "something that could not be read",
};
