import { printDate } from "../../base/civil-time.ts";
import { compare, parseDecimal, subtract } from "../../base/rational.ts";
import type { BundleClause } from "../../model/bundle.ts";
import { exactDecimal } from "../amounts.ts";
import { type CaseOrNot, caseOf, leftOut, stillFine, violated } from "./cases.ts";
import { earlier, edgesOf, lastSpent, NOW, TODAY, wallText } from "./moments.ts";
import {
  ackLine,
  allFresh,
  type ClauseOf,
  calibrationLine,
  calibrationsOf,
  checkLine,
  decimal,
  earliestValid,
  lotLine,
  nudged,
  onLine,
  plannedFor,
  quoted,
  type Scene,
  useLine,
} from "./scene.ts";

const ANOTHER = "another clause about the same evidence forbids it";

/** Source: decisions.md B1, B4, B6, B8, B9, B18, B19. */
export function calibrationCases(clause: ClauseOf<"calibration">, scene: Scene): readonly CaseOrNot[] {
  const { equipment, interval, cycles, warnBefore, warnCyclesBefore, referencesWithin, extension } = clause;
  const line = (day: number, result?: string) =>
    [[`calibration ${equipment}`, calibrationLine(equipment, day, result)]] as const;
  const cases: CaseOrNot[] = [];
  if (interval !== null) {
    cases.push(
      caseOf(
        "never calibrated",
        [[`calibration ${equipment}`, null]],
        violated(clause, "calibration.missing", equipment),
      ),
      caseOf("calibrated tomorrow", line(TODAY + 1), violated(clause, "calibration.future-dated", equipment)),
      caseOf("calibration failed", line(TODAY, "fail"), violated(clause, "calibration.failed", equipment)),
    );
  }
  if (interval?.kind === "elapsed") cases.push(leftOut("due", "no statement gives a calibration's hour"));
  if (interval?.kind === "calendar") {
    const overdue = lastSpent(interval, TODAY);
    const clash = earliestValid(equipment, scene.asked) > overdue + 1 ? ANOTHER : null;
    cases.push(
      stillFine(scene, "on the last day", line(overdue + 1), { clash }),
      caseOf("a day overdue", line(overdue), violated(clause, "calibration.overdue", equipment)),
    );
    if (warnBefore?.kind === "calendar" && warnBefore.unit === "day") {
      const day = lastSpent(interval, TODAY + warnBefore.count + 1);
      const warnClash =
        day > TODAY
          ? "the warning is longer than the interval"
          : earliestValid(equipment, scene.asked) > day
            ? ANOTHER
            : null;
      cases.push(
        stillFine(scene, "on the day the warning opens", line(day), {
          clash: warnClash,
          warns: [`warning calibration.due-soon of ${equipment}`],
        }),
      );
    }
  }
  if (cycles !== null)
    cases.push(
      ...counterCases(
        clause,
        scene,
        "cycles",
        String(cycles),
        warnCyclesBefore === null ? null : String(warnCyclesBefore),
      ),
    );
  if (referencesWithin !== null) cases.push(leftOut("reference standards", "no statement names reference standards"));
  if (extension !== null) cases.push(leftOut("extension", "no statement grants an extension"));
  return cases;
}

export function warmUpCases(clause: ClauseOf<"warm-up">, scene: Scene): readonly CaseOrNot[] {
  const { equipment, ms } = clause;
  const key = `on ${equipment}`;
  const seconds = Math.ceil(ms / 1000);
  const longer = scene.asked.some(
    (one) => one.kind === "warm-up" && one.strictness === "must" && one.equipment === equipment && one.ms > ms,
  );
  const short = violated(clause, "warmup.too-short", equipment);
  return [
    stillFine(scene, "on for just long enough", [[key, onLine(equipment, seconds)]], {
      clash: longer ? ANOTHER : null,
    }),
    ...(seconds === 0 ? [] : [caseOf("on for a second too short", [[key, onLine(equipment, seconds - 1)]], short)]),
    caseOf("nobody knows how long it has been on", [[key, null]], short),
  ];
}

export const useCases = (clause: ClauseOf<"use">, scene: Scene): readonly CaseOrNot[] =>
  counterCases(clause, scene, clause.counter, clause.every, clause.warnBefore);

/** Counters of use, of a service or beside a calibration's interval. Source: decisions.md B2, B9. */
function counterCases(
  clause: ClauseOf<"use"> | ClauseOf<"calibration">,
  scene: Scene,
  counter: "hours" | "cycles",
  every: string,
  warn: string | null,
): readonly CaseOrNot[] {
  const { equipment } = clause;
  const used = (value: string) => [[`use ${equipment} ${counter}`, useLine(equipment, counter, value)]] as const;
  const planned = plannedFor(counter, scene.asked);
  const clashAt = (value: string): string | null => (fits(equipment, counter, value, planned, scene) ? null : ANOTHER);
  const last = nudged(every, -1);
  const cases: CaseOrNot[] = [
    stillFine(scene, "used up to just below the limit", used(last), { clash: clashAt(last) }),
    caseOf("used up", used(every), violated(clause, "usage.exhausted", equipment)),
    caseOf(
      "nobody knows its use",
      [[`use ${equipment} ${counter}`, null]],
      violated(clause, "usage.unknown", equipment),
    ),
  ];
  if (warn !== null) {
    const opens = exactDecimal(subtract(decimal(every), decimal(warn))) ?? every;
    const clash = compare(decimal(opens), decimal("0")) <= 0 ? "the warning is longer than the limit" : clashAt(opens);
    cases.push(
      stillFine(scene, "where the warning opens", used(opens), {
        clash,
        warns: [`warning usage.due-soon of ${equipment}`],
      }),
    );
  }
  if (clause.kind === "use" && clause.enoughLeft) cases.push(...enoughCases(clause, scene, planned));
  return cases;
}

function enoughCases(clause: ClauseOf<"use">, scene: Scene, planned: string): readonly CaseOrNot[] {
  const { equipment, counter, every } = clause;
  const used = (value: string) => [`use ${equipment} ${counter}`, useLine(equipment, counter, value)] as const;
  const unplanned = caseOf(
    "nobody planned the test's use",
    [[`planned ${counter}`, null]],
    violated(clause, "usage.unknown", equipment),
  );
  const most = exactDecimal(subtract(decimal(every), decimal(planned)));
  if (most === undefined || planned === "0") return [unplanned];
  return [
    unplanned,
    stillFine(scene, "the test just reaches the limit", [used(most)], {
      clash: fits(equipment, counter, most, planned, scene) ? null : ANOTHER,
    }),
    caseOf(
      "the test would pass the limit",
      [used(nudged(most, 1))],
      violated(
        clause,
        compare(decimal(nudged(most, 1)), decimal(every)) >= 0 ? "usage.exhausted" : "usage.would-run-out",
        equipment,
      ),
    ),
  ];
}

/** Whether every `must` clause about the counter is satisfied by this use. */
function fits(
  equipment: string,
  counter: "hours" | "cycles",
  value: string,
  planned: string,
  { asked }: Scene,
): boolean {
  const used = parseDecimal(value);
  // A statement says no use of nothing.
  if (used === undefined || used.n <= 0n) return false;
  return asked.every((one) => {
    if (one.strictness === "should") return true;
    if (one.kind === "calibration") {
      return (
        one.equipment !== equipment ||
        counter !== "cycles" ||
        one.cycles === null ||
        compare(used, decimal(String(one.cycles))) < 0
      );
    }
    if (one.kind !== "use" || one.equipment !== equipment || one.counter !== counter) return true;
    const left = subtract(decimal(one.every), used);
    return left.n > 0n && (!one.enoughLeft || compare(left, decimal(planned)) >= 0);
  });
}

/** Source: decisions.md B20. */
export function eventsCases(clause: ClauseOf<"events">, scene: Scene): readonly CaseOrNot[] {
  const { equipment, events } = clause;
  const calibrations = calibrationsOf(equipment, scene.asked);
  const day = calibrations.length === 0 ? TODAY : earliestValid(equipment, scene.asked);
  return events.flatMap((event) => {
    const line = (on: number) => [[`event ${event}`, `${equipment} was ${event} on ${printDate(on)}`]] as const;
    return [
      caseOf(`${event} on the day of its calibration`, line(day), violated(clause, `event.${event}`, equipment)),
      stillFine(scene, `${event} the day before its calibration`, line(day - 1)),
    ];
  });
}

/** Source: decisions.md B12. */
export function acknowledgementCases(clause: ClauseOf<"acknowledgement">, scene: Scene): readonly CaseOrNot[] {
  const { step, who, freshness } = clause;
  const subject = quoted(step);
  const people = who.kind === "people" ? who.count : 1;
  const role = who.kind === "role" ? who.role : null;
  const all = Array.from({ length: people }, (_, index) => index + 1);
  const same = scene.asked.filter((one) => one.kind === "acknowledgement").filter((one) => one.step === step);
  const every = (at: typeof NOW) =>
    all.map((index) => [`ack ${step} ${index}`, ackLine(step, `STF-${index}`, role, at)] as const);
  if (same.length > 1)
    return [leftOut("acknowledged by somebody else, or earlier", "several clauses ask for the same acknowledgement")];
  const missing = violated(clause, "ack.missing", subject);
  const cases: CaseOrNot[] = [
    caseOf(
      "not acknowledged",
      all.map((index) => [`ack ${step} ${index}`, null]),
      missing,
    ),
  ];
  if (who.kind === "operator") {
    cases.push(
      caseOf(
        "acknowledged by somebody else",
        [[`ack ${step} 1`, ackLine(step, "STF-9", null, NOW)]],
        violated(clause, "ack.wrong-person", subject),
      ),
    );
  }
  if (who.kind === "role") {
    cases.push(caseOf("acknowledged in another role", [[`ack ${step} 1`, ackLine(step, "STF-1", null, NOW)]], missing));
  }
  if (who.kind === "people") {
    cases.push(
      caseOf(
        "one person is missing",
        [[`ack ${step} ${people}`, null]],
        violated(clause, "ack.second-person-missing", subject),
      ),
      caseOf(
        "one person twice",
        [[`ack ${step} ${people}`, ackLine(step, "STF-1", null, NOW)]],
        violated(clause, "ack.second-person-missing", subject),
      ),
    );
  }
  const edges = edgesOf(freshness);
  if (edges === undefined)
    return [...cases, leftOut("acknowledged long ago", "test statements count in minutes, up to twenty days back")];
  if (edges === null) return cases;
  return [
    ...cases,
    stillFine(scene, "acknowledged as early as it may be", every(edges.good), {
      clash: allFresh(same, edges.good) ? null : ANOTHER,
    }),
    caseOf("acknowledged a minute too early", every(edges.stale), missing),
  ];
}

export const serviceStateCases = (clause: ClauseOf<"service-state">): readonly CaseOrNot[] => [
  caseOf(
    "out of service",
    [[`state ${clause.equipment}`, `${clause.equipment} is out of service`]],
    violated(clause, "equipment.not-in-service", clause.equipment),
  ),
  caseOf(
    "locked out",
    [[`state ${clause.equipment}`, `${clause.equipment} is locked out`]],
    violated(clause, "equipment.locked-out", clause.equipment),
  ),
];

/** Source: decisions.md B17. */
export function beforeAndAfterUseCases(clause: ClauseOf<"before-and-after-use">, scene: Scene): readonly CaseOrNot[] {
  const { equipment } = clause;
  const end = earlier(NOW, 60);
  const used = [`used ${equipment}`, `${equipment} was last used until ${wallText(end)}`] as const;
  const checked = (at: typeof NOW, result: string) => [`check ${equipment}`, checkLine(equipment, at, result)] as const;
  const lists = scene.asked.filter((one) => one.kind === "check-list").filter((one) => one.equipment === equipment);
  const clash = allFresh(lists, end) ? null : ANOTHER;
  return [
    caseOf(
      "used and not checked since",
      [used, [`check ${equipment}`, null]],
      violated(clause, "check.after-use-missing", equipment),
    ),
    caseOf(
      "checked a minute before the use ended",
      [used, checked(earlier(end, 1), "pass")],
      violated(clause, "check.after-use-missing", equipment),
    ),
    stillFine(scene, "checked as the use ended", [used, checked(end, "pass")], { clash }),
    caseOf("failed after its use", [used, checked(NOW, "fail")], violated(clause, "check.after-use-failed", equipment)),
  ];
}

/** Source: decisions.md B14. */
export function shelfLifeCases(clause: ClauseOf<"shelf-life">, scene: Scene): readonly CaseOrNot[] {
  const { material, openedWithin } = clause;
  const key = `lot ${material}`;
  const opened = scene.lines.get(key)?.includes("opened") === true ? TODAY : null;
  const cases: CaseOrNot[] = [
    stillFine(scene, "on the day it expires", [[key, lotLine(material, TODAY, opened)]]),
    caseOf(
      "expired yesterday",
      [[key, lotLine(material, TODAY - 1, opened)]],
      violated(clause, "lot.expired", material),
    ),
    caseOf("of no known lot", [[key, null]], violated(clause, "lot.unknown", material)),
  ];
  if (openedWithin?.kind === "elapsed")
    cases.push(leftOut("opened too long", "no statement gives the hour of opening"));
  if (openedWithin?.kind !== "calendar") return cases;
  const spent = lastSpent(openedWithin, TODAY);
  const lot = (day: number) => [[key, lotLine(material, TODAY + 365, day)]] as const;
  const tighter = scene.asked.some((one) => one.kind === "shelf-life" && one.material === material && one !== clause);
  return [
    ...cases,
    stillFine(scene, "on the last day after opening", lot(spent + 1), { clash: tighter ? ANOTHER : null }),
    caseOf("opened a day too long", lot(spent), violated(clause, "lot.opened-too-long", material)),
  ];
}

export function checkListCases(clause: ClauseOf<"check-list">, scene: Scene): readonly CaseOrNot[] {
  const { equipment, freshness } = clause;
  const line = (at: typeof NOW, result: string) => [[`check ${equipment}`, checkLine(equipment, at, result)]] as const;
  const isSame = (one: BundleClause): one is ClauseOf<"check-list"> =>
    one.kind === "check-list" && one.strictness === "must" && one.equipment === equipment;
  const cases: CaseOrNot[] = [
    caseOf("not checked", [[`check ${equipment}`, null]], violated(clause, "check.missing", equipment)),
    caseOf("failed", line(NOW, "fail"), violated(clause, "check.failed", equipment)),
  ];
  const edges = edgesOf(freshness);
  if (edges === undefined)
    return [...cases, leftOut("checked long ago", "test statements count in minutes, up to twenty days back")];
  if (edges === null) return cases;
  return [
    ...cases,
    stillFine(scene, "checked as early as it may be", line(edges.good, "pass"), {
      clash: allFresh(scene.asked.filter(isSame), edges.good) ? null : ANOTHER,
    }),
    caseOf("checked a minute too early", line(edges.stale, "pass"), violated(clause, "check.stale", equipment)),
  ];
}
