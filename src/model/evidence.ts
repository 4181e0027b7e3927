/** One statement about the station, by the person who was authenticated. Never changed; a correction is a new one. */
export interface EvidenceRecord {
  /** `E` and the ledger's sequence number of the entry that holds it. */
  readonly id: string;
  readonly ledgerSeq: number;
  readonly kind: EvidenceKind;
  /** Asset id, quantity, step or lot. */
  readonly subject: string;
  /** What orders records of one subject: when it was so, epoch milliseconds. */
  readonly takenAtMs: number;
  readonly recordedAtMs: number;
  readonly timeSource: "wall" | "attested";
  readonly by: string;
  readonly roles: readonly string[];
  /** Id of the record that this one corrects. */
  readonly supersedes: string | null;
  readonly body: EvidenceBody;
}

export type EvidenceBody =
  | CalibrationEvidence
  | ReadingEvidence
  | AcknowledgementEvidence
  | OnTimeEvidence
  | CheckEvidence
  | EventEvidence
  | ServiceEvidence
  | LotEvidence
  | CounterEvidence
  | TestRunEvidence
  | ApprovalEvidence
  | OverrideEvidence
  | ExtensionEvidence
  | RevocationEvidence
  | ImpactEvidence;

export type EvidenceKind = EvidenceBody["kind"];

/** A test's start and end are told to the gate, not recorded by hand. */
export type RecordedKind = Exclude<EvidenceKind, "test-run">;

/** Every kind there is; tsc asks for a new one. */
const kinds: { readonly [kind in EvidenceKind]: true } = {
  ...{ calibration: true, reading: true, acknowledgement: true, "on-time": true, check: true, event: true },
  ...{ service: true, lot: true, counter: true, "test-run": true, approval: true, override: true },
  ...{ extension: true, revocation: true, "impact-closed": true },
};
export const EVIDENCE_KINDS = Object.keys(kinds) as readonly EvidenceKind[];

/** Dates are plant days as they stand on the certificate. */
export interface CalibrationEvidence {
  readonly kind: "calibration";
  readonly performedOn: string;
  readonly dueOn?: string;
  readonly result: string;
  readonly certificate?: string;
  readonly assetSerial?: string;
  readonly asFound?: string;
  readonly asLeft?: string;
  /** The largest error found, and left, as a share of the tolerance, signed: `0.4`, `-1.2`. */
  readonly asFoundShare?: string;
  readonly asLeftShare?: string;
  /** What was found out about the certificate's own signature; absent where it has none. */
  readonly signature?: string;
  /** Calibrated ranges: low and high as decimals, unit. */
  readonly ranges?: readonly (readonly [string, string, string])[];
  readonly references?: readonly string[];
  readonly national?: boolean;
}

/** `value` is the decimal as it was written: 999.99999999999999999 stays that. */
export interface ReadingEvidence {
  readonly kind: "reading";
  readonly value: string;
  readonly unit: string;
  readonly takenWith?: string;
  readonly settledMinutes?: string;
}

export interface AcknowledgementEvidence {
  readonly kind: "acknowledgement";
}

/** Counted by the machine's boot clock from `bootMs` of `bootId` on; `forSeconds` is what the person vouches for before. */
export interface OnTimeEvidence {
  readonly kind: "on-time";
  readonly state: "on" | "off";
  readonly forSeconds: number;
  readonly bootId: string;
  readonly bootMs: number;
}

/** `opening` and `closing` frame a use; `list` is a check list, named after nothing or by its clause. */
export interface CheckEvidence {
  readonly kind: "check";
  readonly when: "opening" | "closing" | "list";
  readonly name?: string;
  readonly result: string;
  readonly items?: { readonly [item: string]: string | boolean };
}

export interface EventEvidence {
  readonly kind: "event";
  readonly event: string;
}

export interface ServiceEvidence {
  readonly kind: "service";
  readonly state: "in-service" | "out-of-service" | "locked" | "unlocked" | "returned" | "reverified" | "used";
}

export interface LotEvidence {
  readonly kind: "lot";
  readonly lot: string;
  readonly expires?: string;
  readonly openedOn?: string;
}

export interface CounterEvidence {
  readonly kind: "counter";
  readonly counter: "hours" | "cycles";
  readonly value: string;
  /** The counter stood here when the equipment was serviced. */
  readonly atService: boolean;
}

/** A test's start or end; the subject is its id. `assets` are the equipment that the contracts of its start name. */
export interface TestRunEvidence {
  readonly kind: "test-run";
  readonly state: "started" | "ended";
  readonly testKind: string | null;
  readonly order: string | null;
  readonly assets: readonly string[];
  /** Those of the assets that its contracts want checked after this use. */
  readonly closingChecks: readonly string[];
  /** The releases it began with. */
  readonly contracts: readonly { readonly contract: string; readonly version: string | null }[];
  /** Of an end. */
  readonly result?: TestRunResult;
}

export type TestRunResult = "passed" | "failed" | "aborted";

/** Somebody's signature under an override or an extension: `of` is the id of the record. Who it is stands in `by` and `roles`. */
export interface ApprovalEvidence {
  readonly kind: "approval";
  readonly of: string;
}

/** A reason that may be lifted for a while; it counts only with the approvals that the contract asks for. Instants in RFC 3339. */
export interface OverrideEvidence {
  readonly kind: "override";
  readonly rule: string;
  readonly about: string;
  readonly reason: string;
  readonly expiresAt: string;
}

/** A lapsed calibration may be used on, `until` its last day; it counts only with the approvals that the contract asks for. */
export interface ExtensionEvidence {
  readonly kind: "extension";
  readonly until: string;
  readonly reason: string;
}

/** The laboratory took a certificate back; the record's own instant is when. */
export interface RevocationEvidence {
  readonly kind: "revocation";
  readonly certificate: string;
  readonly reason: string;
}

/** What an as-found result out of tolerance means for earlier tests is settled. */
export interface ImpactEvidence {
  readonly kind: "impact-closed";
  readonly certificate: string;
  readonly disposition: string;
}
