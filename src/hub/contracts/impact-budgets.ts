import { DEFAULT_IMPACT_BUDGET } from "../../model/limits.ts";
import type { Clock, Principal } from "../ports.ts";
import { badRequest } from "../refusals.ts";
import { isDomain } from "../release/role-name.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import type { StagedTables } from "../store/staged-tables.ts";

/** How much of what was allowed a version of a domain may newly block. */
export interface ImpactBudget {
  readonly domain: string;
  /** 0 to 1. */
  readonly budget: number;
  /** Null where nobody set it: then it is the hub's own. */
  readonly set: { readonly by: string; readonly atMs: number; readonly reason: string } | null;
}

/** A domain's own share in the place of the hub's; every change is a ledger entry. */
export interface ImpactBudgets {
  /** @throws MaintError BAD_REQUEST for what is no domain */
  readonly of: (domain: string) => Promise<ImpactBudget>;
  /** `budget` null takes it back to the hub's own. @throws MaintError BAD_REQUEST without a reason, or for what is no share */
  readonly set: (
    domain: string,
    change: { readonly budget: number | null; readonly reason: string },
    by: Principal,
  ) => Promise<ImpactBudget>;
}

export interface ImpactBudgetPorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
}

export function createImpactBudgets(ports: ImpactBudgetPorts): ImpactBudgets {
  const of = async (domain: string): Promise<ImpactBudget> => {
    const query = ports.db.tables<StagedTables>().selectFrom("impact_budget").selectAll();
    const row = await query.where("domain", "=", checked(domain)).executeTakeFirst();
    if (row === undefined) return { domain, budget: DEFAULT_IMPACT_BUDGET, set: null };
    return { domain, budget: row.share, set: { by: row.set_by, atMs: row.set_at_ms, reason: row.reason } };
  };
  return {
    of,
    set: async (domain, { budget, reason: given }, by) => {
      const before = await of(domain);
      const reason = given.trim();
      if (reason === "") throw badRequest("a domain's budget needs its reason");
      if (budget !== null && !(budget >= 0 && budget <= 1)) throw badRequest("a budget is a share from 0 to 1");
      const row = { share: budget ?? 0, reason, set_by: by.id, set_at_ms: ports.clock.nowMs() };
      await ports.journal.commit<StagedTables, void>(async ({ tables, record }) => {
        if (budget === null) await tables.deleteFrom("impact_budget").where("domain", "=", domain).execute();
        else
          await tables
            .insertInto("impact_budget")
            .values({ domain, ...row })
            .onConflict((known) => known.column("domain").doUpdateSet(row))
            .execute();
        record({
          ...{
            action_type: "contract_approval",
            action: "impact-budget-set",
            target: domain,
            user_id: by.id,
            smart_id: null,
          },
          details: `versions of ${domain} may newly block ${shareWords(budget ?? DEFAULT_IMPACT_BUDGET)}: ${reason}`,
          metadata: { domain, budget, before: before.budget, reason },
        });
      });
      return of(domain);
    },
  };
}

const shareWords = (share: number): string => `${Number((share * 100).toPrecision(6))} %`;

function checked(domain: string): string {
  if (!isDomain(domain)) throw badRequest(`"${domain}" is no domain`, "kebab-case, such as penetrant");
  return domain;
}
