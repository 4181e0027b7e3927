import { createHash } from "node:crypto";
import { assert } from "../../base/assert.ts";
import { canonicalJson } from "../../base/canonical-json.ts";
import type { Alert, Severity } from "../../model/alert.ts";

/** An alert by the number that the hub gave it: it only grows, so whoever follows alerts remembers one number. */
export interface NumberedAlert {
  readonly number: number;
  /** `alert-17` */
  readonly id: string;
  readonly alert: Alert;
}

/** An alert as the hub knows it. One record an alert, whatever else is grouped: patterns count records, not groups. */
export interface AlertRecord extends NumberedAlert {
  readonly fingerprint: string;
  /** The hub's clock; escalation counts from here, since a node may have been away for days. */
  readonly receivedAtMs: number;
  /** `incident-4`: what was acknowledged at once, or stands open. */
  readonly incident: string;
  readonly acknowledgement: Acknowledgement | null;
}

/** How an incident's row in hub.db says it; null where it stands open. */
export const acknowledgementIn = ({
  acknowledged_by: by,
  acknowledged_at_ms: atMs,
  note,
}: AcknowledgedColumns): Acknowledgement | null => (by === null ? null : { by, atMs: atMs ?? 0, note: note ?? "" });

export interface AcknowledgedColumns {
  readonly acknowledged_by: string | null;
  readonly acknowledged_at_ms: number | null;
  readonly note: string | null;
}

export interface Acknowledgement {
  readonly by: string;
  readonly atMs: number;
  readonly note: string;
}

export const alertId = (number: number): string => `alert-${number}`;
export const incidentId = (number: number): string => `incident-${number}`;

const ALERT = /^alert-([1-9]\d{0,14})$/;
const INCIDENT = /^incident-([1-9]\d{0,14})$/;

/** Undefined for what is no alert's id. */
export const alertNumber = (id: string): number | undefined => numberIn(ALERT, id);
/** Undefined for what is no incident's id. */
export const incidentNumber = (id: string): number | undefined => numberIn(INCIDENT, id);

function numberIn(form: RegExp, id: string): number | undefined {
  const match = form.exec(id);
  return match === null ? undefined : Number(match[1]);
}

export interface PlannedNotice {
  readonly role: string;
  readonly severity: Severity;
  readonly afterMs: number;
}

export const noticeKey = (notice: PlannedNotice): string => `${notice.role.toLowerCase()}@${notice.afterMs}`;

/** What makes a group. */
type Said = Pick<Alert, "contract" | "condition" | "reason" | "subject" | "node">;

/** Alerts that say the same about the same thing at one node. 16 hex digits. */
export function fingerprintOf(alert: Said): string {
  const same = [alert.contract, alert.condition, alert.reason, alert.subject, alert.node];
  return createHash("sha256").update(canonicalJson(same)).digest("hex").slice(0, 16);
}

/** Equal exactly where fingerprints are, and cheaper. */
export const groupKey = ({ contract, condition, reason, subject, node }: Said): string =>
  JSON.stringify([contract, condition, reason, subject, node]);

/** One fingerprint's alerts, for a list that a person can read. */
export interface AlertGroup {
  readonly fingerprint: string;
  readonly contract: string | null;
  readonly condition: string | null;
  readonly reason: string;
  readonly subject: string;
  readonly node: string;
  readonly severity: Severity;
  /** All since `firstAtMs`. */
  readonly count: number;
  readonly open: number;
  /** How many of `count` retention removed. */
  readonly removed: number;
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

/** Every part that is given must hold. */
export interface AlertFilter {
  readonly contract?: string | undefined;
  readonly node?: string | undefined;
  /** `reading.out-of-limits` */
  readonly reason?: string | undefined;
  /** This and worse. */
  readonly severity?: Severity | undefined;
  readonly state?: "open" | "acknowledged" | undefined;
  /** Epoch milliseconds of the node's clock: from, inclusive, and to, exclusive. */
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** Only numbers below this one: where the page before ended. */
  readonly beforeNumber?: number | undefined;
  readonly limit?: number | undefined;
}
