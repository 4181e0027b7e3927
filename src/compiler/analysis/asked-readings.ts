import type { BundleQuantity, ReadingClause } from "../../model/bundle.ts";
import type { Body } from "../body.ts";
import type { SoundClause } from "../check-context.ts";
import type { Finding } from "../diagnostic.ts";
import { quantityOf as loweredQuantity, scopeOf } from "../lower/contract.ts";
import type { QuantityOf } from "./reading-constraints.ts";

/** A contract or template with its sound clauses. */
export interface CheckedContract {
  readonly body: Body;
  readonly sound: readonly SoundClause[];
}

/** What a check of several contracts together finds, each with the contract it belongs to. */
export type AcrossCheck = (
  contracts: readonly CheckedContract[],
) => readonly { readonly body: Body; readonly finding: Finding }[];

export type SoundReading = SoundClause & { readonly compiled: ReadingClause };

/** A `must` clause about readings, with everything that says when it is asked. */
export interface AskedReading {
  readonly clause: SoundReading;
  readonly contract: CheckedContract;
  readonly quantityOf: QuantityOf;
  readonly when: When;
}

/** Of which tests a clause is asked. Clauses of equal `key` are asked of the same tests. */
export interface When {
  readonly key: string;
  readonly stationType: string | null;
  /** Of the contract and of the clause; an order's clause in another order's contract is asked of none. */
  readonly orders: readonly string[];
  readonly testKind: string | null;
  /** `when the lamp is battery-powered`; the asset is the contract's default, else the role's name. */
  readonly attribute: { readonly role: string; readonly asset: string; readonly attribute: string } | null;
}

/** In source order. `should` never contradicts: it is left out. */
export function askedReadings(contract: CheckedContract): readonly AskedReading[] {
  const { body, sound } = contract;
  const scope = scopeOf(body);
  const quantities = new Map<string, BundleQuantity | undefined>();
  const quantityOf: QuantityOf = (name) => {
    if (!quantities.has(name)) quantities.set(name, loweredQuantity(body, name));
    return quantities.get(name);
  };
  return sound.filter(isMustReading).map((clause) => {
    const { order, attribute } = clause.compiled;
    const when: Omit<When, "key"> = {
      stationType: scope.stationType,
      orders: [...new Set([scope.order, order].filter((one) => one !== null))],
      testKind: clause.placed.testKind,
      attribute:
        attribute === null
          ? null
          : {
              role: attribute.equipment,
              asset: defaultAsset(body, attribute.equipment),
              attribute: attribute.attribute,
            },
    };
    return { clause, contract, quantityOf, when: { ...when, key: JSON.stringify(when) } };
  });
}

const isMustReading = (clause: SoundClause): clause is SoundReading =>
  clause.compiled.kind === "reading" && clause.compiled.strictness === "must";

function defaultAsset({ declared }: Body, role: string): string {
  const declaration = declared.get(role);
  const asset = declaration?.kind === "equipment" ? declaration.byDefault : null;
  return asset?.kind === "text" ? asset.value : role;
}

/**
 * Whether some test is asked both. Two attributes of one item are taken as alternatives, for that is what guards are written
 * for (`battery-powered`, `mains-powered`); attributes of different items are independent.
 */
export function askedTogether(a: When, b: When): boolean {
  return (
    overlap(a.stationType, b.stationType) &&
    overlap(a.testKind, b.testKind) &&
    new Set([...a.orders, ...b.orders]).size <= 1 &&
    !areAlternatives(a.attribute, b.attribute)
  );
}

const overlap = (a: string | null, b: string | null): boolean => a === null || b === null || a === b;

const areAlternatives = (a: When["attribute"], b: When["attribute"]): boolean =>
  a !== null && b !== null && (a.role === b.role || a.asset === b.asset) && a.attribute !== b.attribute;
