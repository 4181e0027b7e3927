import type { Bundle, CalibrationClause } from "../../model/bundle.ts";
import type { StationRegister } from "../../model/documents.ts";
import { type AssetHistory, assetHistories } from "./calibration-history.ts";
import { intervalSince } from "./interval-since.ts";
import { type IntervalStudy, intervalStudy } from "./interval-study.ts";
import { type MissingCondition, missingConditions } from "./missing-conditions.ts";
import { inForce, type ProposalPorts } from "./proposal-ports.ts";

/** What the hub knows about a contract beside its alerts. Nothing is proposed by looking. */
export interface ContractStudy {
  readonly contract: string;
  readonly version: string;
  /** One for each calibration clause. */
  readonly intervals: readonly IntervalStudy[];
  readonly missing: readonly MissingCondition[];
}

/** @throws MaintError CONFLICT where no version is in force */
export async function studyOf(ports: ProposalPorts, contract: string): Promise<ContractStudy> {
  const { version, bundle } = await inForce(ports, contract);
  const others: Bundle[] = [];
  for (const id of await ports.contracts.ids()) {
    const other = id === contract ? undefined : await ports.contracts.current(id);
    if (other?.bundle != null) others.push(other.bundle);
  }
  const histories = ports.archive === null ? new Map<string, AssetHistory>() : await assetHistories(ports.archive);
  const registers = (await ports.registers()).filter((register) => isBound(register, bundle));
  const intervals: IntervalStudy[] = [];
  for (const clause of bundle.clauses) {
    if (clause.kind !== "calibration" || clause.strictness !== "must") continue;
    const sinceDay = await intervalSince(ports.contracts, { contract, version, clause });
    const own = assetsOf(clause, bundle, registers).map((asset) => historyOf(asset, histories));
    intervals.push(intervalStudy(clause, own, sinceDay));
  }
  return { contract, version, intervals, missing: missingConditions(bundle, others) };
}

const isBound = ({ station }: StationRegister, { scope }: Bundle): boolean =>
  scope.stationType === null || scope.stationType === station.type;

const historyOf = (asset: string, histories: ReadonlyMap<string, AssetHistory>): AssetHistory =>
  histories.get(asset) ?? { asset, calibrations: [], counters: [] };

/** What stands in the clause's role at the stations that the contract binds. */
function assetsOf(
  { equipment }: CalibrationClause,
  bundle: Bundle,
  registers: readonly StationRegister[],
): readonly string[] {
  const byDefault = bundle.equipment.find(({ name }) => name === equipment)?.asset ?? undefined;
  const bound = registers.flatMap(({ roles }) => roles[equipment] ?? byDefault ?? []);
  return [...new Set(bound)].sort();
}
