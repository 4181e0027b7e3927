import { MaintError } from "../base/maint-error.ts";
import type { CompiledContract } from "../compiler/index.ts";

/**
 * Two versions of one contract would be written to one file.
 * @throws MaintError MAINT_ERR_SAME_CONTRACT
 */
export function refuseTwice(contracts: readonly CompiledContract[]): void {
  const seen = new Map<string, string>();
  for (const { id, file } of contracts) {
    const earlier = seen.get(id);
    seen.set(id, file);
    if (earlier === undefined) continue;
    throw new MaintError("MAINT_ERR_SAME_CONTRACT", `${id}: stands in ${earlier} and in ${file}`, {
      help: "name its versions one at a time, with folders of their own",
    });
  }
}
