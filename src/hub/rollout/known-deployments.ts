import type { ContractId, Version } from "../../model/ids.ts";
import type { Phase } from "../../model/message.ts";
import type { ContractTables } from "../store/contract-tables.ts";
import { inPages } from "../store/turns.ts";
import type { RolloutPorts } from "./rollout-ports.ts";

/** How far one node is with one version. */
export interface KnownDeployment {
  readonly node: string;
  readonly phase: Phase | null;
  readonly reason: string | null;
  readonly pushed_at_ms: number;
}

/** All of one version, by node. */
export const deploymentsOf = (
  { db }: Pick<RolloutPorts, "db">,
  { contract, version }: { readonly contract: ContractId; readonly version: Version },
): Promise<readonly KnownDeployment[]> =>
  inPages(
    (after, limit) =>
      db
        .tables<ContractTables>()
        .selectFrom("deployment")
        .select(["node", "phase", "reason", "pushed_at_ms"])
        .where("contract", "=", contract)
        .where("version", "=", version)
        .where("node", ">", after)
        .orderBy("node")
        .limit(limit)
        .execute(),
    ({ node }) => node,
  );
