import { printUtc } from "../base/civil-time.ts";
import { EVIDENCE_KINDS, type EvidenceKind, type EvidenceRecord } from "../model/evidence.ts";
import { countSchema, listSchema, objectSchema, orNull, refTo, textSchema, wordSchema } from "../model/json-schema.ts";
import { MAX_EVIDENCE_LISTED } from "../model/limits.ts";
import type { DescribedRoute, RouteDoc } from "./described-route.ts";
import type { EvidenceStore } from "./evidence-store.ts";
import { type Answer, refusal } from "./local-api.ts";
import { nearestNames, type Vocabulary } from "./vocabulary.ts";

const LISTED_UNLESS_ASKED = 100;

/** A record as GET /v1/evidence shows it. Instants are RFC 3339, UTC. */
export interface ListedRecord extends Omit<EvidenceRecord, "takenAtMs" | "recordedAtMs"> {
  readonly takenAt: string;
  readonly recordedAt: string;
}

export interface ListedEvidence extends ListedRecord {
  /** What it corrects, as it stands there still; null where it corrects nothing. */
  readonly corrects: ListedRecord | null;
  /** Ids of the records that correct this one: where there are any, it counts no more. */
  readonly correctedBy: readonly string[];
}

export interface EvidenceSources {
  readonly store: EvidenceStore;
  readonly vocabulary: () => Vocabulary;
}

/** A page of what was recorded. */
interface EvidencePage {
  readonly evidence: readonly ListedEvidence[];
  readonly next: number | null;
}

const doc: RouteDoc = {
  ...{ id: "listEvidence", summary: "Everything that was recorded, what was recorded last first" },
  query: {
    kind: { schema: wordSchema(EVIDENCE_KINDS) },
    subject: { schema: textSchema("asset, role, quantity, step, material or test") },
    limit: {
      schema: countSchema(undefined, { minimum: 1, maximum: MAX_EVIDENCE_LISTED, default: LISTED_UNLESS_ASKED }),
    },
    before: { schema: countSchema("only what stands before this ledger position: the next of the page before") },
  },
  answer: objectSchema<EvidencePage>({
    evidence: listSchema(refTo("ListedEvidence")),
    next: orNull(countSchema("the before of the page that follows; null at the end")),
  }),
};

/**
 * GET /v1/evidence?kind=calibration&subject=Meter-1&limit=20&before=41: everything that was recorded, what was recorded last
 * first; `subject` may be a role. `next` is the `before` of the page that follows, null at the end.
 */
export function evidenceRoutes(sources: EvidenceSources): readonly DescribedRoute[] {
  return [
    {
      ...{ method: "GET", path: "/v1/evidence", scope: "status", doc },
      handle: (_, __, query) => listAnswer(query, sources),
    },
  ];
}

function listAnswer(query: URLSearchParams, { store, vocabulary }: EvidenceSources): Answer {
  const kind = query.get("kind");
  if (kind !== null && !isKind(kind)) {
    const near = nearestNames(kind, EVIDENCE_KINDS);
    return refusal(400, "MAINT_ERR_REQUEST", `unknown kind "${kind}"`, `there are ${near.join(", ")}`);
  }
  const limit = wholeNumber(query.get("limit") ?? String(LISTED_UNLESS_ASKED));
  if (limit === undefined || limit < 1 || limit > MAX_EVIDENCE_LISTED)
    return refusal(400, "MAINT_ERR_REQUEST", `"limit" is a whole number from 1 to ${MAX_EVIDENCE_LISTED}`);
  const before = query.get("before");
  const beforeSeq = before === null ? null : wholeNumber(before);
  if (beforeSeq === undefined)
    return refusal(400, "MAINT_ERR_REQUEST", '"before" is no ledger sequence number', "take it from the page before");
  const page = { kind, beforeSeq, limit };
  const found = subjectsOf(query.get("subject"), vocabulary())
    .flatMap((subject) => store.recorded({ ...page, subject }))
    .sort((a, b) => b.ledgerSeq - a.ledgerSeq)
    .slice(0, limit);
  const next = found.length < limit ? null : (found.at(-1)?.ledgerSeq ?? null);
  const body: EvidencePage = { evidence: found.map((record) => withCorrections(record, store)), next };
  return { status: 200, body };
}

/** The word itself, and the asset or lot that it names as a role or a material. */
function subjectsOf(word: string | null, { assetOf, materialOf }: Vocabulary): readonly (string | null)[] {
  if (word === null) return [null];
  const named = [assetOf(word), materialOf(word)].filter((name) => name !== undefined);
  return [...new Set([word, ...named])];
}

const isKind = (text: string): text is EvidenceKind => (EVIDENCE_KINDS as readonly string[]).includes(text);

const wholeNumber = (text: string): number | undefined => (/^\d{1,15}$/.test(text) ? Number(text) : undefined);

function withCorrections(record: EvidenceRecord, store: EvidenceStore): ListedEvidence {
  const corrected = record.supersedes === null ? undefined : store.find(record.supersedes);
  return {
    ...listed(record),
    corrects: corrected === undefined ? null : listed(corrected),
    correctedBy: store.correctionsOf(record.id),
  };
}

function listed({ takenAtMs, recordedAtMs, ...rest }: EvidenceRecord): ListedRecord {
  return { ...rest, takenAt: printUtc(takenAtMs), recordedAt: printUtc(recordedAtMs) };
}
