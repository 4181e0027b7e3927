import type { Bundle } from "../../model/bundle.ts";
import type { Decision, DecisionDetail } from "../../model/decision.ts";
import type { ContractId, Digest, Version } from "../../model/ids.ts";
import type { PlantCalendar } from "../../model/plant-calendar.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { type SnapshotFields, snapshotFromValues } from "../../model/snapshot-parse.ts";
import {
  type DecideInput,
  decideFast,
  indexReleases,
  type LoadedBundle,
  type Release,
  verdictFast,
} from "../../runtime/index.ts";
import type { ArchivedDecision, RecordedMetadata } from "../archive/archived.ts";
import { evidenceAskedBy, evidenceOf, isAbsence } from "./asked-then.ts";
import { compareVerdicts, type ReplayAnswer, sameTexts, type Verdict } from "./compare-verdicts.ts";
import type { WhyNotJudged } from "./replay-summary.ts";

/** Where what a decision names is found again. */
export interface ReplayShelf {
  readonly bundle: (digest: Digest) => LoadedBundle | undefined;
  /** What its signers want of a node without signed time. */
  readonly offline: (contract: ContractId, version: Version | null) => NonNullable<Release["offline"]>;
  readonly calendar: (zone: string) => PlantCalendar | undefined;
}

/** A version that stands where its contract's recorded one stood. */
export interface Candidate {
  readonly release: Release;
  /** Before this instant, epoch ms, and for tests under way then, the recorded version stays; null: from ever. */
  readonly inForceFromMs: number | null;
  /** What its verdicts are held against; null: those that were recorded. */
  readonly against: Release | null;
}

/** One decision as its node recorded it, typed; or why it cannot be decided again. */
export type Replayable =
  | { readonly kind: "not-judged"; readonly why: WhyNotJudged }
  | {
      readonly kind: "replayable";
      readonly node: string;
      readonly now: number;
      readonly snapshot: Snapshot;
      readonly calendar: PlantCalendar;
      /** Those that bound it, as recorded. */
      readonly releases: readonly Release[];
      /** Recorded reasons of contracts that the node had and that were not yet in force: the snapshot does not name them. */
      readonly carried: readonly string[];
    };

export type Ready = Extract<Replayable, { readonly kind: "replayable" }>;

/**
 * Decides one recorded decision again with `candidate` in the place of its contract's version: the other contracts, the orders and
 * the start of the test as recorded. What the recorded releases do not reproduce is not compared with anything.
 */
export function redecide(decision: ArchivedDecision, candidate: Candidate, shelf: ReplayShelf): ReplayAnswer {
  if (!isReadable(decision.recorded)) return { kind: "not-judged", why: "unreadable", before: [] };
  const { decision: recorded } = decision.recorded;
  const found = replayable(decision, shelf);
  return found.kind === "not-judged"
    ? { ...found, before: recorded.reasons }
    : redecideTyped(found, recorded, candidate);
}

/** The same of a decision that was typed before. */
export function redecideTyped(
  found: Ready,
  recorded: Pick<Decision, "allow" | "reasons">,
  candidate: Candidate,
): ReplayAnswer {
  const again = asRecorded(found);
  if (again.allow !== recorded.allow || !sameTexts(again.reasons, recorded.reasons))
    return { kind: "not-reproducible", before: recorded.reasons, now: again.reasons };
  return held(found, again, candidate);
}

/** A node writes its own entries; what is no decision in our form is said to be none, and stops nothing. */
export function isReadable({ decision, part, snapshot }: RecordedMetadata): boolean {
  const { allow, reasons, warnings, contracts, testId, order } = decision;
  const isText = (value: unknown): boolean => typeof value === "string";
  const isTextOrNull = (value: unknown): boolean => value === null || isText(value);
  return (
    typeof allow === "boolean" &&
    [reasons, warnings].every((list) => Array.isArray(list) && list.every(isText)) &&
    Array.isArray(contracts) &&
    contracts.every((one) => isText(one?.contract) && isTextOrNull(one.version) && isText(one.digest)) &&
    [part, testId, order].every(isTextOrNull) &&
    (snapshot === null || (typeof snapshot === "object" && !Array.isArray(snapshot)))
  );
}

/** A node's own trouble: no clause was looked at, and nobody knows which contracts would have been. */
const FAULT = /^(bundle|runtime)\./;
const NONE_IN_FORCE = "contract.none-in-force:";
const NONE_BINDING = "contract.none-binding:node";

/** Everything a decision needs to be decided again. */
export function replayable(
  {
    node,
    atMs,
    recorded: { decision, snapshot: values },
  }: Pick<ArchivedDecision, "node" | "atMs"> & {
    readonly recorded: Pick<RecordedMetadata, "decision" | "snapshot">;
  },
  shelf: ReplayShelf,
  typed: (values: SnapshotFields) => Snapshot = snapshotFromValues,
): Replayable {
  const not = (why: WhyNotJudged): Replayable => ({ kind: "not-judged", why });
  if (decision.reasons.some((reason) => FAULT.test(reason)) || lostItsRelease(decision)) return not("nothing-judged");
  if (values === null) return not("snapshot-not-kept");
  const releases: Release[] = [];
  for (const { contract, version, digest } of decision.contracts) {
    const loaded = shelf.bundle(digest);
    if (loaded === undefined) return not("bundle-gone");
    releases.push({ loaded, version, fromDay: null, offline: shelf.offline(contract, version) });
  }
  const snapshot = typed(values);
  const calendar = snapshot.plantZone === undefined ? undefined : shelf.calendar(snapshot.plantZone);
  if (calendar === undefined) return not("zone-unknown");
  const carried = carriedIn(decision.reasons);
  return { kind: "replayable", node, now: atMs, snapshot, calendar, releases, carried };
}

export const carriedIn = (reasons: readonly string[]): readonly string[] =>
  reasons.filter((reason) => reason.startsWith(NONE_IN_FORCE));

/** Blocked because a running test's release was gone: what else binds it was not asked. */
const lostItsRelease = ({ contracts, reasons }: Decision): boolean =>
  contracts.length === 0 && reasons.length === 1 && reasons[0]?.startsWith(NONE_IN_FORCE) === true;

/** What the releases that it was decided by say here. */
export const asRecorded = (found: Ready): Decision => said(found, found.releases, () => true);

/** The same without what explains it. */
export const verdictAsRecorded = (found: Ready): Pick<Decision, "allow" | "reasons"> =>
  withCarried(found, verdictFast(inputOf(found, found.releases)), () => true);

/** The decision by these releases, with the recorded reasons about contracts that were not yet in force. */
const said = (found: Ready, releases: readonly Release[], isCarried: (contract: string) => boolean): Decision =>
  withCarried(found, decideFast(inputOf(found, releases)), isCarried);

const inputOf = ({ node, now, snapshot, calendar }: Ready, releases: readonly Release[]): DecideInput => ({
  ...{ releases: indexReleases(releases), snapshot, now, calendar, node, assumeBinding: false },
});

function withCarried<T extends Pick<Decision, "allow" | "reasons">>(
  found: Ready,
  decision: T,
  isCarried: (contract: string) => boolean,
): T {
  const carried = found.carried.filter(
    (reason) => isCarried(reason.slice(NONE_IN_FORCE.length)) && !decision.reasons.includes(reason),
  );
  if (carried.length === 0) return decision;
  // With a contract that waits, that none binds is no reason of its own.
  const own = decision.reasons.filter((reason) => reason !== NONE_BINDING);
  return { ...decision, allow: false, reasons: [...own, ...carried].sort() };
}

function held(found: Ready, again: Decision, { release, inForceFromMs, against }: Candidate): ReplayAnswer {
  const id = release.loaded.bundle.contract;
  const others = found.releases.filter(({ loaded }) => loaded.bundle.contract !== id);
  const own = found.releases.filter(({ loaded }) => loaded.bundle.contract === id);
  const isOther = (contract: string): boolean => contract !== id;
  const before = against === null ? again : said(found, [...others, against], isOther);
  // Before its day the candidate is nowhere; from then on B16 says which tests keep what they began with.
  const isAhead = inForceFromMs !== null && found.now < inForceFromMs;
  const dated = inForceFromMs === null ? [release] : [...own, { ...release, activeFromMs: inForceFromMs }];
  const now = isAhead ? before : said(found, [...others, ...dated], isOther);
  const versions = [...found.releases, release, ...(against === null ? [] : [against])];
  const triedIn = ({ contracts }: Decision): Bundle | undefined => {
    const bound = contracts.find(({ contract }) => contract === id);
    return bound && versions.find(({ loaded }) => loaded.digest === bound.digest)?.loaded.bundle;
  };
  if ([again, before, now].every((one) => triedIn(one) === undefined)) return { kind: "unconcerned" };
  const recorded = found.releases.map(({ loaded }) => loaded.bundle);
  const asked = evidenceAskedBy(recorded, found.snapshot.station.roles);
  const verdictOf = (decision: Decision): Verdict => {
    const tried = triedIn(decision);
    const noted = decision.details.map((detail) => ({
      ...detail,
      wasAsked: wasAsked(detail, tried, asked, found.snapshot),
    }));
    return { allow: decision.allow, reasons: decision.reasons, warnings: decision.warnings, noted };
  };
  return compareVerdicts(verdictOf(before), verdictOf(now));
}

/** Whether the evidence behind a finding was asked for when the decision was recorded, or does not come from the tried contract. */
function wasAsked(
  { contract, condition, line, code, subject }: DecisionDetail,
  tried: Bundle | undefined,
  asked: ReadonlySet<string>,
  snapshot: Snapshot,
): boolean {
  if (tried === undefined || contract !== tried.contract || !isAbsence(code, subject, snapshot)) return true;
  const clauses = tried.clauses.filter((clause) => clause.line === line && clause.condition === condition);
  return clauses.some((clause) => asked.has(evidenceOf(clause, subject)));
}
