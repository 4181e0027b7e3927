/** Which contracts bind a test, in which version, with which conditions. Source: decisions.md B16, B21. */
import type { Json } from "../../src/base/strict-json.ts";
import type { ReadContract } from "./interpreter-contract.ts";
import {
  type Fields,
  fieldsIn,
  instantIn,
  numberIn,
  recordsIn,
  type Situation,
  testOf,
  textIn,
  textsIn,
} from "./interpreter-evidence.ts";
import { type Fraction, isBelow, NOTHING } from "./interpreter-numbers.ts";
import { asksKind } from "./interpreter-scope.ts";
import { readDay } from "./interpreter-time.ts";

/** A contract in a version; `from` is the plant day of whose midnight it is in force, null from ever. */
export interface ReadRelease {
  readonly contract: ReadContract;
  readonly version: string | null;
  readonly from: string | null;
}

export interface Question {
  readonly releases: readonly ReadRelease[];
  readonly snapshot: Json;
  /** Epoch ms. */
  readonly now: number;
  readonly zone: string;
  /** A contract for one order binds where no order is known (`maint eval`). */
  readonly assumeBinding: boolean;
}

interface Chosen {
  readonly contract: ReadContract;
  readonly conditions: ReadonlySet<string>;
}

/** Conditions an order names of a contract; an empty set means all of them. */
type Asked = ReadonlyMap<string, ReadonlySet<string>>;

export function selectedConditions(question: Question, asked: Situation) {
  const { releases } = question;
  const order = orderOf(asked);
  const wanted = wantedBy(order.record, asked);
  const reasons = [...order.reasons];
  const chosen: Chosen[] = [];
  for (const id of new Set(releases.map(({ contract }) => contract.id))) {
    const versions = releases.filter(({ contract }) => contract.id === id);
    const inForce = latestOf(versions.filter((release) => isInForce(release, asked)));
    const binds = ({ contract }: ReadRelease) => conditionsOf(contract, wanted, question, asked);
    if (inForce === undefined) {
      if (versions.some((release) => binds(release).size > 0)) reasons.push(`contract.none-in-force:${id}`);
    } else if (binds(inForce).size > 0) {
      chosen.push({ contract: inForce.contract, conditions: binds(inForce) });
    }
  }
  for (const id of wanted.keys())
    if (!releases.some(({ contract }) => contract.id === id)) reasons.push(`contract.none-in-force:${id}`);
  // Deny is the default: no contract that binds this station and test is a reason, unless one says why it does not.
  if (chosen.length === 0 && !reasons.some((code) => code.startsWith("contract.")))
    reasons.push("contract.none-binding:node");
  return { chosen, reasons };
}

/** From plant midnight of its date; a running test keeps the release it began with. Source: B16. */
function isInForce({ from }: ReadRelease, asked: Situation): boolean {
  const startedAt = instantIn(testOf(asked), "startedAt");
  const at = startedAt === undefined || startedAt > asked.now ? asked.now : startedAt;
  return from === null || asked.plant.midnight(readDay(from) as number) <= at;
}

/** The latest date counts, of two with one date the higher version. */
function latestOf(releases: readonly ReadRelease[]): ReadRelease | undefined {
  const dateOf = ({ from }: ReadRelease): number =>
    from === null ? Number.NEGATIVE_INFINITY : (readDay(from) as number);
  const numbers = ({ version }: ReadRelease): readonly number[] =>
    (version ?? "").replace("v", "").split(".").map(Number);
  let latest: ReadRelease | undefined;
  for (const one of releases) {
    if (latest === undefined || dateOf(one) > dateOf(latest)) latest = one;
    else if (dateOf(one) === dateOf(latest)) {
      const [[major = 0, minor = 0], [thanMajor = 0, thanMinor = 0]] = [numbers(one), numbers(latest)];
      if (major > thanMajor || (major === thanMajor && minor > thanMinor)) latest = one;
    }
  }
  return latest;
}

/** What the contract asks by itself, and what the order adds; never less. Source: B21. */
function conditionsOf(
  contract: ReadContract,
  wanted: Asked,
  { assumeBinding }: Question,
  asked: Situation,
): Set<string> {
  const station = textIn(fieldsIn(asked.snapshot, "station"), "type");
  const clientPO = textIn(testOf(asked), "clientPO");
  const isForStation = contract.stationType === null || station === undefined || station === contract.stationType;
  const isForOrder =
    contract.order === null || contract.order === clientPO || (assumeBinding && clientPO === undefined);
  const all = contract.conditions.map(({ name }) => name);
  const ofKind = contract.conditions.filter(({ testKind }) => asksKind(testKind, asked)).map(({ name }) => name);
  const names = new Set(isForStation && isForOrder ? ofKind : []);
  const named = wanted.get(contract.id);
  if (named === undefined) return names;
  // Of a version that lacks a condition the order names all of it is asked, rather than nothing.
  const isWhole = named.size === 0 || [...named].some((name) => !all.includes(name));
  for (const name of isWhole ? ofKind : named) names.add(name);
  return names;
}

/** Source: B21. Of two revisions of an order the higher counts. */
function orderOf(asked: Situation): { readonly record: Fields | undefined; readonly reasons: readonly string[] } {
  const none = (...reasons: string[]) => ({ record: undefined, reasons });
  if (!Array.isArray(asked.snapshot.get("orders"))) return none();
  const id = textIn(testOf(asked), "clientPO");
  if (id === undefined) {
    const isRequired = fieldsIn(asked.snapshot, "station").get("orderRequired") === true;
    return isRequired ? none("order.missing:node") : none();
  }
  let latest: Fields | undefined;
  const revision = (order: Fields): Fraction => numberIn(order, "revision") ?? NOTHING;
  for (const order of recordsIn(asked.snapshot, "orders"))
    if (textIn(order, "id") === id && (latest === undefined || !isBelow(revision(order), revision(latest))))
      latest = order;
  if (latest === undefined) return none(`order.unknown:${id}`);
  return textIn(latest, "state") === "open" ? { record: latest, reasons: [] } : none(`order.closed:${id}`);
}

/** Of an order with several tests those of this kind count; where none is named so, all of them. */
function wantedBy(order: Fields | undefined, asked: Situation): Asked {
  const tests =
    order === undefined ? [] : recordsIn(order, "tests").filter((one) => textIn(one, "maintenance") !== undefined);
  const kind = textIn(testOf(asked), "kind");
  const ofKind = tests.filter((one) => kind !== undefined && textIn(one, "name") === kind);
  const wanted = new Map<string, Set<string>>();
  for (const one of ofKind.length > 0 ? ofKind : tests) {
    const id = textIn(one, "maintenance") as string;
    const named = textsIn(one, "maintenance_conditions");
    const before = wanted.get(id);
    if (named.length === 0 || before?.size === 0) wanted.set(id, new Set());
    else wanted.set(id, new Set([...(before ?? []), ...named]));
  }
  return wanted;
}
