import { canonicalJson } from "../../base/canonical-json.ts";
import type { HubDatabase } from "../store/database.ts";
import type { ImpactTables } from "../store/impact-tables.ts";
import type { ImpactItem, ItemDecision } from "./impact-items.ts";
import type { Disposition, DispositionWord } from "./impact-model.ts";

/** What people decided about an item as it is now; null where nobody did. */
export type DispositionOf = (item: ImpactItem) => Disposition | null;

/**
 * The latest disposition of each item of an impact. It is about the decisions that were known then: where another one is found,
 * by a node that was away or a certificate that came late, it says nothing of that, and people decide again.
 */
export async function dispositionsOf({ db }: { readonly db: HubDatabase }, impact: number): Promise<DispositionOf> {
  const query = db.tables<ImpactTables>().selectFrom("impact_disposition").selectAll();
  const rows = await query.where("impact", "=", impact).orderBy("id").execute();
  const latest = new Map(rows.map((row) => [row.item, row]));
  return (item) => {
    const row = latest.get(item.key);
    if (row === undefined) return null;
    const known = row.decisions === null ? null : new Set(JSON.parse(row.decisions) as readonly string[]);
    if (known !== null && !item.decisions.every((decision) => known.has(nameOf(decision)))) return null;
    return {
      ...{ item: row.item, disposition: row.disposition as DispositionWord, note: row.note, by: row.by_whom },
      ...{ atMs: row.at_ms, decisions: known?.size ?? item.decisions.length },
    };
  };
}

/** For the disposition's row. */
export const decisionsIn = (item: ImpactItem | undefined): string => canonicalJson((item?.decisions ?? []).map(nameOf));

const nameOf = ({ node, strand, seq }: ItemDecision): string => `${node}~${strand}/${seq}`;
