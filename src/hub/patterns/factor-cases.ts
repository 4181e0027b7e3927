import type { ArchivedDecision } from "../archive/archived.ts";
import { dayOf } from "./exposure.ts";
import type { FactorCase, Trait, UnitKind } from "./factors.ts";

/** What is asked of a group's decisions beside what they carry themselves. */
export interface FactorContext {
  readonly contract: string | null;
  readonly condition: string | null;
  readonly reason: string;
  /** Equipment of the contract: role and the asset by default. Empty for a group without a contract. */
  readonly equipment: readonly { readonly name: string; readonly asset: string | null }[];
  /** `uv-a-lamp`, as the node's register says now. */
  readonly typeOf: (node: string, asset: string) => string | undefined;
  /** Roles of a person as the hub knows them now. */
  readonly rolesOf: (person: string) => readonly string[];
}

/** Takes decisions as they are read, and keeps of each no more than its traits. */
export interface CaseCollector {
  readonly add: (decision: ArchivedDecision) => void;
  /** Tests of the archive, one case each however often they were tried; the last try's traits, blocked where any try was. */
  readonly cases: () => readonly FactorCase[];
}

export function collectCases(context: FactorContext): CaseCollector {
  const tests = new Map<string, FactorCase>();
  return {
    add: (decision) => {
      const { node, entry, recorded } = decision;
      const key = JSON.stringify([node, recorded.decision.testId ?? entry.seq]);
      const isBlocked = isBlockedBy(decision, context) || tests.get(key)?.isBlocked === true;
      tests.set(key, { isBlocked, traits: traitsOf(decision, context) });
    },
    cases: () => [...tests.values()],
  };
}

const isBlockedBy = ({ recorded }: ArchivedDecision, { contract, condition, reason }: FactorContext): boolean =>
  recorded.decision.details.some(
    (detail) =>
      detail.severity === "reason" &&
      detail.code === reason &&
      detail.contract === contract &&
      detail.condition === condition,
  );

type Fields = { readonly [field: string]: unknown };
const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];

function traitsOf(archived: ArchivedDecision, context: FactorContext): readonly Trait[] {
  const { node, atMs, recorded } = archived;
  const { decision } = recorded;
  const snapshot = recorded.snapshot ?? {};
  const nodeDay = `${node} ${dayOf(atMs)}`;
  const traits: Trait[] = [];
  const add = (kind: string, value: string | null | undefined, unitKind: UnitKind, unit: string): void => {
    if (value != null) traits.push({ kind, value, unitKind, unit, isOrdered: false });
  };
  add("station", node, "node-day", nodeDay);
  add("station type", textOf(fieldsOf(snapshot["station"])["type"]), "node", node);
  add("shift", shiftOf(decision.at, textsOf(snapshot["shifts"])), "node-day", nodeDay);
  add("kind of test", decision.testKind, "node-day", nodeDay);
  add("order", decision.order, "node-day", nodeDay);
  const version = decision.contracts.find(({ contract }) => contract === context.contract)?.version;
  add("version", version, "node-day", nodeDay);
  const roles = decision.operator === null ? [] : context.rolesOf(decision.operator);
  if (roles.length > 0) add("role of the operator", [...roles].sort().join(" and "), "node-day", nodeDay);
  for (const [material, lot] of Object.entries(fieldsOf(snapshot["lots"])))
    add(`lot of ${material}`, textOf(fieldsOf(lot)["lot"]), "node-day", nodeDay);
  return [...traits, ...context.equipment.flatMap((role) => assetTraits(role, archived, context))];
}

/** By asset, so that a lamp that blocks its station for a week is one lamp. */
function assetTraits(
  { name, asset }: FactorContext["equipment"][number],
  { node, recorded }: ArchivedDecision,
  { typeOf }: FactorContext,
): readonly Trait[] {
  const snapshot = recorded.snapshot ?? {};
  const bound = textOf(fieldsOf(fieldsOf(snapshot["station"])["roles"])[name]) ?? asset;
  if (bound === null) return [];
  const state = fieldsOf(fieldsOf(snapshot["equipment"])[bound]);
  const trait = (kind: string, value: string | undefined, isOrdered = false): readonly Trait[] =>
    value === undefined ? [] : [{ kind, value, unit: bound, unitKind: "asset", isOrdered }];
  const attributes = [...textsOf(state["attributes"])].sort().join(" and ");
  return [
    ...trait(`type of ${name}`, typeOf(node, bound)),
    ...trait(`attributes of ${name}`, attributes === "" ? "none" : attributes),
    ...trait(`serial of ${name}`, textOf(state["serial"]), true),
  ];
}

/** The start of the shift in which a plant time lies; before the first of the day it is the last one's. */
function shiftOf(at: string, shifts: readonly string[]): string | undefined {
  const time = /T(\d\d:\d\d)/.exec(at)?.[1];
  if (time === undefined || shifts.length === 0) return undefined;
  const starts = [...shifts].sort();
  return starts.findLast((start) => start <= time) ?? starts.at(-1);
}
