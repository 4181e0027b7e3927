import type { Bundle } from "../../model/bundle.ts";
import type { StationRegister } from "../../model/documents.ts";
import { MAX_FACTOR_DECISIONS } from "../../model/limits.ts";
import type { ArchivedDecision, NodeArchive } from "../archive/archived.ts";
import { nextTurn } from "../store/turns.ts";
import { type FactorContext, factorCases } from "./factor-cases.ts";
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
  /** False where a limit ended the reading: then not every decision of the time took part. */
  readonly isWhole: boolean;
}

const DECISIONS_PER_TURN = 256;

/** Compares a pattern's blocked decisions with everything that was decided by its contract after `fromMs`. */
export async function patternFactors(
  pattern: Pick<AlertPattern, "contract" | "condition" | "reason">,
  archive: Pick<NodeArchive, "decisions">,
  floor: FactorFloor,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<PatternFactors> {
  const context = await contextOf(pattern, floor);
  const asked = pattern.contract === null ? {} : { contract: pattern.contract };
  const decisions: ArchivedDecision[] = [];
  let isWhole = true;
  for (const decision of archive.decisions({ ...asked, fromMs: fromMs + 1, toMs: toMs + 1 })) {
    if (decisions.length === MAX_FACTOR_DECISIONS) {
      isWhole = false;
      break;
    }
    decisions.push(decision);
    if (decisions.length % DECISIONS_PER_TURN === 0) await nextTurn();
  }
  return { ...overRepresented(factorCases(decisions, context)), fromMs, toMs, isWhole };
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
