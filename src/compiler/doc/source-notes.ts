import type { Contract, Doc, Member, Template } from "../../../grammar/ast.ts";
import { parse } from "../../../grammar/parser.ts";
import { valueText } from "../format-words.ts";

/** What the text says beyond the bundle: the template a contract is made from, and the doc comments inside it. */
export interface SourceNotes {
  readonly template: {
    readonly name: string;
    readonly title: string | null;
    readonly parameters: readonly { readonly name: string; readonly value: string; readonly isDefault: boolean }[];
  } | null;
  /** By the name of what they stand above. */
  readonly docs: ReadonlyMap<string, string>;
  /** By a condition's name; conditions and equipment have names of their own. */
  readonly conditionDocs: ReadonlyMap<string, string>;
}

/** Of a contract that compiled from this text. */
export function sourceNotes(text: string, contractId: string): SourceNotes {
  const { items } = parse(text).file;
  const contract = items.find((item): item is Contract => item.kind === "contract" && item.id.text === contractId);
  const from = contract?.from ?? null;
  const template = items.find(
    (item): item is Template => item.kind === "template" && item.name.text === from?.template.text,
  );
  const members = [...(template?.members ?? []), ...(contract?.members ?? [])];
  const given = new Map(from?.arguments.map(({ name, value }) => [name.text, value]) ?? []);
  const parameters = (template?.parameters ?? []).map(({ name, value }) => ({
    name: name.text,
    value: valueText(given.get(name.text) ?? value),
    isDefault: !given.has(name.text),
  }));
  return {
    template:
      template === undefined ? null : { name: template.name.text, title: template.title?.value ?? null, parameters },
    docs: new Map(members.flatMap(declarationDoc)),
    conditionDocs: new Map(members.flatMap(conditionDocs)),
  };
}

const docText = (doc: Doc): string => doc.lines.join("\n");

function declarationDoc(member: Member): [string, string][] {
  switch (member.kind) {
    case "equipment":
    case "material":
    case "measured":
    case "difference":
      return member.doc === null ? [] : [[member.name.text, docText(member.doc)]];
    default:
      return [];
  }
}

function conditionDocs(member: Member): [string, string][] {
  if (member.kind !== "before") return [];
  return member.conditions.flatMap((condition): [string, string][] =>
    condition.kind === "broken" || condition.doc === null ? [] : [[condition.name.text, docText(condition.doc)]],
  );
}
