import { readFileSync } from "node:fs";
import { parseInstant } from "../../src/base/civil-time.ts";
import { isJsonArray, isJsonObject, type Json, type JsonObject, parseStrictJson } from "../../src/base/strict-json.ts";
import { compile } from "../../src/compiler/index.ts";
import { zoneFromIntl } from "../../src/disk/zone-from-intl.ts";
import type { Decision, EngineChoice } from "../../src/model/decision.ts";
import { openPlantCalendar, type PlantCalendar } from "../../src/model/plant-calendar.ts";
import { parseSnapshot } from "../../src/model/snapshot-parse.ts";
import { type DecideInput, decide, indexReleases, type LoadedBundle, loadBundle } from "../../src/runtime/index.ts";

/** One decision with what is expected of it; `facts` keeps its numbers exact. */
export interface Vector {
  readonly name: string;
  readonly contract: string;
  readonly facts: Json;
  readonly at: string;
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
}

const file = parseStrictJson(readFileSync(new URL("vectors.json", import.meta.url), "utf8"));
if (!file.ok || !isJsonObject(file.value)) throw new Error("the vectors are no JSON");
const root = file.value;

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");
const texts = (value: Json | undefined): readonly string[] => (isJsonArray(value) ? value.map(text) : []);
const objects = (value: Json | undefined): readonly JsonObject[] =>
  isJsonArray(value) ? value.filter((item) => isJsonObject(item)) : [];

export const vectors: readonly Vector[] = objects(root.get("vectors")).map((vector) => ({
  name: `${text(vector.get("rule"))} ${text(vector.get("contract"))}: ${text(vector.get("title"))}`,
  contract: text(vector.get("contract")),
  facts: vector.get("facts") ?? null,
  at: text(vector.get("at")),
  reasons: texts(vector.get("reasons")),
  warnings: texts(vector.get("warnings")),
}));

export function loadText(name: string, source: string): LoadedBundle {
  const { contracts, diagnostics } = compile([{ name: `${name}.maint`, text: source }]);
  const [contract] = contracts;
  if (contract === undefined) throw new Error(`${name}: ${JSON.stringify(diagnostics)}`);
  const loaded = loadBundle(contract.bytes);
  if (!loaded.ok) throw new Error(`${name} at ${loaded.error.place}: ${loaded.error.message}`);
  return loaded.value;
}

/** Contract name → compiled bundle. */
export const bundles: ReadonlyMap<string, LoadedBundle> = new Map(
  [...(root.get("contracts") as JsonObject)].map(([name, source]) => [name, loadText(name, text(source))]),
);

const zone = zoneFromIntl("America/Chicago");
if (zone === undefined) throw new Error("this Node knows no America/Chicago");
export const chicago: PlantCalendar = openPlantCalendar(zone);

export function inputOf(vector: Vector, loaded = bundles.get(vector.contract)): DecideInput {
  const now = parseInstant(vector.at);
  if (loaded === undefined || now === undefined) throw new Error(`${vector.name} names no contract or instant`);
  const releases = indexReleases([{ loaded, version: null, fromDay: null }]);
  return { releases, snapshot: parseSnapshot(vector.facts), now, calendar: chicago, node: null, assumeBinding: true };
}

export const decideVector = (vector: Vector, engine: EngineChoice): Promise<Decision> =>
  decide(inputOf(vector), engine);
