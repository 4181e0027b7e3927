import type { Bundle } from "../../model/bundle.ts";
import type { ContractId } from "../../model/ids.ts";
import { nearest } from "../refusals.ts";
import type { OrderDraft } from "./parse-order.ts";

/** What an order's links are checked against. */
export interface KnownContracts {
  /** In force, sorted. */
  readonly ids: readonly ContractId[];
  readonly bundles: ReadonlyMap<ContractId, Bundle>;
}

/** Every link of the order that leads nowhere, as a sentence with the nearest names; empty where all are good. Pure. */
export function brokenLinks(order: OrderDraft, known: KnownContracts): readonly string[] {
  return order.tests.flatMap(({ name, maintenance, maintenance_conditions }) => {
    const bundle = known.bundles.get(maintenance);
    if (bundle === undefined) {
      return [`"${name}": no contract ${maintenance} is in force${didYouMean(maintenance, known.ids)}`];
    }
    const conditions = bundle.conditions.map((condition) => condition.name);
    const missing = maintenance_conditions.filter((asked) => !conditions.includes(asked));
    return missing.map(
      (asked) => `"${name}": ${maintenance} has no condition ${asked}${didYouMean(asked, conditions)}`,
    );
  });
}

/** Where nothing is spelled alike, a short list is worth more than silence. */
const SHORT_LIST = 5;

function didYouMean(asked: string, known: readonly string[]): string {
  const near = nearest(asked, known);
  if (near.length > 0) return `; did you mean ${near.join(" or ")}?`;
  return known.length > 0 && known.length <= SHORT_LIST ? `; there is ${known.join(", ")}` : "";
}
