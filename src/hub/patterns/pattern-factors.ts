import type { Bundle } from "../../model/bundle.ts";
import type { StationRegister } from "../../model/documents.ts";
import { MAX_FACTOR_DECISIONS } from "../../model/limits.ts";
import type { NodeArchive } from "../archive/archived.ts";
import { shareWithin } from "../archive/share-within.ts";
import { nextTurn } from "../store/turns.ts";
import { collectCases, type FactorContext } from "./factor-cases.ts";
import { type FactorReport, overRepresented } from "./factors.ts";
import type { AlertPattern } from "./find-patterns.ts";

/** What the hub knows of stations, people and contracts, as they are now. */
export interface FactorFloor {
  readonly registers: () => Promise<readonly StationRegister[]>;
  readonly people: () => Promise<readonly { readonly id: string; readonly roles: readonly string[] }[]>;
  readonly bundle: (contract: string) => Promise<Bundle | undefined>;
}

export interface PatternFactors extends FactorReport {
  /** Of the decisions that were compared, epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** False where there is more than is read: then a fair share of the tests took part, of all nodes and times alike. */
  readonly isWhole: boolean;
  /** About which, 0 to 1. */
  readonly share: number;
}

const DECISIONS_PER_TURN = 256;

/**
 * Compares a pattern's blocked decisions with everything that was decided by its contract after `fromMs`. Beyond `limit`
 * decisions a share of the tests stands for all: taken by their ids, so that the same ones are taken at every look.
 */
export async function patternFactors(
  pattern: Pick<AlertPattern, "contract" | "condition" | "reason">,
  archive: Pick<NodeArchive, "decisions" | "exposure">,
  floor: FactorFloor,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  limit = MAX_FACTOR_DECISIONS,
): Promise<PatternFactors> {
  const collected = collectCases(await contextOf(pattern, floor));
  const asked = pattern.contract === null ? {} : { contract: pattern.contract };
  const bounds = { ...asked, fromMs: fromMs + 1, toMs: toMs + 1 };
  const share = shareWithin(archive, bounds, limit);
  let read = 0;
  for (const decision of archive.decisions({ ...bounds, share })) {
    collected.add(decision);
    read += 1;
    if (read % DECISIONS_PER_TURN === 0) await nextTurn();
  }
  return { ...overRepresented(collected.cases()), fromMs, toMs, isWhole: share === 1, share };
}

async function contextOf(
  { contract, condition, reason }: Pick<AlertPattern, "contract" | "condition" | "reason">,
  floor: FactorFloor,
): Promise<FactorContext> {
  const registers = new Map((await floor.registers()).map((register) => [register.node, register]));
  const roles = new Map((await floor.people()).map((person) => [person.id, person.roles]));
  const bundle = contract === null ? undefined : await floor.bundle(contract);
  return {
    ...{ contract, condition, reason, equipment: bundle?.equipment ?? [] },
    typeOf: (node, asset) => registers.get(node)?.assets.find(({ id }) => id === asset)?.type,
    rolesOf: (person) => roles.get(person) ?? [],
  };
}
