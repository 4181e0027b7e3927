import type { Contract, Template, Test } from "../../grammar/ast.ts";
import { CLOSES_NOTHING } from "../../grammar/mistakes.ts";
import { parse } from "../../grammar/parser.ts";
import { nearestWord } from "../base/edit-distance.ts";
import { MAX_DIAGNOSTICS } from "../model/limits.ts";
import type { AcrossCheck } from "./analysis/asked-readings.ts";
import { type Body, body } from "./body.ts";
import { type CheckedBody, checkBody, checkTest, type Found } from "./body-checks.ts";
import { conflictingLimitsAcross } from "./checks/conflicting-limits.ts";
import { contradictionsAcross } from "./checks/contradiction.ts";
import { type ContractInFile, duplicateContracts } from "./checks/duplicate-contract.ts";
import { duplicates } from "./checks/duplicate-name.ts";
import { sourceTooLarge, tooManyClauses, tooManyDiagnostics, unusableIds } from "./checks/limit-exceeded.ts";
import { templateArguments } from "./checks/template-argument.ts";
import { undecidedAcross } from "./checks/undecided.ts";
import { unknown } from "./checks/unknown-name.ts";
import { type Diagnostic, type DiagnosticCode, diagnostic, type Finding, inOrder, type Place } from "./diagnostic.ts";
import { firstLineOf, placeOf, placeWithin, type Source, type SourceText, sourceText } from "./source-text.ts";
import { expanded } from "./templates.ts";

/** A contract that was read, and what the checks made of it. */
export interface AnalysedContract {
  readonly source: SourceText;
  readonly contract: Contract;
  readonly checked: CheckedBody;
}

/** A test that stands in a file of its own, or beside its contract. */
export interface OutsideTest {
  readonly source: SourceText;
  readonly test: Test;
  readonly contract: AnalysedContract;
}

export interface Analysis {
  readonly contracts: readonly AnalysedContract[];
  readonly outsideTests: readonly OutsideTest[];
  /** In the order of files, then places. */
  readonly diagnostics: readonly Diagnostic[];
}

type Report = (source: SourceText, code: DiagnosticCode, finding: Finding) => void;

/** Of contracts that may bind one station; a finding belongs to the later contract. */
const acrossChecks: readonly (readonly [DiagnosticCode, AcrossCheck])[] = [
  ["contradiction", contradictionsAcross],
  ["conflicting-limits", conflictingLimitsAcross],
  ["undecided", undecidedAcross],
];

/** Parses and checks files together: ids are unique, and contracts that bind one station do not contradict each other. */
export function analyse(sources: readonly Source[]): Analysis {
  const diagnostics: Diagnostic[] = [];
  const report: Report = (source, code, finding) => {
    diagnostics.push(diagnostic(code, source.name, finding));
  };
  const files = sources.map((source) => analyseFile(sourceText(source), report));
  const contracts = files.flatMap((file) => file.contracts);
  const all: ContractInFile[] = files.flatMap(({ source, all: inFile }) =>
    inFile.map((contract) => ({ source, contract })),
  );
  for (const { source, finding } of duplicateContracts(all)) report(source, "duplicate-contract", finding);
  const bodies = contracts.map(({ checked }) => checked);
  for (const [code, across] of acrossChecks) {
    for (const { body: later, finding } of across(bodies)) report(later.source, code, finding);
  }
  const outsideTests = files.flatMap(({ source, tests }) =>
    tests.flatMap((test) => placeTest(source, test, contracts, all, report)),
  );
  return { contracts, outsideTests, diagnostics: limited(diagnostics, files) };
}

interface AnalysedFile {
  readonly source: SourceText;
  readonly contracts: readonly AnalysedContract[];
  /** Every contract of the file, those of unknown templates too. */
  readonly all: readonly Contract[];
  readonly tests: readonly Test[];
}

function analyseFile(source: SourceText, report: Report): AnalysedFile {
  const tooLarge = sourceTooLarge(source);
  if (tooLarge.length > 0) {
    for (const finding of tooLarge) report(source, "limit-exceeded", finding);
    return { source, contracts: [], all: [], tests: [] };
  }
  const { file, diagnostics } = parse(source.text);
  for (const { code, message, span, help, fix, related } of diagnostics) {
    report(source, code, {
      place: placeOf(source, span),
      message,
      ...(help === undefined ? {} : { help }),
      ...(fix === undefined
        ? {}
        : { fix: { place: placeOf(source, fix.span), text: fix.text, title: titleOf(fix.text) } }),
      related: (related ?? []).map((one) => ({
        file: source.name,
        place: placeOf(source, one.span),
        message: one.message,
      })),
    });
  }
  const tooMany = tooManyClauses(source, file);
  for (const finding of tooMany) report(source, "limit-exceeded", finding);
  if (tooMany.length > 0) return { source, contracts: [], all: [], tests: [] };
  for (const finding of unusableIds(source, file)) report(source, "limit-exceeded", finding);
  const templates = file.items.filter((item) => item.kind === "template");
  const all = file.items.filter((item) => item.kind === "contract");
  for (const finding of duplicates(templates, source, "a template", "this file")) {
    report(source, "duplicate-name", finding);
  }
  const checkedTemplates = new Map(
    templates.map((template) => [template.name.text, checkTemplate(source, template, report)]),
  );
  const contracts = all.flatMap((contract) => checkContract(source, contract, checkedTemplates, report));
  const strayAt = diagnostics.findLast(({ message }) => message === CLOSES_NOTHING)?.span.start ?? -1;
  const tests = file.items.filter((item) => item.kind === "test");
  // Before a brace too many, a test without a contract stood in one: the brace is the mistake.
  return { source, contracts, all, tests: tests.filter(({ of, span }) => of !== null || span.start > strayAt) };
}

const titleOf = (text: string): string => (text === "" ? "remove it" : `write \`${text}\``);

interface CheckedTemplate {
  readonly template: Template;
  readonly reported: ReadonlySet<string>;
}

const keyOf = ({ code, finding }: Found): string => `${code} ${finding.place.line} ${finding.place.column}`;

/** A template is checked with its defaults, so that its own mistakes show once, and even while no contract uses it. */
function checkTemplate(source: SourceText, template: Template, report: Report): CheckedTemplate {
  const { found } = checkBody(body(source, template, null, expanded(template, [])));
  for (const { code, finding } of found) report(source, code, finding);
  return { template, reported: new Set(found.map(keyOf)) };
}

function checkContract(
  source: SourceText,
  contract: Contract,
  templates: ReadonlyMap<string, CheckedTemplate>,
  report: Report,
): AnalysedContract[] {
  const { from } = contract;
  if (from === null) {
    const checked = checkBody(body(source, contract, null, contract.members));
    for (const { code, finding } of checked.found) report(source, code, finding);
    return [{ source, contract, checked }];
  }
  const known = templates.get(from.template.text);
  if (known === undefined) {
    const place = placeWithin(source, contract.span, from.template.span);
    const names = [...templates.keys()];
    const message = `template \`${from.template.text}\` is not in this file`;
    const finding = unknown(message, place, nearestWord(from.template.text, names), names);
    const help = "a file is released as it is: copy the template into it";
    report(source, "unknown-name", { help, ...finding });
    return [];
  }
  const wrong = templateArguments(from, known.template, source);
  for (const { code, finding } of wrong) report(source, code, finding);
  const given = from.arguments.filter((argument) => !wrong.some((one) => one.argument === argument));
  const members = [...expanded(known.template, given), ...contract.members];
  const checked = checkBody(body(source, contract, known.template, members));
  reportOnce(source, contract, known, checked, report);
  return [{ source, contract, checked }];
}

/** What is wrong in the template was said there; what only these arguments make wrong is said where they stand. */
function reportOnce(
  source: SourceText,
  contract: Contract,
  { template, reported }: CheckedTemplate,
  { found }: CheckedBody,
  report: Report,
): void {
  const within = placeOf(source, template.span);
  const isTemplates = ({ line }: Place): boolean => line >= within.line && line <= within.endLine;
  const place = firstLineOf(source, contract.from?.span ?? contract.span);
  for (const one of found) {
    const { code, finding } = one;
    if (!isTemplates(finding.place)) report(source, code, finding);
    else if (!reported.has(keyOf(one))) {
      const { fix: _, ...rest } = finding;
      const related = [{ file: source.name, place: finding.place, message: "in the template, here" }];
      report(source, code, { ...rest, place, related: [...related, ...(finding.related ?? [])] });
    }
  }
}

function placeTest(
  source: SourceText,
  test: Test,
  contracts: readonly AnalysedContract[],
  all: readonly ContractInFile[],
  report: Report,
): OutsideTest[] {
  if (test.of === null) {
    const place = firstLineOf(source, test.span);
    const help = 'write `test "…" of CONTRACT-ID { … }`, or move it into its contract';
    report(source, "syntax", { place, message: "the test does not say which contract it tests", help });
    return [];
  }
  const name = test.of.text;
  const contract = contracts.find((one) => one.contract.id.text === name);
  if (contract !== undefined) {
    const seen: Body = { ...contract.checked.body, source };
    for (const { code, finding } of checkTest(test, seen)) report(source, code, finding);
    return [{ source, test, contract }];
  }
  const ids = all.map((one) => one.contract.id.text);
  if (ids.includes(name)) return [];
  const place = placeWithin(source, test.span, test.of.span);
  const message = `contract ${name} is not among the files checked together`;
  report(source, "unknown-name", unknown(message, place, nearestWord(name, ids), ids));
  return [];
}

/** The first hundred of a file, errors before warnings; nobody reads more, and machines choke on them. */
function limited(diagnostics: readonly Diagnostic[], files: readonly AnalysedFile[]): Diagnostic[] {
  const ordered = inOrder(
    diagnostics,
    files.map(({ source }) => source.name),
  );
  const byFile = Map.groupBy(ordered, ({ file }) => file);
  const sources = new Map(files.map(({ source }) => [source.name, source]));
  return [...byFile].flatMap(([file, found]) => {
    const source = sources.get(file);
    if (found.length <= MAX_DIAGNOSTICS || source === undefined) return found;
    const errors = found.filter(({ severity }) => severity === "error");
    const shown = new Set(
      [...errors, ...found.filter(({ severity }) => severity === "warning")].slice(0, MAX_DIAGNOSTICS),
    );
    const rest = tooManyDiagnostics(source, found.length - MAX_DIAGNOSTICS);
    return [
      ...found.filter((one) => shown.has(one)),
      ...(errors.length === 0 ? [] : [diagnostic("limit-exceeded", file, rest)]),
    ];
  });
}
