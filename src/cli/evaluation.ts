import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { DAY_MS, parseDate, parseInstant } from "../base/civil-time.ts";
import { MaintError } from "../base/maint-error.ts";
import { isJsonArray, isJsonObject, type Json, type JsonObject, parseStrictJson } from "../base/strict-json.ts";
import { compile, renderDiagnostics, type Source } from "../compiler/index.ts";
import { zoneFromIntl } from "../disk/zone-from-intl.ts";
import type { Decision, EngineChoice } from "../model/decision.ts";
import { isVersion } from "../model/ids.ts";
import { MAX_JSON_DEPTH, MAX_SNAPSHOT_BYTES } from "../model/limits.ts";
import { openPlantCalendar, type PlantCalendar } from "../model/plant-calendar.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { parseSnapshot } from "../model/snapshot-parse.ts";
import {
  type DueItem,
  decide,
  dueWithin,
  indexReleases,
  type LoadedBundle,
  loadBundle,
  type Release,
  type ReleaseIndex,
} from "../runtime/index.ts";
import { compileOptions, readContracts } from "./read-contracts.ts";

/** Contracts by file, each compiled once however many snapshots it decides. */
export interface ContractShelf {
  /** @throws MaintError where a file cannot be read or does not compile */
  readonly load: (path: string) => Promise<readonly LoadedBundle[]>;
}

export function openShelf(): ContractShelf {
  const shelf = new Map<string, Promise<readonly LoadedBundle[]>>();
  return {
    load: (path) => {
      const file = resolve(path);
      const known = shelf.get(file) ?? compileFile(path);
      shelf.set(file, known);
      return known;
    },
  };
}

async function compileFile(path: string): Promise<readonly LoadedBundle[]> {
  const sources = await readContracts([path]);
  const { contracts, diagnostics } = compile(sources, compileOptions);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new DoesNotCompile(path, renderDiagnostics("text", errors, textsOf(sources)));
  if (contracts.length === 0) throw new MaintError("MAINT_ERR_NO_CONTRACT", `${path}: holds no contract`);
  return contracts.map(({ id, bytes }) => {
    const loaded = loadBundle(bytes);
    if (!loaded.ok) throw new Error(`the compiled ${id} was refused at ${loaded.error.place}: ${loaded.error.message}`);
    return loaded.value;
  });
}

const textsOf = (sources: readonly Source[]) => ({
  textOf: (file: string) => sources.find(({ name }) => name === file)?.text,
});

/** `findings` are the code frames, for people. */
export class DoesNotCompile extends MaintError {
  readonly findings: string;
  constructor(path: string, findings: string) {
    super("MAINT_ERR_DOES_NOT_COMPILE", `${path}: the contract does not compile`, { help: `run maint check ${path}` });
    this.findings = findings;
  }
}

export const bindingReleases = (bundles: readonly LoadedBundle[]): ReleaseIndex =>
  indexReleases(bundles.map((loaded) => ({ loaded, version: null, fromDay: null })));

/** `releases` of a scenario: `{contract, version, from}`. No `from` is in force from ever; one that cannot be read never is. */
export async function releasesOf(list: Json | undefined, shelf: ContractShelf): Promise<ReleaseIndex> {
  if (!isJsonArray(list) || list.length === 0) {
    throw new MaintError("MAINT_ERR_BAD_SCENARIO", "a scenario names a contract, or releases in a list");
  }
  const releases: Release[] = [];
  for (const item of list) {
    const file = isJsonObject(item) ? item.get("contract") : undefined;
    if (!isJsonObject(item) || typeof file !== "string") {
      throw new MaintError("MAINT_ERR_BAD_SCENARIO", "a release names its contract");
    }
    const from = item.get("from") ?? null;
    const fromDay = from === null ? null : ((typeof from === "string" ? parseDate(from) : undefined) ?? NEVER);
    for (const loaded of await shelf.load(file)) releases.push({ loaded, version: versionOf(item), fromDay });
  }
  return indexReleases(releases);
}

const NEVER = 10_000_000;

function versionOf(item: JsonObject): string | null {
  const version = item.get("version");
  if (typeof version !== "string") return null;
  const named = version.startsWith("v") ? version : `v${version}`;
  return isVersion(named) ? named : null;
}

const calendars = new Map<string, PlantCalendar>();

function calendarOf(zone: string | undefined): PlantCalendar {
  if (zone === undefined) {
    throw new MaintError("MAINT_ERR_NO_ZONE", "the snapshot has no plantZone", { help: 'such as "America/Chicago"' });
  }
  const known = calendars.get(zone);
  if (known !== undefined) return known;
  const transitions = zoneFromIntl(zone);
  if (transitions === undefined) {
    throw new MaintError("MAINT_ERR_UNKNOWN_ZONE", `no such time zone: ${JSON.stringify(zone)}`, {
      help: 'use a name such as "America/Chicago"',
    });
  }
  const calendar = openPlantCalendar(transitions);
  calendars.set(zone, calendar);
  return calendar;
}

/**
 * Decides one snapshot, the contracts taken as binding.
 * @throws MaintError where zone or instant is missing or unknown
 */
export async function evaluate(
  releases: ReleaseIndex,
  facts: Json,
  at: string | undefined,
  engine: EngineChoice,
): Promise<Decision> {
  return decide({ releases, ...momentOf(facts, at), node: null, assumeBinding: true }, engine);
}

/** @throws MaintError where zone or instant is missing or unknown */
function momentOf(
  facts: Json,
  at: string | undefined,
): { readonly snapshot: Snapshot; readonly now: number; readonly calendar: PlantCalendar } {
  if (!isJsonObject(facts)) throw new MaintError("MAINT_ERR_BAD_SNAPSHOT", "the snapshot is no JSON object");
  const now = at === undefined ? undefined : parseInstant(at);
  if (now === undefined) {
    const what = at === undefined ? "there is no instant" : `no such instant: ${JSON.stringify(at)}`;
    throw new MaintError("MAINT_ERR_BAD_INSTANT", what, {
      help: "an instant has an offset: 2026-11-23T09:00:00-06:00",
    });
  }
  const snapshot = parseSnapshot(facts);
  const calendar = calendarOf(snapshot.plantZone);
  if (!calendar.covers(now)) {
    throw new MaintError("MAINT_ERR_BAD_INSTANT", `the calendar is known from 1970 to 2100, not at ${at}`);
  }
  return { snapshot, now, calendar };
}

/**
 * What lapses from an instant on, the contracts taken as binding.
 * @throws MaintError where zone or instant is missing or unknown, or too many instants lie in the span
 */
export function lookAhead(
  releases: ReleaseIndex,
  facts: Json,
  at: string,
  withinDays: number,
  kind?: string,
): readonly DueItem[] {
  const { snapshot, now, calendar } = momentOf(facts, at);
  const test = kind === undefined ? snapshot.test : { ...snapshot.test, kind };
  const input = { releases, snapshot: { ...snapshot, test }, now, calendar, node: null, assumeBinding: true };
  try {
    return dueWithin(input, now + withinDays * DAY_MS);
  } catch (error) {
    if (error instanceof RangeError)
      throw new MaintError("MAINT_ERR_USAGE", error.message, { help: "ask for fewer days" });
    throw error;
  }
}

/** @throws MaintError with line and column where the text is no JSON */
export function readJson(text: string, name: string): Json {
  const parsed = parseStrictJson(text, { maxLength: MAX_SNAPSHOT_BYTES, maxDepth: MAX_JSON_DEPTH });
  if (parsed.ok) return parsed.value;
  const { line, column, message } = parsed.error;
  throw new MaintError("MAINT_ERR_BAD_JSON", `${name}:${line}:${column}: ${message}`);
}

/** A text file of at most `maxBytes`. A larger one is refused unread. */
export async function readTextFile(file: string, maxBytes: number): Promise<string> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) throw new MaintError("MAINT_ERR_TOO_LARGE", `${file}:1:1: larger than ${maxBytes} bytes`);
    const bytes = await handle.readFile();
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw new MaintError("MAINT_ERR_NOT_UTF8", `${file}: is not UTF-8 text`);
    // Reading from an open file, the system no longer says which one.
    if (error instanceof Error && !(error instanceof MaintError)) Object.assign(error, { path: file });
    throw error;
  } finally {
    await handle.close();
  }
}
