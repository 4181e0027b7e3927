import { readFileSync } from "node:fs";
import { parseDate, parseInstant } from "../../src/base/civil-time.ts";
import { isJsonArray, isJsonObject, type Json, type JsonObject, parseStrictJson } from "../../src/base/strict-json.ts";
import { parseSnapshot } from "../../src/model/snapshot-parse.ts";
import { type DecideInput, indexReleases, type LoadedBundle, type Release } from "../../src/runtime/index.ts";
import { calendarOf } from "./calendar-of.ts";
import { loadText } from "./vectors.ts";

/** A contract's file under test/conformance; from when it is in force, null from ever. */
export interface RuleRelease {
  readonly path: string;
  readonly text: string;
  readonly version: string | null;
  readonly from: string | null;
}

/** A decision as a boundary rule's words have it, in the form of `maint eval --batch`. `facts` keeps its numbers exact. */
export interface RuleScenario {
  readonly name: string;
  readonly at: string;
  readonly zone: string;
  readonly facts: Json;
  readonly releases: readonly RuleRelease[];
  readonly expected: {
    readonly allow: boolean;
    readonly reasons: readonly string[];
    readonly warnings: readonly string[];
  };
}

const text = (fields: JsonObject, name: string): string => {
  const value = fields.get(name);
  if (typeof value !== "string") throw new Error(`${name} is no text`);
  return value;
};
const list = (fields: JsonObject, name: string): readonly Json[] => {
  const value = fields.get(name);
  if (!isJsonArray(value)) throw new Error(`${name} is no list`);
  return value;
};
const texts = (fields: JsonObject, name: string): readonly string[] =>
  list(fields, name).map((item) => (typeof item === "string" ? item : ""));
const object = (value: Json | undefined): JsonObject => {
  if (!isJsonObject(value)) throw new Error("no object");
  return value;
};

const readHere = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

function releaseOf(path: string, version: string | null, from: string | null): RuleRelease {
  return { path, text: readHere(path), version, from };
}

function scenarioOf(line: string): RuleScenario {
  const parsed = parseStrictJson(line);
  if (!parsed.ok) throw new Error(`no JSON: ${line}`);
  const fields = object(parsed.value);
  const [facts, expected] = [object(fields.get("facts")), object(fields.get("expect"))];
  const releases = fields.has("contract")
    ? [releaseOf(text(fields, "contract"), null, null)]
    : list(fields, "releases").map((item) => {
        const one = object(item);
        return releaseOf(text(one, "contract"), text(one, "version"), text(one, "from"));
      });
  return {
    ...{ name: `${text(fields, "id")} ${text(fields, "rule")}: ${text(fields, "title")}`, at: text(fields, "at") },
    ...{ zone: text(facts, "plantZone"), facts, releases },
    expected: {
      allow: expected.get("allow") === true,
      ...{ reasons: texts(expected, "reasons"), warnings: texts(expected, "warnings") },
    },
  };
}

export const scenarios: readonly RuleScenario[] = readHere("rules.ndjson").trimEnd().split("\n").map(scenarioOf);

const loaded = new Map<string, LoadedBundle>();

function bundleOf({ path, text: source }: RuleRelease): LoadedBundle {
  const bundle = loaded.get(path) ?? loadText(path, source);
  loaded.set(path, bundle);
  return bundle;
}

export const releasesOf = ({ releases }: RuleScenario): readonly Release[] =>
  releases.map((release) => ({
    loaded: bundleOf(release),
    version: release.version === null ? null : `v${release.version}`,
    fromDay: release.from === null ? null : (parseDate(release.from) ?? null),
  }));

export function inputOf(scenario: RuleScenario): DecideInput {
  const { facts, at, zone, name } = scenario;
  const now = parseInstant(at);
  if (now === undefined) throw new Error(`${name}: no instant`);
  const releases = indexReleases(releasesOf(scenario));
  return { releases, snapshot: parseSnapshot(facts), now, calendar: calendarOf(zone), node: null, assumeBinding: true };
}
