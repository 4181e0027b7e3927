import { DAY_MS, dayNumber, parseTimeOfDay, printDate, printWithOffset } from "../../base/civil-time.ts";
import { add, parseDecimal, rational, subtract } from "../../base/rational.ts";
import type { Bundle, BundleClause, ClauseKind, Freshness, Span } from "../../model/bundle.ts";
import { addCalendarSpan, type PlantCalendar, startOfPeriod } from "../../model/plant-calendar.ts";
import { exactDecimal } from "../amounts.ts";
import type { Constraint } from "../analysis/difference-constraints.ts";
import { between, type QuantityOf, readingsOf, variableOf } from "../analysis/reading-constraints.ts";
import type { Facts } from "../analysis/witness.ts";
import { acceptance, type Interval, plausible } from "../intervals.ts";

/** A way in which a clause may be violated: laid over a snapshot that satisfies another contract, or asked of its readings. */
export interface Fault {
  readonly over?: Facts;
  readonly constraints?: readonly Constraint<null>[];
  /** In place of all acknowledgements of one step. */
  readonly acks?: { readonly step: string; readonly given: readonly Facts[] };
}

/** When and where a fault is to happen. */
export interface Scene {
  readonly bundle: Bundle;
  readonly calendar: PlantCalendar;
  readonly nowMs: number;
  /** Times of day, `06:00`. */
  readonly shifts: readonly string[];
  /** Roles that may approve an extension in either version. */
  readonly approvers: readonly string[];
}

/** A kind that is not here has none to try: a comparison then says "undecided" where a fault would have shown something. */
type FaultsOf = {
  readonly [K in ClauseKind]?: (clause: Extract<BundleClause, { readonly kind: K }>, scene: Scene) => readonly Fault[];
};

const number = (text: string) => ({ $number: text });
const NOT_LONG_AGO_MS = 60_000;

/** The latest moment whose evidence is no longer good; undefined where evidence of any age is. */
function justTooOld(freshness: Freshness, { calendar, nowMs, shifts }: Scene): number | undefined {
  if (freshness.kind === "latest") return undefined;
  if (freshness.kind === "every") return spentBy(freshness.span, calendar, nowMs);
  const minutes = shifts.flatMap((time) => parseTimeOfDay(time) ?? []);
  const start = startOfPeriod(calendar, freshness.period, nowMs, minutes);
  return start === undefined ? undefined : start - NOT_LONG_AGO_MS;
}

function spentBy(span: Span, calendar: PlantCalendar, nowMs: number): number {
  if (span.kind === "elapsed") return nowMs - span.ms;
  return calendar.startOfDay(lastSpentDay(span, calendar.dayOf(nowMs)) + 1) - NOT_LONG_AGO_MS;
}

/** The latest day after which a calendar span is over before `today`. */
function lastSpentDay(span: Extract<Span, { kind: "calendar" }>, today: number): number {
  // A span back from today is at most a few days off, for months are clamped.
  let day = addCalendarSpan(today, span, -1) + 4;
  while (addCalendarSpan(day, span) >= today) day -= 1;
  return day;
}

/** Evidence of other years cannot be written down; a candidate that would need it is none. */
const [FIRST_DAY, LAST_DAY] = [dayNumber(2, 1, 1), dayNumber(9998, 1, 1)];
const within = (low: number, value: number, high: number): number => Math.min(Math.max(low, value), high);

const dayText = (day: number): string => printDate(within(FIRST_DAY, day, LAST_DAY));

export function instantText(ms: number, calendar: PlantCalendar): string {
  const written = within(FIRST_DAY * DAY_MS, ms, LAST_DAY * DAY_MS);
  return printWithOffset(written, calendar.offsetAt(written));
}

const instant = (ms: number, { calendar }: Scene): string => instantText(ms, calendar);

function assetOf(name: string, { bundle }: Scene): string {
  const { equipment, materials } = bundle;
  return equipment.find((one) => one.name === name)?.asset ?? materials.find((one) => one.name === name)?.lot ?? name;
}

const ofItem = (role: string, scene: Scene, fields: Facts | null): Fault => ({
  over: { equipment: { [assetOf(role, scene)]: fields } },
});

const calibrated = (role: string, scene: Scene, day: number | null, more: Facts = {}): Fault =>
  ofItem(role, scene, {
    calibration: day === null ? null : { performedOn: dayText(day), ...more },
  });

/** The day on which a calibration must have been made to be overdue now. */
const overdueDay = (span: Span, { calendar, nowMs }: Scene): number =>
  span.kind === "calendar"
    ? lastSpentDay(span, calendar.dayOf(nowMs))
    : calendar.dayOf(nowMs - span.ms - DAY_MS) +
      (calendar.startOfDay(calendar.dayOf(nowMs)) + span.ms <= nowMs ? 1 : 0);

function extended(role: string, day: number, span: Span, roles: readonly string[], scene: Scene): Fault {
  const today = scene.calendar.dayOf(scene.nowMs);
  return ofItem(role, scene, {
    calibration: { performedOn: dayText(day) },
    extension: {
      until: dayText(today + (span.kind === "calendar" ? 0 : 1)),
      grantedAt: instant(scene.calendar.startOfDay(day) + 1, scene),
      approvals: roles.map((one, index) => ({ by: `approver-${index + 1}`, role: one })),
    },
  });
}

/** Not accepted, as intervals of the same variable: below the low end, above the high one. */
function outside({ low, high }: Interval): readonly Interval[] {
  return [
    ...(low === null ? [] : [{ low: null, high: { value: low.value, inclusive: !low.inclusive } }]),
    ...(high === null ? [] : [{ low: { value: high.value, inclusive: !high.inclusive }, high: null }]),
  ];
}

const faultsOf: FaultsOf = {
  calibration: (clause, scene) => [
    calibrated(clause.equipment, scene, null),
    ...(clause.interval === null ? [] : intervalFaults(clause.equipment, clause.interval, clause.extension, scene)),
    ...(clause.cycles === null
      ? []
      : [ofItem(clause.equipment, scene, { cycles: number(String(clause.cycles)), cyclesAtService: number("0") })]),
    ...(clause.referencesWithin === null ? [] : referenceFaults(clause.equipment, clause.referencesWithin, scene)),
  ],
  "warm-up": (clause, scene) => [
    ofItem(clause.equipment, scene, { onSeconds: number(String((clause.ms - 1) / 1000)) }),
    ofItem(clause.equipment, scene, { onSeconds: null }),
  ],
  reading: readingFaults,
  use: (clause, scene) => {
    const fields = (used: string): Facts => ({
      [clause.counter]: number(used),
      [`${clause.counter}AtService`]: number("0"),
    });
    const limit = parseDecimal(clause.every) ?? rational(1n);
    const nearly = exactDecimal(subtract(limit, rational(1n, 1000n))) ?? "0";
    const plan = (hours: string | null): Facts => ({
      test: { planned: { [clause.counter]: hours === null ? null : number(hours) } },
    });
    return [
      ofItem(clause.equipment, scene, fields(clause.every)),
      { over: plan(null) },
      { over: { ...ofItem(clause.equipment, scene, fields(nearly)).over, ...plan("1") } },
      { over: plan(exactDecimal(add(limit, rational(1n, 1000n))) ?? "1") },
    ];
  },
  events: (clause, scene) => [
    ofItem(clause.equipment, scene, { events: null }),
    ...clause.events.map((kind) =>
      ofItem(clause.equipment, scene, { events: [{ kind, at: instant(scene.nowMs, scene) }] }),
    ),
  ],
  acknowledgement: acknowledgementFaults,
  "service-state": (clause, scene) => [
    ofItem(clause.equipment, scene, { status: "out-of-service" }),
    ofItem(clause.equipment, scene, { locks: [{ by: "person-1", at: instant(scene.nowMs, scene) }] }),
    ofItem(clause.equipment, scene, { returnedAt: instant(scene.nowMs, scene) }),
  ],
  "before-and-after-use": (clause, scene) => [
    ofItem(clause.equipment, scene, { lastUseEndedAt: instant(scene.nowMs - NOT_LONG_AGO_MS, scene) }),
    ofItem(clause.equipment, scene, { openingCheck: { at: instant(scene.nowMs, scene), result: "fail" } }),
  ],
  "shelf-life": (clause, scene) => {
    const id = assetOf(clause.material, scene);
    const today = scene.calendar.dayOf(scene.nowMs);
    const opened = clause.openedWithin === null ? [] : [overdueDay(clause.openedWithin, scene)];
    return [
      { over: { lots: { [id]: { expires: dayText(today - 1) } } } },
      ...opened.map((day) => ({ over: { lots: { [id]: { openedOn: dayText(day) } } } })),
      { over: { lots: { [id]: null } } },
    ];
  },
  "check-list": (clause, scene) => {
    const checks = (at: number, items: readonly string[]): Fault =>
      ofItem(clause.equipment, scene, {
        checks: [
          {
            ...{ name: clause.equipment, at: instant(at, scene), by: "operator-1", result: "pass" },
            items: Object.fromEntries(items.map((item) => [item, true])),
          },
        ],
      });
    const all = scene.bundle.clauses.flatMap((one) =>
      one.kind === "check-list" && one.equipment === clause.equipment ? one.items : [],
    );
    const old = justTooOld(clause.freshness, scene);
    return [
      ...(old === undefined ? [] : [checks(old, all)]),
      ...clause.items.map((item) =>
        checks(
          scene.nowMs,
          all.filter((other) => other !== item),
        ),
      ),
      ofItem(clause.equipment, scene, { checks: [] }),
    ];
  },
};

function intervalFaults(
  role: string,
  interval: Span,
  extension: Extract<BundleClause, { kind: "calibration" }>["extension"],
  scene: Scene,
): readonly Fault[] {
  const day = overdueDay(interval, scene);
  const days = extension === null ? 0 : daysOf(extension.cap);
  const approvals = [scene.approvers, ...scene.approvers.map((one) => [one])];
  return [
    calibrated(role, scene, day),
    ...approvals.flatMap((roles) => [
      extended(role, day, interval, roles, scene),
      extended(role, day - days, interval, roles, scene),
    ]),
  ];
}

/** At least as many days as a span lasts. */
const daysOf = (span: Span): number =>
  span.kind === "elapsed"
    ? Math.ceil(span.ms / DAY_MS)
    : span.count * (span.unit === "day" ? 1 : span.unit === "month" ? 31 : 366);

function referenceFaults(role: string, within: Span, scene: Scene): readonly Fault[] {
  const today = scene.calendar.dayOf(scene.nowMs);
  const day = within.kind === "calendar" ? lastSpentDay(within, today) : today - 1;
  const standard = "reference standard";
  const behind = { calibration: { performedOn: dayText(day), result: "pass", national: true } };
  return [
    calibrated(role, scene, today, { references: [], national: false }),
    {
      over: {
        equipment: {
          [assetOf(role, scene)]: { calibration: { references: [standard], national: false } },
          [standard]: behind,
        },
      },
    },
  ];
}

function readingFaults(clause: Extract<BundleClause, { kind: "reading" }>, scene: Scene): readonly Fault[] {
  const quantityOf: QuantityOf = (name) => scene.bundle.quantities.find((one) => one.name === name);
  const [left, right] = readingsOf(clause, quantityOf);
  if (left === undefined) return [];
  const other = right === undefined ? null : variableOf(right);
  const asks = (variable: string, than: string | null, interval: Interval): readonly Fault[] =>
    outside(interval).map((beyond) => ({ constraints: between(variable, than, beyond, null) }));
  const sides = right === undefined ? [left] : [left, right];
  const old = justTooOld(clause.freshness, scene);
  const each = (fields: Facts): Fault[] => sides.map(({ name }) => ({ over: { readings: { [name]: fields } } }));
  return [
    ...asks(variableOf(left), other, acceptance(clause, right !== undefined)),
    ...sides.flatMap((side) => asks(variableOf(side), null, plausible(side))),
    ...(old === undefined ? [] : each({ takenAt: instant(old, scene) })),
    ...(old === undefined
      ? []
      : each({ takenAt: instant(old, scene) }).map((fault) => calibratedThen(fault, old, scene))),
    ...(clause.settledMs === null
      ? []
      : each({ settledMinutes: number(String(Math.floor((clause.settledMs - 1) / 60) / 1000)) })),
    ...(clause.readWith === null ? [] : instrumentFaults(clause.readWith, each, scene)),
    ...each({ takenAt: null }),
  ];
}

/** Whatever the reading was taken with was calibrated by then. */
function calibratedThen({ over }: Fault, at: number, scene: Scene): Fault {
  const day = dayText(scene.calendar.dayOf(at));
  const equipment = scene.bundle.equipment.map(
    ({ name }) => [assetOf(name, scene), { calibration: { performedOn: day } }] as const,
  );
  return { over: { ...over, equipment: Object.fromEntries(equipment) } };
}

function instrumentFaults(role: string, each: (fields: Facts) => Fault[], scene: Scene): readonly Fault[] {
  const today = scene.calendar.dayOf(scene.nowMs);
  return [
    ...each({ takenWith: "another instrument" }),
    ofItem(role, scene, { calibration: { dueOn: null } }),
    ofItem(role, scene, { calibration: { dueOn: dayText(today - 1) } }),
    calibrated(role, scene, null),
  ];
}

function acknowledgementFaults(
  clause: Extract<BundleClause, { kind: "acknowledgement" }>,
  scene: Scene,
): readonly Fault[] {
  const given = (list: readonly { readonly by: string; readonly role?: string; readonly ms: number }[]): Fault => ({
    acks: {
      step: clause.step,
      given: list.map(({ ms, ...one }) => ({ step: clause.step, ...one, at: instant(ms, scene) })),
    },
  });
  const acks = (people: readonly { readonly by: string; readonly role?: string }[], ms: number): Fault =>
    given(people.map((one) => ({ ...one, ms })));
  const roles = scene.bundle.clauses.flatMap((one) =>
    one.kind === "acknowledgement" && one.who.kind === "role" ? [one.who.role] : [],
  );
  const persons = ["operator-1", ...Array.from({ length: 9 }, (_, index) => `person-${index + 2}`)];
  const everybody = [...persons.map((by) => ({ by })), ...roles.map((role) => ({ by: "operator-1", role }))];
  const old = justTooOld(clause.freshness, scene);
  const enough = clause.who.kind === "people" ? clause.who.count - 1 : 1;
  const mixed = (at: number): Fault =>
    given(everybody.map((one, index) => ({ ...one, ms: index === 0 ? scene.nowMs : at })));
  const others = persons.slice(1).map((by) => ({ by }));
  return [
    ...(old === undefined ? [] : [acks(everybody, old), mixed(old)]),
    acks(everybody.slice(0, enough), scene.nowMs),
    acks(others, scene.nowMs),
    acks(everybody.slice(0, 1), scene.nowMs),
    acks([], scene.nowMs),
  ];
}

/** Ways in which a clause may come to be violated, and its equipment or its guard's unknown; a decision says which of them do. */
export function faultsOfClause(clause: BundleClause, scene: Scene): readonly Fault[] {
  const own = faultsOf[clause.kind] as ((clause: BundleClause, scene: Scene) => readonly Fault[]) | undefined;
  return [
    {},
    ...(own?.(clause, scene) ?? []),
    ...("equipment" in clause ? [ofItem(clause.equipment, scene, null)] : []),
    ...(clause.attribute === null ? [] : [ofItem(clause.attribute.equipment, scene, null)]),
  ];
}
