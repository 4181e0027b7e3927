import { MaintError } from "../base/maint-error.ts";
import type { CalibrationRow } from "../import/calibration-row.ts";
import { MAX_EVIDENCE_LISTED } from "../model/limits.ts";
import { type AgentOptions, agentToken, agentUrl, askAgent } from "./agent-client.ts";

export interface ImportOutcome {
  readonly row: CalibrationRow;
  /** `known`: recorded before, word for word. `refused`: by the agent, or it is recorded otherwise and nobody said --correct. */
  readonly outcome: "recorded" | "corrected" | "known" | "would-record" | "refused";
  /** The record at the node. */
  readonly id?: string;
  /** What the agent said against it. */
  readonly said?: string;
}

export interface ImportRun {
  readonly outcomes: readonly ImportOutcome[];
  /** Why it ended early: the agent went, or knows nobody by this token. What is in `outcomes` is recorded. */
  readonly stopped?: MaintError;
}

interface Listed {
  readonly id: string;
  readonly takenAt: string;
  readonly correctedBy: readonly string[];
  readonly body: { readonly [field: string]: unknown };
}

interface Desk {
  readonly ask: (method: "GET" | "POST", path: string, body?: unknown) => Promise<unknown>;
  readonly correct: boolean;
  /** What the node has recorded, by kind and asset: a list of gauges asks once for each. */
  readonly listed: Map<string, readonly Listed[]>;
}

/** Refusals of one record; whatever else an agent answers would befall the next one too. */
const OF_ONE_ROW: ReadonlySet<string> = new Set(["MAINT_ERR_EVIDENCE", "MAINT_ERR_REQUEST", "MAINT_ERR_LEDGER_RECORD"]);

/** Records row after row; without an agent says what would be. A second run over the same rows records nothing. */
export async function recordAll(
  rows: readonly CalibrationRow[],
  agent: AgentOptions | undefined,
  correct: boolean,
): Promise<ImportRun> {
  if (agent === undefined) return { outcomes: rows.map((row) => ({ row, outcome: "would-record" })) };
  const access = { url: agentUrl(agent), token: agentToken(agent, "person") };
  const ask: Desk["ask"] = async (method, path, body) => (await askAgent({ method, path, ...access }, body)).body;
  const desk: Desk = { ask, correct, listed: new Map() };
  const outcomes: ImportOutcome[] = [];
  for (const row of rows) {
    try {
      outcomes.push(await recordOne(row, desk));
    } catch (error) {
      if (!(error instanceof MaintError)) throw error;
      if (!OF_ONE_ROW.has(error.code)) return { outcomes, stopped: error };
      const help = error.help === undefined ? "" : ` (${error.help})`;
      outcomes.push({ row, outcome: "refused", said: `${error.message}${help}` });
    }
  }
  return { outcomes };
}

const BODY_FIELDS = [
  ...(["performedOn", "dueOn", "result", "certificate", "assetSerial", "asFound", "asLeft", "signature"] as const),
  ...(["ranges", "references"] as const),
];

/**
 * The calibration, then what revokes it: a node takes no revocation of a certificate that it does not know. Should the
 * second be missing, the signature that is recorded as revoked with the first blocks all the same.
 */
async function recordOne(row: CalibrationRow, desk: Desk): Promise<ImportOutcome> {
  const outcome = await recordCalibration(row, desk);
  if (outcome.outcome === "refused") return outcome;
  try {
    await recordRevocation(row, desk);
    return outcome;
  } catch (error) {
    if (!(error instanceof MaintError) || !OF_ONE_ROW.has(error.code)) throw error;
    return { ...outcome, outcome: "refused", said: `its revocation was refused: ${error.message}` };
  }
}

async function recordCalibration(row: CalibrationRow, desk: Desk): Promise<ImportOutcome> {
  const { asset, certificate, performedOn } = row;
  const before = (await listedOf("calibration", asset, desk)).filter(
    ({ body, correctedBy }) =>
      correctedBy.length === 0 && body["performedOn"] === performedOn && body["certificate"] === certificate,
  );
  const same = before.find(({ body }) => differences(row, body).length === 0);
  if (same !== undefined) return { row, outcome: "known", id: same.id };
  const [other] = before;
  if (other !== undefined && !desk.correct) {
    const said = `it is recorded in ${other.id} with other values (${differences(row, other.body).join("; ")}): say --correct`;
    return { row, outcome: "refused", said };
  }
  const fields = Object.fromEntries(BODY_FIELDS.map((field) => [field, row[field]]));
  const record = { kind: "calibration", asset, ...fields, supersedes: other?.id };
  const { id } = (await desk.ask("POST", "/v1/evidence", record)) as { readonly id: string };
  desk.listed.delete(keyOf("calibration", asset));
  return { row, outcome: other === undefined ? "recorded" : "corrected", id };
}

function differences(row: CalibrationRow, body: Listed["body"]): readonly string[] {
  const shown = (value: unknown): string => (value === undefined ? "none" : JSON.stringify(value));
  return BODY_FIELDS.filter((field) => shown(row[field]) !== shown(body[field])).map(
    (field) => `${field} ${shown(body[field])}, not ${shown(row[field])}`,
  );
}

async function recordRevocation({ asset, certificate, revokedAt }: CalibrationRow, desk: Desk): Promise<void> {
  if (revokedAt === undefined || certificate === undefined) return;
  const before = await listedOf("revocation", asset, desk);
  if (before.some(({ body, takenAt }) => body["certificate"] === certificate && takenAt === revokedAt)) return;
  const reason = "the certificate that signed it was revoked, says the list or answer inside the document";
  await desk.ask("POST", "/v1/evidence", { kind: "revocation", asset, certificate, reason, takenAt: revokedAt });
  desk.listed.delete(keyOf("revocation", asset));
}

const keyOf = (kind: string, asset: string): string => JSON.stringify([kind, asset]);

async function listedOf(kind: string, asset: string, desk: Desk): Promise<readonly Listed[]> {
  const key = keyOf(kind, asset);
  const kept = desk.listed.get(key);
  if (kept !== undefined) return kept;
  const found: Listed[] = [];
  let before: number | null = null;
  do {
    const query = new URLSearchParams({ kind, subject: asset, limit: String(MAX_EVIDENCE_LISTED) });
    if (before !== null) query.set("before", String(before));
    const page = (await desk.ask("GET", `/v1/evidence?${query}`)) as {
      readonly evidence: readonly Listed[];
      readonly next: number | null;
    };
    found.push(...page.evidence);
    before = page.next;
  } while (before !== null);
  desk.listed.set(key, found);
  return found;
}
