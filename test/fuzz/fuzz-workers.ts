import { Worker } from "node:worker_threads";
import type { FuzzPlan, FuzzReport } from "./fuzz-loop.ts";

export interface FuzzOrder extends Omit<FuzzPlan, "first" | "step"> {
  readonly workers: number;
  readonly hangsAt?: number;
}

/** Shares the cases among workers. One whose case does not end within the limit is stopped, and that case is its finding. */
export function fuzzInWorkers({ workers, hangsAt, ...order }: FuzzOrder): Promise<FuzzReport[]> {
  return Promise.all(
    Array.from({ length: workers }, (_, first) => watched({ ...order, first, step: workers }, hangsAt)),
  );
}

function watched(plan: FuzzPlan, hangsAt: number | undefined): Promise<FuzzReport> {
  const progress = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL("./fuzz-worker.ts", import.meta.url), { workerData: { plan, progress, hangsAt } });
  return new Promise((resolve, reject) => {
    let seen = -1;
    // A case is slow by its own clock long before this; the watch is for one that never comes back, hence the wide margin.
    const watch = setInterval(() => {
      const began = Atomics.load(progress, 1);
      const index = Atomics.load(progress, 0);
      if (began !== seen || began === 0) {
        seen = began;
        return;
      }
      clearInterval(watch);
      const findings = [{ index, what: `hangs: not back after ${plan.limitMs} ms` }];
      const slowest = { index, ms: Number.POSITIVE_INFINITY };
      void worker.terminate().then(() => resolve({ runs: began, compiled: 0, sound: 0, slowest, findings }));
    }, 4 * plan.limitMs);
    worker.once("message", (report: FuzzReport) => {
      clearInterval(watch);
      resolve(report);
    });
    worker.once("error", (error) => {
      clearInterval(watch);
      reject(error);
    });
  });
}
