import { MaintError } from "../base/maint-error.ts";
import type { LedgerDesk } from "../disk/ledger-desk.ts";
import type { LedgerFileVerification } from "../disk/ledger-file.ts";
import {
  type CheckpointAnswer,
  type ConsistencyAnswer,
  type EntryAnswer,
  type InclusionAnswer,
  type ListAnswer,
  numberIn,
  parseLedgerQuery,
} from "../disk/ledger-questions.ts";
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
import { LEDGER_ACTION_TYPES } from "../model/ledger-entry.ts";
import { MAX_LEDGER_LISTED } from "../model/limits.ts";
import type { DescribedRoute, RouteDoc } from "./described-route.ts";
import type { Caller } from "./local-access.ts";
import { type Answer, answerOf, refusal } from "./local-api.ts";

const owner = textSchema("whose ledger: the node's id");
const note = orNull(textSchema("signed note, as C2SP tlog-checkpoint; null where none was kept of this size"));
const base64 = (description?: string): JsonSchema => textSchema(description, { contentEncoding: "base64" });
const proof = listSchema(base64(), "hashes, from the leaf upwards");

const docs = {
  list: {
    ...{ id: "listLedger", summary: "What was done here, by who, what and when; reading it is an entry of its own" },
    query: {
      from: { schema: countSchema("first sequence number", { default: 0 }) },
      to: { schema: countSchema("sequence number to end before") },
      limit: { schema: countSchema("at most so many", { minimum: 1, maximum: MAX_LEDGER_LISTED, default: 100 }) },
      newest: { schema: wordSchema(["1"], "the newest first") },
      type: { schema: wordSchema(LEDGER_ACTION_TYPES) },
      action: { schema: textSchema("its past-tense word") },
      target: { schema: textSchema("what it was done to") },
      contract: { schema: textSchema("only entries about this contract") },
      by: { schema: textSchema("who did it") },
      since: { schema: instantSchema("from this instant on") },
      until: { schema: instantSchema("before this instant") },
    },
    answer: objectSchema<ListAnswer>({
      ...{ owner, entries: listSchema(refTo("LedgerEntry")), size: countSchema("entries the ledger has") },
      next: orNull(countSchema("ask again with it as `from` (newest first: `to`); null at the end")),
    }),
  },
  entry: {
    ...{ id: "ledgerEntry", summary: "One entry of the ledger" },
    query: { seq: { schema: countSchema("sequence number"), required: true } },
    answer: objectSchema<EntryAnswer>({ owner, entry: refTo("LedgerEntry") }),
  },
  inclusion: {
    ...{ id: "proveEntry", summary: "That an entry stands in the ledger's Merkle tree" },
    query: {
      seq: { schema: countSchema("sequence number"), required: true },
      size: { schema: countSchema("of the tree; else the latest that is signed") },
    },
    answer: objectSchema<InclusionAnswer>({
      ...{ owner, seq: countSchema(), size: countSchema(), entry: base64("the entry's bytes"), proof },
      ...{ root: base64(), checkpoint: note },
    }),
  },
  consistency: {
    ...{ id: "proveGrowth", summary: "That the ledger only grew" },
    query: {
      from: { schema: countSchema("the smaller size"), required: true },
      to: { schema: countSchema("the larger size; else the latest that is signed") },
    },
    answer: objectSchema<ConsistencyAnswer>({
      ...{ owner, from: countSchema(), to: countSchema(), fromRoot: base64(), toRoot: base64(), proof },
      checkpoint: note,
    }),
  },
  checkpoint: {
    ...{ id: "ledgerCheckpoint", summary: "Where the ledger stands, signed" },
    answer: objectSchema<CheckpointAnswer>({ owner, checkpoint: note, key: orNull(textSchema("verifier key")) }),
  },
  verify: {
    ...{
      id: "verifyLedger",
      summary: "Walk every entry, build the tree again, and name the first thing that is wrong",
    },
    answer: objectSchema<LedgerFileVerification>({
      finding: orNull(
        objectSchema<NonNullable<LedgerFileVerification["finding"]>>({
          ...{ seq: countSchema(), fault: textSchema(), message: textSchema() },
        }),
      ),
      head: objectSchema<LedgerFileVerification["head"]>({ size: countSchema(), hash: textSchema() }),
      ...{ root: textSchema("64 hex digits"), checkpoints: countSchema("signed checkpoints that were compared") },
    }),
  },
} as const satisfies { readonly [name: string]: RouteDoc };

/** GET /v1/ledger and below: for auditors and those who answer for the floor. */
export function ledgerRoutes(desk: LedgerDesk): readonly DescribedRoute[] {
  const read = (
    path: string,
    doc: RouteDoc,
    ask: (params: URLSearchParams, by: string) => object | Promise<object>,
  ): DescribedRoute => ({
    ...{ method: "GET", path, scope: "audit", doc },
    handle: (_, caller, params) => answered(() => ask(params, byOf(caller))),
  });
  return [
    read("/v1/ledger", docs.list, (params, by) => desk.list(parseLedgerQuery(params), by)),
    read("/v1/ledger/entry", docs.entry, (params, by) => desk.entry(needed(params, "seq"), by)),
    read("/v1/ledger/proof", docs.inclusion, (params, by) =>
      desk.inclusion(needed(params, "seq"), numberIn(params, "size"), by),
    ),
    read("/v1/ledger/consistency", docs.consistency, (params) =>
      desk.consistency(needed(params, "from"), numberIn(params, "to")),
    ),
    read("/v1/ledger/checkpoint", docs.checkpoint, () => desk.checkpoint()),
    read("/v1/ledger/verify", docs.verify, (_, by) => desk.verify(by)),
  ];
}

const byOf = ({ id }: Caller): string => id;

function needed(params: URLSearchParams, name: string): number {
  const value = numberIn(params, name);
  if (value === undefined) throw new MaintError("MAINT_ERR_LEDGER_QUERY", `?${name}= is needed`);
  return value;
}

async function answered(ask: () => object | Promise<object>): Promise<Answer> {
  try {
    return { status: 200, body: await ask() };
  } catch (error) {
    if (!(error instanceof MaintError)) throw error;
    return error.code === "MAINT_ERR_NOT_FOUND" ? refusal(404, error.code, error.message, error.help) : answerOf(error);
  }
}
