import {
  countSchema,
  type JsonSchema,
  listSchema,
  objectSchema,
  orNull,
  refTo,
  textSchema,
} from "../../../model/json-schema.ts";
import * as archive from "../archive-routes.ts";
import * as floor from "../floor-routes.ts";
import { analysisSchema } from "../patterns-routes.ts";
import * as proposals from "../proposals-routes.ts";
import { replaySchema } from "../replays-routes.ts";
import { auditSchema } from "../reports-routes.ts";
import * as standing from "../standing-routes.ts";
import { openSchema, timeMs, timeOrNull } from "./answer-schemas.ts";
import type { RouteDocs } from "./route-doc.ts";

const text = textSchema();
const next = orNull(textSchema("the after of the next page; null behind the last"));
const listed = (name: string, of: string): JsonSchema =>
  objectSchema<{ [name: string]: unknown }>({ [name]: listSchema(refTo(of)) });
const paged = (name: string, of: string): JsonSchema =>
  objectSchema<{ [name: string]: unknown }>({ [name]: listSchema(refTo(of)), next });
const enrolmentToken = objectSchema<{ id: string; token: string; expiresAtMs: number }>({
  ...{ id: text, token: textSchema("good once and for 15 minutes"), expiresAtMs: timeMs },
});
const register: JsonSchema = {
  ...{ type: "object", required: ["station", "plantZone"], description: "what stands at the station" },
  properties: { station: { type: "object" }, plantZone: text, shifts: { type: "array" }, roles: { type: "object" } },
};
const person = { id: text, roles: listSchema(text) };
const entriesOf = (name: string): JsonSchema =>
  objectSchema<{ [name: string]: unknown }>({ [name]: listSchema(openSchema("an archived one", "node")) });

/** Nodes, people, and what is asked of the floor. */
export const floorDocs: RouteDocs = {
  "GET /v1/health": {
    ...{ id: "health", summary: "Is the hub there? Asks for no token" },
    answer: objectSchema<{ ok: boolean; hub: string }>({ ok: { const: true }, hub: text }),
  },
  "GET /v1/openapi.json": { id: "openapi", summary: "This document", answer: openSchema("OpenAPI 3.1", "openapi") },
  "POST /v1/enrol": {
    ...{ id: "enrol", summary: "Enrol a node with its single-use token, which is the proof", body: floor.enrolSchema },
    answer: objectSchema<{ node: string; hub: string; root: string }>({ node: text, hub: text, root: text }),
    status: 201,
  },
  "POST /v1/enrol/fleet": {
    ...{ id: "enrolFleet", summary: "Enrol many; one that is refused refuses all", body: floor.enrolFleetSchema },
    answer: objectSchema<{ nodes: number; hub: string; root: string }>({ nodes: countSchema(), hub: text, root: text }),
    status: 201,
  },
  "GET /v1/status": {
    ...{ id: "status", summary: "Which stations may test now, which not, and why", query: standing.statusSchema },
    answer: objectSchema<{ hub: string; counts: unknown; stations: unknown; next: string | null }>({
      ...{ hub: text, counts: refTo("FloorCounts"), stations: listSchema(refTo("StationStatus")), next },
    }),
  },
  "GET /v1/nodes": {
    id: "listNodes",
    summary: "Nodes, by id",
    query: floor.pageSchema,
    answer: paged("nodes", "Node"),
  },
  "POST /v1/nodes": {
    ...{ id: "registerNode", summary: "Register a station and get its node's enrolment token", body: register },
    ...{ answer: enrolmentToken, status: 201 },
  },
  "POST /v1/nodes/fleet": {
    ...{ id: "registerFleet", summary: "Register many; all of them or none", body: floor.fleetSchema },
    answer: objectSchema<{ nodes: unknown }>({ nodes: listSchema(enrolmentToken) }),
    status: 201,
  },
  "POST /v1/nodes/:id/revoke": {
    ...{ id: "revokeNode", summary: "End a node's key for good", body: floor.reasonSchema },
    answer: objectSchema<{ id: string; revokedAtMs: number | null }>({ id: text, revokedAtMs: timeOrNull }),
  },
  "POST /v1/nodes/:id/release": {
    ...{ id: "releaseNode", summary: "Give a quarantined node new releases again", body: floor.reasonSchema },
    answer: objectSchema<{ id: string; quarantined: string | null }>({ id: text, quarantined: orNull(text) }),
  },
  "GET /v1/nodes/:id/package": {
    ...{ id: "nodePackage", summary: "What a node is given, signed, with the digests it rests on" },
    answer: objectSchema<{ signed: unknown; digests: unknown }>({
      ...{ signed: openSchema("its signed desired set", "desired", "keyId", "signature"), digests: listSchema(text) },
    }),
  },
  "PUT /v1/nodes/:id/register": {
    ...{ id: "replaceRegister", summary: "Replace what stands at a station", body: register },
    answer: objectSchema<{ id: string; register: unknown }>({ id: text, register: refTo("StationRegister") }),
  },
  "GET /v1/standing": {
    ...{ id: "listStanding", summary: "What each node said last of its station", query: standing.standingSchema },
    answer: paged("standing", "NodeStanding"),
  },
  "GET /v1/due": {
    ...{ id: "listDue", summary: "What lapses at the nodes within some days", query: standing.dueSchema },
    answer: listed("due", "Due"),
  },
  "GET /v1/people": {
    ...{ id: "listPeople", summary: "People and their roles" },
    answer: objectSchema<{ people: unknown }>({
      people: listSchema(
        objectSchema<{ id: string; roles: unknown; addedAtMs: number }>({ ...person, addedAtMs: timeMs }),
      ),
    }),
  },
  "POST /v1/people": {
    ...{
      id: "addPerson",
      summary: "Add a person; the token is answered once and nowhere kept",
      body: floor.personSchema,
    },
    answer: objectSchema<{ id: string; roles: unknown; token: string }>({ ...person, token: text }),
    status: 201,
  },
  "GET /v1/people/me": {
    ...{ id: "me", summary: "Whom the hub takes the asker for" },
    answer: objectSchema<{ id: string; roles: unknown }>(person),
  },
  "GET /v1/orders": {
    id: "listOrders",
    summary: "The latest revision of each client order",
    answer: listed("orders", "Order"),
  },
  "POST /v1/orders": {
    ...{ id: "linkOrder", summary: "Link a client order; its text, YAML or JSON, may also be the body itself" },
    body: { type: "object", required: ["text"], properties: { text } },
    ...{ answer: refTo("Order"), status: 201 },
  },
  "POST /v1/orders/:id/close": { id: "closeOrder", summary: "Close a client order", answer: refTo("Order") },
};

/** What comes back from nodes, and what is made of it. */
export const feedbackDocs: RouteDocs = {
  "GET /v1/patterns": {
    id: "latestPatterns",
    summary: "The last analysis",
    answer: openSchema("an analysis", "patterns", "at_ms"),
  },
  "GET /v1/patterns/:id": {
    id: "showPattern",
    summary: "One pattern",
    answer: openSchema("a pattern", "id", "reason", "nodes"),
  },
  "POST /v1/patterns/analysis": {
    ...{ id: "analysePatterns", summary: "Look for alert patterns now", body: analysisSchema },
    answer: openSchema("an analysis", "patterns", "at_ms"),
  },
  "GET /v1/proposals": {
    ...{ id: "listProposals", summary: "Proposed versions, newest first" },
    answer: objectSchema<{ proposals: unknown }>({ proposals: listSchema(openSchema("a proposal", "id", "state")) }),
  },
  "GET /v1/proposals/:id": {
    id: "showProposal",
    summary: "One proposal",
    answer: openSchema("a proposal", "id", "state", "diff"),
  },
  "GET /v1/proposals/:id/effect": {
    ...{ id: "proposalEffect", summary: "What its version did to what it was proposed for" },
    answer: openSchema("an effect", "proposal", "version", "before", "after", "verdict"),
  },
  "GET /v1/proposals/effects": {
    ...{ id: "proposalEffects", summary: "Effects of a contract's deployed proposals" },
    query: proposals.effectsSchema,
    answer: objectSchema<{ effects: unknown }>({ effects: listSchema(openSchema("an effect", "proposal", "verdict")) }),
  },
  "GET /v1/proposals/study/:contract": {
    ...{ id: "studyContract", summary: "What calibrations and other contracts say of a contract" },
    answer: openSchema("a study", "contract", "version", "intervals", "missing"),
  },
  "POST /v1/proposals/:id/edit": {
    ...{ id: "editProposal", summary: "Put another text in its place", body: proposals.editSchema },
    answer: openSchema("a proposal", "id", "state", "diff", "edits"),
  },
  "POST /v1/proposals": {
    ...{ id: "createProposal", summary: "Draft the next version against a pattern, or from a study" },
    body: proposals.createSchema,
    ...{ answer: openSchema("a proposal", "id", "state", "diff"), status: 201 },
  },
  "POST /v1/proposals/:id/accept": {
    ...{ id: "acceptProposal", summary: "Make it the draft of the next version", body: proposals.acceptSchema },
    answer: openSchema("the proposal and the draft", "proposal", "draft", "spread"),
  },
  "POST /v1/proposals/:id/reject": {
    ...{ id: "rejectProposal", summary: "Turn it down, with the reason", body: proposals.rejectSchema },
    answer: openSchema("a proposal", "id", "state"),
  },
  "GET /v1/replays": {
    ...{ id: "listReplays", summary: "Replays that run or ran since the hub's start" },
    answer: objectSchema<{ replays: unknown }>({ replays: listSchema(openSchema("a replay", "id")) }),
  },
  "POST /v1/replays": {
    ...{ id: "startReplay", summary: "Decide recorded decisions again under another version", body: replaySchema },
    ...{ answer: openSchema("a replay", "id"), status: 202 },
  },
  "GET /v1/replays/:id": {
    id: "showReplay",
    summary: "How far one is, and what it found",
    answer: openSchema("a replay", "id"),
  },
  "DELETE /v1/replays/:id": { id: "cancelReplay", summary: "Cancel one", answer: openSchema("a replay", "id") },
  "GET /v1/archive": {
    id: "archiveOverview",
    summary: "Nodes' ledgers as they are archived here",
    answer: openSchema("by node", "nodes", "retention"),
  },
  "GET /v1/archive/entries": {
    ...{
      id: "archivedEntries",
      summary: "Archived entries",
      query: archive.entriesSchema,
      answer: entriesOf("entries"),
    },
  },
  "GET /v1/archive/entries/:node/:seq": {
    ...{ id: "archivedEntry", summary: "One archived entry", answer: openSchema("an archived entry") },
  },
  "GET /v1/archive/decisions": {
    ...{
      id: "archivedDecisions",
      summary: "Archived decisions",
      query: archive.decisionsSchema,
      answer: entriesOf("decisions"),
    },
  },
  "PUT /v1/archive/retention": {
    ...{ id: "setRetention", summary: "How long a node's ledger is kept here", body: archive.retentionSchema },
    answer: openSchema("what was set"),
  },
  "POST /v1/reports/audit": {
    ...{ id: "auditReport", summary: "What an auditor takes away", body: auditSchema, answer: openSchema("a report") },
  },
};
