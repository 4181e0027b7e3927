import type { Severity } from "../../model/alert.ts";
import type { NoticeKind } from "../alerts/escalation.ts";

/** What is said. Everything a channel may want to show; how it is worded is in `notice-words.ts`. */
export interface NoticeBody {
  readonly text: string;
  readonly severity: Severity;
  readonly node: string | null;
  readonly station: string | null;
  readonly contract: string | null;
  readonly condition: string | null;
  readonly reason: string | null;
  readonly alert: string | null;
  readonly incident: string | null;
  /** Alerts that the incident has, and since when the new ones came; null before anything was told. */
  readonly count: number;
  readonly sinceMs: number | null;
  /** Of a summary: the first of its parts in words, and how many there are. */
  readonly parts?: readonly string[] | undefined;
  readonly partCount?: number | undefined;
}

/** One message on its way. `id` is the same at every attempt, so that a receiver may drop what it has already. */
export interface Message {
  readonly id: string;
  readonly hub: string;
  readonly kind: NoticeKind | "summary" | "trial";
  readonly recipient: string;
  readonly role: string;
  readonly atMs: number;
  /** Alerts it tells of for the first time. */
  readonly alerts: number;
  readonly body: NoticeBody;
}

/** What came of one attempt. `isFinal`: another attempt would fail the same way. */
export type Outcome =
  | { readonly kind: "delivered" }
  | { readonly kind: "failed"; readonly message: string; readonly isFinal: boolean; readonly retryAfterMs?: number };

/** A way to somebody. `send` never throws and ends within its own time limit. */
export interface Channel {
  readonly kind: "log" | "file" | "webhook" | "email";
  readonly send: (message: Message) => Promise<Outcome>;
  readonly close: () => void;
}

export const failed = (error: unknown, isFinal = false): Outcome => ({
  ...{ kind: "failed", isFinal },
  message: (error instanceof Error ? error.message : String(error)).slice(0, 500),
});

export const messageId = (row: number): string => `notice-${row}`;
