import type { NodeRecord } from "../archive/evidence-in.ts";
import type { DecisionRow, StopRow } from "./audit-report.ts";
import { compareText } from "./decision-rows.ts";

interface OpenStop {
  readonly node: string;
  readonly testKind: string | null;
  readonly reason: string;
  readonly condition: string | null;
  readonly words: string;
  readonly from: string;
  readonly fromSeq: number;
  to: string;
  blocked: number;
  /** The decision that did not give it any more; infinite where none did. */
  endSeq: number;
}

/** A start of a test, where the node's ledger has it. */
export interface StartedRun {
  readonly node: string;
  readonly seq: number;
  readonly testKind: string | null;
}

export const startedRuns = (records: readonly NodeRecord[]): readonly StartedRun[] =>
  records.flatMap(({ node, record }) =>
    record.body.kind === "test-run" && record.body.state === "started"
      ? [{ node, seq: record.ledgerSeq, testKind: record.body.testKind }]
      : [],
  );

/**
 * Stretches in which one reason kept tests of one kind from starting at one node: from the first decision that gave it to the
 * last before one that did not. Starts of tests are counted from records of their own, not from the decisions, and up to the
 * decision that did not give it: who starts all the same does so after the last that did.
 */
export function stopRows(rows: readonly DecisionRow[], runs: readonly StartedRun[]): readonly StopRow[] {
  const open = new Map<string, OpenStop>();
  const closed: OpenStop[] = [];
  for (const row of [...rows].sort((a, b) => compareText(a.node, b.node) || a.seq - b.seq)) {
    const lane = JSON.stringify([row.node, row.testKind]);
    for (const [key, stop] of open) {
      if (!key.startsWith(lane) || row.reasons.includes(stop.reason)) continue;
      stop.endSeq = row.seq;
      closed.push(stop);
      open.delete(key);
    }
    for (const reason of row.reasons) extend(open, `${lane} ${reason}`, row, reason);
  }
  return [...closed, ...open.values()]
    .sort((a, b) => compareText(a.from, b.from) || compareText(a.reason, b.reason))
    .map(({ node, testKind, reason, condition, words, from, to, fromSeq, endSeq, blocked }) => ({
      ...{ node, reason, condition, words, from, to, blocked },
      startedMeanwhile: runs.filter(
        (run) => run.node === node && run.testKind === testKind && run.seq > fromSeq && run.seq < endSeq,
      ).length,
    }));
}

function extend(open: Map<string, OpenStop>, key: string, row: DecisionRow, reason: string): void {
  const known = open.get(key);
  if (known !== undefined) {
    known.to = row.at;
    known.blocked += 1;
    return;
  }
  const at = { from: row.at, fromSeq: row.seq, to: row.at, endSeq: Number.POSITIVE_INFINITY };
  const given = row.conditions.find(({ clauses }) => clauses.some((clause) => clause.reason === reason));
  const { node, testKind } = row;
  open.set(key, {
    ...{ node, testKind, reason, ...at, blocked: 1, condition: given?.name ?? null },
    words: row.words[row.reasons.indexOf(reason)] ?? reason,
  });
}
