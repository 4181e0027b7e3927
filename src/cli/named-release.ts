import { MaintError } from "../base/maint-error.ts";
import { type ContractId, isContractId, isVersion, type Version } from "../model/ids.ts";

/** `MAIN-PEN-CHECK-001@v1.0`. @throws MaintError MAINT_ERR_USAGE */
export function releaseOf(name: string): { readonly contract: ContractId; readonly version: Version } {
  const [contract, version, ...rest] = name.split("@");
  if (rest.length > 0 || !isContractId(contract) || !isVersion(version))
    throw new MaintError("MAINT_ERR_USAGE", `"${name}" names no version; write it as MAIN-PEN-CHECK-001@v1.0`);
  return { contract, version };
}
