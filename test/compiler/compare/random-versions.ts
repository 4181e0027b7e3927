import type { Random } from "../analysis/random.ts";

/** A random small contract, and a version of it with some things changed: as text, so that all of the compiler takes part. */
export interface Draft {
  readonly scope: string;
  readonly plausible: string;
  readonly asset: string;
  readonly clauses: readonly (readonly [condition: string, clause: string])[];
  readonly override: string | null;
}

const scopes = ["every station", "every penetrant station", 'order "PO-1"'];
const freshness = ["each day", "each shift", "each week", "every 8 hours", "every 3 days", "from the latest readings"];
const limits = [
  "at least 900 uW/cm2",
  "at least 1000 uW/cm2",
  "at least 1 mW/cm2",
  "more than 1000 uW/cm2",
  "at most 2000 uW/cm2",
  "less than 2000 uW/cm2",
  "between 1000 and 2000 uW/cm2",
];
const intervals = ["30 days", "1 month", "12 months", "365 days"];

function clause(next: Random): string {
  const guard = `${next.chance(0.2) ? 'for order "PO-1", ' : ""}${next.chance(0.2) ? "when the lamp is old, " : ""}`;
  const word = next.chance(0.9) ? "must" : "should";
  const read = `${next.pick(freshness)}, uv${next.chance(0.3) ? " read with the meter" : ""} ${word} be ${next.pick(limits)}`;
  const modifiers = `${next.chance(0.2) ? ", guarded by 10 uW/cm2" : ""}${next.chance(0.2) ? ", settled for at least 30 minutes" : ""}`;
  const warm = next.pick(["warm", "cold", "rise"]);
  return next.pick([
    `${guard}${read}${modifiers}`,
    `${guard}${read}${modifiers}`,
    `${guard}each day, ${warm} ${word} be ${next.pick(["at least 280 K", "at least 290 K", "at most 300 K", "at most 20 K"])}`,
    `${guard}the meter ${word} be calibrated every ${next.pick(intervals)}${next.chance(0.2) ? ", may be extended by at most 5 days, approved by QA" : ""}`,
    `${guard}the lamp ${word} have been on for at least ${next.pick(["10", "15"])} minutes`,
    `${guard}${next.pick(["each day", "each week"])}, ${next.pick(["the operator", "two people"])} ${word} acknowledge "ready"`,
    `${guard}the lamp ${word} be in service`,
  ]);
}

export function draft(next: Random): Draft {
  return {
    scope: next.pick(scopes),
    plausible: next.pick(["", ", plausible from 0 to 5000", ", plausible from 0 to 3000"]),
    asset: next.pick(["LM-1", "LM-1", "LM-2"]),
    clauses: Array.from({ length: 1 + next.upTo(4) }, (_, index) => [`c-${index}`, clause(next)] as const),
    override: next.pick([null, null, "QA may override calibration.overdue for at most 8 hours"]),
  };
}

/** One to three changes: to clauses mostly. */
export function mutated(from: Draft, next: Random): Draft {
  let to = from;
  for (let count = 1 + next.upTo(3); count > 0; count--) to = changedOnce(to, next);
  return to;
}

function changedOnce(from: Draft, next: Random): Draft {
  const { clauses } = from;
  const at = next.upTo(clauses.length);
  const [name = "c-0", text = ""] = clauses[at] ?? [];
  const roll = next.upTo(10);
  if (roll === 0) return { ...from, scope: next.pick(scopes) };
  if (roll === 1) return { ...from, plausible: next.pick(["", ", plausible from 0 to 5000"]) };
  if (roll === 2)
    return { ...from, override: next.pick([null, "QA may override calibration.overdue for at most 4 hours"]) };
  if (roll === 3) return { ...from, asset: next.pick(["LM-1", "LM-2"]) };
  if (roll === 4 && clauses.length > 1) return { ...from, clauses: clauses.filter((_, index) => index !== at) };
  if (roll === 5) return { ...from, clauses: [...clauses, [`d-${clauses.length}`, clause(next)]] };
  const other = roll === 6 ? clause(next) : tweaked(text, next);
  return { ...from, clauses: clauses.map((one, index) => (index === at ? [name, other] : one)) };
}

/** The same clause with one word put otherwise. */
function tweaked(text: string, next: Random): string {
  const swaps: readonly (readonly [RegExp, readonly string[]])[] = [
    [
      /at least \d+ (?:uW|mW)\/cm2|more than 1000 uW\/cm2|(?:at most|less than) 2000 uW\/cm2|between 1000 and 2000 uW\/cm2/,
      limits,
    ],
    [
      /each day|each shift|each week|every 8 hours|every 3 days|from the latest readings/,
      ["each day", "each week", "each shift"],
    ],
    [/every (?:30 days|1 month|12 months|365 days)/, intervals.map((one) => `every ${one}`)],
    [/1[05] minutes/, ["10 minutes", "15 minutes"]],
    [/when the lamp is old, /, [""]],
    [/for order "PO-1", /, [""]],
    [/must/, ["must", "should"]],
    [/, guarded by 10 uW\/cm2/, ["", ", guarded by 20 uW/cm2"]],
    [/ read with the meter/, [""]],
    [/, settled for at least 30 minutes/, ["", ", settled for at least 60 minutes"]],
    [/\d+ K/, ["280 K", "290 K", "300 K", "20 K"]],
    [/the operator|two people/, ["the operator", "two people", "three people"]],
  ];
  const fitting = swaps.filter(([pattern]) => pattern.test(text));
  const [pattern, words] = next.pick(fitting.length === 0 ? [[/$/, [""]] as const] : fitting);
  return text.replace(pattern, next.pick(words));
}

export const textOf = ({ scope, plausible, asset, clauses, override }: Draft): string =>
  [
    'contract X "X" {',
    `  for ${scope}`,
    `  meter is a radiometer, by default "${asset}"`,
    '  lamp is a uv-a-lamp, by default "UV-1"',
    `  uv is measured in uW/cm2${plausible}`,
    "  warm is measured in K",
    "  cold is measured in K",
    "  rise is warm minus cold",
    "  before every test {",
    ...clauses.flatMap(([name, text]) => [`    ${name}:`, `      ${text}`]),
    "  }",
    ...(override === null ? [] : [`  ${override}`]),
    "}",
    "",
  ].join("\n");
