import { type DeclaredKind, wordsOfKind } from "../body.ts";
import type { ThingCheck } from "../check-context.ts";
import { placeOf } from "../source-text.ts";

/** Something used as what it is not: a quantity calibrated, a lamp given a limit, an equipment's shelf life. */
export const wrongKind: ThingCheck = (thing, { body, uses, at }) => {
  const names = uses.names.flatMap(({ name, wants, role }) => {
    const declared = body.declared.get(name.text);
    if (declared === undefined || declared.kind === "broken" || isOneOf(wants, declared.kind)) return [];
    const asked = wants.length === 4 ? "something declared in the contract" : wordsOfKind[wants[0] ?? "equipment"];
    return [
      {
        place: at(name.span),
        message: `\`${name.text}\` is ${wordsOfKind[declared.kind]} and cannot be ${role}; ${asked} can`,
        related: [related(body.source.name, placeOf(body.source, declared.span))],
      },
    ];
  });
  const parameters = uses.amounts.flatMap(({ amount }) =>
    amount.kind === "parameter-reference" && body.declared.has(amount.name.text)
      ? [{ place: at(amount.span), message: `\`${amount.name.text}\` is no number with a unit, which is needed here` }]
      : [],
  );
  const text = "byDefault" in thing && thing.byDefault?.kind === "parameter-reference" ? [thing.byDefault] : [];
  const texts = text
    .filter(({ name }) => body.declared.has(name.text))
    .map(({ name, span }) => ({ place: at(span), message: `\`${name.text}\` is no text, which is needed here` }));
  return [...names, ...parameters, ...texts];
};

const isOneOf = (wants: readonly DeclaredKind[], kind: string): boolean => (wants as readonly string[]).includes(kind);

const related = (file: string, place: ReturnType<typeof placeOf>) => ({ file, place, message: "declared here" });
