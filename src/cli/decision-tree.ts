import type { ClauseOutcome, ConditionOutcome, Decision, DecisionDetail } from "../model/decision.ts";

/** A decision as a tree for a person: contract, condition, clause, and under each clause what was seen and what it says. */
export function decisionTree(decision: Decision): readonly string[] {
  const { allow, at, conditions, details, getToGreen, contracts } = decision;
  const ids = [
    ...new Set([...contracts.map(({ contract }) => contract), ...conditions.map(({ contract }) => contract)]),
  ];
  const lines = [`${allow ? "ALLOWED" : "BLOCKED"} at ${at}`];
  for (const id of ids) {
    const version = contracts.find(({ contract }) => contract === id)?.version ?? null;
    lines.push(`${id}${version === null ? "" : ` ${version}`}`);
    const own = conditions.filter(({ contract }) => contract === id);
    lines.push(...branches(own.map((condition) => conditionLines(condition, details))));
  }
  const others = details.filter(({ line }) => line === null);
  if (others.length > 0) lines.push("Not from a clause", ...branches(others.map((detail) => detailLines(detail))));
  if (getToGreen.length > 0)
    lines.push(
      "To get to green",
      ...getToGreen.flatMap(({ text, who, removes }, index) => [
        `  ${index + 1}. ${text}`,
        `     who: ${who}; settles ${removes.join(", ")}`,
      ]),
    );
  return lines;
}

/** Words as well as marks, so that it reads without colour, aloud, and in a log. */
const MARK = { satisfied: "ok ", violated: "NO ", unknown: "?? " } as const;

function conditionLines(condition: ConditionOutcome, details: readonly DecisionDetail[]): readonly string[] {
  const { name, state, clauses } = condition;
  const mine = details.filter((detail) => detail.contract === condition.contract && detail.condition === name);
  const inner = clauses.map((clause) =>
    clauseLines(
      clause,
      mine.filter(({ line }) => line === clause.line),
    ),
  );
  const none = clauses.length === 0 ? " (asks nothing of this test)" : "";
  return [`${MARK[state]}${name}: ${state}${none}`, ...branches(inner)];
}

function clauseLines(clause: ClauseOutcome, details: readonly DecisionDetail[]): readonly string[] {
  const { state, line, text } = clause;
  const seen = seenIn(clause);
  return [
    `${MARK[state]}line ${line}: ${text}`,
    ...(seen === "" ? [] : [`     ${seen}`]),
    ...details.flatMap((detail) => detailLines(detail).map((said) => `     ${said}`)),
  ];
}

function seenIn({ reading, limit, instrument, certificate, dueOn }: ClauseOutcome): string {
  const parts = [
    ["has", reading],
    ["limit", limit],
    ["with", instrument],
    ["certificate", certificate],
    ["due", dueOn],
  ] as const;
  return parts.flatMap(([word, value]) => (value === null ? [] : [`${word} ${value}`])).join("; ");
}

function detailLines({ severity, code, subject, text, because }: DecisionDetail): readonly string[] {
  const mark = severity === "warning" ? "warning " : "";
  return [`${mark}${code}:${subject}  ${text}`, ...(because === null ? [] : [`because ${because}`])];
}

/** Each block behind a branch; its further lines are indented under it. */
function branches(blocks: readonly (readonly string[])[]): readonly string[] {
  return blocks.flatMap((block, index) => {
    const isLast = index === blocks.length - 1;
    return block.map((line, row) => `${row > 0 ? (isLast ? "   " : "│  ") : isLast ? "└─ " : "├─ "}${line}`);
  });
}
