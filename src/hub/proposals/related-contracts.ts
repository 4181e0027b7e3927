import { nextVersion } from "../../model/ids.ts";
import { unifiedDiff } from "./line-diff.ts";
import type { RelatedContract } from "./proposal.ts";
import type { InForce, ProposalPorts } from "./proposal-ports.ts";
import { changedTemplate, templatesIn, withTemplate } from "./templates.ts";

/** Another contract with the text that the same change of a template gives it; null where its template reads otherwise. */
export interface SameChange {
  readonly current: InForce;
  readonly template: string;
  readonly text: string | null;
}

/**
 * Every contract in force that is made from the template that a proposed text changes. A contract's text holds its template, for
 * a stored version depends on no other file; so the template is changed once for each.
 */
export async function sameChanges(
  { contracts }: Pick<ProposalPorts, "contracts">,
  of: { readonly contract: string; readonly before: string; readonly after: string },
): Promise<readonly SameChange[]> {
  const change = changedTemplate(of.before, of.after);
  if (change === undefined) return [];
  const found: SameChange[] = [];
  for (const id of await contracts.ids()) {
    const current = id === of.contract ? undefined : await contracts.current(id);
    if (current?.bundle == null || current.version === null) continue;
    if (!templatesIn(current.text).some(({ name }) => name === change.was.name)) continue;
    const text = withTemplate(current.text, change.was, change.now) ?? null;
    const other = { ...current, version: current.version, bundle: current.bundle };
    found.push({ current: other, template: change.was.name, text });
  }
  return found;
}

/** As people are shown it; `problemOf` says why a text may not be proposed. */
export function relatedContract(
  { current, template, text }: SameChange,
  problemOf: (text: string, current: InForce) => string | undefined,
): RelatedContract {
  const { contract, version } = current;
  const shown = (problem: string | null): RelatedContract => ({ contract, version, template, diff: null, problem });
  if (text === null) return shown(`its ${template} reads otherwise`);
  const problem = problemOf(text, current);
  if (problem !== undefined) return shown(problem);
  const names = { before: `${contract}@${version}`, after: `${contract}@${nextVersion(version)}` };
  return {
    ...shown(null),
    diff: unifiedDiff({ name: names.before, text: current.text }, { name: names.after, text }),
  };
}
