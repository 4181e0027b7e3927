import type { Bundle } from "../../model/bundle.ts";
import type { Decision, DecisionDetail } from "../../model/decision.ts";
import type { ContractId, Digest, Version } from "../../model/ids.ts";
import type { PlantCalendar } from "../../model/plant-calendar.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { snapshotFromValues } from "../../model/snapshot-parse.ts";
import { decideFast, indexReleases, type LoadedBundle, type Release } from "../../runtime/index.ts";
import type { ArchivedDecision, RecordedMetadata } from "../archive/archived.ts";
import { evidenceAskedBy, evidenceOf, isAbsence } from "./asked-then.ts";
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

export type Change = "unchanged" | "newly-blocked" | "newly-allowed" | "blocked-otherwise";

/** A reason with the clause's place that gives it. */
export interface Cause {
  readonly contract: ContractId | null;
  readonly condition: string | null;
  /** `code:subject`. */
  readonly reason: string;
}

/** What one recorded decision would have been. */
export type ReplayAnswer =
  | { readonly kind: "unconcerned" }
  | {
      readonly kind: "judged";
      readonly change: Change;
      /** Before: recorded, or as `against` decides. */
      readonly allowed: boolean;
      readonly before: readonly string[];
      readonly now: readonly string[];
      /** Of `newly-blocked` the reasons there are now, of `newly-allowed` those there were. */
      readonly causes: readonly Cause[];
      /** Allowed before and now, with a warning that was not there. */
      readonly newlyWarned: boolean;
    }
  | { readonly kind: "not-reproducible"; readonly before: readonly string[]; readonly now: readonly string[] }
  | { readonly kind: "not-judged"; readonly why: WhyNotJudged; readonly before: readonly string[] };

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
  const again = said(found, found.releases, candidate.release.loaded.bundle.contract);
  if (!isSame(again, recorded)) return { kind: "not-reproducible", before: recorded.reasons, now: again.reasons };
  return held(found, again, candidate);
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
  const snapshot = snapshotFromValues(values);
  const calendar = snapshot.plantZone === undefined ? undefined : shelf.calendar(snapshot.plantZone);
  if (calendar === undefined) return not("zone-unknown");
  const carried = decision.reasons.filter((reason) => reason.startsWith(NONE_IN_FORCE));
  return { kind: "replayable", node, now: atMs, snapshot, calendar, releases, carried };
}

/** Blocked because a running test's release was gone: what else binds it was not asked. */
const lostItsRelease = ({ contracts, reasons }: Decision): boolean =>
  contracts.length === 0 && reasons.length === 1 && reasons[0]?.startsWith(NONE_IN_FORCE) === true;

interface Said extends Pick<Decision, "allow" | "reasons" | "warnings" | "contracts" | "details"> {
  /** The bundle of the contract that is tried, in the version that bound; undefined where none did. */
  readonly tried: Bundle | undefined;
}

/** The decision by these releases, with the recorded reasons about contracts that were not yet in force. */
function said(
  found: Ready,
  releases: readonly Release[],
  tried: ContractId,
  isCarried = (_: string): boolean => true,
): Said {
  const { node, now, snapshot, calendar } = found;
  const input = { releases: indexReleases(releases), snapshot, now, calendar, node, assumeBinding: false };
  const decision = decideFast(input);
  const bound = decision.contracts.find(({ contract }) => contract === tried);
  const bundle = releases.find(({ loaded }) => loaded.digest === bound?.digest)?.loaded.bundle;
  const carried = found.carried.filter(
    (reason) => isCarried(reason.slice(NONE_IN_FORCE.length)) && !decision.reasons.includes(reason),
  );
  if (carried.length === 0) return { ...decision, tried: bundle };
  // With a contract that waits, that none binds is no reason of its own.
  const own = decision.reasons.filter((reason) => reason !== NONE_BINDING);
  return { ...decision, allow: false, reasons: [...own, ...carried].sort(), tried: bundle };
}

const isSame = (a: Pick<Said, "allow" | "reasons">, b: Pick<Decision, "allow" | "reasons">): boolean =>
  a.allow === b.allow && sameTexts(a.reasons, b.reasons);

export const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, index) => text === b[index]);

function held(found: Ready, again: Said, { release, inForceFromMs, against }: Candidate): ReplayAnswer {
  const id = release.loaded.bundle.contract;
  const others = found.releases.filter(({ loaded }) => loaded.bundle.contract !== id);
  const own = found.releases.filter(({ loaded }) => loaded.bundle.contract === id);
  const isOther = (contract: string): boolean => contract !== id;
  const before = against === null ? again : said(found, [...others, against], id, isOther);
  // Before its day the candidate is nowhere; from then on B16 says which tests keep what they began with.
  const isAhead = inForceFromMs !== null && found.now < inForceFromMs;
  const dated = inForceFromMs === null ? [release] : [...own, { ...release, activeFromMs: inForceFromMs }];
  const now = isAhead ? before : said(found, [...others, ...dated], id, isOther);
  if ([again, before, now].every(({ tried }) => tried === undefined)) return { kind: "unconcerned" };
  const recorded = found.releases.map(({ loaded }) => loaded.bundle);
  const asked = evidenceAskedBy(recorded, found.snapshot.station.roles);
  const real = (one: Said): readonly DecisionDetail[] =>
    one.details.filter((detail) => wasAsked(detail, one.tried, asked, found.snapshot));
  const [realBefore, realNow] = [real(before), real(now)];
  if (isHollow(before, realBefore) || isHollow(now, realNow))
    return { kind: "not-judged", why: "not-asked-then", before: before.reasons };
  return compared(before, now, realBefore, realNow);
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

const codeOf = ({ code, subject }: DecisionDetail): string => `${code}:${subject}`;

/** Blocked by nothing but the lack of evidence that nobody was asked for. */
function isHollow({ reasons, details }: Said, real: readonly DecisionDetail[]): boolean {
  const known = new Set(details.map(codeOf));
  const solid = new Set(real.filter(({ severity }) => severity === "reason").map(codeOf));
  return reasons.length > 0 && reasons.every((reason) => known.has(reason) && !solid.has(reason));
}

function compared(
  before: Said,
  now: Said,
  realBefore: readonly DecisionDetail[],
  realNow: readonly DecisionDetail[],
): ReplayAnswer {
  const change = changeOf(before, now);
  const had = new Set(before.warnings);
  const warned = realNow.some((detail) => detail.severity === "warning" && !had.has(codeOf(detail)));
  return {
    ...{ kind: "judged", change, allowed: before.allow, before: before.reasons, now: now.reasons },
    causes: change === "newly-blocked" ? causesOf(realNow) : change === "newly-allowed" ? causesOf(realBefore) : [],
    newlyWarned: before.allow && now.allow && warned,
  };
}

export function changeOf(before: Pick<Said, "allow" | "reasons">, now: Pick<Said, "allow" | "reasons">): Change {
  if (before.allow) return now.allow ? "unchanged" : "newly-blocked";
  if (now.allow) return "newly-allowed";
  return sameTexts(before.reasons, now.reasons) ? "unchanged" : "blocked-otherwise";
}

/** Each reason once for each condition that gives it. */
function causesOf(details: readonly DecisionDetail[]): readonly Cause[] {
  const causes = new Map<string, Cause>();
  for (const detail of details) {
    if (detail.severity !== "reason") continue;
    const { contract, condition } = detail;
    const reason = codeOf(detail);
    causes.set(JSON.stringify([contract, condition, reason]), { contract, condition, reason });
  }
  return [...causes.values()];
}
