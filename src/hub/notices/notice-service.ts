import { assert } from "../../base/assert.ts";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import { incidentId, severityRank } from "../alerts/alert-record.ts";
import type { DueNotice } from "../alerts/escalation.ts";
import type { Clock, Principal } from "../ports.ts";
import { badRequest, conflict, notFound } from "../refusals.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import type { OutboxRow } from "../store/notice-tables.ts";
import { nextTurn } from "../store/turns.ts";
import { openChannel } from "./channels/open-channel.ts";
import { createCourier, goneChannel, messageOf, noticeRecord, type OpenChannel } from "./courier.ts";
import { type Message, messageId, type NoticeBody } from "./notice.ts";
import type { NoticesConfig } from "./notices-file.ts";
import { OUTBOX_LIMITS, type Outbox, type OutboxFilter, type OutboxLimits, openOutbox } from "./outbox.ts";
import { recipientsOf } from "./routes.ts";

export interface NoticePorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
  readonly hubId: string;
  readonly config: NoticesConfig;
  /** Ids of the people who have a role, whatever its case. Read inside a transaction: it asks no query builder. */
  readonly peopleWith: (role: string) => readonly string[];
  readonly chance: () => number;
  readonly log: (line: string) => void;
  readonly failed: (error: unknown) => void;
}

/** A message as people see it: where it stands, and what was said last. */
export interface OutboxEntry extends Omit<Message, "hub"> {
  readonly channel: string;
  readonly state: OutboxRow["state"];
  readonly partOf: string | null;
  readonly attempts: number;
  readonly nextAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly error: string | null;
}

export interface IncidentMessages {
  readonly messages: readonly OutboxEntry[];
  readonly total: number;
}

/** Tells people: durable from the moment something is due, at least once, in the background. */
export interface NoticeService {
  /** Writes down who is to be told, and whom nobody can tell; called inside the transaction that makes it due. */
  readonly post: (notices: readonly DueNotice[], record: (record: LedgerRecord) => void) => void;
  /** Carries what waits; call it every while. */
  readonly work: () => void;
  /** The newest first. */
  readonly list: (filter: OutboxFilter) => readonly OutboxEntry[];
  /** The first `limit` messages about an incident by its number, the oldest first, and how many there are in all. */
  readonly ofIncident: (incident: number, limit: number) => IncidentMessages;
  /** Sends dead messages again, these or all. @throws MaintError NOT_FOUND, CONFLICT for one that is not dead */
  readonly retry: (ids: readonly string[] | "all", by: Principal) => Promise<readonly string[]>;
  /**
   * Sends a trial to a role or over a channel, once, and answers what became of it.
   * @param address where the channel is e-mail
   * @throws MaintError BAD_REQUEST where nobody would be told
   */
  readonly trial: (to: string, address: string | undefined, by: Principal) => Promise<readonly OutboxEntry[]>;
  /** Forgets what has been over for long; call it every while. */
  readonly tidy: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

const MAX_RETRIED = 1_000;
const TRIAL_PATIENCE_MS = 20_000;
const POLL_MS = 50;

/** @throws MaintError where a channel's secret cannot be read */
export function createNoticeService(ports: NoticePorts, limits: OutboxLimits = OUTBOX_LIMITS): NoticeService {
  const { db, journal, clock, hubId, config, log, failed } = ports;
  const outbox = openOutbox(db);
  const channels = new Map<string, OpenChannel>();
  for (const [name, one] of Object.entries(config.channels))
    channels.set(name, { config: one, channel: openChannel(one, { log, nowMs: clock.nowMs }) });
  const courier = createCourier({ outbox, journal, clock, hubId, chance: ports.chance, failed }, channels);
  let tidiedMs = Number.NEGATIVE_INFINITY;
  const post: NoticeService["post"] = (notices, record) => {
    for (const notice of notices) postOne(ports, outbox, notice, record);
    // After the transaction that this is part of.
    if (notices.length > 0) void nextTurn().then(courier.work);
  };
  return {
    post,
    work: courier.work,
    list: (filter) => outbox.list(filter).map((row) => entryOf(row, hubId)),
    ofIncident: (incident, limit) => {
      const { rows, total } = outbox.firstOf(incident, limit);
      return { messages: rows.map((row) => entryOf(row, hubId)), total };
    },
    retry: (ids, by) => retry(ports, outbox, ids, by).finally(courier.work),
    tidy: async () => {
      const nowMs = clock.nowMs();
      if (Math.abs(nowMs - tidiedMs) < limits.everyMs) return;
      tidiedMs = nowMs;
      while (await forgetSome(ports, outbox, limits)) await nextTurn();
    },
    trial: async (to, address, by) => {
      const rows = await postTrial(ports, outbox, { to, address, by });
      courier.work();
      return settled(rows, outbox, hubId);
    },
    stop: courier.stop,
  };
}

function postOne(
  { config, peopleWith, clock, hubId }: NoticePorts,
  outbox: Outbox,
  notice: DueNotice,
  record: (record: LedgerRecord) => void,
): void {
  const { kind, role, severity, fresh, count, sinceMs, alert, alertId, incident } = notice;
  const { recipients, missing } = recipientsOf(config, { role, severity }, peopleWith);
  const body: NoticeBody = {
    ...{ text: alert.text, severity, node: alert.node, station: alert.stationId, contract: alert.contract },
    ...{ condition: alert.condition, reason: `${alert.reason}:${alert.subject}`, alert: alertId },
    ...{ incident: incidentId(incident), count, sinceMs },
  };
  const said = { kind, role, rank: severityRank[severity], incident, alerts: fresh, atMs: clock.nowMs() };
  const text = JSON.stringify(body);
  for (const to of recipients)
    outbox.put({ ...said, ...to, body: text, maxAttempts: config.channels[to.channel]?.attempts ?? 1 });
  for (const { channel, recipient: error } of missing) {
    const id = outbox.put({ ...said, channel, recipient: "", body: text, maxAttempts: 1, dead: error });
    const row = outbox.find(id);
    assert(row !== undefined, "what was put is there");
    record(noticeRecord(row, hubId, { action: "given-up", attempts: 0, error }));
  }
}

interface Trial {
  readonly to: string;
  readonly address: string | undefined;
  readonly by: Principal;
}

async function postTrial(
  { config, peopleWith, clock, journal }: NoticePorts,
  outbox: Outbox,
  { to, address, by }: Trial,
): Promise<readonly number[]> {
  const channel = config.channels[to];
  if (channel?.kind === "email" && address === undefined)
    throw badRequest(`"${to}" sends mail: to which address?`, "--address somebody@example.com");
  const found =
    channel === undefined
      ? recipientsOf(config, { role: to, severity: "emergency" }, peopleWith)
      : { recipients: [{ channel: to, recipient: address ?? to }], missing: [] };
  const [lack] = found.missing;
  if (found.recipients.length === 0)
    throw badRequest(
      lack?.recipient ?? `nobody is told as ${to}`,
      `channels: ${Object.keys(config.channels).join(", ")}`,
    );
  const body: NoticeBody = {
    ...{ text: `trial notice, sent by ${by.id}`, severity: "info", node: null, station: null, contract: null },
    ...{ condition: null, reason: null, alert: null, incident: null, count: 0, sinceMs: null },
  };
  const said = { kind: "trial", role: to, rank: 0, incident: null, alerts: 0, atMs: clock.nowMs(), maxAttempts: 1 };
  return journal.commit(async ({ record }) => {
    const rows = found.recipients.map((one) => outbox.put({ ...said, ...one, body: JSON.stringify(body) }));
    record({
      ...{
        action_type: "alert_notice",
        action: "tried",
        target: messageId(rows[0] ?? 0),
        user_id: by.id,
        smart_id: null,
      },
      details: `a trial notice to ${to}`,
      metadata: { notices: rows.map(messageId), address: address ?? null },
    });
    return rows;
  });
}

/** What waits after some patience is answered as it stands. */
async function settled(rows: readonly number[], outbox: Outbox, hubId: string): Promise<readonly OutboxEntry[]> {
  const begun = performance.now();
  for (;;) {
    const found = rows.flatMap((id) => outbox.find(id) ?? []);
    if (found.every(({ state }) => state !== "waiting") || performance.now() - begun > TRIAL_PATIENCE_MS)
      return found.map((row) => entryOf(row, hubId));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A slice; what went stands in the ledger, as how each of them had ended does. True where there may be more. */
async function forgetSome(
  { journal, clock, hubId }: NoticePorts,
  outbox: Outbox,
  limits: OutboxLimits,
): Promise<boolean> {
  return journal.commit(async ({ record }) => {
    const gone = outbox.forget(clock.nowMs(), limits);
    const [first] = gone;
    const last = gone.at(-1);
    if (first === undefined || last === undefined) return false;
    record({
      ...{ action_type: "alert_notice", action: "forgotten", target: "outbox", user_id: hubId, smart_id: null },
      details: `${gone.length} messages that were over are listed no more`,
      metadata: { notices: gone.length, first: messageId(first), last: messageId(last) },
    });
    return true;
  });
}

const ID = /^notice-([1-9]\d{0,14})$/;

async function retry(
  { journal, clock, config }: NoticePorts,
  outbox: Outbox,
  ids: readonly string[] | "all",
  by: Principal,
): Promise<readonly string[]> {
  const rows =
    ids === "all" ? outbox.list({ state: "dead", limit: MAX_RETRIED }) : ids.map((id) => deadRow(config, outbox, id));
  const revived = rows.filter(({ channel, recipient }) => recipient !== "" && isOpen(config, channel));
  if (revived.length === 0) return [];
  const names = revived.map(({ id }) => messageId(id));
  await journal.commit(async ({ record }) => {
    for (const { id } of revived) outbox.revive(id, clock.nowMs());
    record({
      ...{ action_type: "alert_notice", action: "retried", target: names[0] ?? "", user_id: by.id, smart_id: null },
      details: `${by.id} sends ${names.length} given-up notices again`,
      metadata: { notices: names },
    });
  });
  return names;
}

const isOpen = ({ channels }: NoticesConfig, channel: string): boolean => Object.hasOwn(channels, channel);

function deadRow(config: NoticesConfig, outbox: Outbox, id: string): OutboxRow {
  const row = outbox.find(Number(ID.exec(id)?.[1] ?? 0));
  if (row === undefined) throw notFound(`there is no notice "${id}"`, "maint alert outbox list --state dead");
  if (row.state !== "dead" || row.recipient === "")
    throw conflict(`${id} is ${row.state}${row.recipient === "" ? " and had nobody to go to" : ""}`);
  if (!isOpen(config, row.channel)) throw conflict(`${id}: ${goneChannel(row.channel)}`);
  return row;
}

function entryOf(row: OutboxRow, hubId: string): OutboxEntry {
  const { hub: _hub, ...message } = messageOf(row, hubId);
  return {
    ...{ ...message, channel: row.channel, state: row.state },
    ...{ partOf: row.part_of === null ? null : messageId(row.part_of), attempts: row.attempts },
    nextAtMs: row.state === "waiting" ? row.next_at_ms : null,
    ...{ endedAtMs: row.ended_at_ms, error: row.last_error },
  };
}
