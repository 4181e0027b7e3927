import type { Argument, Member, Template } from "../../grammar/ast.ts";

type Value = Argument["value"];

/** What stands where a parameter stands: the caller's value under the reference's span, so that lines stay the template's. */
type Values = ReadonlyMap<string, Value>;

/** The members of a template with each parameter replaced; those whose value is of the wrong sort stay and are reported. */
export function expanded(template: Template, given: readonly Argument[]): readonly Member[] {
  const values = new Map<string, Value>(template.parameters.map(({ name, value }) => [name.text, value]));
  for (const { name, value } of given) if (values.has(name.text)) values.set(name.text, value);
  return template.members.map((member) => replaced(member, values, null) as Member);
}

/** The only place in the syntax where a parameter stands for a text. */
const TEXT_KEY = "byDefault";

function replaced(node: unknown, values: Values, key: string | null): unknown {
  if (Array.isArray(node)) {
    const items = node.map((item) => replaced(item, values, key));
    return items.every((item, index) => item === node[index]) ? node : items;
  }
  if (typeof node !== "object" || node === null) return node;
  const syntax = node as { readonly kind?: unknown; readonly [key: string]: unknown };
  if (syntax.kind === "parameter-reference") return valueFor(syntax, values, key);
  let changed = false;
  const copy: { [key: string]: unknown } = {};
  for (const [name, value] of Object.entries(syntax)) {
    copy[name] = name === "span" ? value : replaced(value, values, name);
    changed ||= copy[name] !== value;
  }
  return changed ? copy : node;
}

function valueFor(reference: object, values: Values, key: string | null): unknown {
  const { name, span } = reference as { name: { text: string }; span: unknown };
  const value = values.get(name.text);
  const fits = value !== undefined && (value.kind === "text") === (key === TEXT_KEY);
  return fits ? { ...value, span } : reference;
}
