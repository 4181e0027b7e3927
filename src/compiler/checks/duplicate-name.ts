import type { Name } from "../../../grammar/ast.ts";
import { conditionsOf } from "../body.ts";
import type { BodyCheck, BodyContext } from "../check-context.ts";
import type { Finding } from "../diagnostic.ts";
import { firstLineOf, placeWithin, type SourceText } from "../source-text.ts";

interface Named {
  readonly name: Name;
  readonly span: { readonly start: number; readonly end: number };
}

/** Two things of one name. Equipment, materials, quantities and parameters share a namespace; conditions have their own. */
export const duplicateName: BodyCheck = ({ body }: BodyContext) => {
  const parameters = (body.node.kind === "template" ? body.node : body.template)?.parameters ?? [];
  const declared: Named[] = [...parameters];
  for (const member of body.members) {
    if (member.kind === "broken" && member.declares !== null)
      declared.push({ name: member.declares, span: member.span });
    if ("name" in member) declared.push(member);
  }
  return [
    ...duplicates(declared, body.source),
    ...duplicates(conditionsOf(body.members), body.source, "a condition"),
    ...duplicateScopes(body),
  ];
};

/** Whatever carries a name that something before it carries. */
export function duplicates(
  named: readonly Named[],
  source: SourceText,
  what = "a name",
  where = "this contract",
): Finding[] {
  const first = new Map<string, Named>();
  return named.flatMap((item) => {
    const earlier = first.get(item.name.text);
    if (earlier === undefined) {
      first.set(item.name.text, item);
      return [];
    }
    const related = [
      {
        file: source.name,
        place: placeWithin(source, earlier.span, earlier.name.span),
        message: "first declared here",
      },
    ];
    const message = `\`${item.name.text}\` is already ${what} in ${where}`;
    return [
      {
        place: placeWithin(source, item.span, item.name.span),
        message,
        help: "give one of the two another name",
        related,
      },
    ];
  });
}

/** Whom a contract binds is said once; a contract may say it anew for what its template says. */
function duplicateScopes({ members, source, node }: BodyContext["body"]): Finding[] {
  const own = members.filter(
    (member) => member.kind === "scope" && member.span.start >= node.span.start && member.span.end <= node.span.end,
  );
  const seen = new Set<boolean>();
  return own.flatMap((scope) => {
    const forOrder = scope.kind === "scope" && scope.order !== null;
    if (seen.has(forOrder)) {
      const place = firstLineOf(source, scope.span);
      return [{ place, message: "the contract already says whom it binds", help: "keep one of the two lines" }];
    }
    seen.add(forOrder);
    return [];
  });
}
