import { canonicalJson } from "../base/canonical-json.ts";
import { oneAtATime } from "../base/one-at-a-time.ts";
import { fail, type Result } from "../base/result.ts";
import type { SigningKey } from "../disk/key-file.ts";
import type { LedgerFile } from "../disk/ledger-file.ts";
import { digestsOf } from "../model/desired-digests.ts";
import type { Digest } from "../model/ids.ts";
import type { LedgerRecord } from "../model/ledger-entry.ts";
import { HEALTH_WINDOW_MS } from "../model/limits.ts";
import type { Desired, SignedDesired } from "../model/message.ts";
import { openPlantCalendar } from "../model/plant-calendar.ts";
import type { Moment } from "./agent-clock.ts";
import { refuseUnassigned } from "./assignment.ts";
import type { AttemptOutcome, AttemptPhase } from "./core/link-state.ts";
import { changedContracts, mayTakeOver } from "./core/schedule.ts";
import type { KeptBytes } from "./kept-bytes.ts";
import {
  type AcceptedSet,
  EMPTY_STATE,
  inForceSince,
  type NodeState,
  readNodeState,
  withAccepted,
  writeNodeState,
} from "./node-state.ts";
import { type Rejection, rejection } from "./rejection.ts";
import {
  type BundleCheck,
  type ReleaseSet,
  type SetToVerify,
  selfTestSet,
  selfTestShadows,
  verifySet,
} from "./release-set.ts";

/** What this node decides by at this moment; one value, replaced as a whole. */
export type Standing =
  | { readonly kind: "none" }
  | {
      readonly kind: "ready";
      readonly set: ReleaseSet;
      readonly accepted: AcceptedSet;
      /** Sets that were in force before, newest first, each verified as it was then: what running tests keep. */
      readonly earlier: readonly EarlierSet[];
    }
  /** What is kept no longer proves itself: nothing may be decided by it. */
  | { readonly kind: "rejected"; readonly rejection: Rejection };

export interface EarlierSet {
  readonly set: ReleaseSet;
  readonly accepted: AcceptedSet;
}

export type Ready = Extract<Standing, { readonly kind: "ready" }>;

/** The set whose contracts are in force; undefined where none are. */
export const inForceIn = ({ set, accepted, earlier }: Ready): EarlierSet | undefined =>
  [{ set, accepted }, ...earlier].find((one) => inForceSince(one.accepted) !== null);

export interface Activation {
  readonly standing: () => Standing;
  /** Lets a set that waits take over where its hour has come, and answers it; undefined where nothing waits, or not yet. */
  readonly takeOver: () => Desired | undefined;
  /**
   * Puts the contracts back in force that were before, where the present ones are new, went wrong, and their signers let this
   * node go back. Answers the set that was taken back; undefined where that may not be.
   */
  readonly takeBack: (detail: string) => Desired | undefined;
  /**
   * Verify, self-test, write, swap. `activated` is answered after the pointer is on the disk, `scheduled` where its documents
   * hold and its contracts wait for their hour. `reached` hears of every phase on the way.
   */
  readonly attempt: (signed: SignedDesired, reached?: (phase: AttemptPhase) => void) => Promise<AttemptOutcome>;
  /** The last set that was accepted, also where its bytes went bad since. */
  readonly accepted: () => AcceptedSet | null;
}

export interface ActivationOptions {
  readonly node: string;
  readonly key: SigningKey;
  readonly statePath: string;
  readonly enrolledRoot: Uint8Array;
  readonly kept: KeptBytes;
  readonly ledger: LedgerFile;
  readonly check: BundleCheck;
  readonly moment: () => Moment;
  /** Whether a test runs at the station. */
  readonly testsRun: () => boolean;
  /** A set was refused, at the start or when it came. The old one, where there is one, goes on. */
  readonly onRejected: (refused: Rejection, desired: SignedDesired["desired"] | null) => void;
}

/** What changes while an agent runs; the functions below replace its members, each as a whole. */
interface Held {
  state: NodeState;
  standing: Standing;
  /** The hub sends a refused set again at every hello: once is news, the rest is not. */
  lastRefused: string | null;
}

/** Verifies what is kept, at the time it was accepted, and stands ready for what comes. */
export async function openActivation(options: ActivationOptions): Promise<Activation> {
  const { ledger, key, statePath } = options;
  const read = stateHere(readNodeState(statePath, key), ledger);
  // The ledger remembers what was accepted, so that a lost state file opens no door to older releases.
  const state: NodeState = read.ok ? read.value : { ...EMPTY_STATE, accepted: acceptedInLedger(ledger) };
  const standing: Standing = read.ok ? await verifyKept(state, options) : { kind: "rejected", rejection: read.error };
  if (standing.kind === "rejected") {
    const desired = state.accepted?.signed.desired ?? null;
    recordRejection(options, standing.rejection, desired);
    options.onRejected(standing.rejection, desired);
  }
  if (standing.kind === "ready" && !sameStep(acceptedInLedger(ledger), standing.accepted))
    ledger.append(activationRecords(options.node, standing.accepted, null));
  // Over the link and by hand: of two sets the second must see what the first changed.
  const inTurn = oneAtATime();
  const held: Held = { state, standing, lastRefused: null };
  return {
    standing: () => held.standing,
    accepted: () => held.state.accepted,
    takeOver: () => takeOver(held, options),
    takeBack: (detail) => takeBack(held, options, detail),
    attempt: (signed, reached = () => undefined) => inTurn(() => attempt(held, options, signed, reached)),
  };
}

function takeOver(held: Held, options: ActivationOptions): Desired | undefined {
  const { standing } = held;
  if (standing.kind !== "ready" || !waits(standing.accepted)) return undefined;
  const before = inForceIn(standing)?.accepted ?? null;
  if (!isDue(standing.set, before, options)) return undefined;
  return restate(held, options, { ...standing.accepted, inForceMs: options.moment().nowMs }, before);
}

function takeBack(held: Held, options: ActivationOptions, detail: string): Desired | undefined {
  const { standing } = held;
  const { nowMs } = options.moment();
  if (standing.kind !== "ready" || !mayGoBack(standing, nowMs)) return undefined;
  const rolledBack = { atMs: nowMs, detail };
  return restate(held, options, { ...standing.accepted, inForceMs: null, rolledBack }, standing.accepted);
}

/** Another word on the set that was accepted: durable, then in force. */
function restate(
  held: Held,
  options: ActivationOptions,
  accepted: AcceptedSet,
  before: AcceptedSet | null,
): Desired | undefined {
  if (held.standing.kind !== "ready") return undefined;
  const next = { ...held.state, accepted };
  try {
    writeNodeState(options.statePath, options.key, next);
  } catch (error) {
    options.onRejected(stateUnwritten(error), accepted.signed.desired);
    return undefined;
  }
  options.ledger.append(activationRecords(options.node, accepted, before));
  held.state = next;
  held.standing = { ...held.standing, accepted };
  return accepted.signed.desired;
}

async function attempt(
  held: Held,
  options: ActivationOptions,
  signed: SignedDesired,
  reached: (phase: AttemptPhase) => void,
): Promise<AttemptOutcome> {
  const { standing } = held;
  const active = held.state.accepted;
  if (standing.kind === "ready" && canonicalJson(standing.accepted.signed.desired) === canonicalJson(signed.desired))
    return outcomeOf(standing.accepted, "unchanged");
  const enforced = standing.kind === "ready" ? (inForceIn(standing)?.accepted ?? null) : active;
  const tried = await tryNewSet(signed, active, enforced, options, reached);
  if (tried.kind === "rejected") {
    const said = canonicalJson({ desired: signed.desired, reason: tried.reason });
    if (said !== held.lastRefused) {
      recordRejection(options, tried, signed.desired);
      options.onRejected(tried, signed.desired);
    }
    held.lastRefused = said;
    pruneKept(options.kept, held.state);
    return tried;
  }
  const next = withAccepted(held.state, tried.accepted);
  try {
    writeNodeState(options.statePath, options.key, next);
  } catch (error) {
    const refused = stateUnwritten(error);
    options.onRejected(refused, signed.desired);
    return refused;
  }
  options.ledger.append(activationRecords(options.node, tried.accepted, enforced));
  // An hour may have come while the new set was verified.
  const before = held.standing.kind === "ready" ? hadTheirSay(held.standing) : [];
  held.state = next;
  held.standing = { ...tried, earlier: before.slice(0, next.earlier.length) };
  pruneKept(options.kept, held.state);
  return outcomeOf(tried.accepted, "activated");
}

const stateUnwritten = (error: unknown): Rejection =>
  rejection("disk", `state.json could not be written: ${error instanceof Error ? error.message : error}`);

const hadTheirSay = ({ set, accepted, earlier }: Ready): readonly EarlierSet[] =>
  inForceSince(accepted) === null ? earlier : [{ set, accepted }, ...earlier];

const waits = (accepted: AcceptedSet): boolean => inForceSince(accepted) === null && accepted.rolledBack === undefined;

function outcomeOf(accepted: AcceptedSet, whenInForce: "activated" | "unchanged"): AttemptOutcome {
  if (accepted.rolledBack !== undefined) return { kind: "rolledback", detail: accepted.rolledBack.detail };
  return { kind: waits(accepted) ? "scheduled" : whenInForce };
}

const sameStep = (known: AcceptedSet | null, accepted: AcceptedSet): boolean =>
  known?.signed.desired.generation === accepted.signed.desired.generation &&
  inForceSince(known) === inForceSince(accepted);

/** Whether the contracts of a set may take over from those in force now. */
function isDue(set: ReleaseSet, before: AcceptedSet | null, { moment, testsRun }: ActivationOptions): boolean {
  const { nowMs } = moment();
  const changed = changedContracts(set.signed.desired.contracts, before?.signed.desired.contracts ?? {});
  const offsetS = set.zone === null ? null : openPlantCalendar(set.zone).offsetAt(nowMs);
  const minute = offsetS === null ? null : Math.floor((nowMs / 1_000 + offsetS) / 60);
  const plantMinute = minute === null ? null : ((minute % MINUTES_A_DAY) + MINUTES_A_DAY) % MINUTES_A_DAY;
  return mayTakeOver(changed, { nowMs, plantMinute, testsRun: testsRun() });
}

const MINUTES_A_DAY = 24 * 60;

/** Only what is new, and only to what its signers named: whoever can make it fail must not get an older rule by that. */
function mayGoBack({ set, accepted, earlier }: Ready, nowMs: number): boolean {
  const sinceMs = inForceSince(accepted);
  const before = earlier.find((one) => inForceSince(one.accepted) !== null);
  if (sinceMs === null || before === undefined || nowMs - sinceMs > HEALTH_WINDOW_MS) return false;
  const back = before.accepted.signed.desired;
  if (changedContracts(back.contracts, accepted.signed.desired.contracts).length === 0) return false;
  return refuseUnassigned(back, accepted.signed.desired, set.assignments) === undefined;
}

/** The same contracts that were taken back wait on under a newer set, until the hub names others. */
function takenBackBefore(before: AcceptedSet | null, signed: SignedDesired): AcceptedSet["rolledBack"] {
  if (before?.rolledBack === undefined) return undefined;
  const isSame =
    changedContracts(signed.desired.contracts, before.signed.desired.contracts).length === 0 &&
    changedContracts(before.signed.desired.contracts, signed.desired.contracts).length === 0;
  return isSame ? before.rolledBack : undefined;
}

async function verifyKept({ accepted, earlier }: NodeState, options: ActivationOptions): Promise<Standing> {
  if (accepted === null) return { kind: "none" };
  const { signed, acceptedAtMs: atMs } = accepted;
  const tried = await verifyAndTest({ signed, atMs, active: null }, options);
  if (tried.kind === "rejected") return { kind: "rejected", rejection: tried };
  return { kind: "ready", set: tried.set, accepted, earlier: verifyEarlier(earlier, options) };
}

/**
 * What no longer proves itself is left out, and all that is older than it: a test that ran under it is then judged by what is
 * in force. They passed their self-tests before they were in force.
 */
function verifyEarlier(
  earlier: readonly AcceptedSet[],
  { node, enrolledRoot, kept, check, onRejected }: ActivationOptions,
): readonly EarlierSet[] {
  const sets: EarlierSet[] = [];
  for (const accepted of earlier) {
    const { signed, acceptedAtMs: atMs } = accepted;
    const verified = verifySet({ node, signed, enrolledRoot, bytesOf: kept.read, atMs, active: null, check });
    if (!verified.ok) {
      onRejected(verified.error, signed.desired);
      break;
    }
    sets.push({ set: verified.value, accepted });
  }
  return sets;
}

async function tryNewSet(
  signed: SignedDesired,
  active: AcceptedSet | null,
  enforced: AcceptedSet | null,
  options: ActivationOptions,
  reached: (phase: AttemptPhase) => void,
): Promise<Rejection | (EarlierSet & { readonly kind: "ready" })> {
  const { nowMs, source } = options.moment();
  const request = { signed, atMs: nowMs, active, enforced: enforced?.signed.desired ?? null };
  const tried = await verifyAndTest(request, options, reached);
  if (tried.kind === "rejected") return tried;
  const accepted: AcceptedSet = { signed, acceptedAtMs: nowMs, timeSource: source, mark: tried.set.mark };
  const rolledBack = takenBackBefore(active, signed);
  if (rolledBack !== undefined)
    return { kind: "ready", set: tried.set, accepted: { ...accepted, inForceMs: null, rolledBack } };
  const isNow = isDue(tried.set, enforced, options);
  return { kind: "ready", set: tried.set, accepted: isNow ? accepted : { ...accepted, inForceMs: null } };
}

async function verifyAndTest(
  request: Pick<SetToVerify, "signed" | "atMs" | "active" | "enforced">,
  { node, enrolledRoot, kept, check }: ActivationOptions,
  reached: (phase: AttemptPhase) => void = () => undefined,
): Promise<Rejection | { readonly kind: "verified"; readonly set: ReleaseSet }> {
  const verified = verifySet({ ...request, node, enrolledRoot, bytesOf: kept.read, check });
  if (!verified.ok) return verified.error;
  // Its bytes were kept before it was looked at: verified is staged.
  reached("staged");
  const failed = await selfTestSet(verified.value, check);
  if (failed !== undefined) return failed;
  const set = await selfTestShadows(verified.value, check);
  reached("selftested");
  return { kind: "verified", set };
}

/** Bytes of the active set and of the earlier ones stay; what came for a set that was refused goes. */
function pruneKept(kept: KeptBytes, { accepted, earlier }: NodeState): void {
  const sets = accepted === null ? earlier : [accepted, ...earlier];
  kept.prune(new Set<Digest>(sets.flatMap(({ signed }) => digestsOf(signed))));
}

/** How many switches are looked through: an older state is among them, or older still by its generation. */
const SWITCHES_READ = 100;

/**
 * The state is written before the ledger hears of it, so that it may be ahead of it, and never behind: one that is behind is a
 * copy that somebody put back, and by it an older rule would decide.
 */
function stateHere(read: Result<NodeState, Rejection>, ledger: LedgerFile): Result<NodeState, Rejection> {
  if (!read.ok) return read;
  const [latest, ...before] = switchesInLedger(ledger, SWITCHES_READ);
  if (latest === undefined) return read;
  const { generation } = latest.signed.desired;
  const behind = (what: string) =>
    fail(rejection("content-mismatch", `state.json is ${what}: the ledger remembers generation ${generation}`));
  const { accepted } = read.value;
  if (accepted === null) return behind("gone");
  const own = canonicalJson(accepted);
  if (own === canonicalJson(latest)) return read;
  const isOlder = accepted.signed.desired.generation < generation || before.some((one) => canonicalJson(one) === own);
  return isOlder ? behind(`an older copy, of generation ${accepted.signed.desired.generation}`) : read;
}

const switchesInLedger = (ledger: LedgerFile, limit: number): readonly AcceptedSet[] =>
  ledger
    .list({ actionType: "contract_activation", action: "switched", newestFirst: true, limit })
    .flatMap(({ metadata }) => (metadata["accepted"] as AcceptedSet | undefined) ?? []);

function acceptedInLedger(ledger: LedgerFile): AcceptedSet | null {
  return switchesInLedger(ledger, 1)[0] ?? null;
}

/** One entry for each contract that is new or another version, and one for the set as a whole. `before`: what was in force. */
function activationRecords(node: string, accepted: AcceptedSet, before: AcceptedSet | null): readonly LedgerRecord[] {
  const { desired } = accepted.signed;
  const records: LedgerRecord[] = [];
  const action = accepted.rolledBack === undefined ? (waits(accepted) ? "scheduled" : "activated") : "rolled-back";
  for (const [contract, { version, digest, mode, target }] of Object.entries(desired.contracts)) {
    const old = before?.signed.desired.contracts[contract];
    if (action !== "rolled-back" && old?.digest === digest && old.mode === mode) continue;
    records.push({
      action_type: "contract_activation",
      action,
      target: `${contract}@${version}`,
      details: `${contract} ${version} ${STEP_WORDS[action]} at ${node}`,
      user_id: node,
      smart_id: contract,
      metadata: { generation: desired.generation, digest, mode, target, previous: old?.version ?? null },
    });
  }
  records.push({
    action_type: "contract_activation",
    action: "switched",
    target: `generation ${desired.generation}`,
    details: `${Object.keys(desired.contracts).length} contracts ${STEP_WORDS[action].replace("verified and ", "")} at ${node}`,
    user_id: node,
    smart_id: null,
    metadata: { accepted },
  });
  return records;
}

const STEP_WORDS = {
  activated: "verified and in force",
  scheduled: "verified and waiting for their hour",
  "rolled-back": "taken back",
} as const;

function recordRejection(
  { ledger, node }: ActivationOptions,
  refused: Rejection,
  desired: SignedDesired["desired"] | null,
): void {
  ledger.append([
    {
      action_type: "contract_rejection",
      action: "rejected",
      target: desired === null ? "state" : `generation ${desired.generation}`,
      details: refused.detail.slice(0, 2_000),
      user_id: node,
      smart_id: null,
      metadata: {
        reason: refused.reason,
        contracts: Object.fromEntries(
          Object.entries(desired?.contracts ?? {}).map(([id, { version }]) => [id, version]),
        ),
      },
    },
  ]);
}
