import { parseSync } from "vite";
import type { SourceFile } from "./source-files.ts";

const MAX_FILE_LINES = 500;
const MAX_FUNCTION_LINES = 70;

/** The rooms that ask no clock, draw no random number and touch no disk: everything comes in as an argument. */
const PURE = [/^grammar\//, /^src\/(base|model|ledger|compiler|runtime|import)\//, /^src\/(agent|hub)\/core\//];
const isPure = (path: string): boolean => PURE.some((pattern) => pattern.test(path)) && path !== "grammar/generate.ts";

/** Globals a pure part may not name. `console` too: what a pure part has to say is in its answer. */
const BANNED_GLOBALS = new Set([
  ...["Date", "Intl", "Temporal", "performance", "process", "console", "fetch", "WebSocket"],
  ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "require"],
]);
/** Nobody may: code that comes from data. */
const BANNED_EVERYWHERE = new Set(["eval", "Function"]);

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string";

function walk(
  node: Node,
  visit: (node: Node, parent: Node | undefined, key: string) => void,
  parent?: Node,
  key = "",
): void {
  visit(node, parent, key);
  for (const [name, value] of Object.entries(node)) {
    if (isNode(value)) walk(value, visit, node, name);
    else if (Array.isArray(value)) for (const item of value) if (isNode(item)) walk(item, visit, node, name);
  }
}

/** Each break of a house rule that can be seen in one file. */
export function brokenRules(file: SourceFile): string[] {
  const findings: string[] = [];
  const lines = file.text.split("\n").length - 1;
  if (lines > MAX_FILE_LINES) findings.push(`${file.path} has ${lines} lines, more than ${MAX_FILE_LINES}`);
  if (/@ts-(ignore|expect-error|nocheck)|biome-ignore/.test(file.text))
    findings.push(`${file.path} silences a checker`);
  if (/\b(TODO|FIXME|XXX)\b/.test(file.text)) findings.push(`${file.path} holds a note instead of the thing`);
  const lineAt = (offset: number): number => file.text.slice(0, offset).split("\n").length;
  const say = (node: Node, what: string): void => void findings.push(`${file.path}:${lineAt(node.start)} ${what}`);
  walk(parseSync(file.path, file.text).program as unknown as Node, (node, parent, key) => {
    if (node.type === "ExportDefaultDeclaration") say(node, "has a default export");
    if (node.type === "TSEnumDeclaration") say(node, "declares an enum");
    if (node.type === "TSAnyKeyword") say(node, "uses any");
    if (/Function(Declaration|Expression)$/.test(node.type)) {
      const length = lineAt(node.end) - lineAt(node.start) + 1;
      if (length > MAX_FUNCTION_LINES) say(node, `a function of ${length} lines, more than ${MAX_FUNCTION_LINES}`);
    }
    const banned = bannedName(file.path, node, parent, key);
    if (banned !== undefined) say(node, `names ${banned}`);
  });
  return findings;
}

function bannedName(path: string, node: Node, parent: Node | undefined, key: string): string | undefined {
  const pure = isPure(path);
  if (pure && node.type === "MemberExpression" && isNode(node["object"]) && isNode(node["property"])) {
    if (node["object"]["name"] === "Math" && node["property"]["name"] === "random") return "Math.random";
  }
  if (node.type !== "Identifier" || !isReference(parent, key)) return undefined;
  const name = node["name"] as string;
  if (BANNED_EVERYWHERE.has(name) && parent?.type !== "TSTypeReference") return name;
  return pure && BANNED_GLOBALS.has(name) ? name : undefined;
}

/** A property or a key of that name (`clock.Date`, `{ process: 1 }`) is not the global. */
function isReference(parent: Node | undefined, key: string): boolean {
  if (parent === undefined) return true;
  if (/MemberExpression$/.test(parent.type)) return key !== "property" || parent["computed"] === true;
  if (/Property|MethodDefinition|TSPropertySignature|TSMethodSignature/.test(parent.type)) return key === "value";
  return !/^TS|^Import|^Export/.test(parent.type);
}
