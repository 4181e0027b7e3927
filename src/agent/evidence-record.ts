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
  | CounterEvidence;

export type EvidenceKind = EvidenceBody["kind"];

/** Dates are plant days as they stand on the certificate. */
export interface CalibrationEvidence {
  readonly kind: "calibration";
  readonly performedOn: string;
  readonly dueOn?: string;
  readonly result: string;
  readonly certificate?: string;
  readonly assetSerial?: string;
  readonly asFound?: string;
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
