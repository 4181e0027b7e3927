import { ledgerEntrySchema } from "../../../disk/ledger-schemas.ts";
import type { Alert, ShadowDecision } from "../../../model/alert.ts";
import { SEVERITIES } from "../../../model/alert.ts";
import type { ClientOrder, StationRegister } from "../../../model/documents.ts";
import {
  countSchema,
  flagSchema,
  instantSchema,
  type JsonSchema,
  listSchema,
  type MemberSchemas,
  mapSchema,
  objectSchema,
  orNull,
  refTo,
  textSchema,
  wordSchema,
} from "../../../model/json-schema.ts";
import { CONTRACT_STATUSES } from "../../../model/lifecycle.ts";
import { PHASES, type StandingDue, type StandingTest } from "../../../model/message.ts";
import type { AlertGroup } from "../../alerts/alert-record.ts";
import type { ShadowExample, ShadowSummary } from "../../alerts/shadow-store.ts";
import type { HistoryEntry } from "../../contracts/contract-records.ts";
import type { ValidationOutcome } from "../../contracts/contract-service.ts";
import type { Staged } from "../../contracts/staging-service.ts";
import type { CheckedPart, Problem, TestOutcome, ValidationResult } from "../../contracts/validate-contract.ts";
import { ROLLOUT_STATUSES } from "../../core/rollout-engine.ts";
import type { RolloutPolicy } from "../../core/rollout-policy.ts";
import type { StoredRelease } from "../../policy-central/policy-central.ts";
import type { Deployment } from "../../rollout/deployments.ts";
import type { RolloutPlan } from "../../rollout/rollout-commands.ts";
import type { RolloutView, WaveView } from "../../rollout/rollout-views.ts";
import type { WhyNot, WhyNotContract } from "../../rollout/why-not.ts";
import type { FloorCounts, StationStatus } from "../../standing/floor-status.ts";
import type { NodeStanding } from "../../standing/standing-service.ts";

// Schemas that answers refer to by name. One that names a type asks tsc for each of its members.

const text = textSchema();
const textOrNull = orNull(text);
const texts = listSchema(text);
export const timeMs = countSchema("epoch milliseconds");
export const timeOrNull = orNull(timeMs);
export const contract = textSchema(undefined, { maxLength: 64 });
export const version = textSchema(undefined, { pattern: "^v[0-9]+\\.[0-9]+$" });
export const digest = textSchema(undefined, { pattern: "^sha256:[0-9a-f]{64}$" });
const versionOrNull = orNull(version);
const status = wordSchema(CONTRACT_STATUSES);
const severity = wordSchema(SEVERITIES);
const phase = orNull(wordSchema(PHASES));

/** What other parts of the hub describe more closely: these members are there, and more may be. */
export const openSchema = (description: string, ...required: readonly string[]): JsonSchema => ({
  ...{ type: "object", description, additionalProperties: true },
  ...(required.length === 0 ? {} : { required }),
});

const historyMembers: MemberSchemas<HistoryEntry> = {
  ...{ contract, version: versionOrNull, status, domain: text, title: text, template: textOrNull },
  ...{ parent: versionOrNull, changes: texts, createdBy: text, createdAtMs: timeMs, storedAtMs: timeOrNull },
  ...{ activatedAtMs: timeOrNull, endedAtMs: timeOrNull, endReason: textOrNull, digest: orNull(digest) },
  ...{ sourceDigest: digest, validation: orNull(refTo("ValidationResult")) },
};

const validationMembers: MemberSchemas<ValidationResult> = {
  ...{ passed: flagSchema(), structure: refTo("CheckedPart"), logic: refTo("CheckedPart") },
  conditions: refTo("CheckedPart"),
  tests: objectSchema<ValidationResult["tests"]>({ passed: flagSchema(), outcomes: listSchema(refTo("TestOutcome")) }),
};

const stagedMembers: MemberSchemas<Staged> = {
  ...{ id: countSchema(), kind: wordSchema(["release", "retirement"]), contract, version, direction: text },
  ...{ changes: texts, reason: text, held: flagSchema(), approvedBy: textOrNull, stagedBy: text, stagedAtMs: timeMs },
  ...{ state: wordSchema(["waiting", "published", "withdrawn"]), endedBy: textOrNull, endReason: textOrNull },
};

const contractSchemas = {
  HistoryEntry: objectSchema<HistoryEntry>(historyMembers, "one version of a contract"),
  ShownContract: {
    ...{ type: "object", description: "one version with its text" },
    properties: { ...historyMembers, text, bundleDigest: orNull(digest) },
    required: [...Object.keys(historyMembers), "text", "bundleDigest"],
  },
  ValidationResult: objectSchema<ValidationResult>(validationMembers),
  ValidationOutcome: objectSchema<ValidationOutcome>({ ...validationMembers, contract, status }),
  CheckedPart: objectSchema<CheckedPart>({ passed: flagSchema(), problems: listSchema(refTo("Problem")) }),
  Problem: objectSchema<Problem>({
    ...{ code: text, severity: wordSchema(["error", "warning"]), line: orNull(countSchema()), message: text },
  }),
  TestOutcome: objectSchema<TestOutcome>({ name: text, passed: flagSchema(), failures: texts }),
  Staged: objectSchema<Staged>(stagedMembers, "signed by one person, waiting for another, or for its day"),
  StagedContent: {
    ...{ type: "object", description: "with what the second person reads and signs" },
    properties: { ...stagedMembers, submission: openSchema("as it was handed in", "domain", "contract", "role") },
    required: [...Object.keys(stagedMembers), "submission"],
  },
  Published: {
    oneOf: [
      objectSchema<{ published: true; entry: HistoryEntry }>({
        ...{ published: { const: true }, entry: refTo("HistoryEntry") },
      }),
      objectSchema<{ published: false; staged: Staged }>({ published: { const: false }, staged: refTo("Staged") }),
    ],
  },
  StoredRelease: objectSchema<StoredRelease>({
    ...{ contract, version, domain: text, digest, size: countSchema("bytes"), target: text, sourceDigest: digest },
    ...{ role: text, mark: openSchema("signed with it", "direction", "comparedWith", "offline") },
  }),
  Deployment: objectSchema<Deployment>({
    ...{ contract, version, node: text, state: wordSchema(["activated", "waiting", "stalled", "replaced"]), phase },
    ...{ reason: textOrNull, detail: textOrNull, live: flagSchema(), pushedAtMs: timeMs, acknowledgedAtMs: timeOrNull },
  }),
};

const rolloutMembers: MemberSchemas<RolloutView> = {
  ...{ contract, version, status: wordSchema([...ROLLOUT_STATUSES, "held"]), wave: countSchema("from 1; 0 before") },
  because: orNull(
    objectSchema<NonNullable<RolloutView["because"]>>({ by: text, reason: text, atMs: timeMs }, "why it stands still"),
  ),
  ...{ policy: orNull(refTo("RolloutPolicy")), startedBy: textOrNull, startedAtMs: timeOrNull },
  ...{ waves: listSchema(refTo("Wave")), soaksUntilMs: timeOrNull },
  failures: listSchema(
    objectSchema<RolloutView["failures"][number]>({ node: text, phase: textOrNull, reason: textOrNull }),
  ),
};

const rolloutSchemas = {
  RolloutPolicy: objectSchema<RolloutPolicy>({
    ...{ waves: texts, successPercent: { type: "number" }, errorPercent: { type: "number" } },
    ...{
      soakMs: { type: "number" },
      onBreach: wordSchema(["pause", "revert"]),
      mode: wordSchema(["enforce", "shadow"]),
    },
    activation: objectSchema<RolloutPolicy["activation"]>({
      ...{ notBefore: orNull(instantSchema()), idleOnly: flagSchema() },
      window: orNull(objectSchema<{ from: string; to: string }>({ from: text, to: text })),
    }),
    held: flagSchema(),
  }),
  Rollout: objectSchema<RolloutView>(rolloutMembers),
  RolloutWithRecord: {
    ...{ type: "object", description: "with every event of its record" },
    properties: { ...rolloutMembers, events: listSchema(openSchema("what happened", "kind", "atMs")) },
    required: [...Object.keys(rolloutMembers), "events"],
  },
  Wave: objectSchema<WaveView>({
    ...{ name: text, state: wordSchema(["closed", "open", "soaking", "passed"]), nodes: countSchema() },
    ...{ succeeded: countSchema(), failed: countSchema(), forgiven: countSchema(), away: countSchema() },
    ...{
      waiting: countSchema(),
      proving: countSchema("of those that wait"),
      scheduled: countSchema("of those that wait"),
    },
  }),
  RolloutPlan: objectSchema<RolloutPlan>({
    ...{ contract, version, policy: refTo("RolloutPolicy"), withWayBack: countSchema(), away: texts },
    waves: listSchema(objectSchema<RolloutPlan["waves"][number]>({ name: text, nodes: texts })),
  }),
  WhyNot: objectSchema<WhyNot>({
    ...{ node: text, live: flagSchema(), lastSeenMs: timeOrNull },
    contracts: listSchema(
      objectSchema<WhyNotContract>({
        ...{
          contract,
          runs: versionOrNull,
          newest: versionOrNull,
          upToDate: flagSchema(),
          because: text,
          toDo: textOrNull,
        },
      }),
    ),
  }),
  ShadowSummary: objectSchema<ShadowSummary>({
    ...{ contract, version, decisions: countSchema(), nodes: countSchema(), newlyBlocked: countSchema() },
    newlyAllowed: countSchema(),
    reasons: listSchema(objectSchema<ShadowSummary["reasons"][number]>({ reason: text, count: countSchema() })),
    examples: listSchema(
      objectSchema<ShadowExample>({
        ...{ node: text, test: textOrNull, atMs: timeMs, allow: flagSchema(), enforcedAllow: flagSchema() },
        ...{ reasons: texts, enforcedReasons: texts },
      }),
    ),
  }),
};

const station = objectSchema<StationRegister["station"]>({
  ...{ id: text, type: text, attributes: texts, orderRequired: flagSchema() },
});

const floorSchemas = {
  StationRegister: objectSchema<StationRegister>({
    ...{
      format: { const: "maint-station/1" },
      node: text,
      station,
      plantZone: text,
      shifts: texts,
      roles: mapSchema(text),
    },
    assets: listSchema(
      objectSchema<StationRegister["assets"][number]>({ id: text, serial: text, type: text, attributes: texts }),
    ),
  }),
  Node: {
    ...{ type: "object", description: "a node as the hub knows it" },
    properties: {
      ...{ id: text, station, plantZone: text, keyId: textOrNull, enrolledAtMs: timeOrNull, generation: countSchema() },
      ...{ lastSeenMs: timeOrNull, quarantined: textOrNull, revokedAtMs: timeOrNull, live: flagSchema() },
      active: mapSchema(objectSchema<{ version: string; digest: string }>({ version, digest })),
    },
    required: ["id", "station", "plantZone", "keyId", "enrolledAtMs", "generation", "lastSeenMs", "live", "active"],
  },
  StandingTest: objectSchema<StandingTest>({
    ...{ kind: textOrNull, allow: flagSchema(), reasons: texts, warnings: texts, toDo: textOrNull },
  }),
  NodeStanding: objectSchema<NodeStanding>({
    ...{ node: text, atMs: { type: "number" }, receivedAtMs: timeMs, operator: textOrNull },
    tests: listSchema(refTo("StandingTest")),
  }),
  Due: objectSchema<StandingDue & { node: string }>({
    ...{
      node: text,
      code: text,
      subject: text,
      severity: wordSchema(["reason", "warning"]),
      fromMs: { type: "number" },
    },
    ...{ from: text, holdsAlready: flagSchema(), text, contract: orNull(contract), condition: textOrNull },
    ...{ toDo: textOrNull, who: textOrNull },
  }),
  FloorCounts: objectSchema<FloorCounts>({
    ...{ nodes: countSchema(), connected: countSchema(), mayTest: countSchema(), blocked: countSchema() },
    unknown: countSchema(),
  }),
  StationStatus: objectSchema<StationStatus>({
    ...{ id: text, station, verdict: wordSchema(["may-test", "blocked", "unknown"]), enrolledAtMs: timeOrNull },
    ...{ live: flagSchema(), generation: countSchema(), lastSeenMs: timeOrNull, quarantined: textOrNull },
    active: mapSchema(objectSchema<{ version: string }>({ version })),
    standing: orNull(
      objectSchema<NonNullable<StationStatus["standing"]>>({
        ...{ receivedAtMs: timeMs, tests: listSchema(refTo("StandingTest")) },
      }),
    ),
  }),
  Order: objectSchema<ClientOrder>({
    ...{ id: text, revision: countSchema(), state: wordSchema(["open", "closed"]) },
    tests: listSchema(
      objectSchema<ClientOrder["tests"][number]>({ name: text, maintenance: contract, maintenance_conditions: texts }),
    ),
  }),
  LedgerEntry: ledgerEntrySchema,
};

const alertMembers: MemberSchemas<Omit<Alert, "shadow">> = {
  ...{ node: text, epoch: text, seq: countSchema(), severity, atMs: timeMs, contract: orNull(contract) },
  kind: wordSchema(["decision-blocked", "when-blocked", "runtime-fault", "release-rejected", "shadow-decision"]),
  ...{ version: versionOrNull, bundleDigest: orNull(digest), condition: textOrNull, reason: text, subject: text, text },
  ...{ testId: textOrNull, stationId: textOrNull, stationType: textOrNull, assets: texts, tell: texts },
  reading: orNull(objectSchema<NonNullable<Alert["reading"]>>({ quantity: text, value: text, unit: text })),
  ledgerSeq: orNull(countSchema()),
};

const acknowledgement = objectSchema<{ by: string; atMs: number; note: string }>({
  by: text,
  atMs: timeMs,
  note: text,
});

const alertSchemas = {
  Alert: {
    ...{ type: "object", description: "what a node reported, and what the hub knows of it" },
    properties: {
      ...{
        ...alertMembers,
        id: text,
        fingerprint: text,
        incident: text,
        count: countSchema("alerts of its group"),
        receivedAtMs: timeMs,
      },
      ...{ state: wordSchema(["open", "acknowledged"]), acknowledgement: orNull(acknowledgement) },
      shadow: objectSchema<ShadowDecision>({
        ...{ allow: flagSchema(), reasons: texts, enforcedAllow: flagSchema(), enforcedReasons: texts },
      }),
    },
    required: [
      ...Object.keys(alertMembers),
      "id",
      "fingerprint",
      "incident",
      "count",
      "receivedAtMs",
      "state",
      "acknowledgement",
    ],
  },
  AlertGroup: objectSchema<AlertGroup>({
    ...{
      fingerprint: text,
      contract: orNull(contract),
      condition: textOrNull,
      reason: text,
      subject: text,
      node: text,
    },
    ...{ severity, count: countSchema(), open: countSchema(), firstAtMs: timeMs, lastAtMs: timeMs },
    removed: countSchema("how many of count retention removed"),
  }),
};

export const namedSchemas: { readonly [name: string]: JsonSchema } = {
  ...contractSchemas,
  ...rolloutSchemas,
  ...floorSchemas,
  ...alertSchemas,
  Error: {
    ...{ type: "object", required: ["error"] },
    properties: {
      error: objectSchema<{ code: string; message: string; help: string | null }>({
        code: textSchema("documented in docs/errors.md", { pattern: "^MAINT_ERR_[A-Z0-9_]+$" }),
        ...{ message: text, help: textOrNull },
      }),
    },
  },
};
