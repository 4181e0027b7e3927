/** Contracts at random: every kind of clause, every modifier. What the compiler refuses is made again. */
import { below, chance, choose, maybe, type Random } from "./gate-random.ts";

/** Amounts that a template's parameter stands for are noted here. */
interface Draft {
  readonly next: Random;
  readonly used: Set<string>;
  readonly parameters: Map<string, { readonly byDefault: string; readonly value: string }>;
  readonly isTemplate: boolean;
  readonly kinds: Set<string>;
}

const EQUIPMENT: { readonly [role: string]: string } = {
  meter: 'is a radiometer, by default "M-1"',
  wrench: 'is a torque-wrench, by default "W-1"',
  lamp: 'is a uv-a-lamp, by default "Lamp 7"',
  bench: "is a magnetic-bench",
  thermometer: 'is a digital-thermometer, by default "T-1"',
};
const INSTRUMENTS = ["meter", "thermometer"];
const MATERIALS: { readonly [role: string]: string } = {
  dye: 'is a material, by default "ZP-60D"',
  oil: "is a material",
};

interface QuantityWords {
  readonly declared: readonly string[];
  readonly low: readonly string[];
  readonly high: readonly string[];
  readonly guards: readonly string[];
}
const QUANTITIES: { readonly [name: string]: QuantityWords } = {
  uv: {
    declared: ["uW/cm2", "uW/cm2, plausible from 0 to 100000", "mW/cm2, plausible from 0 to 100", "W/m2"],
    low: ["1000 uW/cm2", "999.999999 uW/cm2", "1 mW/cm2", "10 W/m2", "0 uW/cm2"],
    high: ["9000 uW/cm2", "10 mW/cm2", "90.5 W/m2"],
    guards: ["50 uW/cm2", "0.05 mW/cm2", "0.001 uW/cm2"],
  },
  glare: {
    declared: ["fc", "lx, plausible from 0 lx to 2000 fc", "fc, plausible from 0 to 500"],
    low: ["0.1 fc", "0.5 lx"],
    high: ["2 fc", "20 lx", "21.527820833 lx"],
    guards: ["0.1 fc", "1 lx"],
  },
  "air-pressure": {
    declared: ["psi", "kPa", "psi, plausible from 0 to 200"],
    low: ["25 psi", "175 kPa", "1.5 bar"],
    high: ["40 psi", "276 kPa", "2.5 bar"],
    guards: ["1 psi", "0.5 kPa"],
  },
  air: {
    declared: ["degC", "degF", "degC, plausible from -50 to 80", "K"],
    low: ["10 degC", "50 degF", "-5 degC", "283.15 K"],
    high: ["40 degC", "104 degF", "313.15 K"],
    guards: ["0.5 degC", "1 degF", "0.5 K"],
  },
  oven: {
    declared: ["degC", "degF", "K, plausible from 200 K to 600 K"],
    low: ["20 degC", "68 degF"],
    high: ["60 degC", "140 degF", "333.15 K"],
    guards: ["0.5 degC", "1 degF"],
  },
  heat: { declared: [], low: ["1 degC", "2 degF"], high: ["20 degC", "8.6 K", "36 degF"], guards: ["0.5 K", "1 degF"] },
  torque: {
    declared: ["N.m", "lbf.ft", "N.m, plausible from -500 to 500"],
    low: ["10 N.m", "10 lbf.ft", "-5 N.m"],
    high: ["50 N.m", "40 lbf.ft", "400 lbf.in"],
    guards: ["0.1 N.m", "1 lbf.in"],
  },
  strength: {
    declared: ["mL/100mL", "mL/L"],
    low: ["0.1 mL/100mL", "1 mL/L"],
    high: ["0.4 mL/100mL", "5 mL/L"],
    guards: ["0.01 mL/100mL"],
  },
};

const ROLES = ["QA", "Supervisor", "plant-manager"];
const SPANS = ["180 days", "12 months", "month", "1 year", "2 weeks", "quarter", "6 months", "day", "72 hours"];
const FRESHNESS = [
  ...["each day", "each day", "each shift", "each shift", "each week", "each month", "each quarter"],
  ...["every 8 hours", "every 90 minutes", "every 3 days", "every 2 weeks", "every 1 month"],
  "from the latest readings",
];
const STEPS = ["The line is clean", "All materials are listed…", 'Said "yes"'];
const EVENTS = ["dropped", "overloaded", "kicked"];
const CHECKS = ["filter clean", "no cracks", "all LEDs lit"];

function use(draft: Draft, names: readonly string[]): string {
  const name = choose(draft.next, names);
  draft.used.add(name);
  return name;
}

const item = (draft: Draft): string => use(draft, Object.keys(EQUIPMENT));

/** In a template an amount may be a parameter, whose default the contract replaces or not. */
function amount(draft: Draft, value: string, other: string): string {
  if (!draft.isTemplate || !/^-?[\d.]/.test(value) || !/^-?[\d.]/.test(other) || !chance(draft.next, 0.4)) return value;
  const name = `limit-${draft.parameters.size + 1}`;
  draft.parameters.set(name, { byDefault: other, value });
  return name;
}

const amountOf = (draft: Draft, list: readonly string[]): string =>
  amount(draft, choose(draft.next, list), choose(draft.next, list));

type ClauseText = (draft: Draft, verb: string) => { readonly head: string; readonly modifiers: readonly string[] };

const clauses: { readonly [kind: string]: ClauseText } = {
  calibration: (draft, verb) => {
    const { next } = draft;
    const [isTimed, isCounted] = choose(next, [
      [true, false],
      [true, false],
      [true, true],
      [false, true],
    ]);
    const span = amountOf(draft, SPANS);
    const every = [...(isTimed ? [span] : []), ...(isCounted ? ["5000 cycles"] : [])];
    const warnings = [
      maybe(
        next,
        isTimed ? 0.5 : 0,
        () => `warn ${amountOf(draft, ["30 days", "1 month", "36 hours", "1 day"])} before`,
      ),
      maybe(next, isCounted ? 0.6 : 0, () => "warn 250 cycles before"),
    ];
    const standards = maybe(next, 0.4, () => {
      return `with each reference standard calibrated within ${amountOf(draft, ["12 months", "400 days"])} of its use`;
    });
    const longer = maybe(next, isTimed ? 0.4 : 0, () => {
      const by = chance(next, 0.6) ? `${choose(next, ROLES)} or Supervisor` : "QA";
      return `may be extended by at most ${amountOf(draft, ["14 days", "1 month", "48 hours"])}, approved by ${by}`;
    });
    const first = isTimed && isCounted ? ", whichever comes first" : "";
    // Of an instrument that readings are read with, its calibration says whether they count.
    const subject = chance(next, 0.5) ? use(draft, INSTRUMENTS) : item(draft);
    const head = `the ${subject} ${verb} be calibrated every ${every.join(" or ")}${first}`;
    return { head, modifiers: [...warnings, standards, longer] };
  },
  "warm-up": (draft, verb) => ({
    head: `the ${use(draft, ["lamp", "meter"])} ${verb} have been on for at least ${amountOf(draft, ["10 minutes", "90 seconds", "1 hour"])}`,
    modifiers: [],
  }),
  reading: (draft, verb) => {
    const { next } = draft;
    const name = use(draft, Object.keys(QUANTITIES));
    const { low, high, guards } = QUANTITIES[name] as QuantityWords;
    const isLow = chance(next, 0.5);
    const limit = chance(next, 0.3)
      ? `between ${choose(next, low)} and ${choose(next, high)}`
      : `${choose(next, isLow ? ["at least", "more than"] : ["at most", "less than"])} ${amountOf(draft, isLow ? low : high)}`;
    const readWith = maybe(next, 0.3, () => ` read with the ${use(draft, INSTRUMENTS)}`);
    return {
      head: `${choose(next, FRESHNESS)}, ${name}${readWith} ${verb} be ${limit}`,
      modifiers: [
        maybe(next, 0.3, () => `guarded by ${choose(next, guards)}`),
        maybe(next, 0.15, () => `settled for at least ${amountOf(draft, ["60 minutes", "90 seconds"])}`),
      ],
    };
  },
  use: (draft, verb) => {
    const { next } = draft;
    const unit = choose(next, ["use-hours", "cycles"]);
    const every = unit === "cycles" ? choose(next, ["5000", "10"]) : choose(next, ["500", "0.5", "25.25"]);
    return {
      head: `the ${item(draft)} ${verb} be serviced every ${every} ${unit}`,
      modifiers: [
        maybe(next, 0.5, () => `warn ${unit === "cycles" ? "5" : "0.25"} ${unit} before`),
        maybe(next, 0.5, () => "with enough left for the whole test"),
      ],
    };
  },
  events: (draft, verb) => {
    const named = EVENTS.slice(0, 1 + below(draft.next, 3)).join(" or ");
    return { head: `the ${item(draft)} ${verb} not have been ${named} since its calibration`, modifiers: [] };
  },
  acknowledgement: (draft, verb) => {
    const who = choose(draft.next, ["the operator", "two people", "three people", "a supervisor", "QA"]);
    const step = JSON.stringify(choose(draft.next, STEPS));
    const when = choose(draft.next, FRESHNESS.slice(0, -1));
    return { head: `${when}, ${who} ${verb} acknowledge ${step}`, modifiers: [] };
  },
  "service-state": (draft, verb) => ({ head: `the ${item(draft)} ${verb} be in service`, modifiers: [] }),
  "before-and-after-use": (draft, verb) => ({
    head: `the ${item(draft)} ${verb} be checked before and after each use`,
    modifiers: [],
  }),
  "shelf-life": (draft, verb) => ({
    head: `the ${use(draft, Object.keys(MATERIALS))} ${verb} be within its shelf life`,
    modifiers: [
      maybe(draft.next, 0.6, () => `used within ${amountOf(draft, ["6 months", "30 days", "36 hours"])} of opening`),
    ],
  }),
  "check-list": (draft, verb) => {
    const items = CHECKS.slice(0, 1 + below(draft.next, 3)).map((text) => JSON.stringify(text));
    const when = choose(draft.next, FRESHNESS.slice(0, -1));
    return { head: `${when}, the ${item(draft)} ${verb} be checked: ${items.join(", ")}`, modifiers: [] };
  },
};

/** Kinds with many edges come more often. */
const KINDS = [...Object.keys(clauses), "calibration", "calibration", "reading", "reading", "reading"];

function clause(draft: Draft): string {
  const { next } = draft;
  const kind = choose(next, KINDS);
  draft.kinds.add(kind);
  const { head, modifiers } = (clauses[kind] as ClauseText)(draft, chance(next, 0.14) ? "should" : "must");
  const order = maybe(next, 0.06, () => 'for order "PO-1", ');
  const attribute = maybe(next, 0.08, () => `when the ${item(draft)} is battery-powered, `);
  const extra = [...modifiers, maybe(next, 0.08, () => "never overridable")].filter((text) => text !== "");
  const because = maybe(next, 0.05, () => ' because "it must be so"');
  return `      ${[`${order}${attribute}${head}`, ...extra].join(", ")}${because}`;
}

/** Reasons that a contract's policies may name, by the kind of clause that gives them. */
const OVERRIDABLE: { readonly [kind: string]: readonly string[] } = {
  calibration: [
    "calibration.overdue",
    "calibration.failed",
    "equipment.unknown",
    "reference.missing",
    "calibration.missing",
  ],
  "warm-up": ["warmup.too-short"],
  reading: ["reading.out-of-limits", "reading.stale", "reading.in-guard-band", "reading.missing"],
  use: ["usage.exhausted", "usage.would-run-out"],
  events: ["event.dropped"],
  acknowledgement: ["ack.missing", "ack.second-person-missing", "ack.wrong-person"],
  "service-state": ["equipment.not-in-service", "equipment.needs-reverification"],
  "before-and-after-use": ["check.after-use-missing"],
  "shelf-life": ["lot.expired", "lot.opened-too-long"],
  "check-list": ["check.stale", "check.missing"],
};

function policies({ next, kinds }: Draft): readonly string[] {
  const reasons = [...kinds].flatMap((kind) => OVERRIDABLE[kind] ?? []);
  return Array.from({ length: choose(next, [0, 1, 2, 3, 4]) }, () => {
    const roles = chance(next, 0.5) ? "QA may" : `QA and ${choose(next, ["Supervisor", "plant-manager"])} together may`;
    return `  ${roles} override ${choose(next, reasons)} for at most ${choose(next, ["8 hours", "30 minutes", "1 hour"])}`;
  });
}

function declarations({ next, used }: Draft): readonly string[] {
  if (used.has("heat")) for (const name of ["oven", "air"]) used.add(name);
  const lines = [...used].flatMap((name) => {
    const material = EQUIPMENT[name] ?? MATERIALS[name];
    if (material !== undefined) return [`  ${name} ${material}`];
    return name === "heat" ? [] : [`  ${name} is measured in ${choose(next, QUANTITIES[name]?.declared ?? [])}`];
  });
  return [...lines, ...(used.has("heat") ? ["  heat is oven minus air"] : [])];
}

/** The text of one contract; a sound one mostly, the compiler judges. */
export function contractText(next: Random, id: string): string {
  const isTemplate = chance(next, 0.1);
  const draft: Draft = { next, used: new Set(), parameters: new Map(), isTemplate, kinds: new Set() };
  const scope = choose(next, ["every station", "every station", "every penetrant station", 'order "PO-1"']);
  let conditions = 0;
  const blocks = Array.from({ length: choose(next, [1, 1, 1, 2]) }, () => {
    const kind = choose(next, ["every", "every", "every", "every fluorescent-inspection", "every tensile"]);
    const inside = Array.from({ length: choose(next, [1, 1, 2]) }, () => {
      conditions += 1;
      return `    condition-${conditions}:\n${Array.from({ length: 1 + below(next, 3) }, () => clause(draft)).join("\n")}`;
    });
    return `  before ${kind} test {\n${inside.join("\n")}\n  }`;
  });
  const members = [`  for ${scope}`, ...declarations(draft), ...blocks, ...policies(draft)].join("\n");
  if (!isTemplate) return `contract ${id} "Made at random" {\n${members}\n}\n`;
  const given = [...draft.parameters].filter(() => chance(next, 0.7));
  const bindings = (list: readonly string[]): string => (list.length === 0 ? "" : ` with ${list.join(", ")}`);
  const defaults = bindings([...draft.parameters].map(([name, { byDefault }]) => `${name} = ${byDefault}`));
  const values = bindings(given.map(([name, { value }]) => `${name} = ${value}`));
  return `template made "A template"${defaults} {\n${members}\n}\ncontract ${id} "From it" from made${values} {\n}\n`;
}
