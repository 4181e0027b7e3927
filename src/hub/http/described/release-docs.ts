import {
  countSchema,
  flagSchema,
  listSchema,
  mapSchema,
  objectSchema,
  orNull,
  refTo,
  textSchema,
} from "../../../model/json-schema.ts";
import type { ImpactBudget } from "../../contracts/impact-budgets.ts";
import * as contracts from "../contracts-routes.ts";
import { orderSchema, planSchema, policySchema, startSchema, whyNotQuery } from "../rollouts-routes.ts";
import { digest, openSchema, timeMs } from "./answer-schemas.ts";
import type { RouteDocs } from "./route-doc.ts";

const one = (name: string, of: string) => objectSchema<{ [name: string]: unknown }>({ [name]: listSchema(refTo(of)) });
const deploymentsPage = objectSchema<{ deployments: unknown; next: string | null }>({
  ...{ deployments: listSchema(refTo("Deployment")), next: orNull(textSchema("the after of the next page")) },
});
const domainPolicy = objectSchema<{ domain: string; policy: unknown }>({
  ...{ domain: textSchema(), policy: refTo("RolloutPolicy") },
});

const budget = objectSchema<ImpactBudget>({
  ...{ domain: textSchema(), budget: { type: "number", description: "a share, 0 to 1" } },
  set: orNull(objectSchema<NonNullable<ImpactBudget["set"]>>({ by: textSchema(), atMs: timeMs, reason: textSchema() })),
});

/** Contracts, releases and how they reach nodes. */
export const releaseDocs: RouteDocs = {
  "GET /v1/contracts": {
    id: "listContracts",
    summary: "Every version of every contract",
    answer: one("contracts", "HistoryEntry"),
  },
  "GET /v1/contracts/:id": {
    ...{
      id: "showContract",
      summary: "A version (v1.0 or draft), else the newest one in force, with its text",
      query: contracts.shownQuery,
    },
    answer: refTo("ShownContract"),
  },
  "GET /v1/contracts/:id/history": {
    ...{ id: "contractHistory", summary: "Genealogy: every version, the first one first" },
    answer: one("history", "HistoryEntry"),
  },
  "POST /v1/contracts": {
    ...{ id: "createContract", summary: "Make a draft", body: contracts.draftSchema },
    ...{ answer: refTo("ShownContract"), status: 201 },
  },
  "POST /v1/contracts/:id/validate": {
    ...{ id: "validateContract", summary: "Check the draft's structure, logic, conditions and own tests" },
    answer: refTo("ValidationOutcome"),
  },
  "POST /v1/contracts/:id/retire": {
    ...{
      id: "retireContract",
      summary: "Take a version out of use; running tests keep it",
      body: contracts.retireSchema,
    },
    answer: refTo("Published"),
  },
  "POST /v1/contracts/:id/archive": {
    ...{ id: "archiveContract", summary: "File a deprecated version that no node uses, or turn a draft down" },
    ...{ body: contracts.archiveSchema, answer: refTo("HistoryEntry") },
  },
  "GET /v1/releases": {
    id: "listReleases",
    summary: "What PolicyCentral holds",
    answer: one("releases", "StoredRelease"),
  },
  "GET /v1/releases/metadata": {
    ...{ id: "releaseMetadata", summary: "The signed metadata that is current, as texts" },
    answer: objectSchema<{ root: string; targets: string; version: number; roles: unknown; floors: unknown }>({
      ...{ root: textSchema("TUF metadata"), targets: textSchema("TUF metadata"), version: countSchema() },
      roles: mapSchema(textSchema("TUF metadata of a delegated role")),
      floors: openSchema("numbers that nodes have and this hub lost", "roles", "contracts"),
    }),
  },
  "GET /v1/releases/verify": {
    ...{ id: "verifyReleases", summary: "Look through PolicyCentral now" },
    answer: objectSchema<{ ok: boolean; findings: unknown }>({
      ...{ ok: flagSchema(), findings: listSchema(openSchema("what does not hold", "path", "code", "message")) },
    }),
  },
  "POST /v1/releases": {
    ...{ id: "submitRelease", summary: "Hand in a signed release; 202 where it waits for a second person" },
    ...{ body: contracts.releaseSchema, answer: refTo("Published"), status: 201, orStatus: 202 },
  },
  "POST /v1/releases/renew": {
    ...{ id: "renewRole", summary: "Hand in a role's metadata signed anew, which changes nothing else" },
    body: contracts.renewalSchema,
    answer: objectSchema<{ role: string; version: number | null }>({
      role: textSchema(),
      version: orNull(countSchema()),
    }),
  },
  "GET /v1/releases/blobs/:digest": {
    ...{ id: "blob", summary: "Bytes that a desired set names" },
    answer: objectSchema<{ digest: string; base64: string }>({ digest, base64: textSchema() }),
  },
  "GET /v1/releases/budgets/:domain": {
    ...{ id: "showImpactBudget", summary: "The share of allowed decisions that a domain's versions may newly block" },
    answer: budget,
  },
  "PUT /v1/releases/budgets/:domain": {
    ...{ id: "setImpactBudget", summary: "Set it, or take it back to the hub's own with null" },
    ...{ body: contracts.budgetSchema, answer: budget },
  },
  "GET /v1/releases/staged": {
    id: "listStaged",
    summary: "What is signed and waits, or waited",
    answer: one("staged", "Staged"),
  },
  "GET /v1/releases/staged/:contract": {
    ...{
      id: "showStaged",
      summary: "What waits for a contract, to be read and signed",
      answer: refTo("StagedContent"),
    },
  },
  "POST /v1/releases/staged/:contract/approve": {
    ...{ id: "approveStaged", summary: "Add the second person's signature", body: contracts.approvalSchema },
    answer: refTo("Published"),
  },
  "POST /v1/releases/staged/:contract/publish": {
    ...{ id: "publishStaged", summary: "Publish what was held", body: contracts.withdrawalSchema },
    answer: refTo("HistoryEntry"),
  },
  "POST /v1/releases/staged/:contract/withdraw": {
    ...{
      id: "withdrawStaged",
      summary: "Withdraw what waits",
      body: contracts.withdrawalSchema,
      answer: refTo("Staged"),
    },
  },
  "GET /v1/deployments": {
    ...{ id: "listDeployments", summary: "How far each node is with a contract", query: contracts.deploymentsQuery },
    answer: deploymentsPage,
  },
  "POST /v1/deployments": {
    ...{ id: "deploy", summary: "Push a stored version again, or to other nodes", body: contracts.deploymentSchema },
    answer: deploymentsPage,
  },
  "GET /v1/rollouts": {
    id: "listRollouts",
    summary: "The latest rollout of every version",
    answer: one("rollouts", "Rollout"),
  },
  "POST /v1/rollouts": {
    ...{ id: "startRollout", summary: "Start a held version, or one that was taken back", body: startSchema },
    ...{ answer: refTo("Rollout"), status: 201 },
  },
  "POST /v1/rollouts/plan": {
    ...{ id: "planRollout", summary: "Which nodes, in which waves; changes nothing", body: planSchema },
    answer: {
      oneOf: [
        refTo("RolloutPlan"),
        openSchema("with days: what would change there", "contract", "version", "policy", "waves", "prediction"),
      ],
    },
  },
  "GET /v1/rollouts/defaults/:domain": {
    ...{
      id: "rolloutDefault",
      summary: "How a domain's versions go out when nobody says otherwise",
      answer: domainPolicy,
    },
  },
  "PUT /v1/rollouts/defaults/:domain": {
    ...{
      id: "setRolloutDefault",
      summary: "Change that; what is left out stays",
      body: policySchema,
      answer: domainPolicy,
    },
  },
  "GET /v1/rollouts/:contract/:version": {
    ...{ id: "showRollout", summary: "One rollout with its record", answer: refTo("RolloutWithRecord") },
  },
  "GET /v1/rollouts/:contract/:version/shadow": {
    ...{ id: "shadowOf", summary: "How a version tried in the shadow differs from what is enforced" },
    answer: refTo("ShadowSummary"),
  },
  "POST /v1/rollouts/:contract/:version": {
    ...{
      id: "orderRollout",
      summary: "Pause, resume, advance or abort it",
      body: orderSchema,
      answer: refTo("Rollout"),
    },
  },
  "GET /v1/why-not/:node": {
    ...{ id: "whyNot", summary: "Why a node does not run the newest version", query: whyNotQuery },
    answer: refTo("WhyNot"),
  },
};
