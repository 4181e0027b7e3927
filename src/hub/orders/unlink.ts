import type { ClientOrder } from "../../model/documents.ts";

type Tests = ClientOrder["tests"];

/**
 * What tests no longer have to meet by a later revision, a sentence each; empty where it only adds. A link without conditions is
 * a link to all of the contract's.
 */
export function unlinked(before: Tests, after: Tests): readonly string[] {
  return before.flatMap(({ name, maintenance, maintenance_conditions: asked }) => {
    const kept = after.find((one) => one.name === name && one.maintenance === maintenance);
    if (kept === undefined) return [`"${name}": ${maintenance}`];
    const { maintenance_conditions: still } = kept;
    if (still.length === 0) return [];
    if (asked.length === 0) return [`"${name}": all of ${maintenance} but ${still.join(", ")}`];
    const dropped = asked.filter((condition) => !still.includes(condition));
    return dropped.map((condition) => `"${name}": ${maintenance}, ${condition}`);
  });
}
