import { readInterval } from "./amount-words.ts";
import type { Draft } from "./draft.ts";
import { isFreeName, kebab, quoted, visible } from "./words.ts";
import type { Fields, YamlFields, YamlText, YamlValue } from "./yaml-fields.ts";

/** The condition that calibrations stand under where the source names none. */
const CALIBRATED = "must-calibrate-before-test";

const notATool = "not taken over: a name, or fields with a name, were expected";

/** `equipment:` or `tools:`: names, or `{name, type, asset}`. */
export function declareTools(root: Fields, draft: Draft): void {
  for (const value of root.many("equipment", "tools", "instruments")) {
    if (value.kind === "text" && visible(value.text) !== "") draft.equipment(value);
    else if (value.kind === "fields") declareTool(value, draft);
    else draft.notes.push({ kind: "not-taken-over", line: value.line, field: value.field, message: notATool });
  }
}

function declareTool({ fields, line, field }: YamlFields, draft: Draft): void {
  const name = fields.text("name", "role", "label");
  const asset = fields.text("asset", "asset_id", "id");
  const type = fields.text("type", "equipment_type");
  const called = name ?? asset;
  if (called === undefined) {
    draft.notes.push({ kind: "not-taken-over", line, field, message: notATool });
  } else if (type === undefined) {
    draft.equipment(asset ?? called);
  } else {
    const own = draft.declare(
      visible(called.text),
      kebab(called.text, "equipment"),
      `is a ${typeName(type, draft)}${byDefault(asset ?? called, called)}`,
    );
    if (asset !== undefined) draft.alias(visible(asset.text), own);
  }
  readOwnCalibration(fields, called, draft);
  draft.notes.push(...fields.leftOver(() => undefined));
}

/** A name of the language needs no asset beside it. */
const byDefault = (asset: YamlText, called: YamlText): string =>
  asset === called && isFreeName(called.text) ? "" : `, by default ${quoted(asset.text)}`;

function typeName({ text, line, field }: YamlText, draft: Draft): string {
  if (isFreeName(text)) return text;
  const name = kebab(text, "equipment");
  draft.decideAbove(line, field, `is \`${name}\` the type of ${quoted(text)}?`);
  return name;
}

/** `calibration_interval: 12 months` beside a tool's name. */
function readOwnCalibration(fields: Fields, called: YamlText | undefined, draft: Draft): void {
  if (called === undefined) return;
  if (fields.has("calibration_interval") || fields.has("calibration_frequency")) {
    addCalibration(
      fields,
      called,
      draft,
      draft.namedCondition(CALIBRATED),
      ["calibration_interval", "calibration_frequency"],
      null,
    );
  }
}

/** `materials:` as names, or `{name, lot}`. */
export function readMaterials(root: Fields, draft: Draft): void {
  for (const value of root.many("materials", "consumables")) {
    const fields = value.kind === "fields" ? value.fields : undefined;
    const name = fields === undefined ? value : fields.text("name", "material", "label");
    if (name === undefined || name.kind !== "text" || visible(name.text) === "") {
      draft.notes.push({ kind: "not-taken-over", line: value.line, field: value.field, message: notATool });
      continue;
    }
    const lot = fields?.text("lot");
    if (lot === undefined) draft.material(name);
    else {
      const called = visible(name.text);
      draft.declare(called, kebab(called, "material"), `is a material, by default ${quoted(lot.text)}`);
    }
    if (fields !== undefined) draft.notes.push(...fields.leftOver(() => undefined));
  }
}

/** `calibration:` entries, `{equipment, interval, warn_before}`. */
export function readCalibrations(root: Fields, draft: Draft): void {
  for (const value of root.many("calibration", "calibrations")) {
    if (value.kind === "fields") readCalibration(value, draft);
    else {
      const message = "not taken over: a calibration names its equipment and interval";
      draft.notes.push({ kind: "not-taken-over", line: value.line, field: value.field, message });
    }
  }
}

function readCalibration({ fields, line, field }: YamlFields, draft: Draft): void {
  const called = calibratedTool(fields);
  if (called === undefined) {
    draft.decideAbove(line, field, "which equipment is calibrated? the entry names none and gives no clause");
  } else {
    addCalibration(
      fields,
      called,
      draft,
      draft.namedCondition(CALIBRATED),
      ["interval", "frequency", "calibration_interval"],
      null,
    );
  }
  draft.notes.push(...fields.leftOver(evidence));
}

export const calibratedTool = (fields: Fields): YamlText | undefined =>
  fields.text("equipment", "tool", "instrument", "asset", "name");

const EVIDENCE =
  /^(?:due|due_date|next_due|last|last_calibrated|last_calibration|calibrated_on|performed_on|certificate|certificate_number|result|lab)$/;
/** A rule holds no dates: the certificate does. */
export const evidence = (name: string): string | undefined =>
  EVIDENCE.test(name) ? "not taken over: this is evidence about one item, recorded at the node" : undefined;

/** `the light-meter must be calibrated every 12 months, warn 30 days before` */
export function addCalibration(
  fields: Fields,
  called: YamlText,
  draft: Draft,
  condition: string,
  intervalNames: readonly string[],
  because: string | null,
  strictness = "must",
  decide: string[] = [],
): void {
  const { line, field } = called;
  const given = fields.text(...intervalNames);
  const name = draft.equipment(called);
  const interval = given === undefined ? undefined : readInterval(given.text);
  const cycles = fields.text("cycles", "cycle_limit");
  const counted = cycles !== undefined && /^[1-9]\d{0,8}$/.test(cycles.text) ? `${cycles.text} cycles` : undefined;
  if (cycles !== undefined && counted === undefined) {
    decide.push(draft.decide(cycles.line, cycles.field, `how many cycles is ${quoted(cycles.text)}?`));
  }
  const every = [interval, counted].filter((one) => one !== undefined);
  if (every.length === 0) {
    const message = `how often is the ${name} calibrated? ${given === undefined ? "nothing is said" : quoted(given.text)}; a month stands here`;
    decide.push(draft.decide(given?.line ?? line, given?.field ?? field, message));
    every.push("1 month");
  }
  const warn = fields.many("warn_before", "reminder").flatMap((value: YamlValue): string[] => {
    const read = value.kind === "text" ? readInterval(value.text) : undefined;
    if (read !== undefined) return [`warn ${read} before`];
    decide.push(draft.decide(value.line, value.field, "when is it warned? this is no length of time"));
    return [];
  });
  const clause = [
    `the ${name} ${strictness} be calibrated every ${every.join(" or ")}`,
    ...(every.length > 1 ? ["whichever comes first"] : []),
    ...warn,
  ];
  draft.add(condition, { text: clause.join(", "), because, decide });
}
