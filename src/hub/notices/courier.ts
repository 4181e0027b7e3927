import type { LedgerRecord } from "../../model/ledger-entry.ts";
import { NOTICE_RETRY_FIRST_MS, NOTICE_RETRY_MAX_MS, NOTICES_AT_ONCE, NOTICES_PER_LOOK } from "../../model/limits.ts";
import { severityOf, severityRank } from "../alerts/alert-record.ts";
import type { Clock } from "../ports.ts";
import { createGroups } from "../session/groups.ts";
import type { Journal } from "../store/journal.ts";
import type { OutboxRow } from "../store/notice-tables.ts";
import { planDeliveries, retryDelayMs } from "./delivery-plan.ts";
import { type Channel, failed, type Message, messageId, type NoticeBody, type Outcome } from "./notice.ts";
import type { ChannelConfig } from "./notices-file.ts";
import type { Outbox } from "./outbox.ts";

export interface CourierPorts {
  readonly outbox: Outbox;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
  readonly hubId: string;
  /** From 0 to 1. */
  readonly chance: () => number;
  /** Our own mistakes and disk errors. */
  readonly failed: (error: unknown) => void;
}

/** Carries the waiting messages of every channel. One that is slow or dead holds up neither another nor the hub. */
export interface Courier {
  /** Looks at every channel; call it after something was posted, and every while. */
  readonly work: () => void;
  /** Lets what is under way end, for a while; what is cut off waits for the next start. */
  readonly stop: () => Promise<void>;
}

export interface OpenChannel {
  readonly config: ChannelConfig;
  readonly channel: Channel;
}

const STOP_GRACE_MS = 2_000;
const MAX_PARTS_SHOWN = 20;

interface Ended {
  readonly row: OutboxRow;
  readonly outcome: Outcome;
}

export function createCourier(ports: CourierPorts, channels: ReadonlyMap<string, OpenChannel>): Courier {
  const { outbox, journal, clock, hubId } = ports;
  const underWay = new Map<number, Promise<void>>();
  const looking = new Set<string>();
  let stopped = false;
  const ended = createGroups<Ended, undefined>(64, async (items) => {
    await journal.commit(async ({ record }) => {
      for (const item of items) settle(ports, channels, item, record);
    });
    return items.map(() => undefined);
  });
  const send = (name: string, { channel }: OpenChannel, row: OutboxRow): void => {
    const carried = carry(channel, messageOf(row, hubId)).then(async (outcome) => {
      if (!stopped) await ended({ row, outcome });
    });
    const done = carried.catch(ports.failed).finally(() => {
      underWay.delete(row.id);
      // There may be more, and now there is room for it.
      if (!stopped) look(name);
    });
    underWay.set(row.id, done);
  };
  const look = (name: string): void => {
    const open = channels.get(name);
    if (open === undefined || looking.has(name) || stopped) return;
    looking.add(name);
    lookAt(name, open)
      .catch(ports.failed)
      .finally(() => looking.delete(name));
  };
  const lookAt = async (name: string, open: OpenChannel): Promise<void> => {
    const nowMs = clock.nowMs();
    const waiting = outbox.due(name, nowMs, NOTICES_PER_LOOK);
    const due = waiting.filter(({ id }) => !underWay.has(id));
    const { messages, perMinutes } = open.config.limit;
    const sinceMs = nowMs - perMinutes * 60_000;
    const busy = (recipient: string): number =>
      waiting.filter((row) => underWay.has(row.id) && row.recipient === recipient).length;
    const roomOf = (recipient: string): number =>
      messages - outbox.deliveredSince(name, recipient, sinceMs) - busy(recipient);
    const plan = planDeliveries(due, roomOf);
    for (const rows of plan.together) await summarise(ports, rows);
    let free = NOTICES_AT_ONCE - waiting.filter(({ id }) => underWay.has(id)).length;
    for (const row of plan.send) {
      // What is an emergency does not wait behind what is not.
      if (row.rank < severityRank.emergency && free < 1) continue;
      free -= 1;
      send(name, open, row);
    }
    // The summary is the next thing that is due.
    if (plan.together.length > 0) setImmediate(() => look(name));
  };
  let sorted = false;
  const work = async (): Promise<void> => {
    // Once: no channel comes or goes while the hub runs.
    if (!sorted && !stopped) await giveUpStrayed(ports, channels);
    sorted = true;
    for (const name of channels.keys()) look(name);
  };
  return {
    work: () => void work().catch(ports.failed),
    async stop() {
      const grace = new Promise((resolve) => setTimeout(resolve, STOP_GRACE_MS).unref());
      await Promise.race([Promise.allSettled(underWay.values()), grace]);
      stopped = true;
      for (const { channel } of channels.values()) channel.close();
    },
  };
}

/** What waits for a channel that the file names no more would wait for ever, unseen: it is given up, and people see it. */
async function giveUpStrayed(
  { outbox, journal, clock, hubId }: CourierPorts,
  channels: ReadonlyMap<string, OpenChannel>,
): Promise<void> {
  for (;;) {
    const rows = outbox.strayed([...channels.keys()], NOTICES_PER_LOOK);
    if (rows.length === 0) return;
    await journal.commit(async ({ record }) => {
      for (const row of rows) {
        const error = goneChannel(row.channel);
        outbox.markDead(row.id, clock.nowMs(), error);
        record(noticeRecord(row, hubId, { action: "given-up", attempts: row.attempts, error }));
      }
    });
  }
}

export const goneChannel = (channel: string): string => `the channel "${channel}" is configured no more`;

/** A channel promises not to throw; a mistake in one must not end the hub. */
async function carry(channel: Channel, message: Message): Promise<Outcome> {
  try {
    return await channel.send(message);
  } catch (error) {
    return failed(error);
  }
}

export const messageOf = (row: OutboxRow, hub: string): Message => ({
  ...{ id: messageId(row.id), hub, kind: row.kind as Message["kind"], recipient: row.recipient, role: row.role },
  ...{ atMs: row.at_ms, alerts: row.alerts, body: JSON.parse(row.body) as NoticeBody },
});

/** Many messages become one that counts them all; they stay, and say what they are part of. */
async function summarise({ outbox, journal, clock }: CourierPorts, rows: readonly OutboxRow[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const worst = rows.reduce((a, b) => (b.rank > a.rank ? b : a));
  const bodies = rows.map((row) => ({ row, body: JSON.parse(row.body) as NoticeBody }));
  const said = bodies.sort((a, b) => b.row.rank - a.row.rank || a.row.id - b.row.id);
  const parts = said.flatMap(
    ({ row, body }) => body.parts ?? [`${severityOf(row.rank)} ${body.node ?? ""}: ${body.text}`],
  );
  const partCount = bodies.reduce((sum, { body }) => sum + (body.partCount ?? 1), 0);
  const alerts = rows.reduce((sum, row) => sum + row.alerts, 0);
  const nodes = new Set(bodies.flatMap(({ body }) => body.node ?? []));
  const body: NoticeBody = {
    ...{ text: `${partCount} notices about ${alerts} alerts`, severity: severityOf(worst.rank), count: alerts },
    ...{ node: nodes.size === 1 ? ([...nodes][0] ?? null) : null, station: null, contract: null, condition: null },
    ...{ reason: null, alert: null, incident: null, sinceMs: null },
    ...{ parts: parts.slice(0, MAX_PARTS_SHOWN), partCount },
  };
  const roles = [...new Set(rows.flatMap(({ role }) => role.split(", ")))];
  await journal.commit(async () => {
    const id = outbox.put({
      ...{ kind: "summary", channel: first.channel, recipient: first.recipient, role: roles.join(", ").slice(0, 200) },
      ...{ rank: worst.rank, incident: null, alerts, atMs: clock.nowMs(), body: JSON.stringify(body) },
      maxAttempts: Math.max(...rows.map(({ max_attempts }) => max_attempts)),
    });
    outbox.joinInto(
      rows.map((row) => row.id),
      id,
    );
  });
}

function settle(
  { outbox, clock, chance, hubId }: CourierPorts,
  channels: ReadonlyMap<string, OpenChannel>,
  { row, outcome }: Ended,
  record: (record: LedgerRecord) => void,
): void {
  const nowMs = clock.nowMs();
  const attempts = row.attempts + 1;
  const isLog = channels.get(row.channel)?.config.kind === "log";
  if (outcome.kind === "delivered") {
    outbox.markDelivered(row.id, nowMs);
    if (!isLog) record(noticeRecord(row, hubId, { action: "delivered", attempts, error: null }));
    return;
  }
  const error = outcome.message;
  if (outcome.isFinal || attempts >= row.max_attempts) {
    outbox.markDead(row.id, nowMs, error);
    record(noticeRecord(row, hubId, { action: "given-up", attempts, error }));
    return;
  }
  const times = { firstMs: NOTICE_RETRY_FIRST_MS, maxMs: NOTICE_RETRY_MAX_MS };
  const delayMs = Math.max(outcome.retryAfterMs ?? 0, retryDelayMs(attempts, chance(), times));
  outbox.putOff(row.id, nowMs + delayMs, error);
}

interface End {
  readonly action: "delivered" | "given-up";
  readonly attempts: number;
  readonly error: string | null;
}

/** One entry when it is over, none for an attempt. */
export function noticeRecord(row: OutboxRow, hubId: string, { action, attempts, error }: End): LedgerRecord {
  const body = JSON.parse(row.body) as NoticeBody;
  return {
    action_type: "alert_notice",
    action,
    target: messageId(row.id),
    details: `${row.kind} to ${row.role} over ${row.channel}: ${error ?? "delivered"}`,
    user_id: hubId,
    smart_id: body.contract,
    metadata: {
      ...{ channel: row.channel, role: row.role, recipient: row.recipient, kind: row.kind, alerts: row.alerts },
      ...{ attempts, incident: body.incident, alert: body.alert, error },
    },
  };
}
