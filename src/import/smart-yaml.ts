import { fail, ok, type Result } from "../base/result.ts";
import type { PlantPeriod } from "../model/bundle.ts";
import { isContractId } from "../model/ids.ts";
import { MAX_NAME_LENGTH } from "../model/limits.ts";
import { frequencyInTitle, readFrequency } from "./amount-words.ts";
import { Draft } from "./draft.ts";
import { declareTools, readCalibrations, readMaterials } from "./inventory.ts";
import { type Reader, readStep } from "./steps.ts";
import { hidesSomething, isFreeName, quoted, visible } from "./words.ts";
import {
  type Fields,
  parseYamlFields,
  type TransferNote,
  type YamlProblem,
  type YamlText,
  type YamlValue,
} from "./yaml-fields.ts";

export interface ImportOptions {
  /** How often the steps are due that do not say so themselves. */
  readonly each?: PlantPeriod;
}

export interface ImportedContract {
  readonly contract: string;
  /** Parses, but is not yet in the one format. */
  readonly text: string;
  /** In the order of their lines. */
  readonly notes: readonly TransferNote[];
  readonly steps: number;
  readonly clauses: number;
}

/** What a contract deliberately cannot hold, in words. Source: language.md "Pure logic". */
const PURE: { readonly [field: string]: string } = {
  status: "the hub keeps a contract's state, its text has none",
  created_date: "the release carries dates, the text has none",
  created_by: "the release carries who wrote it",
  author: "the release carries who wrote it",
  effective_date: "a release comes into force, not a text",
  expiry_date: "a release ends, not a text",
  version: "the release carries the version, the text has none",
  revision: "the release carries the version, the text has none",
  contract_type: "the language knows no kinds of contract",
  plant: "the station's register carries the plant",
  location: "the station's register carries the place",
  timezone: "the station's register carries the zone",
  time_zone: "the station's register carries the zone",
};
const why = (field: string): string | undefined =>
  Object.hasOwn(PURE, field) ? `not taken over: ${PURE[field]}` : undefined;

/** The shortest plant period: until somebody decides, nothing passes on evidence from the shift before. */
const SHORTEST = "each shift";

/**
 * A SMART contract's YAML as `.maint` text. Every field is used or stands in the notes; where the source leaves something
 * open, the stricter reading is written and a note `decide` stands in the text and in the list. Never throws on any text.
 */
export function importSmartYaml(source: string, options: ImportOptions = {}): Result<ImportedContract, YamlProblem> {
  const parsed = parseYamlFields(source);
  if (!parsed.ok) return parsed;
  const { fields: root, texts } = parsed.value;
  const steps = root.take("list", "checklist_steps", "steps");
  if (steps === undefined && (root.has("checklist_steps") || !root.has("calibration"))) {
    const message = "no list `checklist_steps`: this is no SMART contract";
    return fail({ line: root.line, column: 1, message });
  }
  const named = root.text("smart_contract_id", "contract_id", "id");
  if (named === undefined) {
    return fail({ line: root.line, column: 1, message: "no `smart_contract_id`: a contract needs an id" });
  }
  const draft = new Draft();
  const id = contractId(named, draft);
  if (id === undefined) {
    const { line, column, text } = named;
    return fail({
      line,
      column,
      message: `\`${visible(text)}\` cannot become a contract id such as MAIN-PEN-CHECK-001`,
    });
  }
  const opening = openingOf(id, root.text("title", "name"));
  const doc =
    root
      .text("description")
      ?.text.split(/\r?\n/)
      .filter((line) => line.trim() !== "") ?? [];
  const title = /"(.*)"/.exec(opening)?.[1] ?? "";
  const members = [scopeOf(root, draft), ...followingOf(root, draft)];
  declareTools(root, draft);
  readMaterials(root, draft);
  const reader: Reader = { draft, frequency: frequencyOf(root, title, options, draft) };
  readCalibrations(root, draft);
  for (const [index, step] of (steps?.items ?? []).entries()) readStep(step, index + 1, reader);
  for (const { line, field } of texts.filter(({ text }) => hidesSomething(text))) {
    const message = "is this all that it says? characters that cannot be seen were left out";
    draft.notes.push({ kind: "decide", line, field, message });
  }
  draft.askForInstruments(root.line);
  draft.notes.push(...root.leftOver(why));
  if (draft.clauseCount === 0) {
    const at = steps ?? { line: root.line, column: 1 };
    return fail({ line: at.line, column: at.column, message: "no step that a contract could ask for" });
  }
  const notes = draft.notes.sort((a, b) => a.line - b.line);
  const text = draft.text(opening, doc, members);
  return ok({ contract: id, text, notes, steps: steps?.items.length ?? 0, clauses: draft.clauseCount });
}

function contractId({ text, line, field }: YamlText, draft: Draft): string | undefined {
  const plain = text.toUpperCase().normalize("NFKD");
  if (isContractId(text)) return text;
  const words = plain.replace(/[^A-Z0-9]+/g, "-").replace(/^[-0-9]+/, "");
  const id = words.slice(0, MAX_NAME_LENGTH).replace(/-+$/, "");
  if (!isContractId(id)) return undefined;
  draft.decideAbove(line, field, `is ${id} the right id? ${quoted(plain)} is none that the language takes`);
  return id;
}

const openingOf = (id: string, title: YamlText | undefined): string =>
  title === undefined ? `contract ${id}` : `contract ${id} ${quoted(title.text)}`;

function scopeOf(root: Fields, draft: Draft): string {
  const type = root.text("station_type");
  if (type !== undefined && isFreeName(type.text)) return `for every ${type.text} station`;
  const message = "which stations does it bind? it stands here for every one";
  draft.decideAbove(type?.line ?? root.line, type?.field ?? "station_type", message);
  return "for every station";
}

function followingOf(root: Fields, draft: Draft): readonly string[] {
  const named = root.many("standards", "references", "reference_documents", "following", "documents");
  const documents = named.flatMap((value: YamlValue): string[] => {
    if (value.kind === "text" && visible(value.text) !== "") return [quoted(value.text)];
    const { line, field } = value;
    draft.notes.push({ kind: "not-taken-over", line, field, message: "not taken over: a document is named by a text" });
    return [];
  });
  return documents.length === 0 ? [] : [`following ${documents.join(", ")}`];
}

/** How the clauses open whose step says nothing of its own. */
function frequencyOf(root: Fields, title: string, { each }: ImportOptions, draft: Draft): () => string {
  const given = root.text("frequency", "schedule", "interval");
  const read = given === undefined ? undefined : readFrequency(given.text);
  if (given !== undefined && read === undefined) {
    const message = `how often is ${quoted(given.text)}? the shortest period, \`${SHORTEST}\`, stands here`;
    draft.decideForAll(given.line, given.field, message);
    return () => SHORTEST;
  }
  if (read !== undefined) return () => read;
  if (each !== undefined) return () => `each ${each}`;
  const fromTitle = frequencyInTitle(title);
  let told = false;
  return () => {
    if (!told) {
      told = true;
      const because = fromTitle === undefined ? "the shortest period" : "as the title says";
      const message = `how often? the steps do not say; \`${fromTitle ?? SHORTEST}\` stands here, ${because}`;
      draft.decideForAll(root.line, "frequency", message);
    }
    return fromTitle ?? SHORTEST;
  };
}
