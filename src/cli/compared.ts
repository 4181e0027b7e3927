import { printWithOffset } from "../base/civil-time.ts";
import { jsonFromValue } from "../base/strict-json.ts";
import {
  type Candidate,
  type Change,
  type Comparison,
  type CompiledContract,
  compareContracts,
  counterexamplesOf,
  type Facts,
} from "../compiler/index.ts";
import type { Decision } from "../model/decision.ts";
import type { PlantCalendar } from "../model/plant-calendar.ts";
import { parseSnapshot } from "../model/snapshot-parse.ts";
import {
  type DecideInput,
  decide,
  decideFast,
  indexReleases,
  type LoadedBundle,
  loadBundle,
} from "../runtime/index.ts";

export type Verdict = "equal" | "never-looser" | "looser" | "undecided";

/** Facts that the newer contract allows, or does not judge, and the older blocks; decided by both evaluators. */
export interface Counterexample {
  /** With the plant's offset. */
  readonly at: string;
  readonly facts: Facts;
  /** Why the older contract blocks. */
  readonly blockedBy: readonly string[];
  /** Of the older contract's clause; null where the contract as a whole is no longer asked. */
  readonly line: number | null;
}

export interface ComparedContract {
  readonly contract: string;
  readonly verdict: Verdict;
  readonly changes: readonly Change[];
  readonly counterexample: Counterexample | null;
}

/** Compares contracts of two versions by id; where nothing is proved the candidates are decided. */
export async function compareVersions(
  older: readonly CompiledContract[],
  newer: readonly CompiledContract[],
  calendar: PlantCalendar,
): Promise<readonly ComparedContract[]> {
  const ids = [...new Set([...older, ...newer].map(({ id }) => id))].sort();
  const compared: ComparedContract[] = [];
  for (const id of ids) {
    const [was, now] = [older.find((one) => one.id === id), newer.find((one) => one.id === id)];
    const comparison = compareContracts(was?.bundle ?? null, now?.bundle ?? null);
    const counterexample = was === undefined ? null : await refute(was, now, comparison, calendar);
    const open = counterexample === null ? "undecided" : "looser";
    const verdict = comparison.verdict === "unproven" ? open : comparison.verdict;
    compared.push({ contract: id, verdict, changes: comparison.changes, counterexample });
  }
  return compared;
}

async function refute(
  was: CompiledContract,
  now: CompiledContract | undefined,
  comparison: Comparison,
  calendar: PlantCalendar,
): Promise<Counterexample | null> {
  if (comparison.verdict !== "unproven") return null;
  const [older, newer] = [loaded(was), now === undefined ? null : loaded(now)];
  for (const candidate of counterexamplesOf(was.bundle, now?.bundle ?? null, comparison, calendar)) {
    const given = (bundle: LoadedBundle): DecideInput => inputOf(bundle, candidate, calendar);
    const before = decideFast(given(older));
    if (newer !== null && !isLetThrough(decideFast(given(newer)))) continue;
    if (before.allow || isSilent(before)) continue;
    // What one evaluator found counts only where json-rules-engine says the same.
    const confirmed = await decide(given(older), "both");
    const after = newer === null ? null : await decide(given(newer), "both");
    const isBlocked = !confirmed.allow && !isSilent(confirmed) && !hasFault(confirmed);
    const isConfirmed = isBlocked && (after === null || isLetThrough(after));
    if (isConfirmed) return shown(candidate, confirmed, calendar);
  }
  return null;
}

const hasFault = ({ reasons }: Decision): boolean => reasons.includes("runtime.error:node");

const isLetThrough = (decision: Decision): boolean => decision.allow || isSilent(decision);

/** The contract asks nothing of this test: whatever else binds the station decides. */
const isSilent = ({ reasons }: Decision): boolean =>
  reasons.length === 1 && reasons[0]?.startsWith("contract.none-binding") === true;

function loaded({ id, bytes }: CompiledContract): LoadedBundle {
  const result = loadBundle(bytes);
  if (!result.ok) throw new Error(`the compiled ${id} was refused at ${result.error.place}: ${result.error.message}`);
  return result.value;
}

const inputOf = (bundle: LoadedBundle, { facts, atMs }: Candidate, calendar: PlantCalendar): DecideInput => ({
  releases: indexReleases([{ loaded: bundle, version: null, fromDay: null }]),
  snapshot: parseSnapshot(jsonFromValue(facts)),
  ...{ now: atMs, calendar, node: null, assumeBinding: false },
});

const shown = ({ facts, atMs, line }: Candidate, { reasons }: Decision, calendar: PlantCalendar): Counterexample => ({
  at: printWithOffset(atMs, calendar.offsetAt(atMs)),
  facts: plain(facts) as Facts,
  blockedBy: reasons,
  line,
});

/** Decimals as JSON numbers where a double is exactly what is written; the others keep their text. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const { $number: text } = value as { readonly $number?: unknown };
  if (typeof text === "string") return String(Number(text)) === text ? Number(text) : value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
