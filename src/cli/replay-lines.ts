import type { ReplayJob } from "../hub/replay/replay-service.ts";
import type { ReplayExample, ReplayShare, ReplaySummary, WhyNotJudged } from "../hub/replay/replay-summary.ts";
import { plain } from "./decided-line.ts";

const BAR_WIDTH = 30;
const PHASES = { reading: "reads the archive", deciding: "decides again" } as const;

/** One line that is drawn over. */
export function progressLine({ id, state, progress }: Pick<ReplayJob, "id" | "state" | "progress">): string {
  if (progress === null) return `${id} ${state}`;
  const { phase, done, total } = progress;
  const share = total === 0 ? 1 : done / total;
  const bar = "#".repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, "-");
  return `${id} ${PHASES[phase]} [${bar}] ${done} of ${total}`;
}

const WHY: { readonly [why in WhyNotJudged]: string } = {
  "snapshot-not-kept": "the snapshot was too large to be kept",
  "bundle-gone": "the bundle of a contract they were decided by is gone",
  "nothing-judged": "a fault of the node: no clause was looked at",
  "zone-unknown": "the plant's time zone is not known here",
  "not-asked-then": "nobody was asked then for evidence that the candidate asks for",
  unreadable: "the entry is no decision in our form",
};

/** The answer for people: counts first, then where, then examples. */
export function replayLines(summary: ReplaySummary): readonly string[] {
  const { contract, against, span, counts, tests, newlyBlocked, newlyAllowed, notJudged } = summary;
  if (span === null) return [`${contract}: no decision is archived that could be decided again`];
  const days = `${dateOf(span.firstMs)} to ${dateOf(span.lastMs)}`;
  return [
    `${contract}, against ${against ?? "what was recorded"}: ${counts.decisions} decisions, ${days}`,
    `  newly blocked  ${shareWords(newlyBlocked, "allowed")}; ${tests.newlyBlocked} of ${tests.concerned} tests`,
    `  newly allowed  ${shareWords(newlyAllowed, "blocked")}; ${tests.newlyAllowed} of ${tests.concerned} tests`,
    `  unchanged      ${counts.unchangedAllowed} allowed, ${counts.unchangedBlocked} blocked`,
    ...line(counts.blockedOtherwise, "blocked for other reasons"),
    ...line(counts.newlyWarned, "still allowed, with a new warning (among the unchanged)"),
    ...line(counts.unconcerned, "not concerned: the contract binds them in no version"),
    ...line(counts.notReproducible, "not reproducible: the recorded releases give another answer here"),
    ...notJudged.flatMap(({ why, count }) => line(count, `cannot be judged: ${WHY[why]}`)),
    ...table(
      "stations",
      summary.stations.filter(isChanged).map((one) => [one.node, one]),
    ),
    ...table(
      "conditions",
      summary.conditions.map((one) => [one.condition ?? "(no condition)", one]),
    ),
    ...table(
      "reasons",
      summary.reasons.map((one) => [one.reason, one]),
    ),
    ...examples("newly blocked", summary.examples.newlyBlocked),
    ...examples("newly allowed", summary.examples.newlyAllowed),
    ...examples("not reproducible", summary.examples.notReproducible),
  ];
}

const line = (count: number, words: string): readonly string[] => (count === 0 ? [] : [`  ${count} ${words}`]);
const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const percent = (share: number): string => `${(share * 100).toFixed(share !== 0 && share < 0.01 ? 2 : 1)} %`;

function shareWords({ count, of, share, low, high }: ReplayShare, were: string): string {
  if (share === null) return `${count}: none of them was ${were}`;
  return `${count} of ${of} ${were}: ${percent(share)} (95 %: ${percent(low)} to ${percent(high)})`;
}

interface Flips {
  readonly newlyBlocked: number;
  readonly newlyAllowed: number;
}

const isChanged = ({ newlyBlocked, newlyAllowed }: Flips): boolean => newlyBlocked + newlyAllowed > 0;
const ROWS = 10;

function table(title: string, rows: readonly (readonly [string, Flips])[]): readonly string[] {
  if (rows.length === 0) return [];
  const more = rows.length > ROWS ? [`    … and ${rows.length - ROWS} more`] : [];
  const cell = (value: number): string => String(value).padStart(8);
  return [
    `  ${title}: newly blocked, newly allowed`,
    ...rows.slice(0, ROWS).map(([name, flips]) => `  ${cell(flips.newlyBlocked)} ${cell(flips.newlyAllowed)}  ${name}`),
    ...more,
  ];
}

const examples = (title: string, list: readonly ReplayExample[]): readonly string[] =>
  list.length === 0
    ? []
    : [
        `  ${title}, the latest:`,
        ...list.map(({ node, seq, atMs, test, order, part, before, now }) => {
          const about = [test, order, part].filter((word) => word !== null).join(" ");
          const words = (reasons: readonly string[]): string => (reasons.length === 0 ? "allowed" : reasons.join(", "));
          return plain(
            `    ${new Date(atMs).toISOString()}  ${node} ${seq}  ${about}  ${words(before)} -> ${words(now)}`,
          );
        }),
      ];
