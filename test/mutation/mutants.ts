import { parseSync } from "vite";

/** One small change of one file: the text from `start` to `end` becomes `text`. */
export interface Mutant {
  readonly path: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** `< to <=`, for people. */
  readonly what: string;
}

interface AstNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

/** An operator and what it is mistaken for: the neighbour at the boundary, and the opposite. */
const MISTAKEN: { readonly [operator: string]: readonly string[] } = {
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "&&": ["||"],
  "||": ["&&"],
};

/** What only words for people are made of: a decision is the same without it. Its texts have tests of their own. */
const FOR_PEOPLE = /^(show\w*|shown\w*|plural|limitWords|spanWords|words|asWritten|lateness|reading|print\w*)$/;
/** Invariants of ours: what they forbid cannot happen, so that no test can tell them from others. */
const INVARIANTS = /^assert$/;

/** Every mutant of a file, in the order of its text. */
export function mutantsOf(path: string, source: string): readonly Mutant[] {
  const mutants: Mutant[] = [];
  const add = (start: number, end: number, text: string, what: string): void => {
    mutants.push({ path, line: source.slice(0, start).split("\n").length, start, end, text, what });
  };
  walk(parseSync(path, source).program as unknown as AstNode, (node) => mutateNode(node, source, add));
  return mutants;
}

export const mutated = (source: string, { start, end, text }: Mutant): string =>
  source.slice(0, start) + text + source.slice(end);

/** Its line in the mutant, without indentation: names it as long as that line stays as it is. */
export function changedLine(source: string, mutant: Mutant): string {
  const changed = mutated(source, mutant);
  const begin = changed.lastIndexOf("\n", mutant.start - 1) + 1;
  const end = changed.indexOf("\n", mutant.start + mutant.text.length);
  return changed.slice(begin, end < 0 ? undefined : end).trim();
}

type Add = (start: number, end: number, text: string, what: string) => void;

function mutateNode(node: AstNode, source: string, add: Add): void {
  switch (node.type) {
    case "BinaryExpression":
    case "LogicalExpression":
      mutateOperator(node, source, add);
      break;
    case "IfStatement":
    case "ConditionalExpression": {
      const { start, end } = node["test"] as AstNode;
      add(start, end, `!(${source.slice(start, end)})`, "condition turned round");
      break;
    }
    case "UnaryExpression":
      if (node["operator"] === "!") add(node.start, node.start + 1, "", "! left out");
      break;
    case "Literal":
      mutateLiteral(node, source, add);
      break;
  }
}

function mutateOperator(node: AstNode, source: string, add: Add): void {
  const operator = String(node["operator"]);
  const [left, right] = [node["left"] as AstNode, node["right"] as AstNode];
  const at = source.indexOf(operator, left.end);
  if (at < 0 || at >= right.start || !Object.hasOwn(MISTAKEN, operator)) return;
  for (const other of MISTAKEN[operator] ?? []) add(at, at + operator.length, other, `${operator} to ${other}`);
}

function mutateLiteral({ start, end, value }: AstNode, source: string, add: Add): void {
  if (typeof value === "boolean") add(start, end, String(!value), `${value} to ${!value}`);
  if (typeof value === "number" && Number.isInteger(value)) {
    add(start, end, String(value + 1), `${source.slice(start, end)} to ${value + 1}`);
  }
}

const nameOf = (node: AstNode): string => {
  const named = (node["id"] ?? node["key"] ?? node["callee"]) as AstNode | null | undefined;
  return typeof named?.["name"] === "string" ? named["name"] : "";
};

/** Types, words for people and invariants are no behaviour that a decision shows. */
function isLeftOut(node: AstNode): boolean {
  if (node.type.startsWith("TS") && !/^TS(As|NonNull|Satisfies)/.test(node.type)) return true;
  if (node.type === "TemplateLiteral" || node.type === "ImportDeclaration") return true;
  if (node.type === "CallExpression") return INVARIANTS.test(nameOf(node));
  return /^(FunctionDeclaration|VariableDeclarator|Property)$/.test(node.type) && FOR_PEOPLE.test(nameOf(node));
}

function walk(node: AstNode, visit: (node: AstNode) => void): void {
  if (isLeftOut(node)) return;
  visit(node);
  for (const [name, member] of Object.entries(node)) {
    if (name === "typeAnnotation" || name === "returnType" || name === "typeArguments") continue;
    for (const child of Array.isArray(member) ? member : [member])
      if (typeof (child as AstNode | null)?.type === "string") walk(child as AstNode, visit);
  }
}
