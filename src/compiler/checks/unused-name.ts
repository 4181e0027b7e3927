import type { Declaration } from "../../../grammar/ast.ts";
import { walk } from "../../../grammar/child-keys.ts";
import { brokenOf, clausesOf, declarationsOf } from "../body.ts";
import type { BodyCheck } from "../check-context.ts";
import type { Finding } from "../diagnostic.ts";
import { placeOf, placeWithin, type SourceText } from "../source-text.ts";
import { usesOf } from "../uses.ts";

/** A declaration that no clause uses, or a parameter that its template never reads. Tests do not count. */
export const unusedName: BodyCheck = ({ body }) => {
  const { node, members, source } = body;
  const things = [...declarationsOf(members), ...clausesOf(members).map(({ clause }) => clause)];
  const used = new Set(things.flatMap((thing) => usesOf(thing, body).names.map(({ name }) => name.text)));
  for (const { names } of brokenOf(members)) for (const { text } of names) used.add(text);
  const own = declarationsOf(node.members).filter(({ name }) => !used.has(name.text));
  const tested = namesInTests(node);
  return [...own, ...unusedParameters(node)].map((one) => ({
    place: placeWithin(source, one.span, one.name.span),
    message: `\`${one.name.text}\` is declared and never used`,
    help: "use it in a clause, or remove it",
    ...("kind" in one && one.kind !== "parameter" && !tested.has(one.name.text) ? removal(one, source) : {}),
  }));
};

/** Whole lines go: a declaration that shares one, or has a doc comment, is left to a person. */
function removal({ name, doc, span }: Declaration, source: SourceText): Pick<Finding, "fix"> {
  const { line, endLine } = placeOf(source, span);
  const [start = 0, end = source.text.length] = [source.lineStarts[line - 1], source.lineStarts[endLine]];
  const alone = source.text.slice(start, end).trim() === source.text.slice(span.start, span.end).trim();
  if (!alone || doc !== null) return {};
  return { fix: { place: placeOf(source, { start, end }), text: "", title: `remove \`${name.text}\`` } };
}

/** A test may still speak of what no clause uses; without the declaration it would be wrong. */
function namesInTests(node: Parameters<BodyCheck>[0]["body"]["node"]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const member of node.members) {
    if (member.kind !== "test") continue;
    walk(member, (part) => {
      if (part.kind === "name") names.add(part.text);
    });
  }
  return names;
}

function unusedParameters(node: Parameters<BodyCheck>[0]["body"]["node"]) {
  if (node.kind !== "template") return [];
  const read = new Set<string>();
  walk(node, (part) => {
    if (part.kind === "parameter-reference") read.add(part.name.text);
    if (part.kind === "broken") for (const { text } of part.names) read.add(text);
  });
  return node.parameters.filter(({ name }) => !read.has(name.text));
}
