import type { ClauseKind } from "../../model/bundle.ts";
import type { Drawing } from "./page.ts";

/** The rules of the grammar that a kind of clause is written by, from the whole to its part; the whole alone where none is named. */
const rules: { readonly [K in ClauseKind]?: readonly string[] } = {
  calibration: ["clause", "bePredicate", "modifier", "withModifier"],
  "warm-up": ["clause", "predicate"],
  reading: ["clause", "limit", "modifier"],
  use: ["clause", "bePredicate", "modifier", "withModifier"],
  events: ["clause", "notHaveBeen"],
  acknowledgement: ["clause", "predicate"],
  "service-state": ["clause", "bePredicate"],
  "before-and-after-use": ["clause", "checkedPredicate"],
  "shelf-life": ["clause", "bePredicate", "modifier"],
  "check-list": ["clause", "checkedPredicate"],
};

export const rulesOfClause = (kind: ClauseKind): readonly string[] => rules[kind] ?? ["clause"];

/** `bePredicate` as a person says it. */
export const spokenRule = (rule: string): string => rule.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** The drawings of these rules, and of every rule that one of them links to, each once. */
export function drawingsOf(
  kinds: readonly ClauseKind[],
  draw: (rule: string) => string | undefined,
): readonly Drawing[] {
  const drawings = new Map<string, Drawing>();
  const wanted = kinds.flatMap(rulesOfClause);
  for (const rule of wanted) {
    const svg = drawings.has(rule) ? undefined : draw(rule);
    if (svg === undefined) continue;
    drawings.set(rule, { id: rule, title: spokenRule(rule), svg });
    for (const [, linked = ""] of svg.matchAll(/href="#([A-Za-z]+)"/g)) wanted.push(linked);
  }
  return [...drawings.values()];
}
