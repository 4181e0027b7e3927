import type { Argument, Template, TemplateUse } from "../../../grammar/ast.ts";
import { nearestWord } from "../../base/edit-distance.ts";
import { type Measure, measureOf } from "../amounts.ts";
import type { Diagnostic, Finding } from "../diagnostic.ts";
import { placeOf, type SourceText } from "../source-text.ts";
import { unknown } from "./unknown-name.ts";
import { unknownUnitFinding } from "./unknown-unit.ts";

/** What is wrong with one argument, under the code that says it best. */
export interface ArgumentFinding {
  readonly argument: Argument;
  readonly code: Extract<Diagnostic["code"], "template-argument" | "unknown-unit" | "missing-unit" | "unit-mismatch">;
  readonly finding: Finding;
}

/** Arguments that no parameter takes, or takes as something else. A parameter is typed by its default. */
export function templateArguments(use: TemplateUse, template: Template, source: SourceText): ArgumentFinding[] {
  const seen = new Set<string>();
  return use.arguments.flatMap((argument): ArgumentFinding[] => {
    const place = placeOf(source, argument.span);
    const name = argument.name.text;
    const parameter = template.parameters.find((one) => one.name.text === name);
    if (parameter === undefined) {
      const names = template.parameters.map((one) => one.name.text);
      const message = `template \`${template.name.text}\` has no parameter \`${name}\``;
      const finding = unknown(message, placeOf(source, argument.name.span), nearestWord(name, names), names);
      return [{ argument, code: "template-argument", finding }];
    }
    if (seen.has(name)) {
      return [{ argument, code: "template-argument", finding: { place, message: `\`${name}\` is given twice` } }];
    }
    seen.add(name);
    const related = [{ file: source.name, place: placeOf(source, parameter.span), message: "the default" }];
    return wrongValue(argument, parameter.value, source).map(({ code, finding }) => ({
      argument,
      code,
      finding: { related, ...finding },
    }));
  });
}

type Value = Argument["value"];

function wrongValue(
  { name, value }: Argument,
  byDefault: Value,
  source: SourceText,
): Omit<ArgumentFinding, "argument">[] {
  const place = placeOf(source, value.span);
  if (value.kind !== byDefault.kind) {
    const asked = byDefault.kind === "text" ? "a text in quotes" : "a number with a unit";
    return [{ code: "template-argument", finding: { place, message: `\`${name.text}\` takes ${asked}` } }];
  }
  if (value.kind === "text" || byDefault.kind === "text") return [];
  const wanted = byDefault.unit === null ? undefined : measureOf(byDefault.unit.text);
  if (value.unit === null) {
    if (byDefault.unit === null) return [];
    const text = `${value.number} ${byDefault.unit.text}`;
    const message = `\`${value.number}\` has no unit; \`${name.text}\` is given in ${byDefault.unit.text}`;
    const fix = { place, text, title: `write \`${text}\`` };
    return [{ code: "missing-unit", finding: { place, message, help: `write \`${text}\``, fix } }];
  }
  const measure = measureOf(value.unit.text);
  if (measure === undefined) {
    const want = { kind: "measured", unit: undefined, of: name.text, notNegative: false } as const;
    return [
      { code: "unknown-unit", finding: unknownUnitFinding(value.unit.text, want, placeOf(source, value.unit.span)) },
    ];
  }
  if (wanted === undefined || sortOf(wanted) === sortOf(measure)) return [];
  const message = `\`${value.number} ${value.unit.text}\` is ${wordsOf(measure)}; \`${name.text}\` is ${wordsOf(wanted)}`;
  return [{ code: "unit-mismatch", finding: { place, message } }];
}

const sortOf = (measure: Measure): string =>
  measure.kind === "unit" ? measure.unit.kind : measure.kind === "use" ? measure.counter : "duration";

const wordsOf = (measure: Measure): string =>
  measure.kind === "unit" ? measure.unit.words : measure.kind === "use" ? "a count of use" : "a duration";
