import type { LedgerFileVerification } from "../../../disk/ledger-file.ts";
import type {
  CheckpointAnswer,
  ConsistencyAnswer,
  EntryAnswer,
  InclusionAnswer,
  ListAnswer,
} from "../../../disk/ledger-questions.ts";
import {
  countSchema,
  instantSchema,
  type JsonSchema,
  listSchema,
  objectSchema,
  orNull,
  refTo,
  textSchema,
  wordSchema,
} from "../../../model/json-schema.ts";
import { LEDGER_ACTION_TYPES } from "../../../model/ledger-entry.ts";
import { MAX_LEDGER_LISTED } from "../../../model/limits.ts";
import { openSchema } from "./answer-schemas.ts";
import type { RouteDocs } from "./route-doc.ts";

const owner = textSchema("whose ledger: the hub's id");
const note = orNull(textSchema("signed note, as C2SP tlog-checkpoint; null where none was kept of this size"));
const base64 = textSchema(undefined, { contentEncoding: "base64" });
const proof = listSchema(base64, "hashes, from the leaf upwards");
const asked = (required: readonly string[], properties: { readonly [name: string]: JsonSchema }): JsonSchema => ({
  type: "object",
  required,
  properties,
});

/** The hub's own ledger. */
export const ledgerDocs: RouteDocs = {
  "GET /v1/ledger": {
    ...{ id: "listLedger", summary: "What was done here, by who, what and when; reading it is an entry of its own" },
    query: asked([], {
      ...{ from: countSchema("first sequence number"), to: countSchema("sequence number to end before") },
      limit: countSchema("at most so many", { minimum: 1, maximum: MAX_LEDGER_LISTED, default: 100 }),
      ...{ newest: wordSchema(["1"], "the newest first"), type: wordSchema(LEDGER_ACTION_TYPES), action: textSchema() },
      ...{ target: textSchema(), contract: textSchema(), by: textSchema("who did it") },
      ...{ since: instantSchema("from this instant on"), until: instantSchema("before this instant") },
    }),
    answer: objectSchema<ListAnswer>({
      ...{ owner, entries: listSchema(refTo("LedgerEntry")), size: countSchema("entries the ledger has") },
      next: orNull(countSchema("ask again with it as from (newest first: to); null at the end")),
    }),
  },
  "GET /v1/ledger/entry": {
    ...{ id: "ledgerEntry", summary: "One entry of the ledger", query: asked(["seq"], { seq: countSchema() }) },
    answer: objectSchema<EntryAnswer>({ owner, entry: refTo("LedgerEntry") }),
  },
  "GET /v1/ledger/proof": {
    ...{ id: "proveEntry", summary: "That an entry stands in the ledger's Merkle tree" },
    query: asked(["seq"], { seq: countSchema(), size: countSchema("of the tree; else the latest that is signed") }),
    answer: objectSchema<InclusionAnswer>({
      ...{ owner, seq: countSchema(), size: countSchema(), entry: base64, proof, root: base64, checkpoint: note },
    }),
  },
  "GET /v1/ledger/consistency": {
    ...{ id: "proveGrowth", summary: "That the ledger only grew" },
    query: asked(["from"], { from: countSchema(), to: countSchema("else the latest that is signed") }),
    answer: objectSchema<ConsistencyAnswer>({
      ...{ owner, from: countSchema(), to: countSchema(), fromRoot: base64, toRoot: base64, proof, checkpoint: note },
    }),
  },
  "GET /v1/ledger/checkpoint": {
    ...{ id: "ledgerCheckpoint", summary: "Where the ledger stands, signed" },
    answer: objectSchema<CheckpointAnswer>({ owner, checkpoint: note, key: orNull(textSchema("verifier key")) }),
  },
  "GET /v1/ledger/cosigned": {
    ...{ id: "cosignedCheckpoint", summary: "The largest checkpoint that nodes cosigned" },
    answer: objectSchema<{ note: string; witnesses: unknown }>({
      ...{
        note: textSchema("signed note with the nodes' signature lines"),
        witnesses: listSchema(textSchema("a node")),
      },
    }),
  },
  "GET /v1/ledger/verify": {
    ...{
      id: "verifyLedger",
      summary: "Walk every entry, build the tree again, and name the first thing that is wrong",
    },
    answer: objectSchema<LedgerFileVerification>({
      ...{ finding: orNull(openSchema("the first that does not hold", "seq", "fault", "message")), root: textSchema() },
      ...{ head: objectSchema<LedgerFileVerification["head"]>({ size: countSchema(), hash: textSchema() }) },
      checkpoints: countSchema(),
    }),
  },
};
