import type { Kysely } from "kysely";
import type { Alert } from "../../model/alert.ts";
import type { ContractId, Version } from "../../model/ids.ts";
import type { AlertTables } from "../store/alerts-tables.ts";

/** How a tried version differs from what was enforced, over all decisions that nodes tried it on. */
export interface ShadowSummary {
  readonly contract: ContractId;
  readonly version: Version;
  readonly decisions: number;
  readonly nodes: number;
  /** Was allowed, and would have been blocked. */
  readonly newlyBlocked: number;
  /** Was blocked, and would have been allowed. */
  readonly newlyAllowed: number;
  /** Of the newly blocked: how often each reason, the most frequent first. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  /** The latest of those that differ. */
  readonly examples: readonly ShadowExample[];
}

export interface ShadowExample {
  readonly node: string;
  readonly test: string | null;
  readonly atMs: number;
  readonly allow: boolean;
  readonly enforcedAllow: boolean;
  readonly reasons: readonly string[];
  readonly enforcedReasons: readonly string[];
}

const MAX_EXAMPLES = 20;

/** Those of a batch that are trials; what is there already stays as it is. */
export async function insertShadowDecisions(tables: Kysely<AlertTables>, records: readonly Alert[]): Promise<void> {
  for (const { node, epoch, seq, contract, version, atMs, testId, kind, shadow } of records) {
    if (kind !== "shadow-decision") continue;
    await tables
      .insertInto("shadow_decision")
      .values({
        ...{ node, epoch, seq, at_ms: atMs, test: testId, contract: contract ?? "", version: version ?? "" },
        allow: shadow?.allow === true ? 1 : 0,
        enforced_allow: shadow?.enforcedAllow === true ? 1 : 0,
        reasons: JSON.stringify(shadow?.reasons ?? []),
        enforced_reasons: JSON.stringify(shadow?.enforcedReasons ?? []),
      })
      .onConflict((known) => known.doNothing())
      .execute();
  }
}

export async function summarizeShadow(
  tables: Kysely<AlertTables>,
  contract: ContractId,
  version: Version,
): Promise<ShadowSummary> {
  const those = tables.selectFrom("shadow_decision").where("contract", "=", contract).where("version", "=", version);
  const groups = await those
    .select(["allow", "enforced_allow", (build) => build.fn.countAll<number>().as("count")])
    .groupBy(["allow", "enforced_allow"])
    .execute();
  const countOf = (allow: number, enforced: number): number =>
    Number(groups.find((one) => one.allow === allow && one.enforced_allow === enforced)?.count ?? 0);
  const nodes = await those.select((build) => build.fn.count<number>("node").distinct().as("count")).executeTakeFirst();
  const latest = await those
    .selectAll()
    .whereRef("allow", "<>", "enforced_allow")
    .orderBy("at_ms", "desc")
    .limit(MAX_EXAMPLES)
    .execute();
  return {
    ...{ contract, version, nodes: Number(nodes?.count ?? 0) },
    decisions: groups.reduce((sum, { count }) => sum + Number(count), 0),
    newlyBlocked: countOf(0, 1),
    newlyAllowed: countOf(1, 0),
    reasons: await reasonsOf(tables, contract, version),
    examples: latest.map((row) => ({
      ...{ node: row.node, test: row.test, atMs: row.at_ms },
      ...{ allow: row.allow === 1, enforcedAllow: row.enforced_allow === 1 },
      reasons: JSON.parse(row.reasons) as string[],
      enforcedReasons: JSON.parse(row.enforced_reasons) as string[],
    })),
  };
}

async function reasonsOf(tables: Kysely<AlertTables>, contract: ContractId, version: Version) {
  const rows = await tables
    .selectFrom("shadow_decision")
    .select(["reasons", (build) => build.fn.countAll<number>().as("count")])
    .where("contract", "=", contract)
    .where("version", "=", version)
    .where("allow", "=", 0)
    .where("enforced_allow", "=", 1)
    .groupBy("reasons")
    .execute();
  const counts = new Map<string, number>();
  for (const { reasons, count } of rows)
    for (const reason of JSON.parse(reasons) as string[]) counts.set(reason, (counts.get(reason) ?? 0) + Number(count));
  return [...counts].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
}
