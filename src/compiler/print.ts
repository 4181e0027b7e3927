import type {
  Before,
  Broken,
  Clause,
  Condition,
  Contract,
  Declaration,
  Doc,
  FileItem,
  Member,
  SourceFile,
  Span,
  Template,
  Test,
} from "../../grammar/ast.ts";
import type { Comment, SyntaxDiagnostic } from "../../grammar/parse-result.ts";
import { parse } from "../../grammar/parser.ts";
import { assert } from "../base/assert.ts";
import { clausePieces } from "./format-clause.ts";
import { Layout } from "./format-layout.ts";
import { contractPieces, memberPieces, templatePieces, testPieces, testStatementPieces } from "./format-statements.ts";
import { textOf } from "./format-words.ts";

export { printClause } from "./format-clause.ts";

export type Formatted =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly diagnostics: readonly SyntaxDiagnostic[] };

/** The text in the one format; a text with mistakes is not touched, its diagnostics are answered instead. */
export function formatSource(text: string): Formatted {
  const { file, diagnostics, comments } = parse(text);
  return diagnostics.length > 0 ? { ok: false, diagnostics } : { ok: true, text: printFile(file, comments) };
}

/** Prints a whole file. `comments` are those the file was parsed with. @throws AssertionFailed on a broken node */
export function printFile(file: SourceFile, comments: readonly Comment[] = []): string {
  const layout = new Layout(comments);
  for (const item of file.items) printItem(layout, item);
  return layout.finish();
}

/** Prints one contract, its doc comment included. @throws AssertionFailed on a broken node */
export function printContract(contract: Contract, comments: readonly Comment[] = []): string {
  const layout = new Layout(comments);
  printItem(layout, contract);
  return layout.finish();
}

function printItem(layout: Layout, item: FileItem) {
  switch (item.kind) {
    case "contract":
      return printBody(layout, item, contractPieces(item));
    case "template":
      return printBody(layout, item, templatePieces(item));
    case "test":
      return printTest(layout, item, 0);
    case "broken":
      return refuse(item);
  }
}

function refuse(node: Broken): never {
  assert(false, `a broken ${node.where} is never printed`);
}

/** Comments and docs above a node's first line; `headEnd` is where its first line ends in the source. */
function above(
  layout: Layout,
  depth: number,
  node: { readonly span: Span; readonly doc?: Doc | null },
  headEnd: number,
  group: boolean,
): void {
  layout.commentsBefore(node.span.start, headEnd, depth, group);
  if (node.doc && !layout.holds(node.doc.span)) layout.docs(depth, node.doc.lines);
}

function printBody(layout: Layout, item: Contract | Template, head: readonly string[]): void {
  const named =
    item.kind === "contract" ? [item.id, item.title, item.from] : [item.name, item.title, ...item.parameters];
  const headEnd = Math.max(...named.map((node) => node?.span.end ?? 0));
  above(layout, 0, item, headEnd, true);
  layout.statement(0, head, " {");
  layout.opened();
  const widths = nameWidths(item.members);
  for (const [index, member] of item.members.entries()) {
    printMember(layout, member, index === 0 || beginsGroup(item.members[index - 1], member), widths[index] ?? 0);
  }
  layout.close(item.span, 0);
}

const isDeclaration = (member: Member): member is Declaration =>
  member.kind === "equipment" ||
  member.kind === "material" ||
  member.kind === "measured" ||
  member.kind === "difference";

function groupOf(member: Member): string {
  if (isDeclaration(member)) return "declarations";
  return member.kind === "scope" || member.kind === "following" ? "head" : member.kind;
}

function beginsGroup(earlier: Member | undefined, member: Member): boolean {
  if (member.kind === "before" || member.kind === "test") return true;
  return earlier === undefined || groupOf(earlier) !== groupOf(member);
}

function printMember(layout: Layout, member: Member, group: boolean, width: number) {
  switch (member.kind) {
    case "before":
      return printBefore(layout, member, group);
    case "test":
      return printTest(layout, member, 1);
    case "broken":
      return refuse(member);
    default:
      above(layout, 1, member, member.span.end, group);
      return layout.statement(1, memberPieces(member, width));
  }
}

/** For each member the longest name among the declarations that stand together with it. */
function nameWidths(members: readonly Member[]): readonly number[] {
  const widths: number[] = [];
  for (let from = 0; from < members.length; from = widths.length) {
    let width = 0;
    let to = from;
    for (let member = members[to]; member !== undefined && isDeclaration(member); member = members[++to]) {
      width = Math.max(width, member.name.text.length);
    }
    do widths.push(width);
    while (widths.length < to);
  }
  return widths;
}

function printBefore(layout: Layout, before: Before, group: boolean): void {
  const { span, testKind, conditions } = before;
  above(layout, 1, before, testKind?.span.end ?? span.start + 1, group);
  layout.statement(1, [`before every ${testKind === null ? "" : `${testKind.text} `}test`], " {");
  layout.opened();
  for (const condition of conditions) {
    if (condition.kind === "broken") refuse(condition);
    printCondition(layout, condition);
  }
  layout.close(span, 1);
}

function printCondition(layout: Layout, condition: Condition): void {
  above(layout, 2, condition, condition.name.span.end, true);
  layout.code(2, `${condition.name.text}:`);
  for (const clause of condition.clauses) {
    if (clause.kind === "broken") refuse(clause);
    printClauseLines(layout, clause);
  }
}

function printClauseLines(layout: Layout, clause: Clause): void {
  above(layout, 3, { span: clause.span }, clause.span.end, false);
  layout.statement(3, clausePieces(clause));
  if (clause.because !== null) layout.code(4, `because ${textOf(clause.because)}`);
}

function printTest(layout: Layout, test: Test, depth: number): void {
  above(layout, depth, { span: test.span }, (test.of ?? test.title).span.end, true);
  layout.statement(depth, testPieces(test), " {");
  layout.opened();
  for (const statement of test.statements) {
    if (statement.kind === "broken") refuse(statement);
    above(layout, depth + 1, { span: statement.span }, statement.span.end, false);
    layout.statement(depth + 1, testStatementPieces(statement));
  }
  layout.close(test.span, depth);
}
