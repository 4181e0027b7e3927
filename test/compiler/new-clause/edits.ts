/**
 * A new kind of clause as an example: `the sieve must be clean`. An item is clean when nobody recorded `soiled` since it was
 * last `cleaned`. ARCHITECTURE.md "Adding a clause kind" walks through these edits; a test applies them to a copy.
 */
export interface Edit {
  readonly file: string;
  /** Stands once in the file; the text goes right behind it. Null makes the file. */
  readonly behind: string | null;
  readonly text: string;
}

const facts = `import type { Bundle, CleanClause } from "../../model/bundle.ts";
import { assetOf, type ClauseFacts, equipmentOf } from "./context.ts";
import { finding, known, notKnown } from "./part.ts";

/** Soiled counts unless a cleaning came after it; an event without a readable instant is the latest of its kind. */
export function cleanFacts(clause: CleanClause, bundle: Bundle): ClauseFacts {
  const asset = assetOf(bundle, clause.equipment);
  return (moment) => {
    const id = asset(moment);
    const item = equipmentOf(moment, id);
    if (item === undefined) return [notKnown("clean", [finding("equipment.unknown", id)])];
    const { events } = item;
    if (events === undefined) return [notKnown("clean", [finding("event.unknown", id)])];
    const latest = (kind: string, unread: number): number =>
      Math.max(Number.NEGATIVE_INFINITY, ...events.flatMap((one) => (one.kind === kind ? (one.at ?? unread) : [])));
    const soiled = latest("soiled", Number.POSITIVE_INFINITY);
    const isClean = soiled === Number.NEGATIVE_INFINITY || soiled < latest("cleaned", Number.NEGATIVE_INFINITY);
    return isClean ? [known("clean", {})] : [notKnown("clean", [finding("event.soiled", id)])];
  };
}
`;

export const edits: readonly Edit[] = [
  {
    file: "grammar/tokens.ts",
    behind: '  ...["expect", "allowed", "reason", "warning", "out", "locked"',
    text: ', "clean"',
  },
  {
    file: "grammar/ast.ts",
    behind:
      'export interface WarmUpClause extends ClauseBase<"warm-up"> {\n  readonly subject: Name;\n  readonly atLeast: Amount;\n}\n',
    text: '\n/** `X must be clean` */\nexport interface CleanClause extends ClauseBase<"clean"> {\n  readonly subject: Name;\n}\n',
  },
  { file: "grammar/ast.ts", behind: "export type Clause =\n", text: "  | CleanClause\n" },
  {
    file: "grammar/child-keys.ts",
    behind: '  "warm-up": ["order", "attribute", "freshness", "subject", "atLeast", "because"],\n',
    text: '  clean: ["order", "attribute", "freshness", "subject", "because"],\n',
  },
  {
    file: "grammar/parser-clauses.ts",
    behind: "      { ALT: (): Predicate => this.calibrated() },\n",
    text: '      {\n        ALT: (): Predicate => {\n          this.word("clean");\n          return { kind: "clean" };\n        },\n      },\n',
  },
  {
    file: "src/model/bundle.ts",
    behind:
      'export interface WarmUpClause extends ClauseBase<"warm-up"> {\n  readonly equipment: string;\n  readonly ms: number;\n}\n',
    text: '\nexport interface CleanClause extends ClauseBase<"clean"> {\n  readonly equipment: string;\n}\n',
  },
  { file: "src/model/bundle.ts", behind: "export type BundleClause =\n", text: "  | CleanClause\n" },
  { file: "src/model/bundle.ts", behind: '  "warm-up": ["on-time"],\n', text: '  clean: ["clean"],\n' },
  {
    file: "src/compiler/clause-kinds.ts",
    behind: 'export const clauseKinds: { readonly [K in Clause["kind"]]: CompilerKind<K> } = {\n',
    text: `  clean: {
    pieces: ({ subject, strictness }) => [\`the \${subject.text} \${strictness} be clean\`],
    uses: ({ subject }) => ({ names: [equipment(subject, "clean")] }),
    lower: ({ subject }) => ({ equipment: subject.text }),
  },
`,
  },
  { file: "src/runtime/facts/clean.ts", behind: null, text: facts },
  {
    file: "src/runtime/clause-kinds.ts",
    behind: 'import { checkListFacts } from "./facts/check-list.ts";\n',
    text: 'import { cleanFacts } from "./facts/clean.ts";\n',
  },
  {
    file: "src/runtime/clause-kinds.ts",
    behind: "export const clauseKinds: { readonly [K in ClauseKind]: RuntimeKind<K> } = {\n",
    text: "  clean: { facts: cleanFacts, shape: { equipment: name } },\n",
  },
];

/** What the new kind must do, as a contract that its tests prove. */
export const contract = `contract SIEVE-1 "A clean sieve" {
  for every station

  sieve is a sieve, by default "SV-1"

  before every test {
    clean-sieve:
      the sieve must be clean
        because "old powder hides cracks"
  }

  test "nothing happened to it" {
    at 2026-11-24 09:00 in America/Chicago
    expect allowed
  }

  test "soiled and not cleaned since" {
    at 2026-11-24 09:00 in America/Chicago
    sieve was cleaned on 2026-11-20
    sieve was soiled on 2026-11-21
    expect blocked by clean-sieve
    expect reason event.soiled of sieve
  }

  test "cleaned since" {
    at 2026-11-24 09:00 in America/Chicago
    sieve was soiled on 2026-11-21
    sieve was cleaned on 2026-11-22
    expect allowed
  }
}
`;
