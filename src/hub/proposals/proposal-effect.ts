import { MAX_EFFECT_ALERTS, PATTERN_SAME_TROUBLE_DAYS } from "../../model/limits.ts";
import type { ArchivedDecision, NodeArchive } from "../archive/archived.ts";
import { DAY_MS, dayOf, exposureView } from "../patterns/exposure.ts";
import { blockedOf } from "../patterns/figures.ts";
import { findingOf, patternIdOf } from "../patterns/find-patterns.ts";
import type { Blocked } from "../patterns/new-troubles.ts";
import { conflict } from "../refusals.ts";
import { nextTurn } from "../store/turns.ts";
import { EFFECT_WINDOW_MS, effectOf } from "./effect.ts";
import type { Proposal, ProposalEffect } from "./proposal.ts";
import type { ProposalPorts } from "./proposal-ports.ts";

/** @throws MaintError CONFLICT before its version is in force, or where no ledgers are archived */
export async function measuredEffect(ports: ProposalPorts, proposal: Proposal): Promise<ProposalEffect> {
  const { id, contract, deployedVersion: version } = proposal;
  if (version === null) throw conflict(`${id} is ${proposal.state}; only a deployed one has an effect`);
  const sinceMs = await inForceSince(ports, proposal);
  if (sinceMs === null) throw conflict(`${contract}@${version} is not in force at its nodes yet`);
  if (ports.archive === null) throw conflict("no ledgers are archived here, so that nobody knows how much was decided");
  const nowMs = ports.clock.nowMs();
  const fromMs = sinceMs - EFFECT_WINDOW_MS - (PATTERN_SAME_TROUBLE_DAYS + 1) * DAY_MS;
  const daysBack = dayOf(nowMs) - dayOf(fromMs) + 1;
  const { blocked, isWhole } = await blockedBy(ports, ports.archive, proposal, fromMs);
  const exposure = exposureView(ports.archive, contract, nowMs, daysBack);
  const effect = effectOf({ atMs: sinceMs, nowMs, windowMs: EFFECT_WINDOW_MS, blocked, exposure });
  const verdict = isWhole ? effect.verdict : "unclear";
  return { proposal: id, contract, version, sinceMs, ...effect, verdict, isWhole };
}

/** Of every proposal of a contract whose version is in force, or was. */
export async function measuredEffects(
  ports: ProposalPorts,
  proposals: readonly Proposal[],
): Promise<readonly ProposalEffect[]> {
  const found: ProposalEffect[] = [];
  if (ports.archive === null) return found;
  for (const proposal of proposals)
    if ((await inForceSince(ports, proposal)) !== null) found.push(await measuredEffect(ports, proposal));
  return found;
}

/** Epoch milliseconds; null before it was, and for what is not deployed. */
async function inForceSince({ contracts }: ProposalPorts, proposal: Proposal): Promise<number | null> {
  if (proposal.deployedVersion === null) return null;
  const history = await contracts.history(proposal.contract);
  return history.find(({ version }) => version === proposal.deployedVersion)?.activatedAtMs ?? null;
}

/** What it was proposed against: its pattern's decisions; of a proposal that no alerts led to, every one that the contract blocked. */
async function blockedBy(
  { alerts }: ProposalPorts,
  archive: NodeArchive,
  { contract, pattern }: Proposal,
  fromMs: number,
): Promise<{ readonly blocked: readonly Blocked[]; readonly isWhole: boolean }> {
  if (pattern === null) {
    const decisions = archive.decisions({ contract, allow: false, fromMs });
    return { blocked: await blockedDecisions(decisions, contract), isWhole: true };
  }
  const records = await alerts.list({ contract, sinceMs: fromMs, limit: MAX_EFFECT_ALERTS });
  const removed = alerts.removed({ fromMs, toMs: Number.MAX_SAFE_INTEGER });
  const own = records.map(findingOf).filter((finding) => patternIdOf(finding) === pattern);
  return { blocked: blockedOf(own), isWhole: records.length < MAX_EFFECT_ALERTS && removed.alerts === 0 };
}

const DECISIONS_PER_TURN = 256;

async function blockedDecisions(decisions: Iterable<ArchivedDecision>, contract: string): Promise<readonly Blocked[]> {
  const tests = new Map<string, Blocked>();
  let read = 0;
  for (const { node, atMs, entry, recorded } of decisions) {
    read += 1;
    if (read % DECISIONS_PER_TURN === 0) await nextTurn();
    const { details, testId } = recorded.decision;
    if (!details.some((detail) => detail.severity === "reason" && detail.contract === contract)) continue;
    tests.set(JSON.stringify([node, testId ?? entry.seq]), { node, atMs });
  }
  return [...tests.values()];
}
