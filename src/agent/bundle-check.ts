import { fail, ok } from "../base/result.ts";
import { zoneFromIntl } from "../disk/zone-from-intl.ts";
import { loadBundle, runBundleTests } from "../runtime/index.ts";
import type { BundleCheck } from "./release-set.ts";

/** The runtime's own guard, and the contract's own tests on both evaluators. */
export const runtimeCheck: BundleCheck = {
  load: (bytes) => {
    const loaded = loadBundle(bytes);
    return loaded.ok ? ok(loaded.value) : fail(`${loaded.error.place}: ${loaded.error.message}`);
  },
  selfTest: async (loaded, zone) => {
    // A test names its own plant; where that is another one than this node's, Node's own table has to do.
    const zoneOf = (name: string) => (name === zone?.zone ? zone : zoneFromIntl(name));
    const results = await runBundleTests(loaded, zoneOf);
    return results
      .filter(({ outcome }) => outcome === "failed")
      .map(({ test, problems }) => `"${test.name}": ${problems.map(({ message }) => message).join(", ")}`);
  },
};
