/** A contract as the test interpreter reads it: its template's members first, then its own, with parameters put in. */
import type { Amount, Clause, Contract, Member, NodeOf, Quantity, SourceFile, Text } from "../../grammar/ast.ts";
import { parse } from "../../grammar/parser.ts";
import { type Fields, type Freshness, fieldsIn, textIn } from "./interpreter-evidence.ts";
import { type Fraction, inBase, readNumber, sizeInBase, unitOf } from "./interpreter-numbers.ts";
import type { Duration } from "./interpreter-time.ts";

export interface ReadContract {
  readonly id: string;
  readonly members: readonly Member[];
  readonly conditions: readonly {
    readonly name: string;
    readonly testKind: string | null;
    readonly clauses: readonly Clause[];
  }[];
  readonly stationType: string | null;
  readonly order: string | null;
  /** Template parameters. */
  readonly values: ReadonlyMap<string, Quantity | Text>;
}

/** The one contract of a sound file. @throws Error where there is none */
export function readContract(text: string): ReadContract {
  const { file, diagnostics } = parse(text);
  const contract = file.items.find((item): item is Contract => item.kind === "contract");
  if (contract === undefined || diagnostics.length > 0) throw new Error("the file has no sound contract");
  const template = templateOf(file, contract);
  const values = new Map<string, Quantity | Text>();
  for (const { name, value } of [...(template?.parameters ?? []), ...(contract.from?.arguments ?? [])])
    values.set(name.text, value);
  const members = [...(template?.members ?? []), ...contract.members];
  const scopes = members.filter((member) => member.kind === "scope");
  return {
    id: contract.id.text,
    members,
    conditions: members.flatMap((member) => (member.kind === "before" ? conditionsOf(member) : [])),
    stationType: scopes.findLast(({ order }) => order === null)?.stationType?.text ?? null,
    order: scopes.findLast(({ order }) => order !== null)?.order?.value ?? null,
    values,
  };
}

const templateOf = (file: SourceFile, { from }: Contract) =>
  file.items.find(
    (item): item is NodeOf<"template"> => item.kind === "template" && item.name.text === from?.template.text,
  );

const conditionsOf = ({ testKind, conditions }: NodeOf<"before">) =>
  conditions.flatMap((condition) =>
    condition.kind === "broken"
      ? []
      : [
          {
            name: condition.name.text,
            testKind: testKind?.text ?? null,
            clauses: condition.clauses.filter((clause) => clause.kind !== "broken"),
          },
        ],
  );

function quantityOf({ values }: ReadContract, amount: Amount): Quantity {
  const found = amount.kind === "quantity" ? amount : values.get(amount.name.text);
  if (found?.kind !== "quantity") throw new Error("a sound contract's amounts are quantities");
  return found;
}

export const isCycles = (contract: ReadContract, amount: Amount): boolean =>
  /^cycles?$/.test(quantityOf(contract, amount).unit?.text ?? "");
export const isHours = (contract: ReadContract, amount: Amount): boolean =>
  /^use-hours?$/.test(quantityOf(contract, amount).unit?.text ?? "");
export const countOf = (contract: ReadContract, amount: Amount): Fraction =>
  readNumber(quantityOf(contract, amount).number) as Fraction;

const ELAPSED: { readonly [word: string]: number } = { second: 1000, minute: 60_000, hour: 3_600_000 };
const DAYS: { readonly [word: string]: number } = { day: 1, week: 7 };
const MONTHS: { readonly [word: string]: number } = { month: 1, quarter: 3, year: 12 };

/** Hours and less are elapsed time, days and more the plant's calendar. Source: LANGUAGE.md "Durations". */
export function durationOf(contract: ReadContract, amount: Amount): Duration {
  const word = quantityOf(contract, amount).unit?.text.replace(/s$/, "") ?? "";
  const { over, under } = countOf(contract, amount);
  if (word in ELAPSED) return { kind: "elapsed", ms: Number((over * BigInt(ELAPSED[word] ?? 0)) / under) };
  const count = Number(over / under);
  return { kind: "calendar", days: count * (DAYS[word] ?? 0), months: count * (MONTHS[word] ?? 0) };
}

export function freshnessOf(contract: ReadContract, { freshness }: Clause): Freshness {
  if (freshness === null) throw new Error("a sound clause says how fresh");
  if (freshness.kind === "period") return { kind: "period", period: freshness.period };
  return freshness.kind === "latest"
    ? { kind: "latest" }
    : { kind: "every", duration: durationOf(contract, freshness.interval) };
}

export interface Measured {
  readonly unit: string;
  /** In the base unit, ends included. */
  readonly plausible: { readonly from: Fraction; readonly to: Fraction } | null;
}

/** Names of the two readings of a difference; one name for a quantity that is read. */
export function readingsOf({ members }: ReadContract, quantity: string): readonly string[] {
  for (const member of members)
    if (member.kind === "difference" && member.name.text === quantity) return [member.left.text, member.right.text];
  return [quantity];
}

export function measuredOf(contract: ReadContract, quantity: string): Measured {
  for (const member of contract.members) {
    if (member.kind !== "measured" || member.name.text !== quantity) continue;
    const { unit, plausible } = member;
    if (plausible === null) return { unit: unit.text, plausible: null };
    const { low, high } = plausible;
    const end = (one: Amount, other: Amount) => inBaseUnit(contract, one, other, unit.text, false);
    return { unit: unit.text, plausible: { from: end(low, high), to: end(high, low) } };
  }
  throw new Error(`a sound contract declares ${quantity}`);
}

/** An amount in its base unit; without a unit it has that of the other end, else the quantity's. */
export function inBaseUnit(
  contract: ReadContract,
  amount: Amount,
  other: Amount | null,
  ownUnit: string,
  isDifference: boolean,
): Fraction {
  const word = quantityOf(contract, amount).unit ?? (other === null ? null : quantityOf(contract, other).unit);
  const unit = unitOf(word?.text ?? ownUnit);
  if (unit === undefined) throw new Error(`the interpreter's table lacks ${word?.text ?? ownUnit}`);
  return (isDifference ? sizeInBase : inBase)(countOf(contract, amount), unit);
}

/** The asset that the station's register binds to the role, else the contract's default. */
export function assetOf({ members, values }: ReadContract, role: string, snapshot: Fields): string {
  const bound = textIn(fieldsIn(fieldsIn(snapshot, "station"), "roles"), role);
  if (bound !== undefined) return bound;
  for (const member of members) {
    if ((member.kind !== "equipment" && member.kind !== "material") || member.name.text !== role) continue;
    const { byDefault } = member;
    const text = byDefault?.kind === "parameter-reference" ? values.get(byDefault.name.text) : byDefault;
    if (text?.kind === "text") return text.value;
  }
  return role;
}

export const sameRole = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
