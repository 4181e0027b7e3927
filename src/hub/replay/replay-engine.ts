import { existsSync, readFileSync } from "node:fs";
import { zoneFromIntl } from "../../disk/zone-from-intl.ts";
import type { ContractId, Digest, Version } from "../../model/ids.ts";
import { openPlantCalendar, type PlantCalendar } from "../../model/plant-calendar.ts";
import { type LoadedBundle, loadBundle, type Release } from "../../runtime/index.ts";
import { outstanding, type ProjectionTask, project, type ReplayArchive } from "./project-node.ts";
import type { BlockHead, ProjectionFile, StrandName } from "./projection-file.ts";
import type { Candidate, ReplayShelf } from "./redecide.ts";
import { replayBlock } from "./replay-block.ts";
import type { ReplayFilter } from "./replay-summary.ts";
import { openTally, type Tally } from "./tally.ts";

/** A stored bundle by where it lies. It counts only where its bytes have this digest. */
export interface StoredBundle {
  readonly contract: ContractId;
  readonly version: Version;
  readonly digest: Digest;
  readonly offline: "accept" | "strict";
  readonly file: string;
}

/** What one replay asks; it travels to threads as it is. */
export interface ReplayOrder {
  /** Canonical JSON of the bundle. */
  readonly candidate: string;
  readonly offline: "accept" | "strict";
  readonly against: Version | null;
  readonly inForceFromMs: number | null;
  readonly filter: ReplayFilter;
  readonly examples: number;
  /** Every stored release; those of the candidate's contract may be held against it. */
  readonly releases: readonly StoredBundle[];
}

/** Bundles from PolicyCentral's folder, each read once and only where its digest is asked for. */
export function shelfOf(releases: readonly StoredBundle[]): ReplayShelf {
  const byDigest = new Map(releases.map((one) => [one.digest, one]));
  const offline = new Map(releases.map((one) => [`${one.contract}@${one.version}`, one.offline]));
  const bundles = new Map<Digest, LoadedBundle | undefined>();
  const calendars = new Map<string, PlantCalendar | undefined>();
  return {
    bundle: (digest) => {
      if (!bundles.has(digest)) bundles.set(digest, read(byDigest.get(digest)));
      return bundles.get(digest);
    },
    offline: (contract, version) => offline.get(`${contract}@${version}`) ?? "accept",
    calendar: (zone) => {
      if (!calendars.has(zone)) calendars.set(zone, calendarOf(zone));
      return calendars.get(zone);
    },
  };
}

function read(stored: StoredBundle | undefined): LoadedBundle | undefined {
  if (stored === undefined || !existsSync(stored.file)) return undefined;
  const loaded = loadBundle(readFileSync(stored.file));
  return loaded.ok && loaded.value.digest === stored.digest ? loaded.value : undefined;
}

function calendarOf(zone: string): PlantCalendar | undefined {
  const transitions = zoneFromIntl(zone);
  return transitions === undefined ? undefined : openPlantCalendar(transitions);
}

/** One thread's part of replays: it brings the projection up to date and decides blocks again. */
export interface ReplayEngine {
  readonly outstanding: () => readonly ProjectionTask[];
  readonly project: (task: ProjectionTask, progress: (entries: number) => void) => void;
  /** Blocks with decisions that the order asks for. */
  readonly blocks: () => readonly BlockHead[];
  /** Answers its strand where the block is damaged, null where it was counted. */
  readonly replay: (block: BlockHead, tally: Tally) => StrandName | null;
  readonly forget: (strand: StrandName) => void;
}

/** @throws Error where the candidate's bundle is not let in, or the version it is held against is not stored: the caller has checked both */
export function openReplayEngine(
  archive: ReplayArchive,
  file: ProjectionFile,
  order: ReplayOrder,
  shelf: ReplayShelf = shelfOf(order.releases),
): ReplayEngine {
  const candidate = candidateOf(order, shelf);
  const { nodes, fromMs = 0, toMs = Number.POSITIVE_INFINITY } = order.filter;
  const firstKept = new Map(archive.strands().map((strand) => [keyOf(strand), strand.firstKept]));
  const isAsked = ({ node }: StrandName): boolean => nodes === undefined || nodes.includes(node);
  return {
    outstanding: () => outstanding(archive, file, shelf),
    project: (task, progress) => project(task, archive, file, shelf, progress),
    blocks: () =>
      file
        .strands()
        .filter(isAsked)
        .flatMap((strand) => file.blocks(strand).filter((block) => block.toMs >= fromMs && block.fromMs < toMs)),
    replay: ({ id, node, number, fromSeq: ownFromSeq }, tally) => {
      const block = opened(file, id);
      if (block === undefined) return { node, number };
      const fromSeq = Math.max(ownFromSeq, firstKept.get(keyOf({ node, number })) ?? 0);
      replayBlock(block, node, { candidate, shelf, fromMs, toMs, fromSeq }, tally);
      return null;
    },
    forget: file.forget,
  };
}

const keyOf = ({ node, number }: StrandName): string => `${node} ${number}`;

/** Undefined for what the disk spoiled: it is made anew from the archive. */
function opened(file: ProjectionFile, id: number): ReturnType<ProjectionFile["open"]> | undefined {
  try {
    return file.open(id);
  } catch {
    return undefined;
  }
}

function candidateOf(order: ReplayOrder, shelf: ReplayShelf): Candidate {
  const loaded = loadBundle(order.candidate);
  if (!loaded.ok) throw new Error(`the candidate's bundle is not let in: ${loaded.error.message}`);
  const { contract } = loaded.value.bundle;
  const release: Release = { loaded: loaded.value, version: null, fromDay: null, offline: order.offline };
  return { release, inForceFromMs: order.inForceFromMs, against: againstOf(order, contract, shelf) };
}

function againstOf({ against, releases }: ReplayOrder, contract: ContractId, shelf: ReplayShelf): Release | null {
  if (against === null) return null;
  const stored = releases.find((one) => one.contract === contract && one.version === against);
  const loaded = stored === undefined ? undefined : shelf.bundle(stored.digest);
  if (stored === undefined || loaded === undefined) throw new Error(`${contract}@${against} is not stored`);
  return { loaded, version: against, fromDay: null, offline: stored.offline };
}

/** All of it in this thread: for tests, and for whoever has few decisions. Cancelled by what `progress` throws. */
export function replayHere(engine: ReplayEngine, examples: number, progress: () => void = () => undefined): Tally {
  for (const task of engine.outstanding()) engine.project(task, progress);
  const tally = openTally(examples);
  for (const block of engine.blocks()) {
    const damaged = engine.replay(block, tally);
    if (damaged !== null) {
      engine.forget(damaged);
      return replayHere(engine, examples, progress);
    }
    progress();
  }
  return tally;
}
