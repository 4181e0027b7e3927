import type { ImpactRow } from "../reports/audit-report.ts";
import { type Impact, wordsOf } from "./impact-model.ts";
import type { ImpactService } from "./impact-service.ts";

/** Impacts for a report about some nodes: those that reached one of them, and those that reached nothing yet. */
export async function impactRows(
  impacts: Pick<ImpactService, "list">,
  nodes: readonly string[],
): Promise<readonly ImpactRow[]> {
  const all = (await impacts.list()).impacts;
  return all.filter((impact) => concerns(impact, nodes)).map(rowOf);
}

const concerns = ({ lastLook }: Impact, nodes: readonly string[]): boolean =>
  lastLook.counts.nodes.length === 0 || lastLook.counts.nodes.some((node) => nodes.includes(node));

function rowOf(impact: Impact): ImpactRow {
  const { id, asset, state, lastLook } = impact;
  const disposed = lastLook.items - lastLook.undisposed;
  return { id, asset, state, words: wordsOf(impact), suspect: lastLook.items, disposed };
}
