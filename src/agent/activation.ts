import { canonicalJson } from "../base/canonical-json.ts";
import type { SigningKey } from "../disk/key-file.ts";
import type { LedgerFile } from "../disk/ledger-file.ts";
import type { Digest } from "../model/ids.ts";
import type { LedgerRecord } from "../model/ledger-entry.ts";
import type { SignedDesired } from "../model/message.ts";
import type { Moment } from "./agent-clock.ts";
import type { AttemptOutcome } from "./core/link-state.ts";
import type { KeptBytes } from "./kept-bytes.ts";
import {
  type AcceptedSet,
  digestsOf,
  EMPTY_STATE,
  type NodeState,
  readNodeState,
  withAccepted,
  writeNodeState,
} from "./node-state.ts";
import { type Rejection, rejection } from "./rejection.ts";
import { type BundleCheck, type ReleaseSet, selfTestSet, verifySet } from "./release-set.ts";

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

export interface Activation {
  readonly standing: () => Standing;
  /** Verify, self-test, write, swap. `activated` is answered after the pointer is on the disk. */
  readonly attempt: (signed: SignedDesired) => Promise<AttemptOutcome>;
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
  /** A set was refused, at the start or when it came. The old one, where there is one, goes on. */
  readonly onRejected: (refused: Rejection, desired: SignedDesired["desired"] | null) => void;
}

/** Verifies what is kept, at the time it was accepted, and stands ready for what comes. */
export async function openActivation(options: ActivationOptions): Promise<Activation> {
  const { ledger, key, statePath } = options;
  const read = readNodeState(statePath, key);
  // The ledger remembers what was accepted, so that a lost state file opens no door to older releases.
  let state: NodeState = read.ok ? read.value : { ...EMPTY_STATE, accepted: acceptedInLedger(ledger) };
  let standing: Standing = read.ok ? await verifyKept(state, options) : { kind: "rejected", rejection: read.error };
  if (standing.kind === "rejected") {
    const desired = state.accepted?.signed.desired ?? null;
    recordRejection(options, standing.rejection, desired);
    options.onRejected(standing.rejection, desired);
  }
  if (
    standing.kind === "ready" &&
    acceptedInLedger(ledger)?.signed.desired.generation !== standing.accepted.signed.desired.generation
  )
    ledger.append(activationRecords(options.node, standing.accepted, null));
  let lastRefused: string | null = null;
  return {
    standing: () => standing,
    accepted: () => state.accepted,
    attempt: async (signed) => {
      const active = state.accepted;
      if (
        standing.kind === "ready" &&
        canonicalJson(standing.accepted.signed.desired) === canonicalJson(signed.desired)
      )
        return { kind: "unchanged" };
      const tried = await tryNewSet(signed, active, options);
      if (tried.kind === "rejected") {
        // The hub sends a refused set again at every hello: once is news, the rest is not.
        const said = canonicalJson({ desired: signed.desired, reason: tried.reason });
        if (said !== lastRefused) {
          recordRejection(options, tried, signed.desired);
          options.onRejected(tried, signed.desired);
        }
        lastRefused = said;
        pruneKept(options.kept, state);
        return tried;
      }
      const next = withAccepted(state, tried.accepted);
      try {
        writeNodeState(statePath, key, next);
      } catch (error) {
        const refused = rejection(
          "disk",
          `state.json could not be written: ${error instanceof Error ? error.message : error}`,
        );
        options.onRejected(refused, signed.desired);
        return refused;
      }
      ledger.append(activationRecords(options.node, tried.accepted, active));
      const before =
        standing.kind === "ready" ? [{ set: standing.set, accepted: standing.accepted }, ...standing.earlier] : [];
      state = next;
      standing = { ...tried, earlier: before.slice(0, next.earlier.length) };
      pruneKept(options.kept, state);
      return { kind: "activated" };
    },
  };
}

async function verifyKept({ accepted, earlier }: NodeState, options: ActivationOptions): Promise<Standing> {
  if (accepted === null) return { kind: "none" };
  const tried = await verifyAndTest(accepted.signed, accepted.acceptedAtMs, null, options);
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
  options: ActivationOptions,
): Promise<Rejection | (EarlierSet & { readonly kind: "ready" })> {
  const { nowMs, source } = options.moment();
  const tried = await verifyAndTest(signed, nowMs, active, options);
  if (tried.kind === "rejected") return tried;
  const accepted: AcceptedSet = { signed, acceptedAtMs: nowMs, timeSource: source, mark: tried.set.mark };
  return { kind: "ready", set: tried.set, accepted };
}

async function verifyAndTest(
  signed: SignedDesired,
  atMs: number,
  active: AcceptedSet | null,
  { node, enrolledRoot, kept, check }: ActivationOptions,
): Promise<Rejection | { readonly kind: "verified"; readonly set: ReleaseSet }> {
  const verified = verifySet({ node, signed, enrolledRoot, bytesOf: kept.read, atMs, active, check });
  if (!verified.ok) return verified.error;
  return (await selfTestSet(verified.value, check)) ?? { kind: "verified", set: verified.value };
}

/** Bytes of the active set and of the earlier ones stay; what came for a set that was refused goes. */
function pruneKept(kept: KeptBytes, { accepted, earlier }: NodeState): void {
  const sets = accepted === null ? earlier : [accepted, ...earlier];
  kept.prune(new Set<Digest>(sets.flatMap(({ signed }) => digestsOf(signed))));
}

function acceptedInLedger(ledger: LedgerFile): AcceptedSet | null {
  const [entry] = ledger.list({ actionType: "contract_activation", action: "switched", newestFirst: true, limit: 1 });
  return (entry?.metadata["accepted"] as AcceptedSet | undefined) ?? null;
}

/** One entry for each contract that is new or another version, and one for the set as a whole. */
function activationRecords(node: string, accepted: AcceptedSet, before: AcceptedSet | null): readonly LedgerRecord[] {
  const { desired } = accepted.signed;
  const records: LedgerRecord[] = [];
  for (const [contract, { version, digest, mode, target }] of Object.entries(desired.contracts)) {
    const old = before?.signed.desired.contracts[contract];
    if (old?.digest === digest && old.mode === mode) continue;
    records.push({
      action_type: "contract_activation",
      action: "activated",
      target: `${contract}@${version}`,
      details: `${contract} ${version} verified and in force at ${node}`,
      user_id: node,
      smart_id: contract,
      metadata: { generation: desired.generation, digest, mode, target, previous: old?.version ?? null },
    });
  }
  records.push({
    action_type: "contract_activation",
    action: "switched",
    target: `generation ${desired.generation}`,
    details: `${Object.keys(desired.contracts).length} contracts in force at ${node}`,
    user_id: node,
    smart_id: null,
    metadata: { accepted },
  });
  return records;
}

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
