import { DAY_MS } from "../../base/civil-time.ts";
import { zoneFromIntl } from "../../disk/zone-from-intl.ts";
import type { Bundle } from "../../model/bundle.ts";
import { IMPACT_DECISIONS_PER_TURN, MAX_IMPACT_ITEMS } from "../../model/limits.ts";
import { openPlantCalendar, type PlantCalendar } from "../../model/plant-calendar.ts";
import type { NodeArchive } from "../archive/archived.ts";
import type { ContractSource, NodeSource } from "../ports.ts";
import { conflict } from "../refusals.ts";
import { nextTurn } from "../store/turns.ts";
import { type CalibrationHistory, HISTORY_KINDS, historyOf, type PlantDay } from "./calibration-history.ts";
import { collectItems, type ImpactFound } from "./impact-items.ts";
import { type BundleOf, relianceOf } from "./reliance.ts";
import type { Suspect } from "./suspects.ts";

export interface LookPorts {
  readonly archive: Pick<NodeArchive, "entries" | "decisions" | "nodes">;
  readonly contracts: Pick<ContractSource, "at">;
  readonly nodes: Pick<NodeSource, "plantZone">;
}

/** What all nodes recorded of calibrations. */
export async function readHistory({ archive, nodes }: LookPorts): Promise<CalibrationHistory> {
  const calendars = new Map<string, PlantCalendar | undefined>();
  for (const { node } of archive.nodes()) calendars.set(node, calendarOf(await nodes.plantZone(node)));
  return historyOf(archive.entries({ evidence: HISTORY_KINDS }), plantDayBy(calendars));
}

function calendarOf(zone: string | undefined): PlantCalendar | undefined {
  const data = zone === undefined ? undefined : zoneFromIntl(zone);
  return data === undefined ? undefined : openPlantCalendar(data);
}

/** Where nobody knows a station's zone, any zone's day: from the first place where it begins to the last where it ends. */
const EASTMOST_MS = 14 * 3_600_000;
const WESTMOST_MS = 12 * 3_600_000;

const plantDayBy =
  (calendars: ReadonlyMap<string, PlantCalendar | undefined>): PlantDay =>
  (node, day) => {
    const calendar = calendars.get(node);
    if (calendar === undefined) return { fromMs: day * DAY_MS - EASTMOST_MS, toMs: (day + 1) * DAY_MS + WESTMOST_MS };
    return { fromMs: calendar.startOfDay(day), toMs: calendar.startOfDay(day + 1) };
  };

/**
 * Every archived decision of every node that rested on a suspect. Reads no decision whose station did not know one of them.
 * @throws MaintError CONFLICT where there are more than MAX_IMPACT_ITEMS parts and tests
 */
export async function look({ archive, contracts }: LookPorts, suspects: readonly Suspect[]): Promise<ImpactFound> {
  const assets = [...new Set(suspects.map(({ asset }) => asset))];
  const froms = suspects.map(({ fromMs }) => fromMs ?? Number.NEGATIVE_INFINITY);
  const fromMs = froms.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
  const since = Number.isFinite(fromMs) ? { fromMs } : {};
  const bundles = bundleShelf(contracts);
  const collected = collectItems();
  let read = 0;
  for (const decision of archive.decisions({ assets, ...since })) {
    await bundles.fetch(decision.recorded.decision.contracts);
    const reliances = relianceOf(decision, suspects, bundles.of);
    if (reliances.length > 0) collected.add(decision, reliances);
    if (collected.size() > MAX_IMPACT_ITEMS)
      throw conflict(
        `more than ${MAX_IMPACT_ITEMS} parts and tests rested on it`,
        "open it for a shorter time: --since, --until",
      );
    read += 1;
    if (read % IMPACT_DECISIONS_PER_TURN === 0) await nextTurn();
  }
  return collected.found();
}

/** Bundles by digest, fetched as they are needed. */
export function bundleShelf(contracts: LookPorts["contracts"]) {
  const known = new Map<string, Bundle | undefined>();
  const of: BundleOf = ({ digest }) => known.get(digest);
  return {
    of,
    fetch: async (decided: readonly Parameters<BundleOf>[0][]): Promise<void> => {
      for (const { contract, version, digest } of decided) {
        if (known.has(digest)) continue;
        const found = version === null ? undefined : await contracts.at(contract, version);
        // Another content under the same version would say where other clauses stand.
        known.set(digest, found?.bundleDigest === digest ? (found.bundle ?? undefined) : undefined);
      }
    },
  };
}
