import type { AstKind, AstNode, NodeOf } from "./ast.ts";

/** Where the child nodes of each kind are, in source order. A value is a node, null, or a list of nodes. */
export const childKeys = {
  file: ["items"],
  contract: ["doc", "id", "title", "from", "members"],
  template: ["doc", "name", "title", "parameters", "members"],
  "template-use": ["template", "arguments"],
  parameter: ["name", "value"],
  argument: ["name", "value"],
  scope: ["stationType", "order"],
  following: ["documents"],
  equipment: ["doc", "name", "type", "byDefault"],
  material: ["doc", "name", "byDefault"],
  measured: ["doc", "name", "unit", "plausible"],
  difference: ["doc", "name", "left", "right"],
  range: ["low", "high"],
  before: ["testKind", "conditions"],
  condition: ["doc", "name", "clauses"],
  override: ["roles", "reason", "atMost"],
  "when-blocked": ["notices"],
  notice: ["after", "role", "severity"],
  broken: ["names"],
  period: [],
  every: ["interval"],
  latest: [],
  "attribute-guard": ["equipment", "attribute"],
  calibration: [
    "order",
    "attribute",
    "freshness",
    "subject",
    "every",
    "warnBefore",
    "referencesWithin",
    "extension",
    "because",
  ],
  extension: ["atMost", "approvedBy"],
  "warm-up": ["order", "attribute", "freshness", "subject", "atLeast", "because"],
  reading: ["order", "attribute", "freshness", "subject", "readWith", "limit", "guardBand", "settledFor", "because"],
  "one-sided": ["value"],
  between: ["low", "high"],
  use: ["order", "attribute", "freshness", "subject", "every", "warnBefore", "because"],
  events: ["order", "attribute", "freshness", "subject", "events", "because"],
  acknowledgement: ["order", "attribute", "freshness", "who", "step", "because"],
  operator: [],
  people: [],
  role: ["role"],
  "service-state": ["order", "attribute", "freshness", "subject", "because"],
  "before-and-after-use": ["order", "attribute", "freshness", "subject", "because"],
  "shelf-life": ["order", "attribute", "freshness", "subject", "openedWithin", "because"],
  "check-list": ["order", "attribute", "freshness", "subject", "items", "because"],
  test: ["title", "of", "statements"],
  "test-at": ["date", "time", "zone"],
  "test-shifts": ["times"],
  "test-operator": ["operator"],
  "test-order": ["order"],
  "test-calibrated": ["subject", "on", "result"],
  "test-on": ["subject", "duration"],
  "test-reads": ["subject", "value", "at", "readWith", "settledFor"],
  "test-acknowledged": ["step", "by", "role", "at"],
  "test-service": ["subject"],
  "test-attribute": ["subject", "attribute"],
  "test-event": ["subject", "event", "on"],
  "test-use": ["subject", "amount"],
  "test-planned": ["amount"],
  "test-lot": ["subject", "expires", "opened"],
  "test-checked": ["subject", "by", "at", "result"],
  "test-used": ["subject", "until"],
  "test-given": ["file"],
  "expect-allowed": [],
  "expect-blocked": ["by"],
  "expect-reason": ["code", "subject"],
  name: [],
  text: [],
  doc: [],
  unit: [],
  quantity: ["unit"],
  "parameter-reference": ["name"],
  date: [],
  time: [],
  zone: [],
  "reason-code": [],
  moment: ["date", "time"],
} as const satisfies { readonly [K in AstKind]: readonly Exclude<keyof NodeOf<K>, "kind" | "span">[] };

/** The child nodes of `node`, in the order of `childKeys`. */
export function childrenOf(node: AstNode): readonly AstNode[] {
  const values = node as unknown as { readonly [key: string]: AstNode | readonly AstNode[] | null };
  return childKeys[node.kind].flatMap((key) => values[key] ?? []);
}

/** Calls `visit` for `node` and everything below it, parents first. Iterates, so that depth costs no stack. */
export function walk(node: AstNode, visit: (node: AstNode) => void): void {
  const waiting: AstNode[] = [node];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    visit(next);
    for (const child of [...childrenOf(next)].reverse()) waiting.push(child);
  }
}
