import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { MaintError } from "../../base/maint-error.ts";
import { MAX_REPLAY_THREADS, REPLAY_BLOCKS_PER_CALL, REPLAY_THREAD_MIB } from "../../model/limits.ts";
import type { ProjectionTask } from "./project-node.ts";
import { type BlockHead, openProjectionFile, type StrandName } from "./projection-file.ts";
import type { WorkerCall, WorkerPlaces, WorkerSaid } from "./replay-worker.ts";
import { merge, openTally, type Tally } from "./tally.ts";

/** `reading`: what the archive has and the projection not yet; `deciding`: decisions. */
export interface ReplayProgress {
  readonly phase: "reading" | "deciding";
  readonly done: number;
  readonly total: number;
}

export interface ReplayRun {
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly progress?: (progress: ReplayProgress) => void;
}

/**
 * Runs one replay in threads of its own and answers what they counted. Memory is bounded: each thread has one block at a time.
 * @throws MaintError MAINT_ERR_REPLAY_CANCELLED after `signal`; what a thread dies of
 */
export async function runReplay(places: WorkerPlaces, run: ReplayRun = {}): Promise<Tally> {
  const { signal, threads = Math.min(MAX_REPLAY_THREADS, availableParallelism()) } = run;
  if (signal?.aborted === true) throw cancelled();
  // Made, or made anew, by one before several have it open.
  openProjectionFile(places.projection, places.runtime).close();
  const crew = Array.from({ length: threads }, () => openThread(places));
  const stop = (): void => {
    for (const thread of crew) void thread.end(cancelled());
  };
  signal?.addEventListener("abort", stop, { once: true });
  try {
    // A block that the disk spoiled is made anew, and everything counted again; twice is no accident.
    for (let tries = 0; tries < 2; tries += 1) {
      const damaged = await attempt(crew, run);
      if (damaged === null) return await counted(crew, places.order.examples);
      await first(crew).call({ kind: "forget", strand: damaged });
      await counted(crew, 0);
    }
    throw new MaintError("MAINT_ERR_DATABASE_DAMAGED", `${places.projection}: is spoiled again and again`, {
      exitCode: 69,
      help: "stop the hub and remove the file: it is made anew",
    });
  } finally {
    signal?.removeEventListener("abort", stop);
    // Not before all are gone may another replay begin: a thread in the middle of a commit ends it first.
    await Promise.all(crew.map((thread) => thread.end()));
  }
}

const cancelled = (): MaintError =>
  new MaintError("MAINT_ERR_REPLAY_CANCELLED", "the replay was cancelled", { exitCode: 1 });

/** Answers the strand of a damaged block, null where everything was counted. */
async function attempt(crew: readonly Thread[], { progress }: ReplayRun): Promise<StrandName | null> {
  const tasks = (await first(crew).call({ kind: "outstanding" })) as readonly ProjectionTask[];
  const sizeOf = ({ fromSeq, toSeq }: ProjectionTask): number => toSeq - fromSeq;
  const largestFirst = [...tasks].sort((a, b) => sizeOf(b) - sizeOf(a));
  const entries = tasks.reduce((sum, task) => sum + sizeOf(task), 0);
  const reading = counter("reading", entries, progress);
  await shareOut(crew, largestFirst, async (thread, task) => {
    await thread.call({ kind: "project", task }, reading);
    return null;
  });
  const blocks = (await first(crew).call({ kind: "blocks" })) as readonly BlockHead[];
  const deciding = counter(
    "deciding",
    blocks.reduce((sum, { rows }) => sum + rows, 0),
    progress,
  );
  const calls = chunksOf(blocks, REPLAY_BLOCKS_PER_CALL);
  return shareOut(crew, calls, async (thread, some) => {
    return (await thread.call({ kind: "replay", blocks: some }, deciding)) as StrandName | null;
  });
}

async function counted(crew: readonly Thread[], examples: number): Promise<Tally> {
  const whole = openTally(examples);
  for (const part of await Promise.all(crew.map((thread) => thread.call({ kind: "tally" }))))
    merge(whole, part as Tally);
  return whole;
}

/** Whoever is free takes the next piece; ends with the first answer that is not null. */
async function shareOut<T>(
  crew: readonly Thread[],
  pieces: readonly T[],
  work: (thread: Thread, piece: T) => Promise<StrandName | null>,
): Promise<StrandName | null> {
  let next = 0;
  let found: StrandName | null = null;
  await Promise.all(
    crew.map(async (thread) => {
      while (next < pieces.length && found === null) {
        const piece = pieces[next] as T;
        next += 1;
        found = (await work(thread, piece)) ?? found;
      }
    }),
  );
  return found;
}

const chunksOf = <T>(list: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size));

function counter(
  phase: ReplayProgress["phase"],
  total: number,
  progress: ReplayRun["progress"] = () => undefined,
): (done: number) => void {
  let sum = 0;
  progress({ phase, done: 0, total });
  return (done) => {
    sum += done;
    progress({ phase, done: sum, total });
  };
}

const first = (crew: readonly Thread[]): Thread => crew[0] as Thread;

interface Thread {
  /** One call at a time. */
  readonly call: (call: WorkerCall, progress?: (done: number) => void) => Promise<unknown>;
  readonly end: (why?: Error) => Promise<unknown>;
}

/** The same language as this file: a clone runs what it has, a package what was compiled of it. */
const SCRIPT = new URL(import.meta.url.endsWith(".ts") ? "./replay-worker.ts" : "./replay-worker.js", import.meta.url);

/** An error that came out of a thread has lost its class on the way, and a heap that is full says it in words for programmers. */
function asItWas(error: unknown): Error {
  const { code, message, exitCode, help } = error as Partial<MaintError>;
  if (code?.startsWith("MAINT_ERR_") === true)
    return new MaintError(code, message ?? code, {
      ...{ cause: error, ...(exitCode === undefined ? {} : { exitCode }), ...(help === undefined ? {} : { help }) },
    });
  if ((code as string | undefined) === "ERR_WORKER_OUT_OF_MEMORY")
    return new MaintError("MAINT_ERR_REPLAY_FAILED", `a thread of it needs more than ${REPLAY_THREAD_MIB} MiB`, {
      ...{ exitCode: 69, cause: error, help: "ask for fewer nodes or a shorter time: --nodes, --since, --until" },
    });
  return error instanceof Error ? error : new Error(String(error));
}

function openThread(places: WorkerPlaces): Thread {
  const worker = new Worker(SCRIPT, {
    workerData: places,
    resourceLimits: { maxOldGenerationSizeMb: REPLAY_THREAD_MIB },
  });
  let dead: Error | undefined;
  let open: { resolve: (value: unknown) => void; reject: (error: Error) => void } | undefined;
  let heard: (done: number) => void = () => undefined;
  const fail = (error: Error): void => {
    dead ??= error;
    open?.reject(dead);
    open = undefined;
  };
  worker.on("message", (said: WorkerSaid) => {
    if (said.kind === "progress") heard(said.done);
    else {
      open?.resolve(said.value);
      open = undefined;
    }
  });
  worker.on("error", (error: unknown) => fail(asItWas(error)));
  worker.on("exit", () => fail(new Error("a thread of the replay ended")));
  return {
    call: (call, progress = () => undefined) =>
      new Promise((resolve, reject) => {
        if (dead !== undefined) {
          reject(dead);
          return;
        }
        [open, heard] = [{ resolve, reject }, progress];
        worker.postMessage(call);
      }),
    end: (why) => {
      if (why !== undefined) fail(why);
      return worker.terminate();
    },
  };
}
