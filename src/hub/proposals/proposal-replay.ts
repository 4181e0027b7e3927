import type { Bundle } from "../../model/bundle.ts";
import { PROPOSAL_LOOK_BACK_MS } from "../../model/limits.ts";
import type { Proposal } from "./proposal.ts";
import { bundleIn } from "./proposal-checks.ts";
import type { ProposalPorts } from "./proposal-ports.ts";
import { getProposal, noteChecks } from "./proposal-store.ts";

/** Whoever asked waits for so long; what takes longer stands in the proposal when it is done. */
const PATIENCE_MS = 15_000;

/**
 * Decides recorded decisions by a proposed version, where that was not done yet. A replay that fails is written down and takes
 * nothing from the proposal; asking for the proposal again tries it again.
 */
export async function withReplay(ports: ProposalPorts, proposal: Proposal, before: Bundle): Promise<Proposal> {
  const { id, text, checks } = proposal;
  const candidate = bundleIn(text, before, ports.tools);
  if (ports.replay === null || checks === null || checks.replay !== null || candidate === undefined) return proposal;
  const filter = { fromMs: ports.clock.nowMs() - PROPOSAL_LOOK_BACK_MS };
  const tried = ports.replay.summarize({ candidate, filter }).then(
    (replay) => noteChecks(ports, id, text, { ...checks, replay, replayFailure: null }),
    (error: unknown) => noteChecks(ports, id, text, { ...checks, replayFailure: sentenceOf(error) }),
  );
  await Promise.race([tried, patience()]);
  tried.catch(ports.failed);
  return getProposal(ports, id);
}

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const patience = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, PATIENCE_MS).unref();
  });
