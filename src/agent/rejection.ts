import type { RejectionReason } from "../model/message.ts";

/** Why a node refuses what it was given: a word of the closed list for machines, a sentence for people. */
export interface Rejection {
  readonly kind: "rejected";
  readonly reason: RejectionReason;
  readonly detail: string;
}

export const rejection = (reason: RejectionReason, detail: string): Rejection => ({ kind: "rejected", reason, detail });
