import { ledgerEntrySchema } from "../disk/ledger-schemas.ts";
import type { FactsDigests, Receipt, ReceiptInclusion, SignedReceipt } from "../ledger/receipt.ts";
import type {
  ClauseOutcome,
  ConditionOutcome,
  DecidedContract,
  Decision,
  DecisionDetail,
  Remedy,
} from "../model/decision.ts";
import { EVIDENCE_KINDS } from "../model/evidence.ts";
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
} from "../model/json-schema.ts";
import type { DueItem } from "../runtime/index.ts";
import type { AgentStatus, EndedTest } from "./agent-routes.ts";
import type { ListedEvidence, ListedRecord } from "./evidence-routes.ts";
import { stationSchemas } from "./station-schema.ts";

const text = textSchema();
const textOrNull = orNull(text);
const reasons = listSchema(textSchema(undefined, { pattern: "^[a-z-]+\\.[a-z-]+:" }), "code:subject, sorted");
const engine = wordSchema(["both", "fast", "reference"]);
const severity = wordSchema(["reason", "warning"]);
const state = wordSchema(["satisfied", "violated", "unknown"]);
const digest = textSchema(undefined, { pattern: "^sha256:[0-9a-f]{64}$" });
const contract = textSchema(undefined, { maxLength: 64 });

const decisionMembers: MemberSchemas<Decision> = {
  allow: flagSchema("true: the test may start"),
  reasons,
  warnings: reasons,
  details: listSchema(refTo("DecisionDetail"), "the same reasons and warnings with what a person needs"),
  conditions: listSchema(refTo("ConditionOutcome")),
  getToGreen: listSchema(refTo("Remedy"), "the fewest actions that would turn it to allowed"),
  at: instantSchema("plant time"),
  atUtc: instantSchema("UTC"),
  contracts: listSchema(refTo("DecidedContract")),
  engine,
  ...{ node: textOrNull, operator: textOrNull, order: textOrNull, testId: textOrNull, testKind: textOrNull },
};

const decisionSchemas = {
  Decision: objectSchema<Decision>(decisionMembers, "one decision about one test"),
  DecisionDetail: objectSchema<DecisionDetail>({
    ...{ severity, code: text, subject: text, contract: orNull(contract), condition: textOrNull },
    ...{ line: orNull(countSchema("line of the .maint file")), text, because: textOrNull },
  }),
  ConditionOutcome: objectSchema<ConditionOutcome>({
    ...{ contract, name: text, state, clauses: listSchema(refTo("ClauseOutcome")) },
  }),
  ClauseOutcome: objectSchema<ClauseOutcome>({
    ...{ line: countSchema(), text, strictness: wordSchema(["must", "should"]), state, reading: textOrNull },
    ...{ limit: textOrNull, instrument: textOrNull, certificate: textOrNull, dueOn: textOrNull, reason: textOrNull },
  }),
  Remedy: objectSchema<Remedy>({ text, who: textSchema("a role, or operator"), removes: reasons }),
  DecidedContract: objectSchema<DecidedContract>({ contract, version: textOrNull, digest }),
  DueItem: objectSchema<DueItem>({
    ...{ code: text, subject: text, severity, fromMs: { type: "integer" }, from: instantSchema("plant time") },
    ...{ holdsAlready: flagSchema(), routine: flagSchema("people do it every day or shift"), text },
    ...{ contract: textOrNull, condition: textOrNull, line: orNull(countSchema()), remedy: orNull(refTo("Remedy")) },
  }),
};

const ledgerSeq = orNull(countSchema("position in the node's ledger; null: it was not written, and allows nothing"));
const running = objectSchema<{ test: string; startedAt: string }>({ test: text, startedAt: instantSchema() });

const gateSchemas = {
  GateAnswer: {
    ...{ type: "object", description: "a decision, and where it stands in the node's ledger" },
    properties: { ...decisionMembers, ledgerSeq, preview: { const: true, description: "it allows nothing" } },
    required: [...Object.keys(decisionMembers), "ledgerSeq"],
  },
  StartAnswer: objectSchema<Decision & { ledgerSeq: number | null; running: object | null }>(
    { ...decisionMembers, ledgerSeq, running: orNull(running) },
    "a decision; running where it allowed the start",
  ),
  EndedTest: objectSchema<EndedTest>({
    ...{ id: text, ledgerSeq: countSchema(), test: text, startedAt: instantSchema(), endedAt: instantSchema() },
    result: orNull(wordSchema(["passed", "failed", "aborted"])),
    usedAssets: listSchema(text, "the equipment that its contracts name"),
    closingChecks: listSchema(text, "those that want a check after this use"),
  }),
};

const listedMembers: MemberSchemas<ListedRecord> = {
  id: textSchema("E and the ledger position", { pattern: "^E[0-9]+$" }),
  ledgerSeq: countSchema(),
  kind: wordSchema(EVIDENCE_KINDS),
  subject: textSchema("asset id, quantity, step, material, test, or the id of what was signed"),
  ...{ takenAt: instantSchema("when it was so"), recordedAt: instantSchema("when it was written down") },
  timeSource: wordSchema(["wall", "attested"]),
  ...{ by: textSchema("who was authenticated"), roles: listSchema(text) },
  supersedes: orNull(textSchema("id of the record that this one corrects")),
  body: {
    ...{ type: "object", required: ["kind"], properties: { kind: text }, additionalProperties: true },
    description: "what was said, by kind",
  },
};

const evidenceSchemas = {
  Record: objectSchema<ListedRecord>(listedMembers),
  ListedEvidence: objectSchema<ListedEvidence>({
    ...listedMembers,
    corrects: orNull(refTo("Record")),
    correctedBy: listSchema(text, "where there are any, this record counts no more"),
  }),
};

const ledgerEntry = objectSchema<Receipt["ledger"]>({
  ...{ seq: countSchema(), time: instantSchema(), timeSource: wordSchema(["wall", "attested"]) },
  ...{ entryHash: digest, previousHash: digest },
});

const ledgerSchemas = { LedgerEntry: ledgerEntrySchema };

const receiptSchemas = {
  SignedReceipt: objectSchema<SignedReceipt>({
    receipt: refTo("Receipt"),
    signature: textSchema("Ed25519, hex", { pattern: "^[0-9a-f]{128}$" }),
  }),
  Receipt: objectSchema<Receipt>({
    format: { const: "maint-receipt/1" },
    ...{ node: text, part: textOrNull, decision: refTo("Decision") },
    facts: objectSchema<FactsDigests>({ snapshot: orNull(digest), fields: mapSchema(digest) }),
    ledger: ledgerEntry,
    key: objectSchema<Receipt["key"]>({ keyId: text, publicHex: text }),
    inclusion: objectSchema<ReceiptInclusion>({
      ...{ leafHash: text, proof: listSchema(text), checkpoint: textSchema("the node's signed checkpoint") },
    }),
  }),
};

const statusSchema = objectSchema<AgentStatus>({
  node: text,
  engine,
  hub: objectSchema<AgentStatus["hub"]>({ id: text, url: textOrNull, link: text, says: textOrNull }),
  standing: wordSchema(["none", "ready", "rejected"]),
  rejection: orNull(objectSchema<NonNullable<AgentStatus["rejection"]>>({ reason: text, detail: text })),
  generation: orNull(countSchema()),
  freshUntilMs: orNull(countSchema("until when the hub vouches for it; what is in force stays so afterwards")),
  contracts: listSchema(
    objectSchema<AgentStatus["contracts"][number]>({
      ...{ contract, version: text, digest, mode: wordSchema(["enforce", "shadow"]) },
    }),
  ),
  station: orNull(
    objectSchema<NonNullable<AgentStatus["station"]>>({
      ...{ id: text, type: text, attributes: listSchema(text), orderRequired: flagSchema() },
    }),
  ),
  key: objectSchema<AgentStatus["key"]>({ keyId: text, publicHex: text }),
  clock: objectSchema<AgentStatus["clock"]>({ nowMs: { type: "number" }, source: wordSchema(["wall", "attested"]) }),
  alerts: objectSchema<AgentStatus["alerts"]>({ epoch: text, lastSeq: countSchema(), ackedSeq: countSchema() }),
  ledger: objectSchema<AgentStatus["ledger"]>({ size: countSchema(), hash: digest }),
});

/** Schemas that answers refer to by name. */
export const namedSchemas: { readonly [name: string]: JsonSchema } = {
  ...decisionSchemas,
  ...gateSchemas,
  ...evidenceSchemas,
  ...receiptSchemas,
  ...ledgerSchemas,
  ...stationSchemas,
  Status: statusSchema,
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
