import { Worker } from "node:worker_threads";
import type { GatePlan, GateReport } from "./gate-loop.ts";

export interface GateOrder extends Omit<GatePlan, "share" | "shares"> {
  readonly workers: number;
  /** A worker that begins no case for so long is stopped, and the case it is at is its finding. */
  readonly limitMs: number;
  readonly hangsAt?: number;
}

/** Shares the sets of contracts among workers. */
export const fuzzGateInWorkers = ({ workers, limitMs, hangsAt, ...plan }: GateOrder): Promise<GateReport[]> =>
  Promise.all(
    Array.from({ length: workers }, (_, share) => watched({ ...plan, share, shares: workers }, limitMs, hangsAt)),
  );

function watched(plan: GatePlan, limitMs: number, hangsAt: number | undefined): Promise<GateReport> {
  const progress = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL("./gate-worker.ts", import.meta.url), { workerData: { plan, progress, hangsAt } });
  return new Promise((resolve, reject) => {
    let seen = -1;
    const watch = setInterval(() => {
      const began = Atomics.load(progress, 1);
      if (began !== seen || began === 0) {
        seen = began;
        return;
      }
      clearInterval(watch);
      const findings = [{ index: Atomics.load(progress, 0), what: `hangs: not back after ${limitMs} ms` }];
      void worker.terminate().then(() => resolve({ runs: began, engineRuns: 0, allowed: 0, codes: {}, findings }));
    }, limitMs);
    worker.once("message", (report: GateReport) => {
      clearInterval(watch);
      resolve(report);
    });
    worker.once("error", (error) => {
      clearInterval(watch);
      reject(error);
    });
  });
}
