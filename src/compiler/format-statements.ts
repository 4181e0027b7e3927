import type {
  Contract,
  Declaration,
  Following,
  Moment,
  Notice,
  Override,
  Scope,
  Template,
  Test,
  TestStatement,
  WhenBlocked,
} from "../../grammar/ast.ts";
import { amountText, assetText, quantityText, textOf, unitText, valueText } from "./format-words.ts";

/** Statements in pieces, as `clausePieces` has it for clauses. */
export type LeafMember = Scope | Following | Declaration | Override | WhenBlocked;

/** `width` is what a declaration's name is padded to. */
export function memberPieces(member: LeafMember, width: number): readonly string[] {
  switch (member.kind) {
    case "scope":
      if (member.order !== null) return [`for order ${textOf(member.order)}`];
      return [member.stationType === null ? "for every station" : `for every ${member.stationType.text} station`];
    case "following": {
      const [first = "", ...others] = member.documents.map(textOf);
      return [`following ${first}`, ...others];
    }
    case "override":
      return [overrideText(member)];
    case "when-blocked":
      return ["when blocked", ...member.notices.map(noticeText)];
    default:
      return declarationPieces(member, width);
  }
}

function overrideText({ roles, reason, atMost }: Override): string {
  const who = roles.map(({ text }) => text).join(" and ");
  const together = roles.length > 1 ? " together" : "";
  return `${who}${together} may override ${reason.text} for at most ${amountText(atMost)}`;
}

function noticeText({ role, severity, after }: Notice, index: number): string {
  const when = after === null ? "" : `after ${amountText(after)} `;
  return `${index === 0 ? "" : "and "}${when}tell ${role.text}${severity === null ? "" : ` with severity ${severity.text}`}`;
}

function declarationPieces(declaration: Declaration, width: number): readonly string[] {
  const head = `${declaration.name.text.padEnd(width)} is`;
  switch (declaration.kind) {
    case "difference":
      return [`${head} ${declaration.left.text} minus ${declaration.right.text}`];
    case "measured": {
      const { unit, plausible } = declaration;
      const range =
        plausible === null ? [] : [`plausible from ${amountText(plausible.low)} to ${amountText(plausible.high)}`];
      return [`${head} measured in ${unitText(unit)}`, ...range];
    }
    case "equipment":
    case "material": {
      const type = declaration.kind === "material" ? "material" : declaration.type.text;
      const asset = declaration.byDefault === null ? [] : [`by default ${assetText(declaration.byDefault)}`];
      return [`${head} ${/^[aeio]/.test(type) ? "an" : "a"} ${type}`, ...asset];
    }
  }
}

export function contractPieces({ id, title, from }: Contract): readonly string[] {
  const head = `contract ${id.text}${title === null ? "" : ` ${textOf(title)}`}`;
  if (from === null) return [head];
  return withBindings(`${head} from ${from.template.text}`, from.arguments);
}

export function templatePieces({ name, title, parameters }: Template): readonly string[] {
  return withBindings(`template ${name.text}${title === null ? "" : ` ${textOf(title)}`}`, parameters);
}

function withBindings(head: string, bound: Template["parameters"] | NonNullable<Contract["from"]>["arguments"]) {
  const [first, ...others] = bound.map(({ name, value }) => `${name.text} = ${valueText(value)}`);
  return first === undefined ? [head] : [`${head} with ${first}`, ...others];
}

export const testPieces = ({ title, of }: Test): readonly string[] => [
  `test ${textOf(title)}${of === null ? "" : ` of ${of.text}`}`,
];

const momentText = ({ date, time }: Moment): string => (date === null ? time.text : `${date.text} ${time.text}`);

export function testStatementPieces(statement: TestStatement): readonly string[] {
  switch (statement.kind) {
    case "test-shifts": {
      const [first = "", ...others] = statement.times.map(({ text }) => text);
      return [`shifts start at ${first}`, ...others];
    }
    case "expect-blocked": {
      const [first, ...others] = statement.by.map(({ text }) => text);
      return first === undefined ? ["expect blocked"] : [`expect blocked by ${first}`, ...others];
    }
    case "test-lot": {
      const { subject, expires, opened } = statement;
      return [`${subject.text} expires on ${expires.text}`, ...(opened === null ? [] : [`opened on ${opened.text}`])];
    }
    default:
      return [testStatementText(statement)];
  }
}

type PlainStatement = Exclude<TestStatement, { readonly kind: "test-shifts" | "expect-blocked" | "test-lot" }>;

function testStatementText(one: PlainStatement): string {
  switch (one.kind) {
    case "test-at":
      return `at ${one.date.text} ${one.time.text} in ${one.zone.text}`;
    case "test-operator":
      return `operator is ${textOf(one.operator)}`;
    case "test-order":
      return `order is ${textOf(one.order)}`;
    case "test-calibrated":
      return `${one.subject.text} was calibrated on ${one.on.text} with result ${one.result.text}`;
    case "test-on":
      return `${one.subject.text} has been on for ${quantityText(one.duration)}`;
    case "test-reads": {
      const withWhat = one.readWith === null ? "" : ` with ${one.readWith.text}`;
      const settled = one.settledFor === null ? "" : ` settled for ${quantityText(one.settledFor)}`;
      return `${one.subject.text} reads ${quantityText(one.value)} at ${momentText(one.at)}${withWhat}${settled}`;
    }
    case "test-acknowledged": {
      const role = one.role === null ? "" : ` as ${one.role.text}`;
      return `${textOf(one.step)} was acknowledged by ${textOf(one.by)}${role} at ${momentText(one.at)}`;
    }
    case "test-service":
      return `${one.subject.text} is ${one.state}`;
    case "test-attribute":
      return `${one.subject.text} is ${one.attribute.text}`;
    case "test-event":
      return `${one.subject.text} was ${one.event.text} on ${one.on.text}`;
    case "test-use":
      return `${one.subject.text} has run ${quantityText(one.amount)} since its ${one.since}`;
    case "test-planned":
      return `the test is planned for ${quantityText(one.amount)}`;
    case "test-checked":
      return `${one.subject.text} was checked by ${textOf(one.by)} at ${momentText(one.at)} with result ${one.result.text}`;
    case "test-used":
      return `${one.subject.text} was last used until ${momentText(one.until)}`;
    case "test-given":
      return `given facts ${textOf(one.file)}`;
    case "expect-allowed":
      return "expect allowed";
    case "expect-reason":
      return `expect ${one.level} ${one.code.text} of ${one.subject.kind === "name" ? one.subject.text : textOf(one.subject)}`;
  }
}
