import type { Alert } from "./alert.ts";
import type { ContractId, Digest, Version } from "./ids.ts";

/**
 * Protocol `maint.v1`: JSON envelopes in text frames over one WebSocket, blobs in binary frames (32-byte SHA-256 digest of
 * the plain bytes, then those bytes gzipped). Desired and reported state, never commands. Source: distribution.md "Protocol".
 * `seq` counts from 1 per direction and session; `re` is the id answered. Unknown fields are ignored.
 */
export const SUBPROTOCOL = "maint.v1";

export type Message =
  | Envelope<"challenge", Challenge>
  | Envelope<"hello", Hello>
  | Envelope<"welcome", Welcome>
  | Envelope<"desired", SignedDesired>
  | Envelope<"want", Want>
  | Envelope<"report", SignedReport>
  | Envelope<"alert", AlertBatch>
  | Envelope<"standing", Standing>
  | Envelope<"proof", Proof>
  | Envelope<"ack", RecordAck>
  | Envelope<"log", LogPart>
  | Envelope<"checkpoint", HubCheckpoint>
  | Envelope<"cosignature", Cosignature>
  | Envelope<"logged", Logged>
  | Envelope<"ping", Ping>
  | Envelope<"timestamp", TimestampFrame>
  | Envelope<"goaway", GoAway>
  | Envelope<"error", WireError>
  | Envelope<"bye", Bye>;

export type MessageType = Message["t"];

export interface Envelope<T extends string, B> {
  readonly v: 1;
  readonly t: T;
  readonly id: string;
  readonly seq: number;
  readonly re?: string;
  readonly body: B;
}

/** H→N. `nonce` is 32 bytes base64url, used once, within AUTH_TIMEOUT_MS. */
export interface Challenge {
  readonly nonce: string;
  readonly hub: string;
  readonly hubTimeMs: number;
  readonly majors: readonly number[];
  readonly spreadMs: number;
}

/** N→H. `signature`: Ed25519, base64url, over `helloBytes`. */
export interface Hello {
  readonly node: string;
  readonly keyId: string;
  readonly signature: string;
  readonly runtimeVersion: string;
  readonly bundleFormats: readonly string[];
  readonly capabilities: readonly string[];
  readonly registerDigest: Digest | null;
  readonly clockMs: number;
  readonly rootVersion: number;
  readonly generation: number;
  readonly active: { readonly [contract: ContractId]: Digest };
  readonly kept: readonly Digest[];
  readonly ledgerHead: { readonly size: number; readonly hash: string };
  /** Of the node's record stream. */
  readonly epoch: string;
  /** Of the last report this node signed; a hub that has seen a later one talks to a copy. Absent: not said. */
  readonly counter?: number | undefined;
  /** The signed metadata it rests on; a hub with an older one was restored. Absent: none, or not said. */
  readonly restsOn?: RestsOn | undefined;
  /** Of the hub's ledger, entries of which it keeps the hub's checkpoint; 0 for none yet. Absent: it is no witness. */
  readonly hubCheckpointSize?: number | undefined;
}

/** What the hub's online key signed last, as a node took it. */
export interface RestsOn {
  readonly timestamp: SignedVersion;
  readonly snapshot: SignedVersion;
}

export interface SignedVersion {
  readonly version: number;
  readonly digest: Digest;
}

/**
 * H→N, at most one in WITNESS_INTERVAL_MS: where the hub's own ledger stands, signed, with the proof that it goes on from what the
 * node keeps. Only to a node that said `hubCheckpointSize`.
 */
export interface HubCheckpoint {
  /** C2SP tlog-checkpoint. */
  readonly note: string;
  readonly fromSize: number;
  /** Base64, RFC 6962 consistency proof; empty from no entries. */
  readonly proof: readonly string[];
}

/** N→H, after the checkpoint is on the node's disk. */
export interface Cosignature {
  /** Entries of the hub's ledger of which the node now keeps a checkpoint. */
  readonly size: number;
  /** C2SP cosignature/v1 of it, a signature line; null where it was refused. */
  readonly line: string | null;
  /** `size`: show it from that size. `conflict`: it is another history, and people were told. Null where it was cosigned. */
  readonly refused: "size" | "unsigned" | "conflict" | null;
}

/**
 * What a node signs to prove its key, and with it all that its hello says: who changes a counter or a ledger's head on the way would
 * have the hub take a good node for a copy. Domain tag, hub, node, nonce and a JSON array of the rest, each on a line of its own; what
 * is absent is null. A member that a later version adds is not in it, so that a hub that does not know it still knows the node.
 */
export function helloBytes(hub: string, nonce: string, hello: Omit<Hello, "signature">): string {
  const { node, keyId, runtimeVersion, bundleFormats, capabilities, registerDigest, clockMs, rootVersion } = hello;
  const { generation, active, kept, ledgerHead, epoch, counter, restsOn, hubCheckpointSize } = hello;
  const versionOf = ({ version, digest }: SignedVersion) => [version, digest];
  const said = [
    ...[keyId, runtimeVersion, bundleFormats, capabilities, registerDigest, clockMs, rootVersion, generation],
    ...[Object.entries(active).sort(byName), kept, [ledgerHead.size, ledgerHead.hash], epoch, counter ?? null],
    ...[restsOn === undefined ? null : [versionOf(restsOn.timestamp), versionOf(restsOn.snapshot)]],
    hubCheckpointSize ?? null,
  ];
  return `maint.v1 hello\n${hub}\n${node}\n${nonce}\n${JSON.stringify(said)}\n`;
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

/** H→N. `ackedSeq`: records of the node's epoch at or below it are durable at the hub. */
export interface Welcome {
  readonly session: string;
  readonly heartbeatMs: number;
  readonly ackedSeq: number;
  readonly credits: number;
  /** Why the hub gives this node nothing new, for a person; null or absent: it does. Its records are taken all the same. */
  readonly quarantined?: string | null | undefined;
  /** Entries of this node's ledger that the hub has archived: it goes on from there. Null or absent: it takes none now. */
  readonly logSize?: number | null | undefined;
  /** The hub has older metadata than this node and asks it for its own, a `proof` each. Absent: no. */
  readonly behind?: boolean | undefined;
}

/** N→H: one signed metadata file that this node rests on. The hub uses no number again that its signatures show. */
export interface Proof {
  /** `snapshot`, `timestamp`, or a delegated role. */
  readonly name: string;
  readonly text: string;
}

/** One contract of the desired set. `metadata` names the TUF documents that prove it. */
export interface DesiredContract {
  readonly version: Version;
  readonly digest: Digest;
  readonly size: number;
  /** TUF target path of the bundle, `penetrant/maintenance-contracts/v1.0/ID.bundle.json`. */
  readonly target: string;
  readonly mode: "enforce" | "shadow";
  /** Plant date from whose midnight it is in force; null is at once. */
  readonly from: string | null;
  /** When a node that has verified it may swap it in; absent: at once. */
  readonly activation?: Activation | undefined;
}

/** All of them must hold. They say when a version takes over from another, never that nothing is in force. */
export interface Activation {
  /** RFC 3339 with offset; null is any time. */
  readonly notBefore: string | null;
  /** Plant wall time, `22:00` to `06:00`; null is any hour. */
  readonly window: { readonly from: string; readonly to: string } | null;
  /** Only while no test runs at the station. */
  readonly idleOnly: boolean;
}

/** The complete desired state of one node. Signed by the hub's online key over RFC 8785 bytes of `desired`. */
export interface Desired {
  readonly node: string;
  /** Per node, only grows. */
  readonly generation: number;
  readonly contracts: { readonly [contract: ContractId]: DesiredContract };
  /**
   * Versions that are tried beside the enforced one of the same contract: kept, verified, decided and logged, without a say.
   * Each has mode `shadow`. Absent: none.
   */
  readonly shadows?: { readonly [contract: ContractId]: DesiredContract } | undefined;
  readonly documents: {
    readonly register: Digest | null;
    readonly people: Digest | null;
    readonly orders: Digest | null;
    readonly zone: Digest | null;
  };
  /** Digests of the TUF metadata files of this state: root versions upwards, timestamp, snapshot, targets. */
  readonly metadata: {
    readonly root: readonly Digest[];
    readonly timestamp: Digest;
    readonly snapshot: Digest;
    readonly targets: Digest;
    /** Of every delegated targets role in the snapshot; absent: none. */
    readonly delegated?: { readonly [role: string]: Digest } | undefined;
  };
  /** The latest assignment of each contract that has one and concerns the node; absent: none. */
  readonly assignments?: { readonly [contract: ContractId]: DesiredAssignment } | undefined;
}

/** Release signers' word on what may be taken from a node: a TUF target of its own. Source: distribution.md "Who may do what". */
export interface DesiredAssignment {
  readonly digest: Digest;
  readonly size: number;
  /** `penetrant/assignments/UV-DAILY/3.json` */
  readonly target: string;
}

export interface SignedDesired {
  readonly desired: Desired;
  readonly keyId: string;
  /** Ed25519, hex, over canonicalJson(desired). */
  readonly signature: string;
}

export interface Want {
  readonly digests: readonly Digest[];
}

export const PHASES = [
  "received",
  "verified",
  "staged",
  "selftested",
  "scheduled",
  "activated",
  "effective",
  "rejected",
  "rolledback",
] as const;
export type Phase = (typeof PHASES)[number];

/** Closed list of why a node refuses; `docs/protocol.md` says what to do about each. */
export const REJECTION_REASONS = [
  "signature-missing",
  "signature-invalid",
  "threshold",
  "version-regression",
  "content-mismatch",
  "expired",
  "metadata-mismatch",
  "digest-mismatch",
  "format-unsupported",
  "bundle-invalid",
  "wrong-audience",
  "selftest-failed",
  "unassigned",
  "disk",
  "internal",
] as const;
export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** What one contract's last attempt came to. */
export interface ReportedContract {
  readonly version: Version;
  readonly digest: Digest;
  readonly phase: Phase;
  readonly reason: RejectionReason | null;
  /** For a person: which signature, which test. */
  readonly detail: string | null;
}

/** Signed by the node's key over canonicalJson(report). `counter` only grows, across restarts. */
export interface Report {
  readonly node: string;
  readonly counter: number;
  readonly observedGeneration: number;
  readonly attempted: { readonly [contract: ContractId]: ReportedContract };
  readonly active: { readonly [contract: ContractId]: { readonly version: Version; readonly digest: Digest } };
  /** What is tried beside; absent: nothing. */
  readonly shadows?: { readonly [contract: ContractId]: ReportedContract } | undefined;
  readonly documents: {
    readonly register: Digest | null;
    readonly people: Digest | null;
    readonly orders: Digest | null;
    readonly zone: Digest | null;
  };
  readonly ledgerHead: { readonly size: number; readonly hash: string };
}

export interface SignedReport {
  readonly report: Report;
  /** Ed25519, hex, over canonicalJson(report). */
  readonly signature: string;
}

/** N→H: records of one epoch, consecutive seq, at most RECORDS_PER_FRAME. */
export interface AlertBatch {
  readonly epoch: string;
  readonly alerts: readonly Alert[];
}

/**
 * N→H, after a change and in every new session, at most one in STANDING_INTERVAL_MS: what the station's tests would be answered
 * now, by the node's own gate, and what lapses within STANDING_DAYS. It lets nothing start; the hub keeps the latest one.
 */
export interface Standing {
  readonly atMs: number;
  /** Whose tests these would be: who acknowledged last here; null where nobody has. */
  readonly operator: string | null;
  readonly tests: readonly StandingTest[];
  /** The first MAX_STANDING_DUE in the order in which they lapse; what people do every day or shift is left out. */
  readonly due: readonly StandingDue[];
}

export interface StandingTest {
  /** As contracts name it; null where they name none. */
  readonly kind: string | null;
  readonly allow: boolean;
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
  /** What to do first, in the operator's words; null where nothing would help, or nothing is needed. */
  readonly toDo: string | null;
}

export interface StandingDue {
  readonly code: string;
  readonly subject: string;
  readonly severity: "reason" | "warning";
  readonly fromMs: number;
  /** The same in plant time. */
  readonly from: string;
  readonly holdsAlready: boolean;
  readonly text: string;
  readonly contract: ContractId | null;
  readonly condition: string | null;
  readonly toDo: string | null;
  readonly who: string | null;
}

/** H→N, after the hub's durable commit, never before. */
export interface RecordAck {
  readonly epoch: string;
  readonly upTo: number;
}

/**
 * N→H: a part of consecutive ledger entries, one batch under way at a time. Joined in their order the parts of a batch are base64 of
 * gzip of the entries' own bytes, a line feed between two.
 */
export interface LogPart {
  /** Seq of the batch's first entry. */
  readonly from: number;
  /** From 0. */
  readonly part: number;
  readonly parts: number;
  readonly data: string;
  /**
   * With the last part of a batch that reaches the end of the node's ledger: where it stands behind the batch's last entry, a signed
   * note of the node's own key (C2SP tlog-checkpoint). Absent: not signed.
   */
  readonly checkpoint?: string | undefined;
}

/** H→N, after the hub's durable commit of a batch, never before: so many entries of the node's ledger are archived. */
export interface Logged {
  readonly size: number;
  /** Why the hub takes no more of this ledger; absent: it does. */
  readonly refused?: string | undefined;
  /** The hub is busy; the batch was not taken and comes again. */
  readonly retryAfterMs?: number | undefined;
}

export interface Ping {
  readonly nonce: string;
}

/** H→N, answer to ping: signed hub time with the ping's nonce. */
export interface TimestampFrame {
  readonly nonce: string;
  readonly hubTimeMs: number;
  readonly keyId: string;
  /** Ed25519, hex, over canonicalJson({hubTimeMs, node, nonce}). */
  readonly signature: string;
}

export interface GoAway {
  readonly retryAfterMs: number;
  readonly reason: string;
}

export interface WireError {
  readonly code:
    | "unknown-type"
    | "bad-frame"
    | "unauthenticated"
    | "unsupported-major"
    | "not-found"
    | "gap"
    | "duplicate-session"
    | "revoked";
  readonly message: string;
}

export interface Bye {
  readonly reason: string;
}
