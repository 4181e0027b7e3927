import { printUtc } from "../base/civil-time.ts";
import type { IntervalStudy } from "../hub/proposals/interval-study.ts";
import type { Proposal, ProposalEffect } from "../hub/proposals/proposal.ts";
import type { ProposalChecks } from "../hub/proposals/proposal-checks.ts";
import type { ContractStudy } from "../hub/proposals/proposal-study.ts";
import type { ReplayExample, ReplaySummary } from "../hub/replay/replay-summary.ts";

/** Proposed versions, as lines a person can read. */

const KINDS = {
  "early-warning": "early warning",
  "shorter-interval": "shorter interval",
  "missing-condition": "missing condition",
  template: "same template",
} as const;

export const proposalLine = ({ id, contract, fromVersion, state, kind, clause }: Proposal): string =>
  `${id}  ${contract}@${fromVersion}  ${state}  ${KINDS[kind]}  ${clause}`;

export function proposalLines(proposal: Proposal): readonly string[] {
  const { id, contract, fromVersion, kind, state, decision, reason, alerts, pattern, after, diff, checks } = proposal;
  const decided = decision === null ? "" : ` by ${decision.by}${decision.note === "" ? "" : `: ${decision.note}`}`;
  return [
    `${id}  ${contract}@${fromVersion}  ${KINDS[kind]}  ${state}${decided}`,
    reason,
    ...(pattern === null ? [] : [`from ${pattern}, ${alerts.length} alerts`]),
    ...(after === null ? [] : [`after ${after}`]),
    ...proposal.edits.map((edit) => `edited by ${edit.by}, ${printUtc(edit.atMs)}: ${edit.reason}`),
    "",
    ...diff.trimEnd().split("\n"),
    ...(checks === null ? [] : ["", ...checkLines(checks)]),
    ...relatedLines(proposal),
  ];
}

function checkLines({ ownTests, madeTests, replay, replayFailure }: ProposalChecks): readonly string[] {
  const failing = ownTests.failing.map(({ name, failures }) => `  "${name}" must be rewritten: ${failures.join("; ")}`);
  const wrong = madeTests.failing.map(({ name, failures }) => `  "${name}" fails: ${failures.join("; ")}`);
  const made = `${madeTests.count} tests made for what is new, ${madeTests.count - madeTests.failing.length} pass`;
  return [
    `its own tests: ${ownTests.passed} pass, ${ownTests.failing.length} fail`,
    ...failing,
    `${made}${madeTests.leftOut > 0 ? `, ${madeTests.leftOut} could not be made` : ""}`,
    ...wrong,
    ...(replay === null ? [] : replayLines(replay)),
    ...(replayFailure === null ? [] : [`recorded decisions could not be decided by it: ${replayFailure}`]),
  ];
}

const MAX_EXAMPLES = 3;

function replayLines({ counts, span, newlyBlocked, examples }: ReplaySummary): readonly string[] {
  if (span === null) return ["no recorded decision to try it on"];
  const { concerned, newlyAllowed, newlyWarned, notJudged } = counts;
  const share = newlyBlocked.share === null ? "" : ` (${(newlyBlocked.share * 100).toFixed(1)} %)`;
  return [
    `tried on ${concerned} recorded decisions, ${printUtc(span.firstMs)} to ${printUtc(span.lastMs)}:`,
    `  ${counts.newlyBlocked} newly blocked${share}, ${newlyAllowed} newly allowed, ${newlyWarned} newly warned` +
      `${notJudged > 0 ? `, ${notJudged} could not be judged` : ""}`,
    ...examples.newlyBlocked.slice(0, MAX_EXAMPLES).map(exampleLine("blocked")),
    ...examples.newlyAllowed.slice(0, MAX_EXAMPLES).map(exampleLine("allowed")),
  ];
}

const exampleLine =
  (verdict: string) =>
  ({ node, seq, atMs, test, before, now }: ReplayExample): string =>
    `  ${verdict}: ${test ?? "a test"} at ${node}, ${printUtc(atMs)}, entry ${seq}: ${(verdict === "blocked" ? now : before).join(", ")}`;

function relatedLines({ related, state }: Proposal): readonly string[] {
  if (related.length === 0) return [];
  const then = state === "open" ? "; accepting this proposes it for them" : "";
  return [
    "",
    `${related.length} more made from the template ${related[0]?.template}${then}:`,
    ...related.flatMap(({ contract, version, diff, problem }) => [
      `  ${contract}@${version}${problem === null ? "" : `: not as it stands: ${problem}`}`,
      ...(diff === null
        ? []
        : diff
            .trimEnd()
            .split("\n")
            .slice(2)
            .map((line) => `    ${line}`)),
    ]),
  ];
}

export function studyLines({ contract, version, intervals, missing }: ContractStudy): readonly string[] {
  return [
    `${contract}@${version}`,
    ...intervals.flatMap((study) => intervalLines(contract, study)),
    ...missing.flatMap(({ equipment, type, kind, clause, askedBy, notAskedBy }) => [
      `${equipment}: ${askedBy.length} of ${askedBy.length + notAskedBy.length} other contracts with a ${type} have a ${kind} clause`,
      `    ${clause}`,
      `    draft it: maint proposal create --contract ${contract} --kind missing-condition --equipment ${equipment}`,
    ]),
    ...(intervals.length + missing.length === 0
      ? ["nothing to study: no calibration clause, and nothing that others ask for"]
      : []),
  ];
}

function intervalLines(contract: string, study: IntervalStudy): readonly string[] {
  const { line, clause, equipment, assets, withFindings, findings, outOfTolerance, opinions, shorter, advice } = study;
  const since = study.since === null ? "" : ` since ${study.since}, when this interval began`;
  return [
    `line ${line}: ${clause}`,
    `    ${findings} findings${since} of ${withFindings} of ${assets} instruments, ${outOfTolerance} out of tolerance`,
    ...opinions.map(({ method, factor, because }) => `    ${method.padEnd(14)} ${factor.toFixed(2)} times  ${because}`),
    ...(shorter === null
      ? []
      : [
          `    draft it: maint proposal create --contract ${contract} --kind shorter-interval --equipment ${equipment}`,
        ]),
    ...(advice === null ? [] : [`    ${advice}`]),
  ];
}

const VERDICTS = {
  fell: "fewer than before",
  rose: "more than before",
  unclear: "no difference is sure yet",
} as const;

export function effectLines({
  proposal,
  contract,
  version,
  sinceMs,
  before,
  after,
  troubles,
  verdict,
  isWhole,
}: ProposalEffect) {
  const days = (side: typeof before): string => `${((side.toMs - side.fromMs) / 86_400_000).toFixed(1)} days`;
  const of = ({ blocked, troubles: own }: typeof before): string =>
    `${blocked.count} of ${blocked.exposure} tests blocked, ${own.count} new troubles`;
  return [
    `${proposal}: ${contract}@${version}, in force since ${printUtc(sinceMs)}: ${VERDICTS[verdict]}`,
    `  ${days(before)} before: ${of(before)}`,
    `  ${days(after)} since:  ${of(after)}`,
    ...(isWhole ? [] : ["  there are more alerts than were read: what was blocked before is counted too low"]),
    ...(troubles === null ? [] : [`  new troubles since to before: ${ratioWords(troubles)}`]),
  ];
}

function ratioWords({ ratio, low, high, confidence }: NonNullable<ProposalEffect["troubles"]>): string {
  const bounds = `${confidence * 100} %: ${low.toFixed(2)} to ${high === null ? "any" : high.toFixed(2)}`;
  return `${ratio === null ? "there were none before" : `${ratio.toFixed(2)} times`} (${bounds})`;
}
