/**
 * Every reason and warning a decision can give. Stable: orders, overrides, alerts and tests name them. Source: decisions.md.
 * `event.<kind>` is open, for the words of contracts.
 */
export const REASON_CODES = [
  "ack.missing",
  "ack.wrong-person",
  "ack.second-person-missing",
  "bundle.none",
  "bundle.rejected",
  "bundle.stale",
  "calibration.missing",
  "calibration.placeholder-date",
  "calibration.wrong-asset",
  "calibration.signature-invalid",
  "calibration.revoked",
  "calibration.future-dated",
  "calibration.failed",
  "calibration.result-unknown",
  "calibration.overdue",
  "check.after-use-missing",
  "check.after-use-failed",
  "check.before-use-failed",
  "check.missing",
  "check.stale",
  "check.failed",
  "clock.unattested",
  "clock.went-back",
  "contract.none-in-force",
  "contract.none-binding",
  "equipment.unknown",
  "equipment.locked-out",
  "equipment.not-in-service",
  "equipment.needs-reverification",
  "event.unknown",
  "event.dropped",
  "event.overloaded",
  "extension.not-allowed",
  "extension.granted-too-late",
  "extension.not-approved",
  "lot.unknown",
  "lot.expired",
  "lot.opened-too-long",
  "order.unknown",
  "order.closed",
  "order.missing",
  "override.not-allowed",
  "override.not-in-force",
  "override.too-long",
  "override.signatures",
  "override.self-approved",
  "reading.missing",
  "reading.not-a-number",
  "reading.no-unit",
  "reading.wrong-unit",
  "reading.implausible",
  "reading.future-dated",
  "reading.stale",
  "reading.instrument-not-valid",
  "reading.out-of-range",
  "reading.in-guard-band",
  "reading.out-of-limits",
  "reference.missing",
  "reference.invalid-at-use",
  "reference.cycle",
  "runtime.unavailable",
  "runtime.timeout",
  "runtime.error",
  "settle.too-short",
  "usage.unknown",
  "usage.counter-went-back",
  "usage.exhausted",
  "usage.would-run-out",
  "warmup.too-short",
] as const;

export const WARNING_CODES = [
  "calibration.due-soon",
  "calibration.extended",
  "clock.jumped-forward",
  "clock.unattested",
  "impact.open",
  "override.applied",
  "usage.due-soon",
] as const;

const closed: ReadonlySet<string> = new Set([...REASON_CODES, ...WARNING_CODES]);
const EVENT = /^event\.[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** A code of the lists above, or `event.<kind>`. */
export const isReasonCode = (text: string): boolean => closed.has(text) || EVENT.test(text);

/** Codes of clauses: what an override may name. Lock-out is never overridable. Source: decisions.md B12. */
export const isOverridable = (code: string): boolean =>
  code !== "equipment.locked-out" &&
  !/^(bundle|clock|contract|order|override|runtime)\./.test(code) &&
  !(WARNING_CODES as readonly string[]).includes(code) &&
  isReasonCode(code);

/** Codes that say the evidence is known and outside the limit; all others say it is missing or cannot be trusted. */
const VIOLATIONS: ReadonlySet<string> = new Set([
  "ack.wrong-person",
  "ack.second-person-missing",
  "calibration.revoked",
  "calibration.failed",
  "calibration.overdue",
  "check.after-use-failed",
  "check.before-use-failed",
  "check.failed",
  "equipment.locked-out",
  "equipment.not-in-service",
  "extension.not-allowed",
  "extension.granted-too-late",
  "extension.not-approved",
  "lot.expired",
  "lot.opened-too-long",
  "reading.in-guard-band",
  "reading.out-of-limits",
  "reference.invalid-at-use",
  "usage.exhausted",
  "usage.would-run-out",
  "warmup.too-short",
  "settle.too-short",
]);

/** `violated` or `unknown`, for the state of a clause. */
export const stateOfReason = (code: string): "violated" | "unknown" =>
  VIOLATIONS.has(code) || (EVENT.test(code) && code !== "event.unknown") ? "violated" : "unknown";
