import { printUtc } from "../base/civil-time.ts";
import type { Factor } from "../hub/patterns/factors.ts";
import type { Rate, WindowFigures } from "../hub/patterns/figures.ts";
import type { Share } from "../hub/patterns/least-likely-range.ts";
import type { PatternFactors } from "../hub/patterns/pattern-factors.ts";
import type { FleetPattern, FleetReview, PatternAnalysis, ShownPattern } from "../hub/patterns/pattern-service.ts";

/** What the hub found in alerts, as lines a person can read. */

export function analysisLines(analysis: PatternAnalysis): readonly string[] {
  const { total_alerts, unique_patterns, critical_patterns, recommended_updates, windows, left_off } = analysis;
  const widest = windows.at(-1);
  return [
    `${total_alerts} alerts in ${windowWords(widest?.name ?? "")}, ${unique_patterns} patterns, ${critical_patterns} critical, ` +
      `${recommended_updates} with an update to recommend`,
    ...analysis.patterns.flatMap(patternLines),
    ...analysis.equipment_reviews.map(reviewLine),
    ...(left_off === 0 ? [] : [`${left_off} more are not listed; narrow the windows or raise the minimum`]),
  ];
}

const windowWords = (name: string): string => (name === "since" ? "the time asked for" : name);

export function patternLines(pattern: FleetPattern): readonly string[] {
  const { id, contract, condition, reason, fleet, critical, windows, recommendation } = pattern;
  const lines = [
    `${id}  ${contract ?? "no contract"} ${condition ?? ""}  ${reason}`,
    `    ${pattern.decisions} tests at ${nodesWords(pattern.nodes)} of ${fleet.enrolled} nodes` +
      `${critical ? ", critical" : ""}${commonWords(pattern)}`,
    `    ${windows.map(({ window, decisions, nodes }) => `${window}: ${decisions} at ${nodes}`).join("   ")}` +
      `${rateWords(windows.at(-1))}`,
    ...unusualLines(pattern),
  ];
  if (!pattern.isComplete) lines.push("    more than these were blocked: the limit of what is kept was reached");
  if (recommendation === "early-warning") lines.push(`    draft an update: maint proposal create ${id}`);
  return lines;
}

const MAX_NODES_NAMED = 12;
const nodesWords = (nodes: readonly string[]): string =>
  nodes.length <= MAX_NODES_NAMED
    ? nodes.join(", ")
    : `${nodes.slice(0, MAX_NODES_NAMED).join(", ")} and ${nodes.length - MAX_NODES_NAMED} more`;

function commonWords({ common }: FleetPattern): string {
  const { assets, stationType } = common;
  const words = [...(stationType === null ? [] : [`${stationType} stations`]), ...assets];
  return words.length === 0 ? "" : `; common: ${words.join(", ")}`;
}

const figure = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(2));
const rateText = ({ per1000, low, high }: Rate): string =>
  `${figure(per1000)} of 1,000 tests (95 %: ${figure(low)} to ${figure(high)})`;

const rateWords = (window: WindowFigures | undefined): string =>
  window?.rate == null ? "" : `;  ${rateText(window.rate)}`;

const chance = (p: number): string =>
  p < 1e-4 ? "by chance less than once in 10,000 looks" : `by chance ${figure(p * 100)} %`;
const day = (ms: number): string => printUtc(ms).slice(0, 10);

function unusualLines({ rise, outstanding }: FleetPattern): readonly string[] {
  const lines = outstanding
    .slice(0, MAX_NODES_NAMED)
    .map(({ node, blockedDays, days, p }) => `    ${node} stands out: on ${blockedDays} of ${days} days, ${chance(p)}`);
  if (rise === null) return lines;
  const { before, after } = rise;
  const share = ({ count, exposure }: typeof before): string => `${count} new troubles in ${exposure} tests`;
  return [`    rose on ${day(rise.atMs)}: ${share(before)} before, ${share(after)} since, ${chance(rise.p)}`, ...lines];
}

const reviewLine = ({ node, decisions, condition, reason, assets, pattern, p }: FleetReview): string =>
  `look at the equipment of ${node}: ${decisions} tests, ${condition ?? "no condition"}, ${reason}` +
  `${assets.length > 0 ? `; ${assets.join(", ")}` : ""}` +
  `${pattern === null ? "" : `; part of ${pattern}`}${p === null ? "" : `; ${p <= 0.01 ? chance(p) : "no more than others"}`}`;

/** Everything about one. */
export function shownPattern(pattern: ShownPattern): readonly string[] {
  const { series, firstSeenMs, lastSeenMs, versions, subjects, alerts, alertCount } = pattern;
  return [
    ...patternLines(pattern),
    `    about ${subjects.join(", ")}; versions ${versions.join(", ") || "unknown"}`,
    `    first seen ${printUtc(firstSeenMs)}, last seen ${printUtc(lastSeenMs)}`,
    "",
    `    blocked tests a day, ${day(series.fromMs)} to ${day(series.fromMs + (series.decisions.length - 1) * series.dayMs)}`,
    `    ${sparkline(series.decisions)}  most: ${Math.max(...series.decisions)}`,
    ...(series.decisionsAtRisk === null ? ["    nothing is archived here: counts, but no rates"] : []),
    "",
    ...pattern.windows.flatMap((window, index) => windowLines(window, pattern.windows[index - 1])),
    "",
    ...factorLines(pattern.factors),
    `    ${alertCount} alerts${alertCount > alerts.length ? `, the newest ${alerts.length}` : ""}: ${alerts.join(", ")}`,
  ];
}

function factorLines(factors: PatternFactors | null): readonly string[] {
  if (factors === null) return [];
  const { cases, asked, isWhole, share } = factors;
  const all = `${cases} tests since ${day(factors.fromMs)}${isWhole ? "" : `, ${(share * 100).toPrecision(2)} % of them`}`;
  if (factors.factors.length === 0)
    return [`    nothing is over-represented: ${asked} values compared over ${all}`, ""];
  return [
    `    more often among the blocked than chance would have it, of ${asked} values over ${all}:`,
    ...factors.factors.map(factorLine),
    "",
  ];
}

const UNIT_WORDS = { asset: "assets", node: "nodes", "node-day": "node-days" } as const;

function factorLine({ kind, value, unitKind, with: own, without, p, sameAs }: Factor): string {
  const share = ({ blocked, units }: Share): string => `${blocked} of ${units}`;
  const same = sameAs.length === 0 ? "" : `; the same tests as ${sameAs.join(", ")}`;
  return `      ${kind} ${value}: ${share(own)} ${UNIT_WORDS[unitKind]} blocked, else ${share(without)}; ${chance(p)}${same}`;
}

function windowLines(figures: WindowFigures, narrower: WindowFigures | undefined): readonly string[] {
  const { window, decisions, nodes, rate, atItsNodes, restOfFleet, before, change } = figures;
  // A young fleet has nothing older: its wider windows say the same.
  if (narrower?.decisions === decisions && narrower.rate?.exposure === rate?.exposure && before === null)
    return [`    ${window.padStart(5)}  the same`];
  const lines = [`    ${window.padStart(5)}  ${decisions} tests at ${nodes} nodes`];
  const more = (words: string): number => lines.push(`           ${words}`);
  if (rate !== null) more(`whole fleet     ${rateText(rate)}, ${rate.decisions} of ${rate.exposure}`);
  if (atItsNodes !== null) more(`at these nodes  ${rateText(atItsNodes)}`);
  if (restOfFleet !== null)
    more(`all others      none of ${restOfFleet.exposure}: at most ${figure(restOfFleet.high)} of 1,000`);
  if (before !== null) more(`window before   ${rateText(before)}`);
  if (change !== null) more(`now to before   ${ratioText(change.ratio, change.low, change.high)}`);
  return lines;
}

const ratioText = (ratio: number | null, low: number, high: number | null): string =>
  `${ratio === null ? "none before" : `${figure(ratio)} times`} (95 %: ${figure(low)} to ${high === null ? "any" : figure(high)})`;

const BARS = "▁▂▃▄▅▆▇█";

/** A bar a value, the largest the highest; nothing at all is a dot. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(0, ...values);
  return values
    .map((value) => (value === 0 ? "·" : (BARS[Math.ceil((value / most) * BARS.length) - 1] ?? "")))
    .join("");
}
