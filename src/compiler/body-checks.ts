import type { Test } from "../../grammar/ast.ts";
import { type Body, clausesOf, declarationsOf, type PlacedClause, type Thing, testsOf } from "./body.ts";
import type { BodyCheck, BodyContext, SoundClause, ThingCheck } from "./check-context.ts";
import { conflictingLimits } from "./checks/conflicting-limits.ts";
import { contradiction } from "./checks/contradiction.ts";
import { duplicateName } from "./checks/duplicate-name.ts";
import { emptyCondition } from "./checks/empty-condition.ts";
import { emptyContract } from "./checks/empty-contract.ts";
import { limitExceeded } from "./checks/limit-exceeded.ts";
import { loosens } from "./checks/loosens.ts";
import { missingUnit } from "./checks/missing-unit.ts";
import { neverBlocks } from "./checks/never-blocks.ts";
import { noFreshness } from "./checks/no-freshness.ts";
import { overrideOfLockout } from "./checks/override-of-lockout.ts";
import { overrideUnknownReason } from "./checks/override-unknown-reason.ts";
import { redundant } from "./checks/redundant.ts";
import { syntax } from "./checks/syntax.ts";
import { testUnknownCondition } from "./checks/test-unknown-condition.ts";
import { undecided } from "./checks/undecided.ts";
import { unitMismatch } from "./checks/unit-mismatch.ts";
import { unknownName } from "./checks/unknown-name.ts";
import { unknownUnit } from "./checks/unknown-unit.ts";
import { unsatisfiable } from "./checks/unsatisfiable.ts";
import { unusedName } from "./checks/unused-name.ts";
import { wrongKind } from "./checks/wrong-kind.ts";
import { type DiagnosticCode, type Finding, severityOf } from "./diagnostic.ts";
import { lowerClause } from "./lower/clause.ts";
import { quantityOf } from "./lower/contract.ts";
import { firstLineOf, placeOf, placeWithin } from "./source-text.ts";
import { usesOf } from "./uses.ts";

/** In this order; the first that finds something speaks, and the thing takes part in no other check. */
const thingChecks: readonly (readonly [DiagnosticCode, ThingCheck])[] = [
  ["limit-exceeded", limitExceeded],
  ["unknown-name", unknownName],
  ["wrong-kind", wrongKind],
  ["no-freshness", noFreshness],
  ["unknown-unit", unknownUnit],
  ["missing-unit", missingUnit],
  ["unit-mismatch", unitMismatch],
  ["syntax", syntax],
  ["override-of-lockout", overrideOfLockout],
  ["override-unknown-reason", overrideUnknownReason],
  ["test-unknown-condition", testUnknownCondition],
];

/** Of a whole contract or template. */
const bodyChecks: readonly (readonly [DiagnosticCode, BodyCheck])[] = [
  ["duplicate-name", duplicateName],
  ["empty-contract", emptyContract],
  ["empty-condition", emptyCondition],
  ["unused-name", unusedName],
  ["contradiction", contradiction],
  ["conflicting-limits", conflictingLimits],
  ["loosens", loosens],
  ["redundant", redundant],
  ["undecided", undecided],
];

export interface Found {
  readonly code: DiagnosticCode;
  readonly finding: Finding;
}

export interface CheckedBody {
  readonly body: Body;
  /** Clauses nothing is wrong with, compiled. Where `hasErrors` is false these are all of them. */
  readonly sound: readonly SoundClause[];
  readonly found: readonly Found[];
  readonly hasErrors: boolean;
}

/** Everything there is to say about one contract or template by itself. Pure; the parser's own findings are not among it. */
export function checkBody(body: Body): CheckedBody {
  const found: Found[] = [];
  const broken = new Set<Thing>();
  const clauses = clausesOf(body.members);
  const others = body.members.filter((member) => member.kind === "override" || member.kind === "when-blocked");
  for (const thing of [...declarationsOf(body.members), ...others, ...clauses.map(({ clause }) => clause)]) {
    const findings = findingsOf(thing, body);
    if (findings.length > 0) broken.add(thing);
    found.push(...findings);
  }
  for (const test of testsOf(body.members)) found.push(...checkTest(test, body));
  const sound = soundClauses(clauses, broken, body, found);
  const context: BodyContext = {
    body,
    sound,
    firstLine: (node) => firstLineOf(body.source, node),
    at: (spot) => placeOf(body.source, spot),
  };
  for (const [code, check] of bodyChecks) for (const finding of check(context)) found.push({ code, finding });
  return { body, sound, found, hasErrors: found.some(({ code }) => severityOf(code) === "error") };
}

function findingsOf(thing: Thing, body: Body): Found[] {
  const at = (spot: Thing["span"]) => placeWithin(body.source, thing.span, spot);
  const context = { body, uses: usesOf(thing, body), at };
  for (const [code, check] of thingChecks) {
    const findings = check(thing, context);
    if (findings.length > 0) return findings.map((finding) => ({ code, finding }));
  }
  return [];
}

/** Clauses that can be compiled, those that nothing satisfies left out; clauses on broken declarations are silent. */
function soundClauses(
  clauses: readonly PlacedClause[],
  broken: ReadonlySet<Thing>,
  body: Body,
  found: Found[],
): SoundClause[] {
  const quantity = (name: string) => quantityOf(body, name);
  return clauses.flatMap((placed, index) => {
    const { clause } = placed;
    if (broken.has(clause) || restsOnBroken(clause, broken, body)) return [];
    const sound = { placed, compiled: lowerClause(placed, index, body) };
    const place = firstLineOf(body.source, clause.span);
    const never = unsatisfiable(sound, quantity, place);
    for (const finding of never) found.push({ code: "unsatisfiable", finding });
    if (never.length > 0) return [];
    for (const finding of neverBlocks(sound, quantity, place)) found.push({ code: "never-blocks", finding });
    return [sound];
  });
}

function restsOnBroken(clause: Thing, broken: ReadonlySet<Thing>, body: Body): boolean {
  return usesOf(clause, body).names.some(({ name }) => {
    const declared = body.declared.get(name.text);
    if (declared === undefined || declared.kind === "broken" || declared.kind === "parameter") return true;
    return broken.has(declared) || (declared.kind === "difference" && restsOnBroken(declared, broken, body));
  });
}

/** The statements of a test, and whether it says when it is and what it expects. */
export function checkTest(test: Test, body: Body): Found[] {
  const statements = test.statements.filter((statement) => statement.kind !== "broken");
  const found = statements.flatMap((statement) => findingsOf(statement, body));
  if (statements.length < test.statements.length) return found;
  const place = firstLineOf(body.source, test.span);
  const instants = statements.filter(({ kind }) => kind === "test-at").length;
  if (instants !== 1) {
    const message = instants === 0 ? "the test does not say when it is" : "the test says more than once when it is";
    const help = "write one line such as `at 2026-11-24 09:00 in America/Chicago`";
    found.push({ code: "syntax", finding: { place, message, help } });
  }
  if (!statements.some(({ kind }) => kind.startsWith("expect-"))) {
    const help = "write a line such as `expect allowed` or `expect blocked by NAME`";
    found.push({ code: "syntax", finding: { place, message: "the test expects nothing", help } });
  }
  return found;
}
