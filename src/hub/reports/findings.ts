import type { AuditReport, ImpactRow, IncidentRow, InstrumentRow } from "./audit-report.ts";

export interface AuditFinding {
  readonly kind: "existence" | "adequacy" | "compliance";
  readonly what: string;
  readonly where: string;
}

/** What a report itself shows to be wrong or open, worst first: an auditor should not have to find it in a table. */
export const findingsOf = (report: AuditReport): readonly AuditFinding[] => [
  ...report.unreadable.map(({ node, seq, what }) =>
    found(
      "adequacy",
      `entry ${seq} has not the form of ${what === "decision" ? "a decision" : "an evidence record"}`,
      node,
    ),
  ),
  ...report.ledgers.flatMap(({ node, fault }) =>
    fault === null ? [] : [found("compliance", fault, `ledger of ${node}`)],
  ),
  ...report.stops.flatMap(({ node, reason, from, to, startedMeanwhile }) =>
    startedMeanwhile === 0
      ? []
      : [found("compliance", `${startedMeanwhile} tests started while ${reason} stood`, `${node}, ${from} to ${to}`)],
  ),
  ...report.grants.flatMap(({ kind, id, node, approvals, tests }) =>
    approvals.length === 0 && tests.length > 0
      ? [found("compliance", `${tests.length} tests under ${kind} ${id} without a signature of its own`, node)]
      : [],
  ),
  ...report.impacts.flatMap((row) => {
    const what = openIn(row);
    return what === undefined ? [] : [found("adequacy", what, row.id)];
  }),
  ...aboutInstruments(report),
  ...report.contracts.flatMap(({ contract, version, needsSecond, signatures: { second } }) =>
    needsSecond === true && second === null
      ? [
          found(
            "existence",
            "two people had to sign it, and no second signature is on record",
            `${contract}@${version}`,
          ),
        ]
      : [],
  ),
  ...(report.totals.clockAnomalies === 0
    ? []
    : [
        found(
          "compliance",
          `${report.totals.clockAnomalies} decisions say that the clock went back or jumped`,
          "decisions",
        ),
      ]),
  ...report.alerts.flatMap(({ id, severity, acknowledgedBy, node }) =>
    acknowledgedBy === null && (severity === "critical" || severity === "emergency")
      ? [found("adequacy", `${severity} alert ${id} was acknowledged by nobody`, node)]
      : [],
  ),
  ...report.incidents.flatMap((incident) =>
    reachedNobody(incident) ? [found("adequacy", "no message of it reached anybody", incident.id)] : [],
  ),
];

const aboutInstruments = (report: AuditReport): readonly AuditFinding[] => [
  ...report.calibrations.flatMap(({ asset, performedOn, onTime, inWindow, node }) =>
    onTime === false && inWindow ? [found("compliance", `${asset} was calibrated late, on ${performedOn}`, node)] : [],
  ),
  ...report.instruments.flatMap((row) => {
    const what = wrongWith(row);
    return what === undefined ? [] : [found(row.state === "never" ? "existence" : "compliance", what, row.node)];
  }),
  ...report.traces.flatMap(({ asset, references, national, performedOn }) => [
    ...references.flatMap(({ id, state }) =>
      state === "lapsed"
        ? [found("compliance", `the standard ${id} was not valid when it was used`, `${asset}, ${performedOn}`)]
        : state === "unknown"
          ? [found("existence", `no calibration of the standard ${id} is on record`, `${asset}, ${performedOn}`)]
          : [],
    ),
    ...(references.length === 0 && !national
      ? [found("existence", "no reference standard is named on its certificate", `${asset}, ${performedOn}`)]
      : []),
  ]),
];

/** By everything that went out; where nothing of that is on record nothing is claimed. */
function reachedNobody({ told, more }: IncidentRow): boolean {
  const messages = told.flatMap((tell) => tell.messages);
  return more === 0 && messages.length > 0 && messages.every(({ state }) => state === "given up");
}

function openIn({ asset, state, words, suspect, disposed }: ImpactRow): string | undefined {
  if (state === "not opened") return `${words}, and nobody has looked into what that means for earlier tests`;
  if (state === "closed" && disposed >= suspect) return undefined;
  const since = state === "closed" ? ", found since it was closed" : "";
  return `${asset}: ${disposed} of ${suspect} parts and tests have a disposition${since}`;
}

function wrongWith({ asset, state, due, certificate, extendedUntil }: InstrumentRow): string | undefined {
  const extended = extendedUntil === null ? "" : `, an extension to ${extendedUntil} is on record`;
  switch (state) {
    case "overdue":
      return `${asset} is overdue since ${due}${extended}`;
    case "failed":
      return `${asset} failed its last calibration`;
    case "revoked":
      return `the certificate ${certificate} of ${asset} was taken back`;
    case "signature-invalid":
      return `the signature of the certificate ${certificate ?? "without a number"} of ${asset} does not verify`;
    case "never":
      return `${asset} has no calibration on record`;
    default:
      return undefined;
  }
}

const found = (kind: AuditFinding["kind"], what: string, where: string): AuditFinding => ({ kind, what, where });
