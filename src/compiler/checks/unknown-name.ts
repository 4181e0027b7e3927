import type { Name, ParameterReference } from "../../../grammar/ast.ts";
import { nearestWord } from "../../base/edit-distance.ts";
import { SEVERITIES } from "../../model/alert.ts";
import type { Body, Thing } from "../body.ts";
import type { ThingCheck, ThingContext } from "../check-context.ts";
import type { Finding, Place } from "../diagnostic.ts";
import { isReasonCode, REASON_WORDS } from "../reasons.ts";

/** A name that nothing declares, with the one that was probably meant. */
export const unknownName: ThingCheck = (thing, context) => [
  ...context.uses.names.flatMap(({ name, wants }) => undeclared(name, context, wants)),
  ...parametersOf(thing, context).flatMap(({ name }) => undeclared(name, context, ["parameter"])),
  ...wordsOf(thing, context),
];

function undeclared(name: Name, { body, at }: ThingContext, wants: readonly string[]): Finding[] {
  if (body.declared.has(name.text)) return [];
  const fitting = [...body.declared].filter(([, { kind }]) => wants.includes(kind)).map(([known]) => known);
  const nearest = nearestWord(name.text, fitting) ?? nearestWord(name.text, body.declared.keys());
  return [unknown(`\`${name.text}\` is not declared in ${nameOfBody(body)}`, at(name.span), nearest, fitting)];
}

export function unknown(message: string, place: Place, nearest: string | undefined, known: readonly string[]): Finding {
  if (nearest !== undefined) {
    const fix = { place, text: nearest, title: `write \`${nearest}\`` };
    return { place, message, help: `did you mean \`${nearest}\`?`, fix };
  }
  const list = known.slice(0, 8).map((one) => `\`${one}\``);
  return list.length === 0 ? { place, message } : { place, message, help: `known here: ${list.join(", ")}` };
}

const nameOfBody = ({ node }: Body): string =>
  node.kind === "contract" ? `contract ${node.id.text}` : `template ${node.name.text}`;

/** Parameters that no template gave a value. */
function parametersOf(thing: Thing, { uses }: ThingContext): readonly ParameterReference[] {
  const amounts = uses.amounts.map(({ amount }) => amount).filter((amount) => amount.kind === "parameter-reference");
  const text = "byDefault" in thing && thing.byDefault?.kind === "parameter-reference" ? [thing.byDefault] : [];
  return [...amounts, ...text];
}

/** Words from closed lists that the grammar takes as names. */
function wordsOf(thing: Thing, { at }: ThingContext): Finding[] {
  if (thing.kind === "when-blocked") {
    return thing.notices.flatMap(({ severity }) => {
      if (severity === null || (SEVERITIES as readonly string[]).includes(severity.text)) return [];
      const nearest = nearestWord(severity.text, SEVERITIES);
      return [unknown(`\`${severity.text}\` is no severity`, at(severity.span), nearest, SEVERITIES)];
    });
  }
  if (thing.kind === "expect-reason" && !isReasonCode(thing.code.text)) {
    const nearest = nearestWord(thing.code.text, REASON_WORDS);
    return [unknown(`\`${thing.code.text}\` is no reason code`, at(thing.code.span), nearest, [])];
  }
  return [];
}
