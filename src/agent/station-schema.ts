import {
  countSchema,
  flagSchema,
  instantSchema,
  type JsonSchema,
  listSchema,
  objectSchema,
  orNull,
  refTo,
  textSchema,
  wordSchema,
} from "../model/json-schema.ts";
import type { LatestReading, RunningTest, StationAsset, StationQuantity, StationView } from "./station-view.ts";

type Item<K extends keyof StationView> = StationView[K] extends readonly (infer T)[] ? T : never;

const text = textSchema();
const texts = listSchema(text);

const stationSchema = objectSchema<StationView>({
  node: text,
  now: instantSchema("plant time; UTC where the node was never told a zone"),
  zone: orNull(text),
  timeSource: wordSchema(["wall", "attested"]),
  caveats: listSchema(
    objectSchema<Item<"caveats">>({
      ...{ kind: wordSchema(["no-hub", "not-vouched", "clock-unattested"]), word: textSchema("for a badge"), text },
    }),
    "what to know of the contracts besides the verdict",
  ),
  station: orNull(
    objectSchema<NonNullable<StationView["station"]>>({ id: text, type: text, orderRequired: flagSchema() }),
  ),
  you: objectSchema<StationView["you"]>({ id: text, person: flagSchema(), roles: texts, scopes: texts }),
  contracts: listSchema(
    objectSchema<Item<"contracts">>({
      ...{ contract: text, title: text, version: text, digest: text, mode: wordSchema(["enforce", "shadow"]) },
      conditions: listSchema(
        objectSchema<Item<"contracts">["conditions"][number]>({ name: text, testKind: orNull(text) }),
      ),
    }),
  ),
  kinds: listSchema(text, "kinds of test that some condition names"),
  orders: listSchema(objectSchema<Item<"orders">>({ id: text, revision: countSchema() }), "open ones"),
  planned: listSchema(text, "what the plan of a test should name"),
  equipment: listSchema(refTo("StationAsset")),
  quantities: listSchema(refTo("StationQuantity")),
  computed: listSchema(objectSchema<Item<"computed">>({ name: text, from: texts })),
  steps: listSchema(objectSchema<Item<"steps">>({ step: text, who: text })),
  acknowledged: listSchema(
    objectSchema<Item<"acknowledged">>({ step: text, by: text, at: instantSchema() }),
    "this plant day, newest first",
  ),
  checkLists: listSchema(objectSchema<Item<"checkLists">>({ asset: text, condition: text, items: texts })),
  useChecks: listSchema(text, "assets that are checked before and after each use"),
  materials: texts,
  latest: listSchema(refTo("LatestReading")),
  running: listSchema(refTo("RunningTest")),
});

/** Schemas of GET /v1/station, by name. */
export const stationSchemas: { readonly [name: string]: JsonSchema } = {
  Station: stationSchema,
  StationAsset: objectSchema<StationAsset>({
    ...{ asset: text, roles: texts, type: orNull(text), serial: orNull(text) },
    asks: listSchema(text, "kinds of clause that speak of it, and the counters they want"),
    events: listSchema(text, "events that count against it"),
  }),
  StationQuantity: objectSchema<StationQuantity>({
    ...{ name: text, unit: text, units: texts, limits: texts },
    instruments: listSchema(text, "assets a contract wants it read with; empty where any will do"),
    settles: flagSchema("a contract asks how long it had settled"),
  }),
  LatestReading: objectSchema<LatestReading>({
    ...{ id: text, quantity: text, value: textSchema("exact decimal"), unit: text, takenWith: orNull(text) },
    ...{ takenAt: instantSchema(), by: text },
  }),
  RunningTest: objectSchema<RunningTest>({
    ...{ test: text, startedAt: instantSchema(), kind: orNull(text), order: orNull(text) },
  }),
};
