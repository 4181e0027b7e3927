import { parentPort, workerData } from "node:worker_threads";
import { openArchiveReader } from "../archive/archive-reader.ts";
import type { ProjectionTask } from "./project-node.ts";
import { type BlockHead, openProjectionFile, type StrandName } from "./projection-file.ts";
import { openReplayEngine, type ReplayOrder } from "./replay-engine.ts";
import { openTally } from "./tally.ts";

/** A thread of one replay, with its own connections to both files. It does what it is told, one thing after the other. */

export interface WorkerPlaces {
  readonly archive: string;
  readonly projection: string;
  readonly runtime: string;
  readonly order: ReplayOrder;
}

export type WorkerCall =
  | { readonly kind: "outstanding" }
  | { readonly kind: "project"; readonly task: ProjectionTask }
  | { readonly kind: "blocks" }
  | { readonly kind: "replay"; readonly blocks: readonly BlockHead[] }
  | { readonly kind: "forget"; readonly strand: StrandName }
  | { readonly kind: "tally" };

/** `progress`: entries or decisions that are done. An answer follows every call. */
export type WorkerSaid =
  | { readonly kind: "progress"; readonly done: number }
  | { readonly kind: "answer"; readonly value: unknown };

const port = parentPort;
if (port === null) throw new Error("this is a worker's script");
const { archive, projection, runtime, order } = workerData as WorkerPlaces;
const engine = openReplayEngine(openArchiveReader(archive), openProjectionFile(projection, runtime), order);
let tally = openTally(order.examples);

const say = (said: WorkerSaid): void => port.postMessage(said);

function answerTo(call: WorkerCall): unknown {
  switch (call.kind) {
    case "outstanding":
      return engine.outstanding();
    case "project":
      engine.project(call.task, (done) => say({ kind: "progress", done }));
      return null;
    case "blocks":
      return engine.blocks();
    case "replay":
      for (const block of call.blocks) {
        const damaged = engine.replay(block, tally);
        if (damaged !== null) return damaged;
        say({ kind: "progress", done: block.rows });
      }
      return null;
    case "forget":
      engine.forget(call.strand);
      return null;
    case "tally": {
      const counted = tally;
      tally = openTally(order.examples);
      return counted;
    }
  }
}

port.on("message", (call: WorkerCall) => say({ kind: "answer", value: answerTo(call) }));
