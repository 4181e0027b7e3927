import type { Amount, AttributeGuard, Clause, Freshness, Name, NodeOf, Span, Text, Who } from "./ast.ts";
import type { MaintToken } from "./lexer.ts";
import { Mistake, spanOf } from "./mistakes.ts";

/** The pieces of a clause as the parser meets them; `clauseNode` makes the node of its kind from them. */
export interface ClausePieces {
  readonly span: Span;
  readonly prefix: Prefix;
  readonly subject: Subject;
  readonly strictness: "must" | "should";
  readonly predicate: Predicate;
  readonly modifiers: readonly Modifier[];
}

export interface Prefix {
  readonly order: Text | null;
  readonly attribute: AttributeGuard | null;
  readonly freshness: Freshness | null;
}

export interface Subject {
  readonly name: Name;
  /** `two people`: the number word's value. */
  readonly count: number | null;
  readonly readWith: Name | null;
}

type EveryClauses = "kind" | "span" | "order" | "attribute" | "freshness" | "subject" | "strictness" | "because";
type FromElsewhere = "neverOverridable" | "warnBefore" | "referencesWithin" | "extension" | "readWith" | "guardBand";
type FromElsewhereToo = "settledFor" | "enoughLeft" | "who" | "openedWithin";

/** What a clause says behind `must`, without what modifiers and the subject bring: the members that are left of its node. */
export type Predicate = {
  readonly [K in Clause["kind"]]: { readonly kind: K } & Omit<
    NodeOf<K>,
    EveryClauses | FromElsewhere | FromElsewhereToo
  >;
}[Clause["kind"]];

type WithAmount = "warn" | "references" | "guarded" | "settled" | "opened";

/** `token` is where a misplaced one is reported. */
export type Modifier = { readonly token: MaintToken } & (
  | { readonly [kind in WithAmount]: { readonly kind: kind; readonly amount: Amount } }[WithAmount]
  | { readonly kind: "extension"; readonly atMost: Amount; readonly span: Span }
  | { readonly kind: "approved"; readonly roles: readonly Name[]; readonly span: Span }
  | { readonly kind: "enough-left" | "never-overridable" }
  | { readonly kind: "because"; readonly text: Text }
);
type ModifierKind = Modifier["kind"];

const spokenModifier: { readonly [kind in ModifierKind]: string } = {
  warn: "warn … before",
  references: "with each reference standard …",
  guarded: "guarded by …",
  settled: "settled for at least …",
  opened: "used within … of opening",
  extension: "may be extended by at most …",
  approved: "approved by …",
  "enough-left": "with enough left for the whole test",
  "never-overridable": "never overridable",
  because: "because …",
};

/** The modifiers that kinds of clauses have beside `never overridable` and `because`, and how often. */
const modifiersOf: { readonly [kind in Clause["kind"]]?: { readonly [modifier in ModifierKind]?: number } } = {
  calibration: { warn: 2, references: 1, extension: 1, approved: 1 },
  reading: { guarded: 1, settled: 1 },
  use: { warn: 1, "enough-left": 1 },
  "shelf-life": { opened: 1 },
};

/** What a person would say; `be …` where nothing stands. */
const predicateWords: { readonly [kind in Clause["kind"]]?: string } = {
  calibration: "be calibrated every …",
  "warm-up": "have been on for at least …",
  reading: "be at least …",
  use: "be serviced every …",
  events: "not have been … since its calibration",
  acknowledgement: 'acknowledge "…"',
  "service-state": "be in service",
  "before-and-after-use": "be checked before and after each use",
  "shelf-life": "be within its shelf life",
  "check-list": 'be checked: "…"',
};

const spokenPredicate = (kind: Clause["kind"]): string => predicateWords[kind] ?? "be …";

const hasFreshness: ReadonlySet<Clause["kind"]> = new Set(["reading", "acknowledgement", "check-list"]);

const refuse = (span: Span, message: string, help: string): never => {
  throw new Mistake({ code: "syntax", message, span, help });
};

/** Checks that the pieces go together. @throws Mistake where they do not */
export function clauseNode(pieces: ClausePieces): Clause {
  const { predicate, subject, prefix } = pieces;
  checkModifiers(pieces);
  const spoken = `\`${pieces.strictness} ${spokenPredicate(predicate.kind)}\``;
  if (prefix.freshness !== null && !hasFreshness.has(predicate.kind)) {
    refuse(
      prefix.freshness.span,
      `a period does not go with ${spoken}`,
      "leave the period out: the clause holds at every test",
    );
  }
  if (subject.readWith !== null && predicate.kind !== "reading") {
    refuse(subject.readWith.span, `\`read with\` does not go with ${spoken}`, "leave `read with …` out");
  }
  if (subject.count !== null && predicate.kind !== "acknowledgement") {
    refuse(
      subject.name.span,
      `\`people\` does not go with ${spoken}`,
      'people acknowledge: `two people must acknowledge "…"`',
    );
  }
  return build(pieces);
}

function checkModifiers({ predicate, strictness, modifiers }: ClausePieces): void {
  if (modifiers.length === 0) return;
  const counts = new Map<ModifierKind, number>();
  const allowed: { readonly [modifier in ModifierKind]?: number } = {
    "never-overridable": 1,
    because: 1,
    ...modifiersOf[predicate.kind],
  };
  for (const { kind, token } of modifiers) {
    const most = allowed[kind] ?? 0;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const words = `\`${spokenModifier[kind]}\``;
    if (most === 0) {
      const list = Object.keys(allowed).map((name) => `\`${spokenModifier[name as ModifierKind]}\``);
      const spoken = `\`${strictness} ${spokenPredicate(predicate.kind)}\``;
      refuse(spanOf(token), `${words} does not go with ${spoken}`, `this clause may have ${list.join(", ")}`);
    }
    if (count > most) refuse(spanOf(token), `${words} stands here once too often`, "keep one of them");
  }
  const approved = modifiers.find(({ kind }) => kind === "approved");
  if (approved !== undefined && !counts.has("extension")) {
    refuse(
      spanOf(approved.token),
      "`approved by …` without an extension",
      "write `may be extended by at most …` before it",
    );
  }
}

function build(pieces: ClausePieces): Clause {
  const { predicate, subject, modifiers, span, strictness } = pieces;
  const find = <K extends ModifierKind>(kind: K) =>
    modifiers.find((one) => one.kind === kind) as Extract<Modifier, { kind: K }> | undefined;
  const amount = (kind: WithAmount): Amount | null => {
    const one = find(kind);
    return one !== undefined && "amount" in one ? one.amount : null;
  };
  const warnings = (): Amount[] => modifiers.flatMap((one) => (one.kind === "warn" ? [one.amount] : []));
  const common = {
    span,
    ...pieces.prefix,
    strictness,
    because: find("because")?.text ?? null,
    neverOverridable: modifiers.some(({ kind }) => kind === "never-overridable"),
  };
  const named = { ...common, subject: subject.name };
  switch (predicate.kind) {
    case "calibration":
      return {
        ...named,
        ...predicate,
        warnBefore: warnings(),
        referencesWithin: amount("references"),
        extension: extensionOf(find("extension"), find("approved")),
      };
    case "reading":
      return {
        ...named,
        ...predicate,
        readWith: subject.readWith,
        guardBand: amount("guarded"),
        settledFor: amount("settled"),
      };
    case "use":
      return {
        ...named,
        ...predicate,
        warnBefore: amount("warn"),
        enoughLeft: find("enough-left") !== undefined,
      };
    case "acknowledgement":
      return { ...common, ...predicate, who: whoOf(subject) };
    case "shelf-life":
      return { ...named, ...predicate, openedWithin: amount("opened") };
    default:
      return { ...named, ...predicate };
  }
}

function extensionOf(
  extension: { readonly atMost: Amount; readonly span: Span } | undefined,
  approved: { readonly roles: readonly Name[]; readonly span: Span } | undefined,
) {
  if (extension === undefined) return null;
  const span = { start: extension.span.start, end: Math.max(extension.span.end, approved?.span.end ?? 0) };
  return { kind: "extension" as const, atMost: extension.atMost, approvedBy: approved?.roles ?? [], span };
}

function whoOf({ name, count }: Subject): Who {
  if (count !== null) return { kind: "people", count, span: name.span };
  if (name.text === "operator") return { kind: "operator", span: name.span };
  return { kind: "role", role: name, span: name.span };
}
