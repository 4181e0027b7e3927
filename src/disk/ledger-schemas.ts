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
} from "../model/json-schema.ts";
import { LEDGER_ACTION_TYPES, type LedgerEntry } from "../model/ledger-entry.ts";
import { MAX_LEDGER_LISTED } from "../model/limits.ts";
import type { LedgerFileVerification } from "./ledger-file.ts";
import type {
  CheckpointAnswer,
  ConsistencyAnswer,
  EntryAnswer,
  InclusionAnswer,
  ListAnswer,
} from "./ledger-questions.ts";

// How hub and agent describe the questions about their ledgers: both answer them by `LedgerDesk`.

const digest = textSchema(undefined, { pattern: "^sha256:[0-9a-f]{64}$" });

export const ledgerEntrySchema = objectSchema<LedgerEntry>({
  ...{ seq: countSchema(), time: instantSchema(), timeSource: wordSchema(["wall", "attested"]) },
  ...{ action_type: wordSchema(LEDGER_ACTION_TYPES), action: textSchema("its past-tense word"), target: textSchema() },
  ...{ details: textSchema(), user_id: textSchema(), smart_id: orNull(textSchema()) },
  ...{ metadata: { type: "object", additionalProperties: true }, previous_hash: digest },
});

type Parameters = { readonly [name: string]: JsonSchema };

/** Parameters of each question, all of them optional but those that `needed` names. */
export const ledgerQueries = {
  list: {
    ...{ from: countSchema("first sequence number", { default: 0 }), to: countSchema("sequence number to end before") },
    limit: countSchema("at most so many", { minimum: 1, maximum: MAX_LEDGER_LISTED, default: 100 }),
    ...{ newest: wordSchema(["1"], "the newest first"), type: wordSchema(LEDGER_ACTION_TYPES) },
    ...{ action: textSchema("its past-tense word"), target: textSchema("what it was done to") },
    ...{ contract: textSchema("only entries about this contract"), by: textSchema("who did it") },
    ...{ since: instantSchema("from this instant on"), until: instantSchema("before this instant") },
  },
  entry: { seq: countSchema("sequence number") },
  inclusion: {
    ...{ seq: countSchema("sequence number"), size: countSchema("of the tree; else the latest that is signed") },
  },
  consistency: {
    ...{ from: countSchema("the smaller size"), to: countSchema("the larger size; else the latest that is signed") },
  },
} satisfies { readonly [question: string]: Parameters };

/** Each question's summary and the parameters it cannot do without. */
export const ledgerAsked = {
  list: { id: "listLedger", summary: "What was done here, by who, what and when; reading it is an entry of its own" },
  entry: { id: "ledgerEntry", summary: "One entry of the ledger", needed: "seq" },
  inclusion: { id: "proveEntry", summary: "That an entry stands in the ledger's Merkle tree", needed: "seq" },
  consistency: { id: "proveGrowth", summary: "That the ledger only grew", needed: "from" },
  checkpoint: { id: "ledgerCheckpoint", summary: "Where the ledger stands, signed" },
  verify: {
    id: "verifyLedger",
    summary: "Walk every entry, build the tree again, and name the first thing that is wrong",
  },
} as const;

const note = orNull(textSchema("signed note, as C2SP tlog-checkpoint; null where none was kept of this size"));
const base64 = (description?: string): JsonSchema => textSchema(description, { contentEncoding: "base64" });
const proof = listSchema(base64(), "hashes, from the leaf upwards");

/** @param whose `the hub's id` or `the node's id` */
export function ledgerAnswers(whose: string) {
  const owner = textSchema(`whose ledger: ${whose}`);
  return {
    list: objectSchema<ListAnswer>({
      ...{ owner, entries: listSchema(refTo("LedgerEntry")), size: countSchema("entries the ledger has") },
      next: orNull(countSchema("ask again with it as `from` (newest first: `to`); null at the end")),
    }),
    entry: objectSchema<EntryAnswer>({ owner, entry: refTo("LedgerEntry") }),
    inclusion: objectSchema<InclusionAnswer>({
      ...{ owner, seq: countSchema(), size: countSchema(), entry: base64("the entry's bytes"), proof },
      ...{ root: base64(), checkpoint: note },
    }),
    consistency: objectSchema<ConsistencyAnswer>({
      ...{ owner, from: countSchema(), to: countSchema(), fromRoot: base64(), toRoot: base64(), proof },
      checkpoint: note,
    }),
    checkpoint: objectSchema<CheckpointAnswer>({ owner, checkpoint: note, key: orNull(textSchema("verifier key")) }),
    verify: objectSchema<LedgerFileVerification>({
      finding: orNull(
        objectSchema<NonNullable<LedgerFileVerification["finding"]>>({
          ...{ seq: countSchema(), fault: textSchema(), message: textSchema() },
        }),
      ),
      head: objectSchema<LedgerFileVerification["head"]>({ size: countSchema(), hash: textSchema() }),
      ...{ root: textSchema("64 hex digits"), checkpoints: countSchema("signed checkpoints that were compared") },
    }),
  };
}
