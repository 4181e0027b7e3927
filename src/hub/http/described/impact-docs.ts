import {
  countSchema,
  type JsonSchema,
  listSchema,
  type MemberSchemas,
  objectSchema,
  orNull,
  textSchema,
  wordSchema,
} from "../../../model/json-schema.ts";
import type { FoundCounts, ItemDecision } from "../../impact/impact-items.ts";
import {
  DISPOSITIONS,
  type DisposedItem,
  type Disposition,
  type Impact,
  type ImpactCandidate,
  type ImpactStation,
  type ImpactView,
  type LastLook,
} from "../../impact/impact-model.ts";
import type { Reliance } from "../../impact/reliance.ts";
import type { Suspect, ViaStandard } from "../../impact/suspects.ts";
import { closeSchema, disposeSchema, openImpactSchema, pageSchema } from "../impacts-routes.ts";
import { openSchema, timeMs, timeOrNull } from "./answer-schemas.ts";
import type { RouteDocs } from "./route-doc.ts";

const text = textSchema();
const texts = listSchema(text);
const textOrNull = orNull(text);

const disposition = objectSchema<Disposition>({
  ...{ item: text, disposition: wordSchema(DISPOSITIONS), note: text, by: text, atMs: timeMs },
  decisions: countSchema("that were known of the item then"),
});
const reliance = objectSchema<Reliance>({
  ...{ asset: text, how: wordSchema(["reading", "equipment", "unclear"]) },
  ...{ contract: text, condition: text, line: countSchema("of the contract's file") },
});
const item = objectSchema<DisposedItem>({
  ...{
    key: textSchema("part:P-7, test:LP-01/T-3 or decision:LP-01/41"),
    part: textOrNull,
    tests: texts,
    orders: texts,
  },
  ...{ nodes: texts, firstAtMs: timeMs, lastAtMs: timeMs, disposition: orNull(disposition) },
  decisions: listSchema(
    objectSchema<ItemDecision>({
      ...{ node: text, strand: countSchema("of the node's ledger"), seq: countSchema(), atMs: timeMs },
      reliances: listSchema(reliance),
    }),
  ),
});
const counts = objectSchema<FoundCounts>({
  ...{ allowed: countSchema(), blocked: countSchema(), unclear: countSchema() },
  ...{ tests: countSchema(), orders: countSchema(), parts: countSchema(), nodes: texts },
});
const lastLook = objectSchema<LastLook>({
  ...{ atMs: timeMs, items: countSchema("parts and tests"), undisposed: countSchema("of them"), counts },
});
const impactMembers: MemberSchemas<Impact> = {
  ...{
    id: text,
    asset: text,
    cause: openSchema("as-found, with the calibration, revoked, with the certificate, or by-hand", "kind"),
    note: text,
  },
  ...{
    fromMs: timeOrNull,
    toMs: timeOrNull,
    state: wordSchema(["open", "closed"]),
    openedBy: text,
    openedAtMs: timeMs,
  },
  closed: orNull(objectSchema<NonNullable<Impact["closed"]>>({ by: text, atMs: timeMs, note: text })),
  lastLook,
};
const suspect = objectSchema<Suspect>({
  ...{ asset: text, fromMs: timeOrNull, toMs: timeOrNull },
  via: listSchema(objectSchema<ViaStandard>({ standard: text, certificate: textOrNull, performedOn: text })),
});
const station = objectSchema<ImpactStation>({
  ...{ node: text, certificate: textOrNull, toDo: textOrNull },
  closed: orNull(objectSchema<NonNullable<ImpactStation["closed"]>>({ by: text, atMs: timeMs, disposition: text })),
});
const view: JsonSchema = objectSchema<ImpactView>({
  ...{ ...impactMembers, suspects: listSchema(suspect), items: listSchema(item), stations: listSchema(station) },
});
const candidate = objectSchema<ImpactCandidate>({
  ...{ kind: wordSchema(["as-found", "revoked"]), asset: text, performedOn: textOrNull, certificate: textOrNull },
  ...{ node: text, record: text, words: textSchema("the finding as a sentence") },
});

/** What rested on an instrument that was found bad. */
export const impactDocs: RouteDocs = {
  "GET /v1/impacts": {
    ...{ id: "listImpacts", summary: "Impacts, the newest first, and findings that nobody opened" },
    answer: objectSchema<{ impacts: unknown; candidates: unknown }>({
      impacts: listSchema(objectSchema<Impact>(impactMembers)),
      candidates: listSchema(candidate),
    }),
  },
  "POST /v1/impacts": {
    ...{ id: "openImpact", summary: "Find what rested on an instrument since its last good calibration" },
    ...{ body: openImpactSchema, answer: view, status: 201 },
  },
  "GET /v1/impacts/:id": {
    ...{ id: "showImpact", summary: "An impact, with what the archive shows now", query: pageSchema, answer: view },
  },
  "POST /v1/impacts/:id/dispositions": {
    ...{ id: "disposeImpact", summary: "Say what becomes of parts and tests that rested on it" },
    ...{ body: disposeSchema, answer: view },
  },
  "POST /v1/impacts/:id/close": {
    ...{ id: "closeImpact", summary: "Close an impact of which everything has a disposition" },
    ...{ body: closeSchema, answer: view },
  },
};
