import { severityRank } from "../alerts/alert-record.ts";

/** A message that waits and is due. */
export interface DueMessage {
  readonly id: number;
  readonly recipient: string;
  readonly rank: number;
}

export interface DeliveryPlan<T extends DueMessage> {
  readonly send: readonly T[];
  /** Told in one message, a recipient each. */
  readonly together: readonly (readonly T[])[];
}

/** More at once to one recipient is a storm, whatever the limit. */
const STORM = 5;

/**
 * What of a channel's due messages goes out now. An emergency always does, by itself. Of the rest a recipient gets no more than
 * there is room for: what is more is told in one message, and waits where there is room for none. Nothing is left out.
 * @param roomOf messages that the recipient may still get
 */
export function planDeliveries<T extends DueMessage>(
  due: readonly T[],
  roomOf: (recipient: string) => number,
): DeliveryPlan<T> {
  const send = due.filter(({ rank }) => rank === severityRank.emergency);
  const together: (readonly T[])[] = [];
  const rest = due.filter(({ rank }) => rank !== severityRank.emergency);
  for (const [recipient, own] of Map.groupBy(rest, (one) => one.recipient)) {
    const room = roomOf(recipient);
    if (room < 1) continue;
    if (own.length <= Math.min(room, STORM)) send.push(...own);
    else together.push(own);
  }
  return { send, together };
}

/** Full jitter: a random part of a time that doubles up to a cap. `chance` is from 0, inclusive, to 1. */
export const retryDelayMs = (
  attempts: number,
  chance: number,
  { firstMs, maxMs }: { readonly firstMs: number; readonly maxMs: number },
): number => Math.ceil(chance * Math.min(maxMs, firstMs * 2 ** Math.min(30, Math.max(0, attempts - 1))));
