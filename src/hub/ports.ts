import type { Result } from "../base/result.ts";
import type { Bundle } from "../model/bundle.ts";
import type { ContractId, Digest, Version } from "../model/ids.ts";
import type { ContractStatus } from "../model/lifecycle.ts";
import type { AlertBatch } from "../model/message.ts";
import type { PlainAlerts } from "./alerts/alert-text.ts";

/** What the hub's parts are given from outside, so that a test can hand them its own. */

export interface Clock {
  /** Epoch milliseconds of the wall clock. */
  readonly nowMs: () => number;
}

/** Random bytes fit for keys and tokens. */
export type Random = (byteCount: number) => Uint8Array;

/** Who asks: a person whose token was checked. Services take names and roles from here only, never from a body. */
export interface Principal {
  readonly id: string;
  readonly roles: readonly string[];
}

/** One version of a contract as the hub knows it. Drafts have no version yet, nor a bundle before they are validated. */
export interface KnownContract {
  readonly contract: ContractId;
  /** Null while it is a draft or validated. */
  readonly version: Version | null;
  readonly status: ContractStatus;
  readonly domain: string;
  readonly text: string;
  readonly bundle: Bundle | null;
  readonly bundleDigest: Digest | null;
  readonly parent: Version | null;
  readonly createdAtMs: number;
}

export interface NewDraft {
  readonly text: string;
  readonly domain: string;
  /** The stored version this one grows from; null for a first version. */
  readonly parent: Version | null;
  /** What changed and why, in sentences; goes to the ledger. */
  readonly changes: readonly string[];
}

/** What alerts, patterns, proposals and orders may ask of contracts. */
export interface ContractSource {
  /** The newest version that is deployed, active or monitoring. */
  readonly current: (contract: ContractId) => Promise<KnownContract | undefined>;
  readonly at: (contract: ContractId, version: Version) => Promise<KnownContract | undefined>;
  /** Ids of all contracts that have a stored version in force, sorted. */
  readonly ids: () => Promise<readonly ContractId[]>;
  /** @throws MaintError when the text does not parse, or a draft of this contract is already there */
  readonly createDraft: (draft: NewDraft, by: Principal) => Promise<KnownContract>;
}

/** What the other services ask of nodes. */
export interface NodeSource {
  /** Ids of all enrolled nodes, sorted. */
  readonly ids: () => Promise<readonly string[]>;
  /** The node's register as it stands at the hub, as facts for pattern work; undefined for an unknown node. */
  readonly plantZone: (node: string) => Promise<string | undefined>;
}

/** Where a node's alerts arrive. The session acknowledges only what `receive` has fulfilled. */
export interface AlertInbox {
  /**
   * Durable when fulfilled, idempotent by (node, epoch, seq). `upTo` is the highest seq of the epoch without a gap below;
   * a batch that does not fit is not taken. `plain` is what the text of its alerts says, where that was enough to read them.
   */
  readonly receive: (
    node: string,
    batch: AlertBatch,
    plain?: PlainAlerts,
  ) => Promise<Result<{ readonly upTo: number }, { readonly code: "bad-frame" | "gap"; readonly message: string }>>;
  /** The highest seq of this epoch that is durable here without a gap; 0 when none is. */
  readonly ackedUpTo: (node: string, epoch: string) => Promise<number>;
}
