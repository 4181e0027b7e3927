import type { Unit } from "../model/units.ts";
import { type ReadLimit, readFrequency, readInterval, readLimit, unitIn } from "./amount-words.ts";
import type { Draft } from "./draft.ts";
import { addCalibration, calibratedTool, evidence } from "./inventory.ts";
import { isFreeName, kebab, nameOfQuantity, nameOfStep, quoted, visible } from "./words.ts";
import type { Fields, YamlFields, YamlText, YamlValue } from "./yaml-fields.ts";

/** What steps are read with. */
export interface Reader {
  readonly draft: Draft;
  /** How a clause opens whose step says nothing of its own. */
  readonly frequency: () => string;
}

/** One step, or one field of a group, on its way to a clause. */
interface Step extends Reader {
  readonly fields: Fields;
  readonly line: number;
  readonly field: string;
  readonly number: number;
  /** What it asks, in the source's words. */
  readonly words: string;
  /** Whether `words` are the source's; else its number stands there. */
  readonly said: boolean;
  /** Its condition is named by the source. */
  readonly named: boolean;
  /** The words of the group it belongs to. */
  readonly group: string | null;
  readonly condition: string;
  /** `each day`; asked for only by clauses that open with one. */
  readonly opening: () => string;
  readonly strictness: "must" | "should";
  /** Gathered on the way, shown above the clause. */
  readonly decide: string[];
}

const note = (
  step: Pick<Step, "draft" | "decide">,
  at: { readonly line: number; readonly field: string },
  message: string,
) => {
  step.decide.push(step.draft.decide(at.line, at.field, message));
};

const numeric = new Set(["number", "numeric", "decimal", "integer", "float", "measurement", "reading"]);
const confirming = new Set([
  ...[
    "checkbox",
    "boolean",
    "bool",
    "yes_no",
    "yes/no",
    "confirm",
    "confirmation",
    "signature",
    "pass_fail",
    "pass/fail",
  ],
  ...["acknowledgement", "acknowledgment", "acknowledge"],
]);

/** One entry of `checklist_steps`. Whatever it is, it becomes a clause or a note. */
export function readStep(value: YamlValue, number: number, reader: Reader): void {
  const { draft } = reader;
  if (value.kind === "text" && visible(value.text) !== "") {
    const condition = draft.condition(kebab(nameOfStep(value.text), `step-${number}`));
    const decide = [
      draft.decide(value.line, value.field, "what kind of input? the step is a bare text, taken as a checkbox"),
    ];
    const text = `${reader.frequency()}, the operator must acknowledge ${quoted(value.text)}`;
    draft.add(condition, { text, because: null, decide });
    return;
  }
  if (value.kind !== "fields") {
    const message = "not taken over: a step is fields such as `description` and `input_type`";
    draft.notes.push({ kind: "not-taken-over", line: value.line, field: value.field, message });
    return;
  }
  readStepFields(value, number, null, null, reader);
}

function readStepFields(
  { fields, line, field }: YamlFields,
  number: number,
  group: string | null,
  groupCondition: string | null,
  reader: Reader,
  groupStrictness: "must" | "should" = "must",
): void {
  const { draft } = reader;
  fields.text("step", "step_number", "number");
  const type = fields.text("input_type", "type");
  const kind =
    type?.text
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, "_") ?? "";
  const own = wordsOfStep(fields);
  const words = own ?? group ?? `step ${number}`;
  const name = fields.text("condition");
  const named = name !== undefined && isFreeName(name.text);
  const given = named ? draft.namedCondition(name.text) : groupCondition;
  const condition =
    given ?? draft.condition(kebab(numeric.has(kind) ? nameOfQuantity(words) : nameOfStep(words), `step-${number}`));
  const decide: string[] = [];
  const step: Step = {
    ...{ ...reader, fields, line, field, number, words, group, condition, decide, named, said: own !== undefined },
    opening: openingOf(fields, reader, decide),
    strictness: strictnessOf(fields, draft, decide, groupStrictness),
  };
  if (name !== undefined && !isFreeName(name.text)) note(step, name, `${quoted(name.text)} is no name of a condition`);
  readKind(step, kind, type);
  draft.notes.push(...fields.leftOver(evidence));
}

function readKind(step: Step, kind: string, type: YamlText | undefined): void {
  if (kind === "group") readGroup(step);
  else if (numeric.has(kind)) readNumber(step);
  else if (kind === "checklist" || kind === "check_list") readCheckList(step);
  else if (kind === "calibration") readCalibrationStep(step);
  else if (kind === "shelf_life") readShelfLife(step);
  else readConfirmation(step, kind, type);
}

function readConfirmation(step: Step, kind: string, type: YamlText | undefined): void {
  if (type === undefined) note(step, step, "what kind of input? the step names none, taken as a checkbox");
  else if (!confirming.has(kind)) {
    note(step, type, `who judges ${quoted(type.text)}? nothing here can, so that it was done is acknowledged`);
  }
  acknowledge(step, step.words);
}

const WORDS = ["material", "label", "name", "title", "description", "instruction"];

/** All that a step says of itself, in one line: `Verify Cloth availability: Cloth (AMS-3819)`. */
function wordsOfStep(fields: Fields): string | undefined {
  const said = WORDS.flatMap((key) => {
    const text = fields.text(key);
    return text === undefined ? [] : [text.text.trim()];
  });
  const specification = fields.text("specification");
  if (said.length === 0) return specification === undefined ? undefined : visible(specification.text);
  return `${said.join(": ")}${specification === undefined ? "" : ` (${visible(specification.text)})`}`;
}

/** The field is taken when a clause first asks, so that it is told where no clause does. */
function openingOf(fields: Fields, { draft, frequency }: Reader, decide: string[]): () => string {
  let known: string | undefined;
  return () => {
    known ??= openingNow(fields, draft, frequency, decide);
    return known;
  };
}

function openingNow(fields: Fields, draft: Draft, frequency: () => string, decide: string[]): string {
  const given = fields.text("frequency", "schedule");
  const read = given === undefined ? undefined : readFrequency(given.text);
  if (read !== undefined) return read;
  const otherwise = frequency();
  if (given === undefined) return otherwise;
  const message = `how often is ${quoted(given.text)}? \`${otherwise}\` stands here`;
  decide.push(draft.decide(given.line, given.field, message));
  return otherwise;
}

/** A checklist's step is due unless it says otherwise. */
function strictnessOf(fields: Fields, draft: Draft, decide: string[], otherwise: "must" | "should"): "must" | "should" {
  const given = fields.text("required", "mandatory");
  if (given === undefined) return otherwise;
  const word = given.text.trim().toLowerCase();
  if (["true", "yes", "y", "1", "required", "mandatory"].includes(word)) return "must";
  if (["false", "no", "n", "0", "optional"].includes(word)) return "should";
  decide.push(draft.decide(given.line, given.field, `is ${quoted(given.text)} required? it stands here as \`must\``));
  return "must";
}

function readGroup(step: Step): void {
  const { fields, draft } = step;
  const inner = fields.take("list", "fields", "items");
  const entries = inner?.items ?? [];
  if (entries.length === 0)
    note(step, step, "which fields has the group? it names none, so that it was done is acknowledged");
  // What a group's fields are all due to is the group's.
  const reader: Reader = { draft, frequency: step.opening };
  for (const entry of entries) {
    if (entry.kind === "fields")
      readStepFields(entry, step.number, step.words, step.condition, reader, step.strictness);
    else {
      const message = "not taken over: a group's field has a `label` and an `input_type`";
      draft.notes.push({ kind: "not-taken-over", line: entry.line, field: entry.field, message });
    }
  }
  if (!entries.some(({ kind }) => kind === "fields")) acknowledge(step, step.words);
}

interface Measured {
  readonly read: ReadLimit;
  readonly unit: Unit;
}

/** Why a number cannot become a reading. */
interface Unread {
  readonly at: { readonly line: number; readonly field: string };
  readonly why: string;
}

function measuredIn(step: Step, reference: YamlText | undefined, unitText: YamlText | undefined): Measured | Unread {
  if (reference === undefined) return { at: step, why: "what is the limit? a number without one decides nothing" };
  const limit = readLimit(reference.text);
  if (!limit.ok) return { at: reference, why: `what is the limit? ${limit.error}` };
  const own = unitIn(unitText?.text ?? "");
  if (!own.ok) return { at: unitText ?? reference, why: `what is the unit? ${own.error}` };
  const unit = own.value ?? limit.value.unit;
  if (unit === null) return { at: reference, why: "what is the unit? none is said" };
  const inside = limit.value.unit ?? unit;
  if (inside.kind === unit.kind) return { read: limit.value, unit };
  const kinds = `\`${inside.symbol}\` is ${inside.words}, \`${unit.symbol}\` is ${unit.words}`;
  return { at: reference, why: `which one is measured? ${kinds}` };
}

function readNumber(step: Step): void {
  const { fields, words, group, draft, strictness } = step;
  const unitText = fields.text("unit", "units");
  const reference = fields.text("reference_value", "reference", "limit", "range");
  const full = group === null || group === words ? words : `${group}: ${words}`;
  const measured = measuredIn(step, reference, unitText);
  if ("why" in measured) {
    note(step, measured.at, `${measured.why}; that it was recorded is acknowledged`);
    const rest = [reference, unitText].flatMap((text) => (text === undefined ? [] : [visible(text.text)]));
    acknowledge(step, [full, rest.join(" ")].filter((part) => part !== "").join(", "));
    return;
  }
  const { read, unit } = measured;
  if (read.unclear !== null) note(step, reference ?? step, read.unclear);
  const quantity = quantityOf(step, unit);
  const instrument = fields.text("instrument", "tool", "equipment", "measured_with");
  const readWith = instrument === undefined ? "" : ` read with the ${draft.equipment(instrument)}`;
  if (instrument === undefined) draft.readWithAny(quantity);
  const text = `${step.opening()}, ${quantity}${readWith} ${strictness} be ${limitText(read, unit)}`;
  draft.add(step.condition, { text, because: rationale(step, full, quantity), decide: step.decide });
}

/** What the operator reads beside a clause: the step's own words where they say more than its name, and the reason. */
function rationale({ fields, said, condition }: Step, words: string, name = condition): string | null {
  const given = fields.text("rationale", "reason")?.text;
  const own = !said || kebab(words, "") === name ? undefined : words;
  if (own !== undefined && given !== undefined) return `${own}: ${given}`;
  return given ?? own ?? null;
}

function limitText({ limit, unit }: ReadLimit, declared: Unit): string {
  const symbol = (unit ?? declared).symbol;
  if (limit.kind === "between") return `between ${limit.low} and ${limit.high} ${symbol}`;
  return `${limit.word} ${limit.value} ${symbol}`;
}

/** Two steps measure one quantity only where the source says so by name. */
function quantityOf(step: Step, unit: Unit): string {
  const { fields, draft, words } = step;
  const given = fields.text("quantity");
  const named = given !== undefined && isFreeName(given.text) ? given.text : undefined;
  if (given !== undefined && named === undefined) note(step, given, `${quoted(given.text)} is no name of a quantity`);
  const range = fields.text("plausible_range");
  const known = named === undefined ? undefined : draft.quantity(named, unit.symbol);
  if (named !== undefined && known !== undefined) {
    if (range !== undefined && range.text !== known.range) {
      note(step, range, `which range is plausible? ${quoted(range.text)} is not what was said of \`${named}\` before`);
    }
    return named;
  }
  const read = range === undefined ? undefined : readLimit(range.text);
  const between = read?.ok === true && read.value.limit.kind === "between" ? read.value : undefined;
  if (range !== undefined && (between === undefined || (between.unit ?? unit).kind !== unit.kind)) {
    note(step, range, `what is plausible? ${quoted(range.text)} is no range in ${unit.symbol}`);
  }
  const plausible =
    between?.limit.kind === "between" && (between.unit ?? unit).kind === unit.kind
      ? `, plausible from ${between.limit.low} to ${between.limit.high} ${(between.unit ?? unit).symbol}`
      : "";
  const name =
    given !== undefined && isFreeName(given.text)
      ? given.text
      : kebab(nameOfQuantity(words), `quantity-${step.number}`);
  const own = draft.declareQuantity(name, unit.symbol, plausible, range?.text ?? "");
  if (own !== name) note(step, step, `is \`${own}\` the same quantity as \`${name}\`? they stand apart here`);
  return own;
}

const people = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/** `the operator`, `a supervisor`, `QA`, `two people`. */
function whoOf(step: Step): string {
  const role = step.fields.text("role", "performed_by", "acknowledged_by", "responsible");
  if (role === undefined) return "the operator";
  const word = visible(role.text);
  if (/^(?:the )?operator$/i.test(word)) return "the operator";
  if (people.some((count) => word === `${count} people`)) return word;
  const name = /^[A-Za-z][A-Za-z0-9-]*$/.test(word) && isFreeName(word.toLowerCase()) ? word : kebab(word, "person");
  if (name !== word) note(step, role, `which role is ${quoted(word)}? \`${name}\` stands here`);
  return `${/^[aeiou]/.test(name) ? "an " : /^[a-z]/.test(name) ? "a " : ""}${name}`;
}

/** What a stronger clause of the language could see for itself. */
const stronger: readonly (readonly [RegExp, string])[] = [
  [/calibrat/i, "which equipment, how often? `the X must be calibrated every …` would look at its certificate"],
  [/warm(?:ed)?[ -]?up/i, "which lamp, how long? `the X must have been on for at least …` would look at its own clock"],
  [/shelf[ -]?life|expir/i, "which material? `the X must be within its shelf life` would look at its lot"],
];

function acknowledge(step: Step, words: string): void {
  const { draft, strictness, decide } = step;
  for (const [pattern, message] of stronger) if (pattern.test(words)) note(step, step, message);
  const own =
    step.group === null || step.group === words || words.startsWith(`${step.group}:`)
      ? words
      : `${step.group}: ${words}`;
  const text = step.named ? own : draft.step(own);
  if (text !== own) note(step, step, "two steps say the same; their order tells them apart here");
  const clause = `${step.opening()}, ${whoOf(step)} ${strictness} acknowledge ${quoted(text)}`;
  draft.add(step.condition, { text: clause, because: step.fields.text("rationale", "reason")?.text ?? null, decide });
}

function readCheckList(step: Step): void {
  const { fields, draft, strictness } = step;
  const tool = calibratedTool(fields);
  const items = fields.take("list", "items", "checks");
  const said = (items?.items ?? []).flatMap((item) =>
    item.kind === "text" && visible(item.text) !== "" ? [item.text] : [],
  );
  if (said.length < (items?.items.length ?? 0))
    note(step, items ?? step, "what is checked? some items say nothing that could be read");
  if (tool === undefined || said.length === 0) {
    note(step, step, "what is checked, on which equipment? that it was done is acknowledged");
    const rest = [...(tool === undefined ? [] : [tool.text]), ...said].map(visible).join(", ");
    acknowledge(step, rest === "" ? step.words : `${step.words}: ${rest}`);
    return;
  }
  const checked = said.map(quoted).join(", ");
  const text = `${step.opening()}, the ${draft.equipment(tool)} ${strictness} be checked: ${checked}`;
  draft.add(step.condition, { text, because: rationale(step, step.words), decide: step.decide });
}

function readCalibrationStep(step: Step): void {
  const { fields, draft, condition, strictness } = step;
  const tool = calibratedTool(fields);
  if (tool === undefined) {
    note(step, step, "which equipment is calibrated? that it was is acknowledged");
    acknowledge(step, step.words);
    return;
  }
  addCalibration(
    fields,
    tool,
    draft,
    condition,
    ["interval", "calibration_interval"],
    rationale(step, step.words),
    strictness,
    step.decide,
  );
}

function readShelfLife(step: Step): void {
  const { fields, draft, strictness } = step;
  const lot = fields.text("consumable", "lot");
  if (lot === undefined) {
    note(step, step, "which material? that it was looked at is acknowledged");
    acknowledge(step, step.words);
    return;
  }
  const opened = fields.text("opened_within");
  const span = opened === undefined ? undefined : readInterval(opened.text);
  if (opened !== undefined && span === undefined)
    note(step, opened, `how long after opening is ${quoted(opened.text)}?`);
  const used = span === undefined ? "" : `, used within ${span} of opening`;
  const text = `the ${draft.material(lot)} ${strictness} be within its shelf life${used}`;
  draft.add(step.condition, { text, because: rationale(step, step.words), decide: step.decide });
}
