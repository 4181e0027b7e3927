import { printUtc } from "../../base/civil-time.ts";
import { MAX_REPORT_MESSAGES } from "../../model/limits.ts";
import type { StepDetails } from "../alerts/alert-details.ts";
import type { AlertService } from "../alerts/alert-service.ts";
import type { IncidentHistory } from "../alerts/incident-history.ts";
import type { NoticeService, OutboxEntry } from "../notices/notice-service.ts";
import type { AlertRow, IncidentRow, TellRow } from "./audit-report.ts";
import { compareText, distinct } from "./decision-rows.ts";

export interface IncidentPorts {
  readonly alerts: Pick<AlertService, "incidents">;
  readonly notices: Pick<NoticeService, "ofIncident">;
}

/** What people were told of these alerts: what was planned when, and what went out over which channel. */
export async function incidentRows(
  { alerts, notices }: IncidentPorts,
  rows: readonly AlertRow[],
): Promise<readonly IncidentRow[]> {
  const histories = await alerts.incidents(distinct(rows.map(({ incident }) => incident)));
  return histories
    .toSorted((a, b) => a.number - b.number)
    .map((history) => {
      const { messages, total } = notices.ofIncident(history.number, MAX_REPORT_MESSAGES);
      return incidentRow(history, messages, total - messages.length);
    });
}

/** Pure. `more`: messages beyond those. */
export function incidentRow(history: IncidentHistory, messages: readonly OutboxEntry[], more: number): IncidentRow {
  const { id, count, firstAlert, lastAlert, openedAtMs, steps, told, repeats, toldAtMs, acknowledgement } = history;
  const tells = steps.map((step): Tell => ({ ...tellOf(step, firstAlert), step, said: [] }));
  for (const message of messages) tellFor(message, tells).said.push(message);
  return {
    ...{ id, openedAt: printUtc(openedAtMs), count, firstAlert, lastAlert, roles: told, more, repeats },
    lastToldAt: printUtc(toldAtMs),
    told: tells
      .toSorted((a, b) => a.atMs - b.atMs || compareText(a.role, b.role))
      .map(({ atMs, role, severity, why, afterMs, state, said }) => ({
        ...{ at: printUtc(atMs), role, severity, why, afterMs, state },
        messages: said.map(messageRow),
      })),
    acknowledged:
      acknowledgement === null
        ? null
        : { by: acknowledgement.by, at: printUtc(acknowledgement.atMs), note: acknowledgement.note },
  };
}

interface Tell extends Omit<TellRow, "at" | "messages"> {
  readonly atMs: number;
  /** Null for what no step asked for: that more of the same came. */
  readonly step: StepDetails | null;
  readonly said: OutboxEntry[];
}

const STATES = { sent: "told", waiting: "waiting", dropped: "not needed" } as const;

function tellOf(
  { alert, role, severity, afterMs, dueAtMs, sentAtMs, state }: StepDetails,
  firstAlert: string,
): Omit<Tell, "step" | "said"> {
  const why = afterMs > 0 ? "escalation" : alert === firstAlert ? "first" : "worse";
  return { atMs: sentAtMs ?? dueAtMs, role, severity, why, afterMs, state: STATES[state] };
}

/** The step that a message carries out, by its alert and role; of a repeat that of its role and instant, made where it is new. */
function tellFor(message: OutboxEntry, tells: Tell[]): Tell {
  const { kind, role, atMs, body } = message;
  const isSame = (tell: Tell): boolean => tell.role.toLowerCase() === role.toLowerCase();
  const asked = tells.filter(
    ({ step }) => step?.alert === body.alert && step.sentAtMs !== null && step.afterMs > 0 === (kind === "escalation"),
  );
  // A message is written right after its step was marked, and two steps of one role are minutes apart.
  const before = asked.filter(isSame).toSorted((a, b) => Math.abs(a.atMs - atMs) - Math.abs(b.atMs - atMs));
  const known =
    kind === "repeat" ? tells.find((tell) => tell.why === kind && tell.atMs === atMs && isSame(tell)) : before[0];
  if (known !== undefined) return known;
  const why = kind === "worse" || kind === "escalation" || kind === "repeat" ? kind : "first";
  const made: Tell = {
    ...{ atMs, role, severity: body.severity, why, afterMs: 0, state: "told" },
    step: null,
    said: [],
  };
  tells.push(made);
  return made;
}

const SENT = { delivered: "delivered", waiting: "waiting", dead: "given up", summarised: "in a summary" } as const;

/** Without the address: that is for those who may see the outbox, and a report is carried out of the plant. */
const messageRow = ({ channel, recipient, state, endedAtMs, error }: OutboxEntry): TellRow["messages"][number] => ({
  ...{ channel, state: SENT[state] },
  // What a mail server says may repeat it.
  error: error === null || !recipient.includes("@") ? error : error.replaceAll(recipient, "the recipient"),
  at: endedAtMs === null ? null : printUtc(endedAtMs),
});
