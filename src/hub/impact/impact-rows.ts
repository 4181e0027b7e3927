import type { ImpactRow } from "../reports/audit-report.ts";
import { type Impact, type ImpactCandidate, wordsOf } from "./impact-model.ts";
import type { ImpactService } from "./impact-service.ts";

/**
 * Impacts for a report about some nodes: those that reached one of them, those that reached nothing yet, and what was found out
 * of tolerance at one of them, or taken back, and nobody opened.
 */
export async function impactRows(
  impacts: Pick<ImpactService, "list">,
  nodes: readonly string[],
): Promise<readonly ImpactRow[]> {
  const { impacts: all, candidates } = await impacts.list();
  return [
    ...all.filter((impact) => concerns(impact, nodes)).map(rowOf),
    ...candidates.filter(({ node }) => nodes.includes(node)).map(unopenedRow),
  ];
}

const unopenedRow = (candidate: ImpactCandidate): ImpactRow => ({
  ...{ id: `${candidate.record} at ${candidate.node}`, asset: candidate.asset, state: "not opened" },
  ...{ suspect: 0, disposed: 0, words: candidate.words },
});

const concerns = ({ lastLook }: Impact, nodes: readonly string[]): boolean =>
  lastLook.counts.nodes.length === 0 || lastLook.counts.nodes.some((node) => nodes.includes(node));

function rowOf(impact: Impact): ImpactRow {
  const { id, asset, state, lastLook } = impact;
  const disposed = lastLook.items - lastLook.undisposed;
  return { id, asset, state, words: wordsOf(impact), suspect: lastLook.items, disposed };
}
