import { printUtc } from "../base/civil-time.ts";
import type { Deployment, HistoryEntry, ValidationOutcome } from "../hub/index.ts";
import type { ProposalEffect } from "../hub/proposals/proposal.ts";
import { effectLines } from "./proposal-lines.ts";

/** What the hub answers about contracts, as lines a person can read. */

const when = (ms: number | null): string => (ms === null ? "–" : printUtc(ms));
const shortDigest = (digest: string | null): string => (digest === null ? "no bundle" : digest.slice(0, 19));

export const contractLine = (entry: HistoryEntry): string =>
  [
    entry.version === null ? entry.contract : `${entry.contract}@${entry.version}`,
    entry.status,
    entry.domain,
    shortDigest(entry.digest),
    `"${entry.title}"`,
  ].join("  ");

/** The genealogy: whence each version came, why, and what became of it. */
export const historyLines = (entries: readonly HistoryEntry[], effects: readonly ProposalEffect[]): readonly string[] =>
  entries.flatMap((entry) => [
    contractLine(entry),
    `  made ${when(entry.createdAtMs)} by ${entry.createdBy}${entry.parent === null ? "" : `, from ${entry.parent}`}`,
    ...entry.changes.map((change) => `  ${change}`),
    ...(entry.storedAtMs === null
      ? []
      : [`  stored ${when(entry.storedAtMs)}, active since ${when(entry.activatedAtMs)}`]),
    ...(entry.endedAtMs === null
      ? []
      : [`  ended ${when(entry.endedAtMs)}${entry.endReason === null ? "" : `: ${entry.endReason}`}`]),
    ...effects
      .filter(({ version }) => version === entry.version)
      .flatMap((effect) => effectLines(effect).map((line) => `  ${line}`)),
  ]);

export function deploymentLines(deployments: readonly Deployment[]): readonly string[] {
  if (deployments.length === 0) return ["no node runs it: none is enrolled that it binds"];
  return deployments.map(({ contract, version, node, state, phase, reason, detail, live }) => {
    const why = reason === null ? "" : ` because ${reason}${detail === null ? "" : ` (${detail})`}`;
    return `${node}  ${contract}@${version}  ${state}${phase === null || phase === state ? "" : `, ${phase}`}${why}${live ? "" : ", not connected"}`;
  });
}

export function validationLines(outcome: ValidationOutcome): readonly string[] {
  const parts = (["structure", "logic", "conditions"] as const).flatMap((name) => {
    const { passed, problems } = outcome[name];
    const findings = problems.map(
      ({ severity, code, line, message }) => `    line ${line ?? "–"}: ${message} (${severity} ${code})`,
    );
    return [`  ${name}: ${passed ? "passed" : "failed"}`, ...findings];
  });
  const { outcomes } = outcome.tests;
  const tests = outcomes.flatMap(({ name, passed, failures }) =>
    passed ? [] : [`    "${name}" failed`, ...failures.map((failure) => `      ${failure}`)],
  );
  const count = `${outcomes.filter(({ passed }) => passed).length} of ${outcomes.length} passed`;
  return [
    `${outcome.contract} is ${outcome.status}`,
    ...parts,
    `  tests: ${outcomes.length === 0 ? "none; a contract needs at least one" : count}`,
    ...tests,
  ];
}
