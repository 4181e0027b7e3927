import { parentPort, workerData } from "node:worker_threads";
import { type FuzzPlan, fuzz } from "./fuzz-loop.ts";
import { ourSubject, type Subject } from "./invariants.ts";
import { fuzzSources } from "./mutator.ts";

interface FuzzJob {
  readonly plan: FuzzPlan;
  /** Two numbers: the case at hand, and how often one began. The parent reads them to see who hangs. */
  readonly progress: Int32Array;
  /** The control: this case never ends. */
  readonly hangsAt: number | undefined;
}

const { plan, progress, hangsAt } = workerData as FuzzJob;
let at = -1;

const hanging: Subject = {
  ...ourSubject,
  parse: (text, limits) => {
    while (at === hangsAt);
    return ourSubject.parse(text, limits);
  },
};

const report = fuzz(
  plan,
  fuzzSources(),
  hangsAt === undefined ? ourSubject : hanging,
  () => performance.now(),
  (index) => {
    at = index;
    Atomics.store(progress, 0, index);
    Atomics.add(progress, 1, 1);
  },
);
parentPort?.postMessage(report);
