import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "../../base/canonical-json.ts";
import { oneAtATime } from "../../base/one-at-a-time.ts";
import type { Bundle } from "../../model/bundle.ts";
import type { ContractId, Version } from "../../model/ids.ts";
import { MAX_REPLAYS_KEPT, MAX_REPLAYS_WAITING } from "../../model/limits.ts";
import { PRODUCT_VERSION } from "../../model/product-version.ts";
import type { PolicyCentral } from "../policy-central/policy-central.ts";
import type { Clock, Principal } from "../ports.ts";
import { conflict, notFound, unknownId } from "../refusals.ts";
import type { ReplayOrder } from "./replay-engine.ts";
import type { ReplayFilter, ReplaySummary } from "./replay-summary.ts";
import { type ReplayProgress, runReplay } from "./replay-threads.ts";
import { summaryOf } from "./tally.ts";

/** What is tried on recorded decisions. */
export interface ReplayRequest {
  /** Compiled here, never a bundle that somebody sent. */
  readonly candidate: Bundle;
  readonly filter: ReplayFilter;
  /** Held against the verdicts of this version instead of the recorded ones. */
  readonly against?: Version | undefined;
  /** Epoch milliseconds; from ever where it is left out. */
  readonly inForceFromMs?: number | undefined;
  /** Of each kind; 10 where it is left out. */
  readonly examples?: number | undefined;
}

/** A replay that somebody asked for. Kept in memory: it changes nothing, and can be asked for again. */
export interface ReplayJob {
  readonly id: string;
  readonly contract: ContractId;
  readonly state: "waiting" | "running" | "done" | "cancelled" | "failed";
  readonly progress: ReplayProgress | null;
  readonly summary: ReplaySummary | null;
  /** Why it failed, a sentence. */
  readonly failure: string | null;
  readonly by: string;
  readonly askedAtMs: number;
}

export interface ReplayService {
  /**
   * Decides the recorded decisions again, in worker threads. No archived decision is no error: `counts.decisions` is 0.
   * @throws MaintError NOT_FOUND for an unknown version in `against`
   */
  readonly summarize: (request: ReplayRequest) => Promise<ReplaySummary>;
  /** The same behind a job. @throws MaintError NOT_FOUND, CONFLICT where too many wait */
  readonly start: (request: ReplayRequest, by: Principal) => ReplayJob;
  /** @throws MaintError NOT_FOUND */
  readonly job: (id: string) => ReplayJob;
  readonly jobs: () => readonly ReplayJob[];
  /** Ends it where it has not ended. @throws MaintError NOT_FOUND */
  readonly cancel: (id: string) => ReplayJob;
  /**
   * Reads what was archived since, in one thread and behind everybody who asks for a replay, so that nobody waits for years of
   * decisions. What a failure leaves unread is read by the next.
   */
  readonly catchUp: () => Promise<void>;
  /** Cancels what runs and takes nothing more. */
  readonly stop: () => Promise<void>;
}

export interface ReplayPorts {
  readonly policy: Pick<PolicyCentral, "releases">;
  readonly clock: Clock;
  /** Of archive.db, of the cache beside it, and PolicyCentral's folder. */
  readonly places: { readonly archive: string; readonly projection: string; readonly policy: string };
  readonly threads?: number;
}

const EXAMPLES = 10;

interface Kept {
  job: ReplayJob;
  readonly stop: AbortController;
}

export function createReplayService(ports: ReplayPorts): ReplayService {
  // One at a time: two side by side would share the same cores and the same file.
  const inTurn = oneAtATime();
  const kept = new Map<string, Kept>();
  const running = new Set<AbortController>();
  let counted = 0;
  const reader = backgroundReader(ports, inTurn);
  const run = (request: ReplayRequest, stop: AbortController, progress?: (progress: ReplayProgress) => void) => {
    reader.giveWay();
    const order = orderOf(ports, request);
    if (running.size > MAX_REPLAYS_WAITING) throw conflict(`${running.size} replays wait already`);
    running.add(stop);
    return inTurn(() => replay(ports, order, request, { signal: stop.signal, ...(progress && { progress }) })).finally(
      () => running.delete(stop),
    );
  };
  const found = (id: string): Kept => {
    const one = kept.get(id);
    if (one === undefined) throw notFound(`there is no replay "${id}"`, "the hub forgets them when it ends");
    return one;
  };
  const begin = (request: ReplayRequest, by: Principal): ReplayJob => {
    counted += 1;
    const one: Kept = { job: newJob(`replay-${counted}`, request, by, ports.clock), stop: new AbortController() };
    const note = (change: Partial<ReplayJob>): void => {
      one.job = { ...one.job, ...change };
    };
    const done = run(request, one.stop, (progress) => note({ state: "running", progress }));
    done.then(
      (summary) => note({ state: "done", summary }),
      (error: unknown) =>
        note(
          one.stop.signal.aborted
            ? { state: "cancelled" }
            : { state: "failed", failure: error instanceof Error ? error.message : String(error) },
        ),
    );
    kept.set(one.job.id, one);
    for (const [id, { job }] of kept)
      if (kept.size > MAX_REPLAYS_KEPT && job.state !== "waiting" && job.state !== "running") kept.delete(id);
    return one.job;
  };
  return {
    summarize: async (request) => run(request, new AbortController()),
    start: begin,
    job: (id) => found(id).job,
    jobs: () => [...kept.values()].map(({ job }) => job).reverse(),
    cancel: (id) => {
      const one = found(id);
      one.stop.abort();
      if (one.job.state === "waiting" || one.job.state === "running") one.job = { ...one.job, state: "cancelled" };
      return one.job;
    },
    catchUp: async () => (running.size > 0 ? undefined : reader.read()),
    stop: async () => {
      reader.giveWay();
      for (const stop of running) stop.abort();
      await inTurn(async () => undefined);
    },
  };
}

interface BackgroundReader {
  readonly read: () => Promise<void>;
  /** Somebody asks for a replay, which reads on from here. */
  readonly giveWay: () => void;
}

function backgroundReader(ports: ReplayPorts, inTurn: ReturnType<typeof oneAtATime>): BackgroundReader {
  let reading: AbortController | undefined;
  return {
    giveWay: () => reading?.abort(),
    read: async () => {
      const order = readingOrder(ports);
      if (reading !== undefined || order === undefined) return;
      const stop = new AbortController();
      reading = stop;
      const { archive, projection } = ports.places;
      const work = { archive, projection, runtime: RUNTIME, order };
      try {
        await inTurn(() => runReplay(work, { signal: stop.signal, threads: 1 }));
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      } finally {
        reading = undefined;
      }
    },
  };
}

const newJob = (id: string, { candidate }: ReplayRequest, by: Principal, clock: Clock): ReplayJob => ({
  ...{ id, contract: candidate.contract, state: "waiting", progress: null, summary: null, failure: null },
  ...{ by: by.id, askedAtMs: clock.nowMs() },
});

/** Verdicts follow from what decides and from the tz data it takes calendars from. */
const RUNTIME = `${PRODUCT_VERSION} tz ${process.versions["tz"] ?? "unknown"}`;

async function replay(
  { places, threads }: ReplayPorts,
  order: ReplayOrder,
  { candidate }: ReplayRequest,
  run: Parameters<typeof runReplay>[1] & object,
): Promise<ReplaySummary> {
  const { archive, projection } = places;
  const crew = threads === undefined ? {} : { threads };
  const tally = await runReplay({ archive, projection, runtime: RUNTIME, order }, { ...run, ...crew });
  const { against, inForceFromMs, filter } = order;
  const digest = `sha256:${createHash("sha256").update(order.candidate).digest("hex")}`;
  return summaryOf({ contract: candidate.contract, candidate: digest, against, inForceFromMs, filter }, tally);
}

/** Asks for no decision: what is read is read whoever asks. Undefined where nothing is stored that could have decided. */
function readingOrder({ policy, places }: ReplayPorts): ReplayOrder | undefined {
  const stored = policy.releases();
  const last = stored.at(-1);
  if (last === undefined) return undefined;
  return {
    candidate: readFileSync(join(places.policy, last.target), "utf8"),
    ...{ offline: last.mark.offline, against: null, inForceFromMs: null, examples: 0 },
    filter: { fromMs: Number.MAX_SAFE_INTEGER },
    releases: storedBundles(stored, places.policy),
  };
}

const storedBundles = (
  stored: ReturnType<ReplayPorts["policy"]["releases"]>,
  policy: string,
): ReplayOrder["releases"] =>
  stored.map(({ contract, version, digest, mark, target }) => ({
    ...{ contract, version, digest, offline: mark.offline, file: join(policy, target) },
  }));

/** @throws MaintError NOT_FOUND */
function orderOf({ policy, places }: ReplayPorts, request: ReplayRequest): ReplayOrder {
  const { candidate, filter, against, inForceFromMs, examples = EXAMPLES } = request;
  const stored = policy.releases();
  const own = stored.filter(({ contract }) => contract === candidate.contract);
  if (against !== undefined && !own.some(({ version }) => version === against)) {
    const known = own.map(({ contract, version }) => `${contract}@${version}`);
    throw unknownId("version", `${candidate.contract}@${against}`, known);
  }
  return {
    ...{ candidate: canonicalJson(candidate), filter, examples },
    ...{ against: against ?? null, inForceFromMs: inForceFromMs ?? null },
    // How it will be signed nobody knows yet: as the version before it.
    offline: own.at(-1)?.mark.offline ?? "accept",
    releases: storedBundles(stored, places.policy),
  };
}
