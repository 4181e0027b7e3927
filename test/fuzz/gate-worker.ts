import { parentPort, workerData } from "node:worker_threads";
import { ourJudges } from "./gate-judge.ts";
import { fuzzGate, type GatePlan } from "./gate-loop.ts";

interface GateJob {
  readonly plan: GatePlan;
  /** Two numbers: the case at hand, and how often one began. The parent reads them to see who hangs. */
  readonly progress: Int32Array;
  /** The control: this case never ends. */
  readonly hangsAt: number | undefined;
}

const { plan, progress, hangsAt } = workerData as GateJob;

const report = await fuzzGate(plan, ourJudges, (index) => {
  Atomics.store(progress, 0, index);
  Atomics.add(progress, 1, 1);
  while (index === hangsAt);
});
parentPort?.postMessage(report);
