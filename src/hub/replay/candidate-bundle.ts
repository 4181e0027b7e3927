import type { Bundle } from "../../model/bundle.ts";
import type { ContractId } from "../../model/ids.ts";
import type { ContractService } from "../contracts/contract-service.ts";
import { contractTools } from "../contracts/contract-tools.ts";
import { badRequest } from "../refusals.ts";

export interface AskedCandidate {
  readonly contract: ContractId;
  readonly text?: string | undefined;
  /** A version that the hub has, or `draft`; the open draft, else the newest, where neither is given. */
  readonly version?: string | undefined;
}

/** The bundle of what is to be tried, compiled here. @throws MaintError BAD_REQUEST where it does not compile, NOT_FOUND */
export async function candidateBundle(
  contracts: Pick<ContractService, "show">,
  { contract, text, version }: AskedCandidate,
): Promise<Bundle> {
  const asked = text ?? (await contracts.show(contract, version ?? undefined)).text;
  const { contracts: compiled, problems } = contractTools.compile(asked);
  const found = compiled.find(({ id }) => id === contract);
  if (found !== undefined) return found.bundle;
  const other = compiled[0]?.id;
  const why = other === undefined ? (problems[0]?.message ?? "it holds no contract") : `it is ${other}`;
  throw badRequest(`the candidate is no ${contract} that compiles: ${why}`, "maint check says more");
}
