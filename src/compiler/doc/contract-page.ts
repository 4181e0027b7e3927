import type {
  Bundle,
  BundleClause,
  BundleExpectation,
  BundleQuantity,
  BundleTest,
  ClauseKind,
} from "../../model/bundle.ts";
import type { CompiledContract, TestBeside } from "../index.ts";
import { factsOfClause, msWords } from "./clause-facts.ts";
import { reasonsOfClause } from "./clause-reasons.ts";
import { drawingsOf, rulesOfClause, spokenRule } from "./forms.ts";
import {
  type Block,
  type ClauseBlock,
  code,
  type Fact,
  type Inline,
  joined,
  link,
  type Page,
  type TableBlock,
  type Text,
} from "./page.ts";
import { type SourceNotes, sourceNotes } from "./source-notes.ts";

export interface DocOptions {
  /** What a reason or warning code means, in a sentence. */
  readonly meaningOf?: (code: string) => string | undefined;
  /** A rule of the grammar drawn as an SVG, which links to other rules as `#name`. */
  readonly drawRule?: (rule: string) => string | undefined;
  /** Which clauses the tests saw, by line and words. */
  readonly coverage?: readonly ClauseSeen[];
  /** Tests of this contract in files of their own. */
  readonly testsBeside?: readonly TestBeside[];
  /** Shown as it is given; without it a page holds no date, and the same text gives the same bytes. */
  readonly date?: string;
}

export interface ClauseSeen {
  readonly line: number;
  readonly text: string;
  readonly satisfied: boolean;
  readonly violated: boolean;
}

/** A contract as a page for auditors. `text` is the source it was compiled from. */
export function contractPage(compiled: CompiledContract, text: string, options: DocOptions = {}): Page {
  const { bundle, digest } = compiled;
  const notes = sourceNotes(text, bundle.contract);
  const clauses = clauseBlocks(compiled, options);
  const sections: readonly Section[] = [
    { id: "at-a-glance", text: "At a glance", blocks: glance(compiled, notes, options) },
    { id: "equipment", text: "Equipment", blocks: equipmentTable(bundle, notes) },
    { id: "materials", text: "Materials", blocks: materialTable(bundle, notes) },
    { id: "quantities", text: "Quantities", blocks: quantityTable(bundle, notes) },
    { id: "conditions", text: "Conditions and clauses", blocks: conditionBlocks(bundle, notes, clauses) },
    { id: "overrides", text: "Who may override", blocks: overrideBlocks(bundle) },
    { id: "escalation", text: "Who is told when a test is blocked", blocks: escalationTable(bundle) },
    { id: "tests", text: "Tests", blocks: testBlocks(bundle, options) },
    { id: "reasons", text: "Reasons and warnings", blocks: reasonTable(bundle, options) },
  ];
  const shown = sections.filter(({ blocks }) => blocks.length > 0);
  const doc: readonly Block[] = bundle.doc === null ? [] : paragraphs(bundle.doc);
  const contents: Block = { kind: "contents", items: shown.map(({ id, text: words }) => ({ id, text: words })) };
  const body = shown.flatMap(({ id, text: words, blocks }): Block[] => [
    { kind: "heading", level: 2, id, text: words },
    ...blocks,
  ]);
  const blocks = [...doc, contents, ...body, ...formBlocks(bundle, options)];
  return { title: bundle.title, id: bundle.contract, digest, blocks };
}

interface Section {
  readonly id: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

const paragraphs = (text: string): readonly Block[] =>
  text
    .split(/\n\s*\n/)
    .map((part) => part.replace(/\s*\n\s*/g, " ").trim())
    .filter((part) => part !== "")
    .map((part) => ({ kind: "paragraph", text: [part] }));

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

export function bindsWords({ scope }: Bundle): string {
  const stations = scope.stationType === null ? "every station" : `every ${scope.stationType} station`;
  return scope.order === null ? stations : `${stations}, for order ${scope.order}`;
}

export function clauseCounts({ clauses }: Bundle): string {
  const must = clauses.filter(({ strictness }) => strictness === "must").length;
  const should = clauses.length - must;
  return `${plural(must, "must clause")}${should === 0 ? "" : `, ${plural(should, "should clause")}`}`;
}

function glance(
  { bundle, digest, file }: CompiledContract,
  notes: SourceNotes,
  { date, coverage }: DocOptions,
): readonly Block[] {
  const { following, conditions, source } = bundle;
  const rows: Fact[] = [
    { term: "Binds", text: [bindsWords(bundle)] },
    { term: "Documents followed", text: following.length === 0 ? ["none named"] : joined(following) },
    { term: "Asks for", text: [`${clauseCounts(bundle)} in ${plural(conditions.length, "condition")}`] },
    ...templateFacts(notes),
    ...(coverage === undefined ? [] : [{ term: "Tests saw", text: [seenWords(bundle, coverage)] }]),
    { term: "Source file", text: [code(file)] },
    { term: "Source digest", text: [code(source.digest)] },
    { term: "Bundle digest", text: [code(digest)] },
    ...(date === undefined ? [] : [{ term: "Date of this page", text: [date] }]),
  ];
  return [
    { kind: "facts", rows },
    {
      kind: "paragraph",
      text: [
        "A test may start only while every ",
        { kind: "strong", text: "must" },
        " clause is positively satisfied by known and fresh evidence. A ",
        { kind: "strong", text: "should" },
        " clause warns and does not block.",
      ],
    },
  ];
}

function templateFacts({ template }: SourceNotes): readonly Fact[] {
  if (template === null) return [];
  const { name, title, parameters } = template;
  const values = parameters.flatMap(({ name: parameter, value, isDefault }, index): Inline[] => [
    ...(index === 0 ? [] : [", "]),
    code(`${parameter} = ${value}`),
    ...(isDefault ? [" (default)"] : []),
  ]);
  return [
    { term: "Made from template", text: [code(name), ...(title === null ? [] : [`, ${title}`])] },
    ...(values.length === 0 ? [] : [{ term: "Its parameters", text: values }]),
  ];
}

const rowOfClause = (coverage: readonly ClauseSeen[], { line, text }: BundleClause): ClauseSeen | undefined =>
  coverage.find((one) => one.line === line && one.text === text);

function seenWords({ clauses }: Bundle, coverage: readonly ClauseSeen[]): string {
  const both = clauses.filter((clause) => {
    const seen = rowOfClause(coverage, clause);
    return seen?.satisfied === true && seen.violated;
  });
  return `${both.length} of ${plural(clauses.length, "clause")} both satisfied and not satisfied`;
}

/** A column of remarks where one of the rows has any. */
function withRemarks(
  table: Omit<TableBlock, "kind">,
  names: readonly string[],
  docs: ReadonlyMap<string, string>,
): readonly Block[] {
  if (table.rows.length === 0) return [];
  if (!names.some((name) => docs.has(name))) return [{ kind: "table", ...table }];
  const rows = table.rows.map((row, index) => [...row, [docs.get(names[index] ?? "") ?? ""]]);
  return [{ kind: "table", caption: table.caption, head: [...table.head, "Remarks"], rows }];
}

const none: Text = ["—"];
const given = (text: string | null): Text => (text === null ? none : [text]);

function equipmentTable({ equipment }: Bundle, { docs }: SourceNotes): readonly Block[] {
  const rows = equipment.map(({ name, type, asset, line }): readonly Text[] => [
    [code(name)],
    [type],
    given(asset),
    [String(line)],
  ]);
  const caption = "The default asset counts where the station's register binds no other";
  return withRemarks(
    { caption, head: ["Role", "Type", "Default asset", "Line"], rows },
    equipment.map(({ name }) => name),
    docs,
  );
}

function materialTable({ materials }: Bundle, { docs }: SourceNotes): readonly Block[] {
  const rows = materials.map(({ name, lot, line }): readonly Text[] => [[code(name)], given(lot), [String(line)]]);
  const caption = "The default material counts where the station's register binds no other";
  return withRemarks(
    { caption, head: ["Role", "Default material", "Line"], rows },
    materials.map(({ name }) => name),
    docs,
  );
}

function quantityTable({ quantities }: Bundle, { docs }: SourceNotes): readonly Block[] {
  const rows = quantities.map((quantity): readonly Text[] => [
    [code(quantity.name)],
    [quantity.unit],
    plausibleText(quantity),
    quantity.difference === null ? ["read"] : [`${quantity.difference.left} minus ${quantity.difference.right}`],
    [String(quantity.line)],
  ]);
  const caption = "A reading outside the plausible range, both ends included, counts as no reading";
  return withRemarks(
    { caption, head: ["Quantity", "Unit", "Plausible", "How it comes about", "Line"], rows },
    quantities.map(({ name }) => name),
    docs,
  );
}

const plausibleText = ({ plausible }: BundleQuantity): Text =>
  plausible === null ? none : [`${plausible.from} to ${plausible.to}`];

function conditionBlocks(
  { conditions }: Bundle,
  { conditionDocs }: SourceNotes,
  clauses: ReadonlyMap<string, readonly ClauseBlock[]>,
): readonly Block[] {
  return conditions.flatMap(({ name, testKind }, at): readonly Block[] => {
    const doc = conditionDocs.get(name);
    const asked = testKind === null ? "Asked before every test." : `Asked before every ${testKind} test.`;
    return [
      { kind: "heading", level: 3, id: `condition-${name}`, text: `${at + 1}. ${name}` },
      ...(doc === undefined ? [] : paragraphs(doc)),
      ...(testKind === null ? [] : [{ kind: "paragraph", text: [asked] } as const]),
      ...(clauses.get(name) ?? []),
    ];
  });
}

function clauseBlocks(compiled: CompiledContract, options: DocOptions): ReadonlyMap<string, readonly ClauseBlock[]> {
  const { bundle } = compiled;
  return new Map(
    bundle.conditions.map(({ name }, at) => {
      const own = bundle.clauses.filter(({ condition }) => condition === name);
      return [name, own.map((clause, index) => clauseBlock(clause, `${at + 1}.${index + 1}`, compiled, options))];
    }),
  );
}

function clauseBlock(
  clause: BundleClause,
  number: string,
  { bundle, file }: CompiledContract,
  { coverage, drawRule }: DocOptions,
): ClauseBlock {
  const { reasons, warnings } = reasonsOfClause(clause);
  const { strictness, text, because } = clause;
  const codes = strictness === "must" ? reasons : [];
  const warns = strictness === "must" ? warnings : [...reasons, ...warnings];
  const facts: Fact[] = [
    ...(clause.order === null ? [] : [{ term: "Only for", text: [`order ${clause.order}`] }]),
    ...(clause.attribute === null
      ? []
      : [{ term: "Only when", text: [code(clause.attribute.equipment), ` is ${clause.attribute.attribute}`] }]),
    ...factsOfClause(clause, bundle),
    { term: "Strictness", text: [strictness === "must" ? "must: blocks the test" : "should: warns, does not block"] },
    ...(strictness === "must" ? [{ term: "Override", text: overrideText(clause, reasons, bundle) }] : []),
    ...(codes.length === 0 ? [] : [{ term: "Reasons", text: codeLinks(codes) }]),
    ...(warns.length === 0 ? [] : [{ term: "Warnings", text: codeLinks(warns) }]),
    ...seenFact(clause, coverage),
    { term: "Where", text: [code(`${file}:${clause.line}`)] },
    ...formFact(clause.kind, drawRule),
  ];
  return { kind: "clause", id: `clause-${clause.index + 1}`, number, strictness, words: text, because, facts };
}

function formFact(kind: ClauseKind, drawRule: DocOptions["drawRule"]): readonly Fact[] {
  const drawn = rulesOfClause(kind).filter((rule) => drawRule?.(rule) !== undefined);
  return drawn.length === 0
    ? []
    : [{ term: "Form", onScreen: true, text: joined(drawn.map((rule) => link(spokenRule(rule), `#${rule}`))) }];
}

function formBlocks({ clauses }: Bundle, { drawRule }: DocOptions): readonly Block[] {
  const kinds = [...new Set(clauses.map(({ kind }) => kind))];
  const items = drawRule === undefined ? [] : drawingsOf(kinds, drawRule);
  return items.length === 0 ? [] : [{ kind: "drawings", id: "forms", text: "The forms of these clauses", items }];
}

const anchorOf = (reason: string): string => `reason-${reason.replace(".", "-")}`;
const codeLinks = (codes: readonly string[]): Text => joined(codes.map((one) => link(one, `#${anchorOf(one)}`)));

function overrideText({ neverOverridable }: BundleClause, reasons: readonly string[], { overrides }: Bundle): Text {
  if (neverOverridable) return ["never"];
  const fitting = overrides.filter(({ reason }) => reasons.includes(reason));
  if (fitting.length === 0) return ["none: the contract names no policy for its reasons"];
  return fitting.flatMap(({ roles, reason, capMs }, index): Inline[] => [
    ...(index === 0 ? [] : ["; "]),
    code(reason),
    ` by ${roles.join(" and ")}${roles.length > 1 ? " together" : ""}, for at most ${msWords(capMs)}`,
  ]);
}

function seenFact(clause: BundleClause, coverage: readonly ClauseSeen[] | undefined): readonly Fact[] {
  if (coverage === undefined) return [];
  const seen = rowOfClause(coverage, clause);
  const words = [
    ...(seen?.satisfied === true ? ["satisfied"] : []),
    ...(seen?.violated === true ? ["not satisfied"] : []),
  ];
  return [{ term: "Tests saw it", text: [words.length === 0 ? "never" : words.join(" and ")] }];
}

function overrideBlocks({ overrides }: Bundle): readonly Block[] {
  if (overrides.length === 0) return [{ kind: "paragraph", text: ["Nobody: the contract names no override policy."] }];
  const rows = overrides.map(({ reason, roles, capMs, line }): readonly Text[] => [
    [link(reason, `#${anchorOf(reason)}`)],
    [roles.length > 1 ? `${roles.join(" and ")}, together` : roles.join("")],
    [msWords(capMs)],
    [String(line)],
  ]);
  const caption = "Each role is filled by a different person, none of them the operator of the test";
  return [{ kind: "table", caption, head: ["Reason", "Who", "At most for", "Line"], rows }];
}

function escalationTable({ whenBlocked }: Bundle): readonly Block[] {
  if (whenBlocked.length === 0) return [];
  const rows = whenBlocked.map(({ role, severity, afterMs, line }): readonly Text[] => [
    [role],
    [severity],
    [afterMs === 0 ? "at once" : `after ${msWords(afterMs)}`],
    [String(line)],
  ]);
  return [{ kind: "table", caption: "In this order", head: ["Who", "Severity", "When", "Line"], rows }];
}

function testBlocks({ tests }: Bundle, { testsBeside = [] }: DocOptions): readonly Block[] {
  const own = tests.map((test) => testRow(test, String(test.line)));
  const beside = testsBeside.map(({ test, file }) => testRow(test, `${file}:${test.line}`));
  const head = ["Test", "At", "Expects", "Line"];
  const blocks: readonly TableBlock[] = [
    { kind: "table", caption: "In the contract: a node runs these before it activates it", head, rows: own },
    { kind: "table", caption: "In files beside the contract", head, rows: beside },
  ];
  const shown = blocks.filter(({ rows }) => rows.length > 0);
  if (shown.length > 0) return shown;
  return [{ kind: "paragraph", text: ["None: what the contract decides is not shown by an example of its own."] }];
}

const testRow = ({ name, at, plantZone, expect }: BundleTest, line: string): readonly Text[] => [
  [name],
  [`${at.replace("T", " ")} in ${plantZone}`],
  joined(expect.map(expectationWords)),
  [line],
];

function expectationWords(one: BundleExpectation): string {
  switch (one.kind) {
    case "allowed":
      return "allowed";
    case "blocked":
      return one.by.length === 0 ? "blocked" : `blocked by ${one.by.join(" and ")}`;
    default:
      return `${one.kind} ${one.code} of ${one.subject}`;
  }
}

function reasonTable(bundle: Bundle, { meaningOf }: DocOptions): readonly Block[] {
  const clausesOf = new Map<string, Inline[]>();
  const numbers = new Map(
    bundle.conditions.flatMap(({ name }, at) =>
      bundle.clauses
        .filter(({ condition }) => condition === name)
        .map(({ index }, place) => [index, `${at + 1}.${place + 1}`] as const),
    ),
  );
  for (const clause of bundle.clauses) {
    const { reasons, warnings } = reasonsOfClause(clause);
    for (const one of new Set<string>([...reasons, ...warnings])) {
      const known = clausesOf.get(one) ?? [];
      known.push(link(numbers.get(clause.index) ?? "", `#clause-${clause.index + 1}`));
      clausesOf.set(one, known);
    }
  }
  const codes = [...clausesOf.keys()].sort();
  const rows = codes.map((one): readonly Text[] => [
    [code(one)],
    [meaningOf?.(one) ?? ""],
    joined(clausesOf.get(one) ?? []),
  ]);
  const caption = "What a decision says when a clause is not satisfied, and what it warns of";
  return [{ kind: "table", caption, head: ["Code", "Meaning", "Clauses"], rows, rowIds: codes.map(anchorOf) }];
}
