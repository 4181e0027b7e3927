import type { Rational } from "../base/rational.ts";

/**
 * What is known about a station when a test is about to start: evidence, typed. Source: decisions.md "The snapshot".
 * A field of the wrong type, an unreadable date, an instant without an offset is `undefined`, the same as missing.
 * Instants are epoch milliseconds, days are day numbers of civil-time, numbers are exact.
 */
export interface Snapshot {
  readonly plantZone: string | undefined;
  /** Minutes from midnight; empty where no shift time is known. */
  readonly shifts: readonly number[];
  readonly station: SnapshotStation;
  /** Undefined where the snapshot has no `orders`: then no order is judged. */
  readonly orders: readonly SnapshotOrder[] | undefined;
  readonly clock: {
    readonly highWater: number | undefined;
    readonly monotonicNow: number | undefined;
    /** Whether a hub has signed this time; undefined where the snapshot does not say, and then nothing follows from it. */
    readonly attested?: boolean | undefined;
  };
  readonly test: SnapshotTest;
  readonly equipment: ReadonlyMap<string, EquipmentState>;
  readonly readings: ReadonlyMap<string, Reading>;
  readonly acks: readonly Acknowledgement[];
  readonly lots: ReadonlyMap<string, Lot>;
  readonly overrides: readonly OverrideRecord[];
}

export interface SnapshotStation {
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly attributes: readonly string[];
  /** Equipment role → asset id. */
  readonly roles: ReadonlyMap<string, string>;
  /** The register asks for an order with every test. */
  readonly orderRequired: boolean;
}

export interface SnapshotOrder {
  readonly id: string;
  readonly revision: Rational | undefined;
  readonly open: boolean;
  readonly tests: readonly {
    readonly name: string | undefined;
    readonly maintenance: string;
    readonly conditions: readonly string[];
  }[];
}

export interface SnapshotTest {
  readonly id: string | undefined;
  readonly operator: string | undefined;
  readonly kind: string | undefined;
  readonly clientPO: string | undefined;
  readonly startedAt: number | undefined;
  readonly planned: { readonly hours: Rational | undefined; readonly cycles: Rational | undefined };
}

export interface EquipmentState {
  readonly serial: string | undefined;
  readonly status: string | undefined;
  readonly attributes: readonly string[];
  /** Evidence against counts whatever its date, so a lock is a lock even where nothing of it can be read. */
  readonly locks: readonly { readonly by: string | undefined; readonly at: number | undefined }[];
  readonly returnedAt: number | undefined;
  readonly reverifiedAt: number | undefined;
  readonly onSeconds: Rational | undefined;
  readonly onSince: number | undefined;
  readonly hours: Counter;
  readonly cycles: Counter;
  /** Undefined where nobody keeps a list of events; an event of no readable kind may have been any. */
  readonly events: readonly { readonly kind: string | undefined; readonly at: number | undefined }[] | undefined;
  readonly ranges: readonly { readonly low: Rational; readonly high: Rational; readonly unit: string }[];
  readonly lastUseEndedAt: number | undefined;
  readonly openingCheck: UseCheck | undefined;
  readonly closingCheck: UseCheck | undefined;
  readonly checks: readonly CheckRecord[];
  readonly extension: ExtensionRecord | undefined;
  readonly calibration: Calibration | undefined;
}

export interface Counter {
  readonly now: Rational | undefined;
  readonly atService: Rational | undefined;
  readonly highWater: Rational | undefined;
}

export interface UseCheck {
  readonly at: number | undefined;
  readonly result: string | undefined;
}

export interface CheckRecord extends UseCheck {
  readonly name: string | undefined;
  readonly by: string | undefined;
  /** Item → passed. */
  readonly items: ReadonlyMap<string, boolean>;
}

export interface Approval {
  readonly by: string;
  readonly role: string;
}

export interface ExtensionRecord {
  /** The last valid day. */
  readonly until: number | undefined;
  readonly grantedAt: number | undefined;
  readonly approvals: readonly Approval[];
}

export interface Calibration {
  readonly performedOn: number | undefined;
  readonly dueOn: number | undefined;
  readonly result: string | undefined;
  readonly certificate: string | undefined;
  readonly assetSerial: string | undefined;
  readonly signature: string | undefined;
  readonly revokedAt: number | undefined;
  readonly asFound: string | undefined;
  readonly impactClosed: boolean | { readonly at: number };
  readonly references: readonly string[];
  readonly national: boolean;
  /** Earlier calibrations of the item, in no promised order. */
  readonly history: readonly Calibration[];
}

export interface Reading {
  readonly value: ReadingValue;
  /** As it was written; undefined where there is none. */
  readonly unit: string | undefined;
  readonly takenAt: number | undefined;
  readonly takenWith: string | undefined;
  readonly settledMinutes: Rational | undefined;
}

export type ReadingValue =
  | { readonly kind: "number"; readonly number: Rational }
  | { readonly kind: "missing" }
  | { readonly kind: "not-a-number" };

export interface Acknowledgement {
  readonly step: string;
  readonly by: string;
  readonly role: string | undefined;
  readonly at: number;
}

export interface Lot {
  readonly lot: string | undefined;
  /** The last good day; a month is good to its end. */
  readonly expires: number | undefined;
  readonly openedOn: number | undefined;
}

export interface OverrideRecord {
  readonly id: string;
  readonly rule: string;
  readonly subject: string;
  readonly reason: string | undefined;
  readonly grantedAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly approvals: readonly Approval[];
}
