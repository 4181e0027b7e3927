import { canonicalJson } from "../../base/canonical-json.ts";
import type { Bundle, BundleOverride, BundleQuantity } from "../../model/bundle.ts";
import { findUnit } from "../../model/units.ts";
import { isWithin, plausible } from "../intervals.ts";
import type { Change, Direction } from "./changes.ts";
import { spanWords } from "./clause-words.ts";
import { allowsAsMuch } from "./never-looser.ts";

/** Everything that is not a clause: declarations, scope, overrides, who is told, conditions, tests. */
export function frameChanges(older: Bundle, newer: Bundle): readonly Change[] {
  return [
    ...titleChanges(older, newer),
    ...scopeChanges(older, newer),
    ...named("equipment", older.equipment, newer.equipment, ({ type, asset }) => `a ${type}, ${assetWords(asset)}`),
    ...named("material", older.materials, newer.materials, ({ lot }) => assetWords(lot)),
    ...named("quantity", older.quantities, newer.quantities, quantityWords, quantityDirection),
    ...named("condition", older.conditions, newer.conditions, ({ testKind }) => kindWords(testKind), kindDirection),
    ...overrideChanges(older, newer),
    ...noticeChanges(older, newer),
    ...named("test", older.tests, newer.tests, ({ line: _line, expect, ...test }) =>
      canonicalJson({ ...test, expect: expect.map((one) => ({ ...one, line: 0 })) }),
    ).map((change) => ({ ...change, was: null, now: null, words: testWords[change.direction] })),
  ];
}

const testWords: { readonly [D in Direction]: string } = {
  added: "a new test",
  removed: "a test is gone",
  changed: "a test says something else",
  tighter: "a test says something else",
  looser: "a test says something else",
};

const assetWords = (asset: string | null): string => (asset === null ? "no default" : `by default ${asset}`);
const kindWords = (kind: string | null): string => (kind === null ? "before every test" : `before every ${kind} test`);

const change = (
  direction: Direction,
  kind: string,
  subject: string,
  line: Change["line"],
  was: string | null,
  now: string | null,
): Change => ({
  ...{ direction, condition: null, kind, subject, line, was, now },
  words: was === null ? `${now}` : now === null ? `was: ${was}` : `${was} → ${now}`,
});

interface Named {
  readonly name: string;
  readonly line: number;
}

/** Things with a name, matched by it. What is declared only has an effect through clauses, so it is added and removed neutrally. */
function named<T extends Named>(
  kind: string,
  older: readonly T[],
  newer: readonly T[],
  words: (item: T) => string,
  direction: (was: T, now: T) => Direction = () => "changed",
): Change[] {
  const before = new Map(older.map((item) => [item.name, item]));
  const after = new Set(newer.map(({ name }) => name));
  return [
    ...newer.flatMap((now) => {
      const was = before.get(now.name);
      if (was === undefined) return [change("added", kind, now.name, { old: null, new: now.line }, null, words(now))];
      if (words(was) === words(now)) return [];
      return [change(direction(was, now), kind, now.name, { old: was.line, new: now.line }, words(was), words(now))];
    }),
    ...older
      .filter(({ name }) => !after.has(name))
      .map((was) => change("removed", kind, was.name, { old: was.line, new: null }, words(was), null)),
  ];
}

const rangeWords = ({ plausible: range, unit }: BundleQuantity): string =>
  range === null ? "any value plausible" : `plausible from ${range.from} to ${range.to} ${unit}`;

const quantityWords = (quantity: BundleQuantity): string =>
  quantity.difference === null
    ? `measured in ${quantity.unit}, ${rangeWords(quantity)}`
    : `${quantity.difference.left} minus ${quantity.difference.right}`;

function quantityDirection(was: BundleQuantity, now: BundleQuantity): Direction {
  const isRead = was.difference === null && now.difference === null;
  if (!isRead || findUnit(was.unit)?.kind !== findUnit(now.unit)?.kind) return "changed";
  const [before, after] = [plausible(was), plausible(now)];
  const [isTighter, isLooser] = [isWithin(after, before), isWithin(before, after)];
  return isTighter === isLooser ? "changed" : isTighter ? "tighter" : "looser";
}

const kindDirection = (was: Bundle["conditions"][number], now: Bundle["conditions"][number]): Direction =>
  now.testKind === null ? "tighter" : was.testKind === null ? "looser" : "changed";

function titleChanges(older: Bundle, newer: Bundle): readonly Change[] {
  const neutral = (kind: string, was: string, now: string): Change[] =>
    was === now ? [] : [change("changed", kind, newer.contract, { old: null, new: null }, was, now)];
  return [
    ...neutral("title", older.title, newer.title),
    ...neutral("following", older.following.join(", ") || "none", newer.following.join(", ") || "none"),
    ...neutral("doc", older.doc ?? "none", newer.doc ?? "none"),
  ];
}

function scopeChanges({ scope: was }: Bundle, { scope: now, contract }: Bundle): readonly Change[] {
  const words = ({ stationType, order }: Bundle["scope"]): string =>
    `for every ${stationType === null ? "" : `${stationType} `}station${order === null ? "" : `, for order ${order}`}`;
  if (words(was) === words(now)) return [];
  const covers = (a: Bundle["scope"], b: Bundle["scope"]): boolean =>
    (a.stationType === null || a.stationType === b.stationType) && (a.order === null || a.order === b.order);
  const direction = covers(now, was) ? "tighter" : covers(was, now) ? "looser" : "changed";
  return [change(direction, "scope", contract, { old: null, new: null }, words(was), words(now))];
}

const overrideWords = ({ roles, capMs }: BundleOverride): string =>
  `${roles.join(" and ")}, for at most ${spanWords({ kind: "elapsed", ms: capMs })}`;

/** Whoever may override more makes the contract looser. */
function overrideChanges(older: Bundle, newer: Bundle): readonly Change[] {
  const bare = ({ line: _line, ...rest }: BundleOverride): string => canonicalJson(rest);
  const known = new Set(older.overrides.map(bare));
  const kept = new Set(newer.overrides.map(bare));
  const gone = older.overrides.filter((one) => !kept.has(bare(one)));
  const fresh = newer.overrides.filter((one) => !known.has(bare(one)));
  const taken = new Set<BundleOverride>();
  const changes = fresh.map((now) => {
    const was = gone.find((one) => one.reason === now.reason && !taken.has(one));
    if (was === undefined) {
      return change("looser", "override", now.reason, { old: null, new: now.line }, null, overrideWords(now));
    }
    taken.add(was);
    const [isTighter, isLooser] = [allowsAsMuch(was, now), allowsAsMuch(now, was)];
    const direction = isTighter === isLooser ? "changed" : isTighter ? "tighter" : "looser";
    const line = { old: was.line, new: now.line };
    return change(direction, "override", now.reason, line, overrideWords(was), overrideWords(now));
  });
  const removed = gone
    .filter((one) => !taken.has(one))
    .map((was) => change("tighter", "override", was.reason, { old: was.line, new: null }, overrideWords(was), null));
  return [...changes, ...removed];
}

function noticeChanges({ whenBlocked: was }: Bundle, { whenBlocked: now, contract }: Bundle): readonly Change[] {
  const words = (notices: Bundle["whenBlocked"]): string =>
    notices
      .map(({ role, severity, afterMs }) => {
        const when = afterMs === 0 ? "at once" : `after ${spanWords({ kind: "elapsed", ms: afterMs })}`;
        return `${role} with severity ${severity} ${when}`;
      })
      .join(", ") || "nobody";
  if (words(was) === words(now)) return [];
  const line = { old: was[0]?.line ?? null, new: now[0]?.line ?? null };
  return [change("changed", "when-blocked", contract, line, words(was), words(now))];
}
