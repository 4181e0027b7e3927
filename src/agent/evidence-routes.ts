import type { EvidenceKind, EvidenceRecord } from "./evidence-record.ts";
import type { EvidenceStore } from "./evidence-store.ts";
import { type Answer, type Route, refusal } from "./local-api.ts";

const MAX_LISTED = 1_000;
const DEFAULT_LISTED = 100;

/** Every kind there is; tsc asks for a new one. */
const KINDS: { readonly [kind in EvidenceKind]: true } = {
  ...{ calibration: true, reading: true, acknowledgement: true, "on-time": true, check: true, event: true },
  ...{ service: true, lot: true, counter: true, "test-run": true, approval: true, override: true },
  ...{ extension: true, revocation: true, "impact-closed": true },
};

/** GET /v1/evidence?kind=calibration&subject=Meter-1&limit=20: what is recorded and not corrected, newest first. */
export function evidenceRoutes(store: EvidenceStore): readonly Route[] {
  return [
    { ...{ method: "GET", path: "/v1/evidence", scope: "status" }, handle: (_, __, query) => listAnswer(query, store) },
  ];
}

function listAnswer(query: URLSearchParams, store: EvidenceStore): Answer {
  const kind = query.get("kind") ?? "";
  if (!isKind(kind))
    return refusal(400, "MAINT_ERR_REQUEST", `unknown kind "${kind}"`, `there are ${Object.keys(KINDS).join(", ")}`);
  const text = query.get("limit") ?? String(DEFAULT_LISTED);
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LISTED)
    return refusal(400, "MAINT_ERR_REQUEST", `"limit" is a whole number from 1 to ${MAX_LISTED}`);
  const subject = query.get("subject");
  const subjects = subject === null ? store.subjects(kind) : [subject];
  const records = subjects.flatMap((one) => store.latest(kind, one, limit));
  return { status: 200, body: { evidence: [...records].sort(newestFirst).slice(0, limit) } };
}

const isKind = (text: string): text is EvidenceKind => Object.hasOwn(KINDS, text);

const newestFirst = (a: EvidenceRecord, b: EvidenceRecord): number =>
  b.takenAtMs - a.takenAtMs || b.ledgerSeq - a.ledgerSeq;
