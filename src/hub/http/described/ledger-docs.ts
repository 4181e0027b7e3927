import { ledgerAnswers, ledgerAsked, ledgerQueries } from "../../../disk/ledger-schemas.ts";
import { type JsonSchema, listSchema, objectSchema, textSchema } from "../../../model/json-schema.ts";
import type { RouteDocs } from "./route-doc.ts";

const answers = ledgerAnswers("the hub's id");
const asked = (properties: JsonSchema, ...required: readonly string[]): JsonSchema => {
  return { type: "object", required, properties };
};
const { list, entry, inclusion, consistency, checkpoint, verify } = ledgerAsked;
const docOf = ({ id, summary }: { readonly id: string; readonly summary: string }) => ({ id, summary });

/** The hub's own ledger. */
export const ledgerDocs: RouteDocs = {
  "GET /v1/ledger": { ...docOf(list), query: asked(ledgerQueries.list), answer: answers.list },
  "GET /v1/ledger/entry": {
    ...{ ...docOf(entry), query: asked(ledgerQueries.entry, entry.needed), answer: answers.entry },
  },
  "GET /v1/ledger/proof": {
    ...{ ...docOf(inclusion), query: asked(ledgerQueries.inclusion, inclusion.needed), answer: answers.inclusion },
  },
  "GET /v1/ledger/consistency": {
    ...docOf(consistency),
    ...{ query: asked(ledgerQueries.consistency, consistency.needed), answer: answers.consistency },
  },
  "GET /v1/ledger/checkpoint": { ...docOf(checkpoint), answer: answers.checkpoint },
  "GET /v1/ledger/cosigned": {
    ...{ id: "cosignedCheckpoint", summary: "The largest checkpoint that nodes cosigned" },
    answer: objectSchema<{ note: string; witnesses: unknown }>({
      ...{
        note: textSchema("signed note with the nodes' signature lines"),
        witnesses: listSchema(textSchema("a node")),
      },
    }),
  },
  "GET /v1/ledger/verify": { ...docOf(verify), answer: answers.verify },
};
