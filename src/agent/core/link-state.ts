import type { Digest } from "../../model/ids.ts";
import type {
  Desired,
  HubCheckpoint,
  Message,
  RejectionReason,
  SignedDesired,
  TimestampFrame,
} from "../../model/message.ts";

/**
 * The link of one agent to its hub, as data. `step` in link.ts is the only one who changes it; the driver in hub-link.ts
 * turns effects into sockets, timers and disk, and reports what came of them as events. Instants are milliseconds of the
 * monotonic clock; chance and nonces come in with the events.
 */
export interface LinkState {
  readonly phase: LinkPhase;
  /** Failed or short sessions since the last stable one; 0 makes the next delay the hub's spread. */
  readonly attempts: number;
  /** The hub's spread of first reconnects, from its last challenge. */
  readonly spreadMs: number;
  /** What a hub without a place asked to wait, on top of the next delay. */
  readonly restMs: number;
  /** Why the hub gives this node nothing: quarantined, or its key revoked; null where it does. */
  readonly hubSays: string | null;
  /** When the present session was welcomed; null outside one. */
  readonly welcomedAtMs: number | null;
  readonly heartbeatMs: number;
  readonly unansweredPings: number;
  /** The ping under way: only its own nonce, in time, attests. */
  readonly ping: { readonly nonce: string; readonly sentAtMs: number } | null;
  readonly spool: SpoolState;
  readonly log: LogState;
  readonly target: TargetState;
  /** What the disk durably holds as activated: the only set that a report may call so. */
  readonly durable: Desired | null;
  /** The first decision under the durable set was already reported. */
  readonly effective: boolean;
}

export type LinkPhase = "stopped" | "waiting" | "dialling" | "challenged" | "greeting" | "welcomed";

/** Records go out in order; below `ackedSeq` the hub holds them. */
export interface SpoolState {
  readonly epoch: string;
  readonly spooledSeq: number;
  readonly ackedSeq: number;
  /** Batches that the hub lets be under way at once, by its welcome; 0 outside a session. */
  readonly credits: number;
  /** Last seq of each batch that is under way, in their order. */
  readonly inFlight: readonly number[];
  /** The driver is asked for a batch and has not said yet how far it goes. */
  readonly isBatching: boolean;
}

/** The node's own ledger on its way to the hub's archive, one batch at a time. */
export interface LogState {
  /** Entries that the hub holds durably; null where it takes none. */
  readonly archived: number | null;
  /** Size the hub comes to with the batch under way; null where none is. */
  readonly inFlight: number | null;
  /** It has let alerts go first. */
  readonly hasWaited: boolean;
}

/** The desired set that is being worked on. */
export type TargetState =
  | { readonly kind: "none" }
  | { readonly kind: "fetching"; readonly signed: SignedDesired; readonly missing: readonly Digest[] }
  /** `next` is a newer set that came while the disk was busy; an older one in its place is forgotten. */
  | { readonly kind: "attempting"; readonly signed: SignedDesired; readonly next: SignedDesired | null };

export type LinkTimer = "dial" | "handshake" | "heartbeat" | "fetch" | "ack" | "health" | "log" | "logged";

/** How an attempt at a desired set ended. `activated` is said only after the pointer swap is on the disk. */
export type AttemptOutcome =
  | { readonly kind: "activated" }
  | { readonly kind: "unchanged" }
  /** Accepted; its contracts wait for their hour. */
  | { readonly kind: "scheduled" }
  /** Accepted, and its contracts were taken back here. */
  | { readonly kind: "rolledback"; readonly detail: string }
  | { readonly kind: "rejected"; readonly reason: RejectionReason; readonly detail: string };

/** What an attempt goes through on its way. */
export type AttemptPhase = "staged" | "selftested";

export type LinkEvent =
  | { readonly kind: "start"; readonly random: number }
  | { readonly kind: "stop" }
  | { readonly kind: "opened" }
  /** The hub has no place for another handshake now. */
  | { readonly kind: "sent-away"; readonly retryAfterMs: number }
  | { readonly kind: "closed"; readonly atMs: number; readonly random: number }
  | { readonly kind: "timer"; readonly timer: LinkTimer; readonly atMs: number; readonly nonce: string }
  | { readonly kind: "message"; readonly message: Message; readonly atMs: number; readonly nonce: string }
  /** A desired set, with what of it is not on this disk yet. */
  | { readonly kind: "desired"; readonly signed: SignedDesired; readonly missing: readonly Digest[] }
  | {
      readonly kind: "bad-frame";
      readonly code: "unknown-type" | "bad-frame" | "unsupported-major";
      readonly message: string;
      readonly re: string | null;
    }
  | { readonly kind: "blob"; readonly digest: Digest; readonly bytes: Uint8Array }
  | { readonly kind: "blob-kept"; readonly digest: Digest }
  | {
      readonly kind: "blob-refused";
      readonly digest: Digest;
      readonly reason: RejectionReason;
      readonly detail: string;
    }
  | { readonly kind: "attempted"; readonly generation: number; readonly outcome: AttemptOutcome }
  | { readonly kind: "spooled"; readonly seq: number }
  /** A batch went out, up to this seq: where its records are large, not all that were asked for fit into a frame. */
  | { readonly kind: "batched"; readonly upTo: number }
  /** A batch of ledger entries went out, up to this size; the same as before where there was nothing new. */
  | { readonly kind: "log-sent"; readonly upTo: number }
  /** Records that were not acknowledged got numbers of a new epoch, from 1. */
  | { readonly kind: "epoch-renewed"; readonly epoch: string; readonly spooledSeq: number }
  /** The attempt under way has come this far, and takes its time. */
  | { readonly kind: "progress"; readonly phase: AttemptPhase }
  /** The hour of a set that was accepted before has come: it is in force, durably. */
  | { readonly kind: "took-over"; readonly desired: Desired }
  /** This node put back in force what was before. */
  | { readonly kind: "took-back"; readonly desired: Desired; readonly detail: string }
  /** A decision was made under the durable set. */
  | { readonly kind: "decided" };

export type LinkEffect =
  | { readonly kind: "dial" }
  | { readonly kind: "close"; readonly why: string }
  /** The driver signs `helloBytes` and fills in what the disk knows. */
  | { readonly kind: "greet"; readonly hub: string; readonly nonce: string; readonly re: string }
  | { readonly kind: "session"; readonly session: string }
  | { readonly kind: "want"; readonly digests: readonly Digest[] }
  | { readonly kind: "keep"; readonly digest: Digest; readonly bytes: Uint8Array }
  | { readonly kind: "attempt"; readonly signed: SignedDesired }
  /** A set that had to wait: the driver says anew what of it is missing, since the disk was tidied meanwhile. */
  | { readonly kind: "reconsider"; readonly signed: SignedDesired }
  | { readonly kind: "report"; readonly desired: Desired; readonly outcome: ReportedOutcome }
  /** Records after `afterSeq`, at most RECORDS_PER_FRAME; the driver answers `batched`, the hub acknowledges. */
  | { readonly kind: "send-alerts"; readonly afterSeq: number; readonly upTo: number }
  /** A set was refused before it was tried: people hear of it as of any other refusal. */
  | { readonly kind: "raise"; readonly reason: RejectionReason; readonly detail: string }
  | { readonly kind: "prune"; readonly upTo: number }
  /** Ledger entries from this seq on, about LOG_BATCH_BYTES; the driver answers `log-sent`, the hub `logged`. */
  | { readonly kind: "send-log"; readonly from: number }
  | { readonly kind: "renew-epoch"; readonly why: string }
  /** The hub shows where its ledger stands; the driver answers it when what it keeps is on the disk. */
  | { readonly kind: "witness"; readonly shown: HubCheckpoint; readonly re: string }
  /** The hub has forgotten what this node rests on: it is shown. */
  | { readonly kind: "prove" }
  | { readonly kind: "ping"; readonly nonce: string }
  | {
      readonly kind: "attest";
      readonly frame: TimestampFrame;
      readonly sentAtMs: number;
      readonly receivedAtMs: number;
    }
  | {
      readonly kind: "refuse";
      readonly code: "unknown-type" | "bad-frame" | "unsupported-major";
      readonly message: string;
      readonly re: string | null;
    }
  | { readonly kind: "set-timer"; readonly timer: LinkTimer; readonly delayMs: number }
  | { readonly kind: "clear-timer"; readonly timer: LinkTimer };

/** What a report says of every contract of the set. */
export type ReportedOutcome =
  | { readonly phase: "received" | "staged" | "selftested" | "scheduled" | "activated" | "effective" }
  | { readonly phase: "rolledback"; readonly detail: string }
  | { readonly phase: "rejected"; readonly reason: RejectionReason; readonly detail: string };

export interface LinkStep {
  readonly state: LinkState;
  readonly effects: readonly LinkEffect[];
}

/** What the disk knew at start. */
export interface LinkStart {
  readonly epoch: string;
  readonly spooledSeq: number;
  readonly ackedSeq: number;
  readonly durable: Desired | null;
}
