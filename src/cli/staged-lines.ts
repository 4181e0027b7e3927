import type { Published, Staged } from "../hub/contracts/staging-service.ts";
import type { HistoryEntry } from "../hub/index.ts";
import { contractLine } from "./contract-lines.ts";

/** What waits for a second person, or for its day, as lines a person can read. */
export const stagedLines = (staged: Staged): readonly string[] => [
  `${staged.contract}@${staged.version}  ${staged.kind} ${staged.state}${staged.held ? ", held" : ""}  ${staged.direction}  signed by ${signers(staged)}`,
  ...(staged.reason === "" ? [] : [`  ${staged.reason}`]),
  ...staged.changes.map((change) => `  ${change}`),
  staged.state === "waiting"
    ? `  to do: ${toDo(staged)}`
    : `  ${staged.state} by ${staged.endedBy ?? "nobody"}: ${staged.endReason ?? ""}`,
];

const signers = ({ stagedBy, approvedBy }: Staged): string =>
  approvedBy === null ? stagedBy : `${stagedBy} and ${approvedBy}`;

const isLoosening = ({ direction }: Staged): boolean => direction === "loosens" || direction === "both";

const toDo = (staged: Staged): string =>
  isLoosening(staged) && staged.approvedBy === null
    ? `maint release approve ${staged.contract} --reason "…", by somebody else with the approver's key`
    : `maint release publish ${staged.contract} --reason "…"`;

const followLines = ({ contract, version, status }: HistoryEntry): readonly string[] =>
  status === "deployed" && version !== null ? [`  follow it: maint rollout watch ${contract}@${version}`] : [];

/** What became of a signed release: stored, or waiting. */
export const publishedLines = (answer: Published): readonly string[] =>
  answer.published
    ? [contractLine(answer.entry), ...followLines(answer.entry)]
    : [
        isLoosening(answer.staged) && answer.staged.approvedBy === null
          ? "it loosens, so that a second person signs it before it is stored"
          : "it is signed, and held until it is published",
        ...stagedLines(answer.staged),
      ];
