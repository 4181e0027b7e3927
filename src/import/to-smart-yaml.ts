import { stringify } from "yaml";
import type {
  AcknowledgementClause,
  Bundle,
  BundleClause,
  CalibrationClause,
  CheckListClause,
  ClauseKind,
  Freshness,
  Limit,
  ReadingClause,
  ShelfLifeClause,
  Span,
} from "../model/bundle.ts";
import { kebab } from "./words.ts";
import type { TransferNote } from "./yaml-fields.ts";

export interface ExportedContract {
  readonly contract: string;
  readonly yaml: string;
  /** What the YAML has no place for; lines are those of the `.maint` file. */
  readonly notes: readonly TransferNote[];
  readonly steps: number;
}

type Entry = { readonly [key: string]: unknown };
type Say = (message: string) => void;

/** A contract as SMART YAML: `importSmartYaml` reads it back to the same clauses, but for what the notes name. */
export function exportSmartYaml(bundle: Bundle): ExportedContract {
  const notes: TransferNote[] = [];
  const note = (line: number, field: string, message: string): void => {
    notes.push({ kind: "not-taken-over", line, field, message });
  };
  for (const { line, reason } of bundle.overrides) note(line, reason, "the override policy is left out");
  for (const { line, role } of bundle.whenBlocked) note(line, role, "whom a blocked test is told to is left out");
  for (const { line, name } of bundle.tests) note(line, name, "the test is left out");
  if (bundle.scope.order !== null) note(1, "scope", `that it binds order ${bundle.scope.order} alone is left out`);
  const kinds = new Map(bundle.conditions.map(({ name, testKind }) => [name, testKind]));
  const steps = bundle.clauses.map((clause, index): Entry => {
    const say: Say = (message) => note(clause.line, clause.condition, message);
    const kind = kinds.get(clause.condition) ?? null;
    if (kind !== null) say(`that it is asked before every ${kind} test alone is left out`);
    if (clause.neverOverridable) say("`never overridable` is left out: without a policy nobody overrides it");
    const optional = clause.strictness === "should" ? { required: false } : {};
    return { step: index + 1, condition: clause.condition, ...entryOf(clause, bundle, say), ...optional };
  });
  const read = new Set(steps.map((step) => step["quantity"]));
  for (const { name, line, plausible } of bundle.quantities) {
    if (!read.has(name) && plausible !== null) note(line, name, "no step reads it: its plausible range is left out");
  }
  notes.sort((a, b) => a.line - b.line);
  const head = [...new Set(notes.map(({ field, message }) => `# not held: ${field}: ${message}\n`))];
  return {
    contract: bundle.contract,
    yaml: `${head.map(oneLine).join("")}${yamlOf(bundle, steps)}`,
    notes,
    steps: steps.length,
  };
}

const oneLine = (text: string): string => `${text.replace(/\s+/g, " ").trim()}\n`;

function yamlOf(bundle: Bundle, steps: readonly Entry[]): string {
  const { contract, title, doc, scope, following, equipment, materials } = bundle;
  const whole = {
    smart_contract_id: contract,
    contract_type: "SmartMaintenance",
    title,
    ...(doc === null ? {} : { description: doc }),
    ...(scope.stationType === null ? {} : { station_type: scope.stationType }),
    ...(following.length === 0 ? {} : { standards: following }),
    ...(equipment.length === 0
      ? {}
      : {
          equipment: equipment.map(({ name, type, asset }) => ({ name, type, ...(asset === null ? {} : { asset }) })),
        }),
    ...(materials.length === 0
      ? {}
      : { materials: materials.map(({ name, lot }) => (lot === null ? { name } : { name, lot })) }),
    checklist_steps: steps,
  };
  // Readers of YAML 1.1 take a bare `yes` or `10:30` for something else: such texts are quoted.
  return stringify(whole, { lineWidth: 0, compat: "yaml-1.1" });
}

type EntryOf = {
  readonly [K in ClauseKind]?: (clause: Extract<BundleClause, { kind: K }>, bundle: Bundle, say: Say) => Entry | null;
};

/** The kinds that the shape holds; of all others a person confirms the words. */
const held: EntryOf = {
  reading: readingEntry,
  acknowledgement: acknowledgementEntry,
  "check-list": checkListEntry,
  calibration: calibrationEntry,
  "shelf-life": shelfLifeEntry,
};

function entryOf(clause: BundleClause, bundle: Bundle, say: Say): Entry {
  const toEntry = held[clause.kind] as ((clause: BundleClause, bundle: Bundle, say: Say) => Entry | null) | undefined;
  const narrowed = clause.order !== null || clause.attribute !== null;
  const entry = narrowed ? null : (toEntry?.(clause, bundle, say) ?? null);
  if (entry !== null) return entry;
  say("no kind of step judges this: its words stand in a checkbox, for a person to confirm");
  return { description: clause.text, input_type: "checkbox", ...rationaleOf(clause) };
}

const rationaleOf = ({ because }: BundleClause): Entry => (because === null ? {} : { rationale: because });

function readingEntry(clause: ReadingClause, bundle: Bundle, say: Say): Entry | null {
  const quantity = bundle.quantities.find(({ name }) => name === clause.quantity);
  if (quantity === undefined || quantity.difference !== null) return null;
  const { unit, plausible } = quantity;
  if (clause.guardBand !== null) {
    say(`the guard band of ${clause.guardBand.value} ${clause.guardBand.unit} is left out: the step is looser`);
  }
  if (clause.settledMs !== null) {
    say(`settling for ${spanText({ kind: "elapsed", ms: clause.settledMs })} is left out: the step is looser`);
  }
  return {
    ...descriptionOf(clause),
    input_type: "number",
    quantity: clause.quantity,
    unit,
    reference_value: limitText(clause.limit, unit),
    ...(plausible === null ? {} : { plausible_range: `${plausible.from} to ${plausible.to}` }),
    ...(clause.readWith === null ? {} : { instrument: clause.readWith }),
    frequency: frequencyText(clause.freshness),
  };
}

/** The reason as the step's words, where it reads back as a reason; else the quantity's own name. */
function descriptionOf({ because, quantity }: ReadingClause): Entry {
  const words = quantity.replaceAll("-", " ");
  if (because !== null && kebab(because, "") !== quantity) return { description: because };
  const named = kebab(words, "") === quantity ? { description: words } : {};
  return because === null ? named : { ...named, rationale: because };
}

function acknowledgementEntry(clause: AcknowledgementClause): Entry {
  const { who, step, freshness } = clause;
  const role =
    who.kind === "operator"
      ? {}
      : { role: who.kind === "role" ? who.role : `${COUNTS[who.count] ?? who.count} people` };
  return {
    description: step,
    input_type: "checkbox",
    ...role,
    frequency: frequencyText(freshness),
    ...rationaleOf(clause),
  };
}

const COUNTS = ["", "", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

function checkListEntry(clause: CheckListClause): Entry {
  const { equipment, items, freshness } = clause;
  return { input_type: "checklist", equipment, items, frequency: frequencyText(freshness), ...rationaleOf(clause) };
}

function calibrationEntry(clause: CalibrationClause, _bundle: Bundle, say: Say): Entry {
  const { equipment, interval, cycles, warnBefore, warnCyclesBefore, referencesWithin, extension } = clause;
  if (referencesWithin !== null) say("the calibration of its reference standards is left out: the step is looser");
  if (extension !== null) say("that it may be extended is left out");
  const warn = [
    ...(warnBefore === null ? [] : [spanText(warnBefore)]),
    ...(warnCyclesBefore === null ? [] : [`${warnCyclesBefore} cycles`]),
  ];
  return {
    input_type: "calibration",
    equipment,
    ...(interval === null ? {} : { interval: spanText(interval) }),
    ...(cycles === null ? {} : { cycles }),
    ...(warn.length === 0 ? {} : { warn_before: warn.length === 1 ? warn[0] : warn }),
    ...rationaleOf(clause),
  };
}

function shelfLifeEntry(clause: ShelfLifeClause): Entry {
  const { material, openedWithin } = clause;
  const opened = openedWithin === null ? {} : { opened_within: spanText(openedWithin) };
  return { input_type: "shelf_life", consumable: material, ...opened, ...rationaleOf(clause) };
}

function limitText({ unit, low, high }: Limit, declared: string): string {
  const own = unit === declared ? "" : ` ${unit}`;
  if (low !== null && high !== null) {
    const isPlain = !low.value.startsWith("-") && !high.value.startsWith("-");
    return `${low.value}${isPlain ? "-" : " to "}${high.value}${own}`;
  }
  if (low !== null) return `${low.inclusive ? "min" : ">"} ${low.value}${own}`;
  return high === null ? "" : `${high.inclusive ? "max" : "<"} ${high.value}${own}`;
}

const frequencies = {
  day: "daily",
  shift: "each shift",
  week: "weekly",
  month: "monthly",
  quarter: "quarterly",
} as const;

function frequencyText(freshness: Freshness): string {
  if (freshness.kind === "latest") return "latest";
  return freshness.kind === "period" ? frequencies[freshness.period] : `every ${spanText(freshness.span)}`;
}

const counted = (count: number | string, word: string): string => `${count} ${word}${String(count) === "1" ? "" : "s"}`;

/** In words that `readInterval` takes for the same span. */
function spanText(span: Span): string {
  if (span.kind === "calendar") return counted(span.count, span.unit);
  const sizes = [
    [3_600_000, "hour"],
    [60_000, "minute"],
  ] as const;
  for (const [size, word] of sizes) if (span.ms % size === 0) return counted(span.ms / size, word);
  const fraction = String(span.ms % 1_000)
    .padStart(3, "0")
    .replace(/0+$/, "");
  return counted(`${Math.floor(span.ms / 1_000)}${fraction === "" ? "" : `.${fraction}`}`, "second");
}
