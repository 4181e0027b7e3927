import { isOverridable, REASON_CODES, WARNING_CODES } from "../model/reason-codes.ts";

export { isOverridable, isReasonCode } from "../model/reason-codes.ts";

/** The one reason that no policy may name. Source: decisions.md B12. */
export const LOCKED_OUT = "equipment.locked-out";

/** For the nearest word in a message. */
export const REASON_WORDS: readonly string[] = [...REASON_CODES, ...WARNING_CODES];
export const OVERRIDABLE_WORDS: readonly string[] = REASON_CODES.filter(isOverridable);
