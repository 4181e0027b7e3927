import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isJsonArray, isJsonObject, type Json, type JsonObject, parseStrictJson } from "../../src/base/strict-json.ts";
import { vectors } from "../conformance/vectors.ts";
import { root } from "../tidy/source-files.ts";
import { interpret } from "./interpreter.ts";
import { readContract } from "./interpreter-contract.ts";
import type { ReadRelease } from "./interpreter-selection.ts";
import { readInstant } from "./interpreter-time.ts";

const readJson = (path: string): JsonObject => {
  const file = parseStrictJson(readFileSync(path, "utf8"));
  if (!file.ok || !isJsonObject(file.value)) throw new Error(`${path} is no JSON object`);
  return file.value;
};
const contractTexts = readJson(join(root, "test", "conformance", "vectors.json")).get("contracts") as JsonObject;

const text = (fields: JsonObject, name: string): string => String(fields.get(name));

const release = (text: string, version: string | null = null, from: string | null = null): ReadRelease => ({
  contract: readContract(text),
  version,
  from,
});

function answer(releases: readonly ReadRelease[], snapshot: Json, at: string) {
  const zone = isJsonObject(snapshot) ? snapshot.get("plantZone") : undefined;
  const now = readInstant(at);
  if (typeof zone !== "string" || now === undefined) throw new Error(`no zone, or no instant: ${at}`);
  return interpret({ releases, snapshot, now, zone, assumeBinding: true });
}

describe("the test interpreter decides the vectors as they say", () => {
  test.each(vectors)("$name", ({ contract, facts, at, reasons, warnings }) => {
    const releases = [release(text(contractTexts, contract))];
    expect(answer(releases, facts, at)).toEqual({ allow: reasons.length === 0, reasons, warnings });
  });
});

// The specification's scenarios lie beside the project where there is one.
const spec = join(root, "..", "shared", "spec");

function scenarios(): readonly JsonObject[] {
  const list = readJson(join(spec, "scenarios.json")).get("scenarios");
  return isJsonArray(list) ? list.filter(isJsonObject) : [];
}

test.skipIf(!existsSync(join(spec, "scenarios.json")))("and the specification's scenarios", () => {
  const read = (name: string): string => readFileSync(join(spec, name), "utf8");
  const all = scenarios();
  expect(all.length).toBeGreaterThan(50);
  for (const scenario of all) {
    const listed = scenario.get("releases");
    const releases = isJsonArray(listed)
      ? listed
          .filter(isJsonObject)
          .map((one) => release(read(text(one, "contract")), text(one, "version"), text(one, "from")))
      : [release(read(text(scenario, "contract")))];
    const expected = scenario.get("expect") as JsonObject;
    const { allow, reasons, warnings } = answer(releases, scenario.get("facts") ?? null, text(scenario, "at"));
    const wanted = ["allow", "reasons", "warnings"].map((name) => expected.get(name));
    expect([allow, reasons, warnings], `${text(scenario, "id")} ${text(scenario, "title")}`).toEqual(wanted);
  }
});
