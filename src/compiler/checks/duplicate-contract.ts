import type { Contract } from "../../../grammar/ast.ts";
import { isVersion } from "../../model/ids.ts";
import type { Finding } from "../diagnostic.ts";
import { placeWithin, type SourceText } from "../source-text.ts";

/** A contract and the file it stands in. */
export interface ContractInFile {
  readonly source: SourceText;
  readonly contract: Contract;
}

/** Two contracts of one id, in one file or in files checked together. Releases in folders of other versions are others. */
export function duplicateContracts(contracts: readonly ContractInFile[]): { source: SourceText; finding: Finding }[] {
  const first = new Map<string, ContractInFile>();
  return contracts.flatMap((item) => {
    const { source, contract } = item;
    const key = `${versionOf(source.name)} ${contract.id.text}`;
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, item);
      return [];
    }
    const place = placeWithin(earlier.source, earlier.contract.span, earlier.contract.id.span);
    const finding = {
      place: placeWithin(source, contract.span, contract.id.span),
      message: `contract ${contract.id.text} is already defined`,
      help: "an id names one contract; give this one another id, or remove one of the two",
      related: [{ file: earlier.source.name, place, message: "first defined here" }],
    };
    return [{ source, finding }];
  });
}

/** `penetrant/maintenance-contracts/v1.0/X.maint` belongs to v1.0. */
const versionOf = (path: string): string => path.split(/[/\\]/).findLast(isVersion) ?? "";
