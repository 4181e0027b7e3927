import { digestsOf } from "../../model/desired-digests.ts";
import type { Digest } from "../../model/ids.ts";
import type { SignedDesired } from "../../model/message.ts";
import { conflict, unknownId } from "../refusals.ts";
import type { NodeTables } from "../store/node-tables.ts";
import type { RolloutPorts } from "./rollout-ports.ts";

/** What goes to a node on a stick: its desired set, signed, and what that rests on. */
export interface NodePackage {
  readonly signed: SignedDesired;
  readonly digests: readonly Digest[];
}

/** @throws MaintError NOT_FOUND for an unknown node, CONFLICT for one that is given nothing */
export async function packageFor({ db }: RolloutPorts, node: string): Promise<NodePackage> {
  const rows = await db
    .tables<NodeTables>()
    .selectFrom("node")
    .select(["id", "desired", "quarantined", "public_hex"])
    .execute();
  const row = rows.find(({ id }) => id === node);
  if (row === undefined)
    throw unknownId(
      "node",
      node,
      rows.map(({ id }) => id),
    );
  if (row.quarantined !== null) throw conflict(`${node} is quarantined: ${row.quarantined}`, "maint hub release-node");
  if (row.public_hex === null || row.desired === null)
    throw conflict(`${node} has no desired set`, "enrol it first, where it reaches the hub");
  const signed = JSON.parse(row.desired) as SignedDesired;
  return { signed, digests: digestsOf(signed) };
}
