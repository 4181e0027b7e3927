import { walk } from "../../../grammar/child-keys.ts";
import { brokenOf, clausesOf, declarationsOf } from "../body.ts";
import type { BodyCheck } from "../check-context.ts";
import { placeWithin } from "../source-text.ts";
import { usesOf } from "../uses.ts";

/** A declaration that no clause uses, or a parameter that its template never reads. Tests do not count. */
export const unusedName: BodyCheck = ({ body }) => {
  const { node, members, source } = body;
  const things = [...declarationsOf(members), ...clausesOf(members).map(({ clause }) => clause)];
  const used = new Set(things.flatMap((thing) => usesOf(thing, body).names.map(({ name }) => name.text)));
  for (const { names } of brokenOf(members)) for (const { text } of names) used.add(text);
  const own = declarationsOf(node.members).filter(({ name }) => !used.has(name.text));
  return [...own, ...unusedParameters(node)].map(({ name, span }) => ({
    place: placeWithin(source, span, name.span),
    message: `\`${name.text}\` is declared and never used`,
    help: "use it in a clause, or remove it",
  }));
};

function unusedParameters(node: Parameters<BodyCheck>[0]["body"]["node"]) {
  if (node.kind !== "template") return [];
  const read = new Set<string>();
  walk(node, (part) => {
    if (part.kind === "parameter-reference") read.add(part.name.text);
    if (part.kind === "broken") for (const { text } of part.names) read.add(text);
  });
  return node.parameters.filter(({ name }) => !read.has(name.text));
}
