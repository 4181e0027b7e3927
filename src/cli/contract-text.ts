import type { FileItem } from "../../grammar/ast.ts";
import { parse } from "../../grammar/parser.ts";
import { nearestWord } from "../base/edit-distance.ts";
import { MaintError } from "../base/maint-error.ts";
import { formatSource } from "../compiler/print.ts";
import { isContractId } from "../model/ids.ts";

/** How a contract is made from a template of a file. `with` holds `name=value` words, `uv-limit=1200 uW/cm2`. */
export interface FromTemplate {
  readonly template: string;
  readonly id: string;
  readonly title: string;
  readonly with: readonly string[];
}

const PARAMETER = /^([a-z][a-z0-9-]*)=(.+)$/s;

/**
 * The text that becomes a draft: the file as it stands, or its template with one contract made from it. Either way the
 * text compiles alone, for a stored version must not depend on another file.
 * @throws MaintError MAINT_ERR_SYNTAX, MAINT_ERR_TEMPLATE or MAINT_ERR_USAGE
 */
export function contractText(file: string, source: string, from: FromTemplate | undefined): string {
  const { file: parsed, diagnostics } = parse(source);
  const [first] = diagnostics;
  if (first !== undefined) {
    const line = source.slice(0, first.span.start).split("\n").length;
    throw new MaintError("MAINT_ERR_SYNTAX", `${file}:${line}: ${first.message}`, { help: `maint check ${file}` });
  }
  if (from === undefined) return oneContract(file, source, parsed.items);
  const item = parsed.items.find((found) => found.kind === "template" && found.name.text === from.template);
  if (item === undefined) throw noTemplate(file, from.template, parsed.items);
  if (!isContractId(from.id))
    throw new MaintError("MAINT_ERR_USAGE", `"${from.id}" is no contract id, write one as LP-STATION-2`);
  // A doc comment in front of the template is part of it; the span begins at its keyword.
  const start = item.kind === "template" && item.doc !== null ? item.doc.span.start : item.span.start;
  const made = `contract ${from.id} ${quoted(from.title)} from ${from.template}${argumentsText(from.with)} {\n}\n`;
  const formatted = formatSource(`${source.slice(start, item.span.end)}\n\n${made}`);
  if (!formatted.ok) {
    const why = formatted.diagnostics[0]?.message ?? "it does not parse";
    throw new MaintError("MAINT_ERR_TEMPLATE", `the contract made from ${from.template} is not right: ${why}`);
  }
  return formatted.text;
}

function oneContract(file: string, source: string, items: readonly FileItem[]): string {
  const contracts = items.filter(({ kind }) => kind === "contract");
  if (contracts.length === 1) return source;
  const templates = items.flatMap((item) => (item.kind === "template" ? [item.name.text] : []));
  const help =
    templates.length > 0
      ? `name the template and the new contract: --from ${templates[0]} --id ID --title TITLE`
      : undefined;
  throw new MaintError("MAINT_ERR_CONTRACTS", `${file}: holds ${contracts.length} contracts, a draft is made of one`, {
    ...(help === undefined ? {} : { help }),
  });
}

function noTemplate(file: string, asked: string, items: readonly FileItem[]): MaintError {
  const names = items.flatMap((item) => (item.kind === "template" ? [item.name.text] : []));
  const near = nearestWord(asked, names);
  const help = near === undefined ? `it holds: ${names.join(", ") || "no template"}` : `did you mean ${near}?`;
  return new MaintError("MAINT_ERR_TEMPLATE", `${file}: holds no template ${asked}`, { help });
}

const quoted = (text: string): string =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;

function argumentsText(words: readonly string[]): string {
  if (words.length === 0) return "";
  const given = words.map((word) => {
    const match = PARAMETER.exec(word);
    if (match === null) throw new MaintError("MAINT_ERR_USAGE", `--with "${word}": write it as uv-limit="1200 uW/cm2"`);
    return `${match[1]} = ${match[2]}`;
  });
  return ` with ${given.join(", ")}`;
}
