import type { SigningKey } from "../disk/key-file.ts";
import { signHex } from "../disk/key-file.ts";
import type { LedgerReader } from "../disk/ledger-file.ts";
import { receiptBytes, receiptOf, type SignedReceipt } from "../ledger/receipt.ts";
import { countSchema, refTo } from "../model/json-schema.ts";
import type { DescribedRoute, RouteDoc } from "./described-route.ts";
import { type Answer, refusal } from "./local-api.ts";

export interface ReceiptSources {
  readonly node: string;
  readonly key: SigningKey;
  readonly ledger: LedgerReader;
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
  const receipt = receiptOf(entry, key, node);
  if (!receipt.ok) return refusal(404, "MAINT_ERR_NOT_FOUND", receipt.error, "maint ledger list --type gate_decision");
  const signed: SignedReceipt = { receipt: receipt.value, signature: signHex(key, receiptBytes(receipt.value)) };
  return { status: 200, body: signed };
}
