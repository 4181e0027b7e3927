import { createHash } from "node:crypto";
import type { Test } from "../../grammar/ast.ts";
import { canonicalJson } from "../base/canonical-json.ts";
import { nearestWord } from "../base/edit-distance.ts";
import { isJsonArray, isJsonNumber, isJsonObject, type Json, parseStrictJson } from "../base/strict-json.ts";
import type { Bundle, BundleTest } from "../model/bundle.ts";
import type { ContractId, Digest } from "../model/ids.ts";
import { type AnalysedContract, analyse } from "./analyse.ts";
import { unknown } from "./checks/unknown-name.ts";
import { type Diagnostic, diagnostic, type Finding, inOrder } from "./diagnostic.ts";
import { lowerContract } from "./lower/contract.ts";
import { lowerTest } from "./lower/test.ts";
import { placeWithin, type Source, type SourceText } from "./source-text.ts";

export type { Bundle } from "../model/bundle.ts";
export type { Facts } from "./analysis/witness.ts";
export { type BoundaryTests, boundaryTests, type LeftOut } from "./boundary-tests/generate.ts";
export type { Change, Direction } from "./compare/changes.ts";
export { type Comparison, compareContracts, counterexamplesOf } from "./compare/compare.ts";
export type { Candidate } from "./compare/counterexamples.ts";
export { directionOf, type VersionDirection } from "./compare/direction.ts";
export {
  DIAGNOSTIC_CODES,
  type Diagnostic,
  type DiagnosticCode,
  type DiagnosticSeverity,
  type Fix,
  type Place,
  type Related,
  severityOf,
} from "./diagnostic.ts";
export type { Paint, RenderOptions } from "./render/options.ts";
export {
  DIAGNOSTIC_FORMATS,
  type DiagnosticFormat,
  renderDiagnostics,
} from "./render/render.ts";
export type { Source } from "./source-text.ts";

export interface CompileOptions {
  /** The text of a facts file named by `given facts "…"` in the file `from`; undefined where there is none. */
  readonly readFacts?: (file: string, from: string) => string | undefined;
  /** The time zones that tests may name; left out, any name is taken and found out when the test runs. */
  readonly zones?: KnownZones;
}

export interface KnownZones {
  readonly isKnown: (zone: string) => boolean;
  /** For the nearest name; need not hold every alias. */
  readonly names: () => readonly string[];
}

export interface Checked {
  /** In the order of files, then places; at most a hundred a file. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface CompiledContract {
  readonly id: ContractId;
  readonly bundle: Bundle;
  /** RFC 8785 JSON of the bundle: the same text gives the same bytes on every machine. */
  readonly bytes: string;
  /** Digest of `bytes` as UTF-8. */
  readonly digest: Digest;
  readonly file: string;
}

/** A test from another file than its contract's: it is no part of the bundle. */
export interface TestBeside {
  readonly contract: ContractId;
  readonly file: string;
  readonly test: BundleTest;
}

export interface Compiled extends Checked {
  /** Contracts without errors, in source order. */
  readonly contracts: readonly CompiledContract[];
  readonly testsBeside: readonly TestBeside[];
}

/** Says what is wrong with files that are released or used together. Never throws on any text. */
export function check(sources: readonly Source[], options: CompileOptions = {}): Checked {
  const { diagnostics } = compile(sources, options);
  return { diagnostics };
}

/** Text to bundles. A contract with an error gives no bundle; a contract whose file has one gives none either. */
export function compile(sources: readonly Source[], options: CompileOptions = {}): Compiled {
  const { contracts, outsideTests, diagnostics } = analyse(sources);
  const found: Diagnostic[] = [...diagnostics];
  const broken = new Set(found.filter(({ severity }) => severity === "error").map(({ file }) => file));
  const compiled: CompiledContract[] = [];
  const testsBeside: TestBeside[] = [];
  const digests = new Map<SourceText, Digest>();
  for (const analysed of contracts) {
    const { source, contract, checked } = analysed;
    if (broken.has(source.name) || checked.hasErrors) continue;
    const inside = checked.body.members.filter((member) => member.kind === "test");
    const beside = outsideTests.filter((one) => one.contract === analysed && !broken.has(one.source.name));
    const own = [...inside, ...beside.filter((one) => one.source === source).map(({ test }) => test)];
    const tests = own.map((test) => testOf(test, analysed, source, options, found));
    for (const { source: from, test } of beside.filter((one) => one.source !== source)) {
      const lowered = testOf(test, analysed, from, options, found);
      if (lowered !== undefined) testsBeside.push({ contract: contract.id.text, file: from.name, test: lowered });
    }
    if (tests.includes(undefined)) continue;
    const digest = digests.get(source) ?? sha256(source.text);
    digests.set(source, digest);
    const sound = tests.filter((test) => test !== undefined);
    const bundle = lowerContract(contract, checked.body, checked.sound, sound, digest);
    const bytes = canonicalJson(bundle);
    compiled.push({ id: contract.id.text, bundle, bytes, digest: sha256(bytes), file: source.name });
  }
  const names = sources.map(({ name }) => name);
  return { contracts: compiled, testsBeside, diagnostics: inOrder(found, names) };
}

const sha256 = (text: string): Digest => `sha256:${createHash("sha256").update(text, "utf8").digest("hex")}`;

/** A compiled test, or undefined where its facts cannot be had: then a finding says so. */
function testOf(
  test: Test,
  { checked }: AnalysedContract,
  source: SourceText,
  { readFacts, zones }: CompileOptions,
  found: Diagnostic[],
): BundleTest | undefined {
  const strange = zones === undefined ? [] : unknownZones(test, source, zones);
  for (const finding of strange) found.push(diagnostic("unknown-name", source.name, finding));
  if (strange.length > 0) return undefined;
  const body = { ...checked.body, source };
  const given = test.statements.find((statement) => statement.kind === "test-given");
  if (given === undefined) return lowerTest(test, body, null);
  const refuse = (message: string): undefined => {
    const place = placeWithin(source, given.span, given.file.span);
    found.push(diagnostic("unknown-name", source.name, { place, message }));
  };
  const name = given.file.value;
  const text = readFacts?.(name, source.name);
  if (text === undefined) return refuse(`there is no facts file ${JSON.stringify(name)} beside this file`);
  const facts = parseStrictJson(text);
  if (!facts.ok) {
    const { line, column, message } = facts.error;
    return refuse(`facts file ${JSON.stringify(name)}, line ${line}, column ${column}: ${message}`);
  }
  if (!isJsonObject(facts.value)) return refuse(`facts file ${JSON.stringify(name)} holds no object`);
  return lowerTest(test, body, plain(facts.value) as { [key: string]: unknown });
}

/** A test in a zone that nobody knows would be skipped by every node, and so would prove nothing. */
function unknownZones({ statements }: Test, source: SourceText, { isKnown, names }: KnownZones): Finding[] {
  return statements.flatMap((statement) => {
    if (statement.kind !== "test-at" || isKnown(statement.zone.text)) return [];
    const { text } = statement.zone;
    const nearest = nearestWord(text, names());
    return [
      unknown(
        `there is no time zone \`${text}\``,
        placeWithin(source, statement.span, statement.zone.span),
        nearest,
        [],
      ),
    ];
  });
}

/** Exact JSON as a snapshot of a bundle has it: numbers as their decimals. */
function plain(value: Json): unknown {
  if (isJsonNumber(value)) return { $number: value.text };
  if (isJsonObject(value)) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  return isJsonArray(value) ? value.map(plain) : value;
}
