import type { ConditionOutcome } from "../../model/decision.ts";
import type { ContractId, Digest, Version } from "../../model/ids.ts";
import type { VersionSignatures } from "../contracts/version-signatures.ts";
import type { LedgerFact } from "./ledger-facts.ts";

export const AUDIT_FORMAT = "maint-audit/1";

/** What an auditor asks about. */
export type AuditScope =
  | { readonly kind: "equipment"; readonly id: string }
  | { readonly kind: "order"; readonly id: string }
  | { readonly kind: "station"; readonly id: string }
  | { readonly kind: "period" };

/** Half-open, epoch milliseconds. */
export interface AuditWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * All that a report says, as plain JSON: the page is made from this alone, and whoever verifies it makes these rows again from
 * the ledger entries that travel with it. Instants are RFC 3339, `at` in plant time with its offset; dates are plant days.
 */
export interface AuditReport extends AuditWindow {
  readonly format: typeof AUDIT_FORMAT;
  readonly scope: AuditScope;
  readonly madeAt: string;
  readonly madeBy: string;
  readonly hub: string;
  /** The plant's day that states are judged on. */
  readonly asOfDay: string;
  /** First and last day of the window, by the plant's calendar. */
  readonly firstDay: string;
  readonly lastDay: string;
  /** Plant zones of the stations in it. */
  readonly zones: readonly string[];
  readonly totals: AuditTotals;
  readonly decisions: readonly DecisionRow[];
  /** By plant day. */
  readonly days: readonly DayRow[];
  readonly instruments: readonly InstrumentRow[];
  readonly traces: readonly TraceRow[];
  readonly calibrations: readonly CalibrationRow[];
  readonly grants: readonly GrantRow[];
  readonly stops: readonly StopRow[];
  readonly readings: readonly ReadingSeries[];
  readonly checks: readonly CheckRow[];
  /** Entries that have not the form of what they say they are. */
  readonly unreadable: readonly UnreadableRow[];
  readonly alerts: readonly AlertRow[];
  readonly incidents: readonly IncidentRow[];
  readonly contracts: readonly ContractRow[];
  readonly impacts: readonly ImpactRow[];
  readonly corrections: readonly CorrectionRow[];
  readonly ledgers: readonly LedgerFact[];
  /** What was left out because of a limit, in sentences; nothing is left out silently. */
  readonly leftOut: readonly string[];
}

export interface AuditTotals {
  readonly decisions: number;
  readonly allowed: number;
  readonly blocked: number;
  readonly tests: number;
  readonly orders: readonly string[];
  readonly parts: readonly string[];
  readonly nodes: readonly string[];
  /** Decisions that say the clock went back or jumped. */
  readonly clockAnomalies: number;
}

export interface DecisionRow {
  readonly node: string;
  readonly seq: number;
  readonly station: string | null;
  readonly at: string;
  readonly atUtc: string;
  readonly allow: boolean;
  readonly test: string | null;
  readonly testKind: string | null;
  readonly order: string | null;
  readonly part: string | null;
  readonly operator: string | null;
  readonly contracts: readonly {
    readonly contract: ContractId;
    readonly version: Version | null;
    readonly digest: Digest;
  }[];
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
  /** The sentences of its reasons, and of its warnings. */
  readonly words: readonly string[];
  readonly cautions: readonly string[];
  readonly conditions: readonly ConditionOutcome[];
}

export interface DayRow {
  readonly node: string;
  /** Plant day. */
  readonly day: string;
  readonly allowed: number;
  readonly blocked: number;
}

/** What stands on the sticker. Source: 21 CFR 820.72(b)(2). */
export interface InstrumentRow {
  readonly asset: string;
  readonly node: string;
  readonly serial: string | null;
  readonly last: string | null;
  readonly due: string | null;
  readonly result: string | null;
  readonly certificate: string | null;
  readonly by: string | null;
  readonly limitations: readonly string[];
  /** Last day of the latest extension that was recorded since its last calibration. */
  readonly extendedUntil: string | null;
  readonly state: "in-calibration" | "due-soon" | "overdue" | "failed" | "revoked" | "signature-invalid" | "never";
}

/** One link up the chain: an item, its certificate, and the standards that it was calibrated against. */
export interface TraceRow {
  readonly asset: string;
  readonly certificate: string | null;
  readonly performedOn: string;
  readonly references: readonly {
    readonly id: string;
    readonly certificate: string | null;
    /** Its due date on the day of use; null where it has none, or no calibration of it is known. */
    readonly dueOn: string | null;
    readonly state: "valid" | "lapsed" | "unknown" | "national";
  }[];
  readonly national: boolean;
}

export interface CalibrationRow {
  readonly node: string;
  readonly id: string;
  readonly asset: string;
  readonly performedOn: string;
  readonly result: string;
  readonly certificate: string | null;
  readonly asFound: string | null;
  readonly asLeft: string | null;
  /** Whole days since the one before; null for the first. */
  readonly intervalDays: number | null;
  /** Whether it was done on or before the day on which the one before fell due; null where that is not known. */
  readonly onTime: boolean | null;
  readonly inWindow: boolean;
}

/** An override or an extension. */
export interface GrantRow {
  readonly kind: "override" | "extension";
  readonly node: string;
  readonly id: string;
  /** The reason that is lifted, or `calibration.overdue` of an extension. */
  readonly rule: string;
  readonly subject: string;
  readonly reason: string;
  readonly from: string;
  readonly until: string;
  readonly by: string;
  readonly approvals: readonly { readonly by: string; readonly roles: readonly string[]; readonly at: string }[];
  /** Tests that were allowed under it. */
  readonly tests: readonly string[];
}

/** A stretch in which one reason kept a station from testing, and the proof that nothing ran meanwhile. */
export interface StopRow {
  readonly node: string;
  readonly reason: string;
  readonly condition: string | null;
  readonly words: string;
  readonly from: string;
  /** The last decision that gave it. */
  readonly to: string;
  readonly blocked: number;
  /** Tests that started before one was let start again, by the station's own records; anything but 0 is a finding. */
  readonly startedMeanwhile: number;
}

export interface ReadingSeries {
  readonly node: string;
  readonly quantity: string;
  readonly unit: string;
  readonly low: string | null;
  readonly high: string | null;
  readonly points: readonly { readonly atMs: number; readonly value: string; readonly with: string | null }[];
}

export interface CheckRow {
  readonly node: string;
  readonly id: string;
  readonly at: string;
  readonly subject: string;
  readonly when: string;
  readonly name: string | null;
  readonly result: string;
  /** Items of it that did not pass. */
  readonly failed: readonly string[];
  readonly by: string;
}

export interface UnreadableRow {
  readonly node: string;
  readonly seq: number;
  readonly what: "decision" | "evidence record";
}

export interface AlertRow {
  readonly id: string;
  /** `incident-4`: all alerts of a group until one is acknowledged; people are told of that. */
  readonly incident: string;
  readonly node: string;
  readonly at: string;
  readonly severity: string;
  readonly reason: string;
  readonly subject: string;
  readonly words: string;
  readonly acknowledgedBy: string | null;
  /** From its arrival at the hub. */
  readonly minutesToAcknowledge: number | null;
  readonly note: string | null;
}

/** Who was told of an incident, from its first alert until somebody acknowledged. Instants are the hub's, UTC. */
export interface IncidentRow {
  readonly id: string;
  readonly openedAt: string;
  /** Alerts in it, the first and the last of them. */
  readonly count: number;
  readonly firstAlert: string;
  readonly lastAlert: string;
  readonly told: readonly TellRow[];
  /** Of how many of its alerts each role knows. */
  readonly roles: readonly { readonly role: string; readonly alerts: number }[];
  /** Messages that are not listed here because there are too many. */
  readonly more: number;
  /** How often it was told that more came, since it began or got worse, whether or not the messages are still kept. */
  readonly repeats: number;
  readonly lastToldAt: string;
  readonly acknowledged: { readonly by: string; readonly at: string; readonly note: string } | null;
}

/** One role that was told of an incident at one instant, would have been, or still will be. */
export interface TellRow {
  readonly at: string;
  readonly role: string;
  readonly severity: string;
  /** Why: it began, it got worse, nobody acknowledged in time, more of the same came. */
  readonly why: "first" | "worse" | "escalation" | "repeat";
  /** Of an escalation: how long after its alert. */
  readonly afterMs: number;
  readonly state: "told" | "waiting" | "not needed";
  /** What went out; none where no channel takes it, or where it is kept no more. */
  readonly messages: readonly {
    readonly channel: string;
    readonly state: "delivered" | "waiting" | "given up" | "in a summary";
    readonly at: string | null;
    readonly error: string | null;
  }[];
}

export interface ContractRow {
  readonly contract: ContractId;
  readonly version: Version;
  readonly status: string;
  readonly digest: Digest | null;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly changes: readonly string[];
  /** How it stands to the version before, as signed with it: `tightens`, `loosens`; null where that is lost. */
  readonly direction: string | null;
  /** Whether two people had to sign it; null where that is lost. */
  readonly needsSecond: boolean | null;
  readonly signatures: VersionSignatures;
}

export interface ImpactRow {
  /** Of what nobody opened, the record that says it was found. */
  readonly id: string;
  readonly asset: string;
  readonly state: "open" | "closed" | "not opened";
  readonly words: string;
  readonly suspect: number;
  readonly disposed: number;
}

/** A record that replaces another; the one before stays in the ledger. */
export interface CorrectionRow {
  readonly node: string;
  readonly id: string;
  readonly corrects: string;
  readonly what: string;
  readonly by: string;
  readonly at: string;
}
