import type { ClauseOutcome } from "../../model/decision.ts";
import type { NodeRecord } from "../archive/evidence-in.ts";
import type { DecisionRow, ReadingSeries } from "./audit-report.ts";
import { compareText } from "./decision-rows.ts";

/** Recorded readings by node, quantity and unit, with the limit that decisions judged them by last. */
export function readingSeries(records: readonly NodeRecord[], rows: readonly DecisionRow[]): readonly ReadingSeries[] {
  const series = new Map<string, NodeRecord[]>();
  for (const one of records) {
    const { body, subject } = one.record;
    if (body.kind !== "reading") continue;
    const key = JSON.stringify([one.node, subject, body.unit]);
    const known = series.get(key);
    if (known === undefined) series.set(key, [one]);
    else known.push(one);
  }
  return [...series]
    .sort(([a], [b]) => compareText(a, b))
    .map(([key, taken]) => {
      const [node = "", quantity = "", unit = ""] = JSON.parse(key) as readonly string[];
      const points = taken
        .flatMap(({ record: { takenAtMs: atMs, body } }) =>
          body.kind === "reading" ? [{ atMs, value: body.value, with: body.takenWith ?? null }] : [],
        )
        .sort((a, b) => a.atMs - b.atMs);
      return { node, quantity, unit, ...limitOf(rows, node, quantity, unit), points };
    });
}

interface Ends {
  readonly low: string | null;
  readonly high: string | null;
}

/** Of the latest decision at the node that judged the quantity by a `must` in the same unit. */
function limitOf(rows: readonly DecisionRow[], node: string, quantity: string, unit: string): Ends {
  for (const row of [...rows].reverse()) {
    if (row.node !== node) continue;
    const judged = row.conditions.flatMap(({ clauses }) => clauses).find((clause) => isAbout(clause, quantity));
    const ends = judged?.limit == null ? undefined : endsOf(judged.limit, unit);
    if (ends !== undefined) return ends;
  }
  return { low: null, high: null };
}

const isAbout = ({ text, strictness, limit }: ClauseOutcome, quantity: string): boolean =>
  strictness === "must" &&
  limit !== null &&
  ["read with", "must"].some((word) => `, ${text}`.includes(`, ${quantity} ${word}`));

const NUMBER = String.raw`(-?\d+(?:\.\d+)?) (\S+)`;
const LOW = new RegExp(`(?:at least|more than) ${NUMBER}`);
const HIGH = new RegExp(`(?:at most|less than) ${NUMBER}`);
const BOTH = new RegExp(`between ${NUMBER} and ${NUMBER}`);

/** The numbers of a limit in words; undefined where it has none in this unit, since a chart has one scale. */
export function endsOf(words: string, unit: string): Ends | undefined {
  const both = BOTH.exec(words);
  if (both !== null)
    return both[2] === unit && both[4]?.replace(/,$/, "") === unit
      ? { low: both[1] ?? null, high: both[3] ?? null }
      : undefined;
  const [low, high] = [LOW.exec(words), HIGH.exec(words)];
  const fits = (found: RegExpExecArray | null) => (found?.[2]?.replace(/,$/, "") === unit ? (found[1] ?? null) : null);
  const ends = { low: fits(low), high: fits(high) };
  return ends.low === null && ends.high === null ? undefined : ends;
}
