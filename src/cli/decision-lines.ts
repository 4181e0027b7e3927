import type { ClauseOutcome, Decision, DecisionDetail } from "../model/decision.ts";

/** A decision for a person at a terminal: verdict, conditions, what is wrong and where it is written, what to do. */
export function decisionLines(decision: Decision): readonly string[] {
  const lines = [`${decision.allow ? "ALLOWED" : "BLOCKED"} at ${decision.at}`];
  for (const { contract, name, state, clauses } of decision.conditions) {
    lines.push(`  ${MARK[state]} ${name} (${contract}): ${state}`);
    for (const clause of clauses) lines.push(`      ${clauseLine(clause)}`);
  }
  lines.push(...section("Reasons", decision, "reason"), ...section("Warnings", decision, "warning"));
  if (decision.getToGreen.length > 0) lines.push("What to do:");
  for (const { text, who } of decision.getToGreen) lines.push(`  - ${text} (${who})`);
  return lines;
}

const MARK = { satisfied: "+", violated: "x", unknown: "?" } as const;

function clauseLine({ line, text, reading, dueOn, state }: ClauseOutcome): string {
  const shown = [reading === null ? null : `has ${reading}`, dueOn === null ? null : `due ${dueOn}`].filter(
    (part) => part !== null,
  );
  const figures = shown.length === 0 ? "" : ` [${shown.join(", ")}]`;
  return `${MARK[state]} line ${line}: ${text}${figures}`;
}

function section(title: string, { details }: Decision, severity: DecisionDetail["severity"]): readonly string[] {
  const given = details.filter((detail) => detail.severity === severity);
  if (given.length === 0) return [];
  return [
    `${title}:`,
    ...given.map(({ code, subject, text, contract, line, because }) => {
      const where = line === null ? "" : `, ${contract} line ${line}`;
      return `  - ${text} (${code}:${subject}${where})${because === null ? "" : `\n    because ${because}`}`;
    }),
  ];
}
