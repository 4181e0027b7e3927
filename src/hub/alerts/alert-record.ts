import { createHash } from "node:crypto";
import { assert } from "../../base/assert.ts";
import { canonicalJson } from "../../base/canonical-json.ts";
import type { Alert, Severity } from "../../model/alert.ts";

/** An alert as the hub keeps it. One record an alert, whatever else is grouped: patterns count records, not groups. */
export interface AlertRecord {
  /** `alert-17`, counted by the hub. */
  readonly id: string;
  readonly alert: Alert;
  readonly fingerprint: string;
  /** The hub's clock; escalation counts from here, since a node may have been away for days. */
  readonly receivedAtMs: number;
  readonly acknowledgement: Acknowledgement | null;
  /** Who is to be told, and how long after `receivedAtMs`, while nobody has acknowledged. */
  readonly plan: readonly PlannedNotice[];
  /** `noticeKey` of those already told. */
  readonly sent: readonly string[];
}

/** An alert by the number that the hub gave it: it only grows, so whoever follows alerts remembers one number. */
export interface NumberedAlert {
  readonly number: number;
  /** `alert-17` */
  readonly id: string;
  readonly alert: Alert;
}

export interface Acknowledgement {
  readonly by: string;
  readonly atMs: number;
  readonly note: string;
}

export interface PlannedNotice {
  readonly role: string;
  readonly severity: Severity;
  readonly afterMs: number;
}

export const noticeKey = (notice: PlannedNotice): string => `${notice.role.toLowerCase()}@${notice.afterMs}`;

/** Alerts that say the same thing about the same thing at one node. 16 hex digits. */
export function fingerprintOf(alert: Alert): string {
  const same = [alert.contract, alert.condition, alert.reason, alert.subject, alert.node];
  return createHash("sha256").update(canonicalJson(same)).digest("hex").slice(0, 16);
}

/** One fingerprint's alerts, for a list that a person can read. */
export interface AlertGroup {
  readonly fingerprint: string;
  readonly contract: string | null;
  readonly condition: string | null;
  readonly reason: string;
  readonly subject: string;
  readonly node: string;
  readonly severity: Severity;
  readonly count: number;
  readonly open: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** How bad, from 0; `info` is least. */
export const severityRank: { readonly [severity in Severity]: number } = {
  info: 0,
  medium: 1,
  high: 2,
  critical: 3,
  emergency: 4,
};

export const worse = (a: Severity, b: Severity): Severity => (severityRank[b] > severityRank[a] ? b : a);

export const severityOf = (rank: number): Severity => {
  const found = Object.entries(severityRank).find(([, known]) => known === rank);
  assert(found !== undefined, "a stored rank is one of a severity");
  return found[0] as Severity;
};

export interface AlertFilter {
  readonly contract?: string | undefined;
  readonly node?: string | undefined;
  readonly state?: "open" | "acknowledged" | undefined;
  /** Epoch milliseconds of the node's clock, inclusive. */
  readonly sinceMs?: number | undefined;
  readonly limit?: number | undefined;
}
