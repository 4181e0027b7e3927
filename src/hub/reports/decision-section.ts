import { type Block, code, type TableBlock, type Text } from "../../compiler/doc/page.ts";
import type { ClauseOutcome } from "../../model/decision.ts";
import type { AuditReport, DecisionRow } from "./audit-report.ts";

const idOf = ({ node, seq }: DecisionRow): string => `d-${node}-${seq}`;
/** `2026-11-24 09:00:00 -06:00`: the milliseconds stand in the entry. */
export const shortTime = (at: string): string => at.replace(/^(\S{10})T(\S{8})\.\d+/, "$1 $2 ");
const orNone = (text: string | null): string => text ?? "–";

/** One line a decision; the rest of each is on its own page below, where there is one. */
export const decisionsTable = (decisions: readonly DecisionRow[]): TableBlock => ({
  kind: "table",
  caption: "In the order in which they were given; the number is the entry in the node's ledger",
  head: ["Plant time", "Node, entry", "Test", "Verdict", "Operator", "Order, part", "Why"],
  rows: decisions.map((row): readonly Text[] => [
    [shortTime(row.at)],
    [`${row.node} ${row.seq}`],
    [orNone(row.test), row.testKind === null ? "" : ` (${row.testKind})`],
    [{ kind: "strong", text: row.allow ? "allowed" : "blocked" }],
    [orNone(row.operator)],
    [[row.order, row.part].filter((one) => one !== null).join(", ") || "–"],
    [[...row.words, ...row.cautions.map((words) => `warning: ${words}`)].join("; ") || "–"],
  ]),
});

/** Decisions that get a page of their own; of more, the blocked ones alone, and of those the first. */
export const MAX_DETAILED = 60;

/** One decision on one sheet: all clauses with limit, reading, instrument, certificate. Source: AS9100 and Nadcap audits. */
export function detailBlocks({ decisions }: AuditReport): readonly Block[] {
  const chosen = decisions.length <= MAX_DETAILED ? decisions : decisions.filter(({ allow }) => !allow);
  return chosen.slice(0, MAX_DETAILED).flatMap(decisionBlocks);
}

function decisionBlocks(row: DecisionRow): readonly Block[] {
  const { contracts, conditions } = row;
  return [
    {
      kind: "heading",
      level: 3,
      id: idOf(row),
      text: `${row.allow ? "Allowed" : "Blocked"}: ${row.test ?? "a question"} at ${row.node}, ${shortTime(row.at)}`,
    },
    {
      kind: "facts",
      rows: [
        { term: "Test", text: [orNone(row.test), row.testKind === null ? "" : ` (${row.testKind})`] },
        { term: "Plant time", text: [row.at] },
        { term: "UTC", text: [row.atUtc] },
        { term: "Station", text: [orNone(row.station)] },
        { term: "Operator", text: [orNone(row.operator)] },
        { term: "Order", text: [orNone(row.order)] },
        { term: "Part", text: [orNone(row.part)] },
        {
          term: "Contracts",
          text: contracts.flatMap(
            ({ contract, version, digest }, index): Text => [
              `${index === 0 ? "" : "; "}${contract}@${version ?? "no version"} `,
              code(digest),
            ],
          ),
        },
        { term: "Reasons", text: [row.reasons.join(", ") || "none"] },
        ...(row.words.length === 0 ? [] : [{ term: "In words", text: [row.words.join("; ")] }]),
        { term: "Warnings", text: [row.warnings.join(", ") || "none"] },
        ...(row.cautions.length === 0 ? [] : [{ term: "In words", text: [row.cautions.join("; ")] }]),
        { term: "Ledger entry", text: [`${row.seq} of ${row.node}`] },
      ],
    },
    ...(conditions.length === 0 ? [] : [clauseTable(row)]),
  ];
}

const clauseTable = ({ conditions }: DecisionRow): TableBlock => ({
  kind: "table",
  caption: "Every clause that was judged",
  head: ["Clause", "State", "Reading", "Limit", "With", "Certificate, due", "Reason"],
  rows: conditions.flatMap(({ contract, name, clauses }) =>
    clauses.map((clause): readonly Text[] => [
      [`${clause.text} `, code(`${contract} ${name}, line ${clause.line}`)],
      [stateOf(clause)],
      [orNone(clause.reading)],
      [orNone(clause.limit)],
      [orNone(clause.instrument)],
      [[clause.certificate, clause.dueOn].filter((one) => one !== null).join(", ") || "–"],
      [orNone(clause.reason)],
    ]),
  ),
});

const stateOf = ({ state, strictness }: ClauseOutcome): string => (strictness === "must" ? state : `${state} (should)`);
