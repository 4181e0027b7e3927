import type { SigningKey } from "../disk/key-file.ts";
import { signHex } from "../disk/key-file.ts";
import type { LedgerFile } from "../disk/ledger-file.ts";
import { inclusionOf } from "../disk/ledger-questions.ts";
import { fromBase64, toBase64 } from "../ledger/base64.ts";
import { leafHash } from "../ledger/merkle.ts";
import { type ReceiptInclusion, receiptBytes, receiptOf, type SignedReceipt } from "../ledger/receipt.ts";
import { countSchema, refTo } from "../model/json-schema.ts";
import type { DescribedRoute, RouteDoc } from "./described-route.ts";
import { type Answer, refusal } from "./local-api.ts";

export interface ReceiptSources {
  readonly node: string;
  readonly key: SigningKey;
  readonly ledger: LedgerFile;
}

const doc: RouteDoc = {
  ...{ id: "receipt", summary: "The signed receipt of the decision that stands at this ledger position" },
  query: { seq: { schema: countSchema("ledger position of the decision"), required: true } },
  answer: refTo("SignedReceipt"),
};

/** GET /v1/receipt?seq=12: the signed receipt of the decision that was written under this ledger position. */
export function receiptRoutes(sources: ReceiptSources): readonly DescribedRoute[] {
  return [
    {
      ...{ method: "GET", path: "/v1/receipt", scope: "status", doc },
      handle: (_, __, query) => receiptAnswer(query.get("seq"), sources),
    },
  ];
}

function receiptAnswer(text: string | null, { node, key, ledger }: ReceiptSources): Answer {
  if (text === null || !/^\d{1,15}$/.test(text))
    return refusal(400, "MAINT_ERR_REQUEST", "a receipt is asked for by its ledger position", "/v1/receipt?seq=12");
  const seq = Number(text);
  const [entry] = ledger.list({ from: seq, limit: 1 });
  if (entry?.seq !== seq) return refusal(404, "MAINT_ERR_NOT_FOUND", `the ledger has no entry ${seq}`);
  const receipt = receiptOf(entry, key, node, placeIn(ledger, seq));
  if (!receipt.ok) return refusal(404, "MAINT_ERR_NOT_FOUND", receipt.error, "maint ledger list --type gate_decision");
  const signed: SignedReceipt = { receipt: receipt.value, signature: signHex(key, receiptBytes(receipt.value)) };
  return { status: 200, body: signed };
}

/** By the earliest checkpoint that covers the entry, so that a receipt that is fetched again is mostly the same. */
function placeIn(ledger: LedgerFile, seq: number): ReceiptInclusion | undefined {
  if (ledger.checkpoints.covering(seq + 1) === null) ledger.checkpoint();
  const size = ledger.checkpoints.sizes().find((signed) => signed > seq);
  if (size === undefined) return undefined;
  const { proof, checkpoint, entry } = inclusionOf(ledger, seq, size);
  const bytes = fromBase64(entry);
  return checkpoint === null || bytes === undefined
    ? undefined
    : { leafHash: toBase64(leafHash(bytes)), proof, checkpoint };
}
