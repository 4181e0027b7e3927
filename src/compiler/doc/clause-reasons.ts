import type { BundleClause, ClauseKind } from "../../model/bundle.ts";
import type { REASON_CODES, WARNING_CODES } from "../../model/reason-codes.ts";

type Reason = (typeof REASON_CODES)[number] | `event.${string}`;
type Warning = (typeof WARNING_CODES)[number];

/** What a clause can say when it does not let a test start, and what it warns of. In the order they are judged. */
export interface ClauseReasons {
  readonly reasons: readonly Reason[];
  readonly warnings: readonly Warning[];
}

/** A kind that is not here lists none. */
type ReasonsOf = { readonly [K in ClauseKind]?: (clause: Extract<BundleClause, { kind: K }>) => ClauseReasons };

const when = <T>(is: boolean, ...codes: readonly T[]): readonly T[] => (is ? codes : []);
const certificate: readonly Reason[] = [
  "calibration.missing",
  "calibration.placeholder-date",
  "calibration.wrong-asset",
  "calibration.signature-invalid",
  "calibration.revoked",
  "calibration.future-dated",
  "calibration.failed",
  "calibration.result-unknown",
];
const usage: readonly Reason[] = ["usage.unknown", "usage.counter-went-back", "usage.exhausted"];

/** Source: decisions.md B19, B2, B10, B12, B13, B17. */
const table: ReasonsOf = {
  calibration: ({ interval, cycles, warnBefore, warnCyclesBefore, referencesWithin, extension }) => ({
    reasons: [
      "equipment.unknown",
      ...when(interval !== null, ...certificate),
      ...(interval === null
        ? []
        : extension === null
          ? (["extension.not-allowed"] as const)
          : (["extension.granted-too-late", "extension.not-approved"] as const)),
      ...when<Reason>(interval !== null, "calibration.overdue"),
      ...when(cycles !== null, ...usage),
      ...when<Reason>(referencesWithin !== null, "reference.missing", "reference.invalid-at-use", "reference.cycle"),
    ],
    warnings: [
      ...when<Warning>(warnBefore !== null, "calibration.due-soon"),
      ...when<Warning>(extension !== null && interval !== null, "calibration.extended"),
      ...when<Warning>(interval !== null, "impact.open"),
      ...when<Warning>(warnCyclesBefore !== null, "usage.due-soon"),
    ],
  }),
  "warm-up": () => ({ reasons: ["equipment.unknown", "warmup.too-short"], warnings: [] }),
  reading: ({ readWith, freshness, guardBand, settledMs }) => ({
    reasons: [
      "reading.missing",
      "reading.not-a-number",
      "reading.no-unit",
      "reading.wrong-unit",
      "reading.implausible",
      "reading.future-dated",
      ...when<Reason>(freshness.kind !== "latest", "reading.stale"),
      ...when<Reason>(settledMs !== null, "settle.too-short"),
      ...when<Reason>(readWith !== null, "reading.instrument-not-valid", "reading.out-of-range"),
      ...when<Reason>(guardBand !== null, "reading.in-guard-band"),
      "reading.out-of-limits",
    ],
    warnings: [],
  }),
  use: ({ warnBefore, enoughLeft }) => ({
    reasons: ["equipment.unknown", ...usage, ...when<Reason>(enoughLeft, "usage.would-run-out")],
    warnings: when<Warning>(warnBefore !== null, "usage.due-soon"),
  }),
  events: ({ events }) => ({
    reasons: ["equipment.unknown", "event.unknown", ...events.map((kind) => `event.${kind}` as const)],
    warnings: [],
  }),
  acknowledgement: ({ who }) => ({
    reasons: [
      "ack.missing",
      ...when<Reason>(who.kind === "operator", "ack.wrong-person"),
      ...when<Reason>(who.kind === "people", "ack.second-person-missing"),
    ],
    warnings: [],
  }),
  "service-state": () => ({
    reasons: [
      "equipment.unknown",
      "equipment.locked-out",
      "equipment.not-in-service",
      "equipment.needs-reverification",
    ],
    warnings: [],
  }),
  "before-and-after-use": () => ({
    reasons: ["equipment.unknown", "check.after-use-missing", "check.after-use-failed", "check.before-use-failed"],
    warnings: [],
  }),
  "shelf-life": ({ openedWithin }) => ({
    reasons: ["lot.unknown", "lot.expired", ...when<Reason>(openedWithin !== null, "lot.opened-too-long")],
    warnings: [],
  }),
  "check-list": () => ({
    reasons: ["equipment.unknown", "check.missing", "check.stale", "check.failed"],
    warnings: [],
  }),
};

/** The reasons and warnings a clause can give. A `should` clause gives its reasons as warnings. */
export function reasonsOfClause<K extends ClauseKind>(clause: Extract<BundleClause, { kind: K }>): ClauseReasons {
  const reasons = table[clause.kind as K] as
    | ((clause: Extract<BundleClause, { kind: K }>) => ClauseReasons)
    | undefined;
  return reasons?.(clause) ?? { reasons: [], warnings: [] };
}
