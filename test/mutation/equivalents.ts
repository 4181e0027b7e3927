/**
 * Mutants that no test can tell from the original, each with the reason why. They are judged like all others and counted apart;
 * one that a test kills after all, or that no longer comes up, makes the run fail: this list must not grow old.
 */
export interface Equivalent {
  readonly path: string;
  /** The line as the mutant has it, without its indentation. */
  readonly becomes: string;
  readonly why: string;
}

const inFile =
  (path: string) =>
  (why: string, ...lines: readonly string[]): readonly Equivalent[] =>
    lines.map((becomes) => ({ path, becomes, why }));

const plantCalendar = inFile("src/model/plant-calendar.ts");
const amount = inFile("src/runtime/facts/amount.ts");
const calibration = inFile("src/runtime/facts/calibration.ts");
const selection = inFile("src/runtime/selection.ts");

export const equivalents: readonly Equivalent[] = [
  ...inFile("src/base/civil-time.ts")(
    "what is filled up to four digits is cut to three",
    'return day * DAY_MS + ((h * 60 + m) * 60 + Math.min(s, 59)) * 1000 + Number(fraction.padEnd(4, "0").slice(0, 3));',
  ),
  ...plantCalendar(
    "a search that begins with a higher end, or halves the other way, ends at the same place",
    "let high = starts.length + 1;",
    "const middle = (low + high + 2) >> 1;",
  ),
  ...plantCalendar(
    "a wider window holds the same candidates: those before them are passed over",
    "const first = indexAt(localMs - 27 * 3_600_000);",
    "const first = indexAt(localMs - 26 * 3600001);",
    "for (let day = today - 3; day <= today; day++) {",
  ),
  ...plantCalendar(
    "the last offset has no end, so the loop returns there at the latest, or falls through to the same sum",
    "for (let i = first; i <= starts.length; i++) {",
    "const until = i - 1 < starts.length ? (starts[i + 1] as number) : Number.POSITIVE_INFINITY;",
    "const until = i + 1 <= starts.length ? (starts[i + 1] as number) : Number.POSITIVE_INFINITY;",
    "return localMs + (offsets[starts.length - 1] as number);",
    "return localMs - (offsets[starts.length + 1] as number);",
    "return localMs - (offsets[starts.length - 2] as number);",
  ),
  ...plantCalendar("the sign is 1 or −1", "const count = span.count / sign;"),
  ...plantCalendar("where both are the same instant either is returned", "if (candidate <= from) return from;"),
  ...plantCalendar(
    "of two shifts that start at one instant either is the latest",
    "if (start <= now && (latest === undefined || start >= latest)) latest = start;",
  ),
  ...amount(
    "more doubt asks the exact number more often, and its answer is the same",
    "if (difference >= doubt && difference < Number.POSITIVE_INFINITY) return 1;",
    "if (difference <= -doubt && difference > Number.NEGATIVE_INFINITY) return -1;",
  ),
  ...amount(
    "an infinite difference comes with an infinite or NaN doubt, so that the first comparison fails already",
    "if (difference > doubt && difference <= Number.POSITIVE_INFINITY) return 1;",
    "if (difference < -doubt && difference >= Number.NEGATIVE_INFINITY) return -1;",
  ),
  ...calibration(
    "a certificate without a fault is there, and a clause with an interval has a lapse",
    "if (fault !== null || calibration === undefined && lapse === undefined) {",
  ),
  ...calibration(
    "an instant has two sides, −1 and 1: nothing lies between them",
    'const breach = vsHigh < 1 ? null : finding("calibration.overdue", asset, lateness(extended.lapse, moment));',
    'const breach = vsHigh <= 0 ? null : finding("calibration.overdue", asset, lateness(extended.lapse, moment));',
  ),
  ...calibration(
    "a lapse lies at a midnight, and two milliseconds before it is the same day as one",
    ": { lapseMs: lapse.lapseMs + cap.ms, dueDay: calendar.dayOf(lapse.lapseMs + cap.ms - 2) };",
  ),
  ...calibration(
    "where both end at one instant either may be taken",
    "const longest = byGrant.lapseMs <= byCap.lapseMs ? byGrant : byCap;",
    "if (longest.lapseMs < lapse.lapseMs) return stands;",
  ),
  ...calibration(
    "at that instant the calibration is overdue, and a part that gives a reason gives no warning",
    'return { kind: "stands", lapse: longest, carries: now <= longest.lapseMs };',
  ),
  ...inFile("src/runtime/facts/certificate.ts")(
    "where both end at one instant either may be taken",
    "return byCertificate !== undefined && byCertificate.lapseMs <= byInterval.lapseMs ? byCertificate : byInterval;",
  ),
  ...inFile("src/runtime/facts/context.ts")(
    "a lapse is counted from a midnight in whole seconds, so that two milliseconds before it is the same day as one",
    "return { lapseMs, dueDay: calendar.dayOf(lapseMs - 2) };",
  ),
  ...inFile("src/runtime/facts/part.ts")(
    "a rule asks whether the state is known, not which of the others it is",
    'state: findings[1]?.code ?? "runtime.error",',
  ),
  ...inFile("src/runtime/facts/reading.ts")(
    "both units of the conversion have the same offset, which goes out of it either way",
    "const value = convert(inBase, base, bounds.unit, { difference: false }) as Rational;",
  ),
  ...inFile("src/runtime/facts/references.ts")(
    "a standard that has no certificate of that day is missing one, which the next line finds as well",
    "if (used === undefined && usedOn === undefined || path.length > MAX_REFERENCE_CHAIN) return invalid;",
  ),
  ...inFile("src/runtime/facts/shelf-life.ts")(
    "an instant has two sides, −1 and 1: nothing lies between them",
    'const breach = vsHigh < 1 ? null : finding("lot.opened-too-long", id, words());',
    'const breach = vsHigh <= 0 ? null : finding("lot.opened-too-long", id, words());',
  ),
  ...inFile("src/runtime/facts/warm-up.ts")(
    "of two equal times either may be taken",
    "const on = byWall !== undefined && compare(byWall, onSeconds) < 1 ? byWall : onSeconds;",
    "const on = byWall !== undefined && compare(byWall, onSeconds) <= 0 ? byWall : onSeconds;",
  ),
  ...inFile("src/runtime/facts/instrument.ts")(
    "an item without a certificate, or one without a due date, is found not to hold by the lines that follow",
    "if (item === undefined && calibration?.dueOn === undefined) return false;",
  ),
  ...selection(
    "the two are not the same here",
    "if (activated !== before) return activated >= before;",
    "if (from !== than) return from >= than;",
  ),
  ...selection(
    "a version of a contract is there once, unless it was activated at two instants, and those were compared before",
    "return isVersion(a.version) && isVersion(b.version) && compareVersions(a.version, b.version) >= 0;",
  ),
  ...selection(
    "a contract that is listed twice is taken once when lists are merged",
    "else if (listed.at(-2) !== contract) listed.push(contract);",
  ),
];
