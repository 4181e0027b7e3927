import type { HistoryEntry } from "../hub/index.ts";

/** A template and the contracts made from it; null holds those that were written by themselves. */
export interface TemplateBranch {
  readonly template: string | null;
  readonly contracts: readonly ContractBranch[];
}

export interface ContractBranch {
  readonly contract: string;
  readonly title: string;
  readonly domain: string;
  /** The first one first. */
  readonly versions: readonly HistoryEntry[];
}

/** A contract stands under the template of its latest version. */
export function treeOf(entries: readonly HistoryEntry[]): readonly TemplateBranch[] {
  const byContract = Map.groupBy(entries, ({ contract }) => contract);
  const contracts = [...byContract].map(([contract, versions]) => {
    const latest = versions.at(-1) as HistoryEntry;
    return { template: latest.template, contract, title: latest.title, domain: latest.domain, versions };
  });
  const byTemplate = Map.groupBy(contracts, ({ template }) => template);
  const order = (a: string | null, b: string | null): number => (a === null ? 1 : b === null ? -1 : a < b ? -1 : 1);
  return [...byTemplate]
    .sort(([a], [b]) => order(a, b))
    .map(([template, made]) => ({
      template,
      contracts: made.map(({ template: _, ...branch }) => branch).sort((a, b) => (a.contract < b.contract ? -1 : 1)),
    }));
}

export const treeLines = (tree: readonly TemplateBranch[]): readonly string[] =>
  tree.flatMap(({ template, contracts }) => [
    template === null ? "without a template" : `template ${template}`,
    ...contracts.flatMap(({ contract, title, domain, versions }) => [
      `  ${contract}  "${title}"  ${domain}`,
      ...versions.flatMap(versionLines),
    ]),
  ]);

function versionLines({ version, status, parent, changes, endReason, template }: HistoryEntry): readonly string[] {
  const from = parent === null ? "" : `  after ${parent}`;
  const made = template === null ? "" : `  from ${template}`;
  return [
    `    ${version ?? "draft"}  ${status}${from}${made}${endReason === null ? "" : `  (${endReason})`}`,
    ...changes.map((change) => `      ${change}`),
  ];
}
