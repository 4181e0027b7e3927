import type { Bundle, BundleClause, ClauseKind } from "../../model/bundle.ts";

/**
 * Something that others ask of a kind of equipment and this contract does not.
 *
 * All contracts that bind a station bind it together, so what another contract of the same stations asks is asked already. What
 * counts is therefore equipment of one type: where no contract of this one's stations asks it to be calibrated (or served,
 * checked, warmed up …), but at least two contracts of other stations do, and at least two thirds of those that use such
 * equipment, it is most likely forgotten here. What is proposed is a warning in the words most of them use: nobody at these
 * stations records that evidence yet, so that a `must` would block every test from the first day on. People make it one.
 */
export interface MissingCondition {
  readonly kind: ClauseKind;
  /** Here. */
  readonly equipment: string;
  readonly type: string;
  /** The peers' words with this contract's name of the equipment, as a warning. */
  readonly clause: string;
  /** Contracts of other stations that ask for it, and those that use such equipment and do not. */
  readonly askedBy: readonly string[];
  readonly notAskedBy: readonly string[];
  /** Line of the clause here that it would stand beside. */
  readonly line: number;
}

const MIN_PEERS = 2;
const MIN_SHARE = 2 / 3;

/** Kinds that are about equipment; materials, readings and statements of people have no type to compare by. */
const KINDS = [
  "calibration",
  "warm-up",
  "use",
  "events",
  "service-state",
  "before-and-after-use",
  "check-list",
] as const satisfies readonly ClauseKind[];

type EquipmentClause = Extract<BundleClause, { readonly kind: (typeof KINDS)[number] }>;

const isOfEquipment = (clause: BundleClause): clause is EquipmentClause =>
  (KINDS as readonly ClauseKind[]).includes(clause.kind);

/** In the order of the equipment's declaration, then of the kinds. Pure. */
export function missingConditions(own: Bundle, others: readonly Bundle[]): readonly MissingCondition[] {
  const here = [own, ...others.filter((other) => other.contract !== own.contract && bindsWherever(other, own))];
  const elsewhere = others.filter((other) => other.contract !== own.contract && !here.includes(other));
  return own.equipment.flatMap(({ name, type }) => {
    const line = lineAbout(own, name);
    if (line === undefined) return [];
    return KINDS.flatMap((kind) => {
      if (here.some((bundle) => clausesOf(bundle, kind, type).length > 0)) return [];
      const found = askedElsewhere(elsewhere, kind, type);
      return found === undefined
        ? []
        : [{ kind, equipment: name, type, line, ...found, clause: worded(found.words, name) }];
    });
  });
}

/** Whether every station and order of `own` is one of `other` too. */
const bindsWherever = ({ scope: other }: Bundle, { scope: own }: Bundle): boolean =>
  (other.stationType === null || other.stationType === own.stationType) &&
  (other.order === null || other.order === own.order);

function clausesOf({ clauses, equipment }: Bundle, kind: ClauseKind, type: string): readonly EquipmentClause[] {
  const names = new Set(equipment.filter((one) => one.type === type).map(({ name }) => name));
  return clauses.filter(
    (clause): clause is EquipmentClause => isOfEquipment(clause) && clause.kind === kind && names.has(clause.equipment),
  );
}

/** The name of the equipment stands where `\0` does. */
interface Asked {
  readonly askedBy: readonly string[];
  readonly notAskedBy: readonly string[];
  readonly words: string;
}

function askedElsewhere(elsewhere: readonly Bundle[], kind: ClauseKind, type: string): Asked | undefined {
  const users = elsewhere.filter(({ equipment }) => equipment.some((one) => one.type === type));
  // A clause for one order or one attribute is not what the others ask of such equipment in general.
  const asking = users.flatMap((bundle) => {
    const [clause] = clausesOf(bundle, kind, type).filter(
      ({ order, attribute, strictness }) => order === null && attribute === null && strictness === "must",
    );
    return clause === undefined ? [] : [{ contract: bundle.contract, words: wordsOf(clause) }];
  });
  if (asking.length < MIN_PEERS || asking.length < MIN_SHARE * users.length) return undefined;
  const askedBy = asking.map(({ contract }) => contract).sort();
  const notAskedBy = users.map(({ contract }) => contract).filter((contract) => !askedBy.includes(contract));
  return { askedBy, notAskedBy: notAskedBy.sort(), words: commonest(asking.map(({ words }) => words)) };
}

const PLACE = "\0";

/** The clause's text with its equipment left open; the compiler prints `the NAME` for it, and `must` behind. */
const wordsOf = ({ text, equipment }: EquipmentClause): string =>
  text.replace(new RegExp(`\\bthe ${equipment} must\\b`), `the ${PLACE} must`);

const worded = (words: string, name: string): string =>
  words.replace(`the ${PLACE} must`, `the ${name} should`).replace(/, never overridable\b/, "");

/** Of several that are as common, the first in the alphabet: it only has to be the same one every time. */
function commonest(words: readonly string[]): string {
  const counts = [...Map.groupBy(words, (word) => word)].map(([word, all]) => ({ word, count: all.length }));
  counts.sort((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1));
  return counts[0]?.word ?? "";
}

/** The first clause that speaks of it, best one that reads with it or is about it. */
const lineAbout = ({ clauses }: Bundle, name: string): number | undefined =>
  clauses.find(
    (clause) =>
      (isOfEquipment(clause) && clause.equipment === name) || (clause.kind === "reading" && clause.readWith === name),
  )?.line ?? clauses[0]?.line;
