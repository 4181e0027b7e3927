/**
 * A plant's time zone as data, so that two nodes never disagree about a midnight: it travels beside the signed release and
 * the node's own tz data is never asked. Source: decisions.md B7.
 */
export interface ZoneTransitions {
  readonly format: "maint-zone/1";
  /** IANA name. */
  readonly zone: string;
  /** Version of the tz data it was taken from, `2026c`. */
  readonly tzdata: string;
  /** First and last instant covered, epoch milliseconds; outside them no local time is known. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Ascending [instant in epoch ms, offset east of UTC in seconds from then on]; the first stands at `fromMs`. */
  readonly transitions: readonly (readonly [number, number])[];
}
