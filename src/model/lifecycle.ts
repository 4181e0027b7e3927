/** The seven states of a release, words as given. Source: distribution.md "Who may do what". */
export const CONTRACT_STATUSES = [
  "draft",
  "validated",
  "deployed",
  "active",
  "monitoring",
  "deprecated",
  "archived",
] as const;
export type ContractStatus = (typeof CONTRACT_STATUSES)[number];
