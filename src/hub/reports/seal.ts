import { createHash } from "node:crypto";
import { canonicalJson } from "../../base/canonical-json.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { parsePlainJson } from "../../base/strict-json.ts";
import { renderHtml } from "../../compiler/doc/html.ts";
import { isPublicHex, type SigningKey, signHex, verifyHex } from "../../disk/key-file.ts";
import { MAX_REPORT_BYTES } from "../../model/limits.ts";
import { auditPage } from "./audit-page.ts";
import { AUDIT_FORMAT, type AuditReport } from "./audit-report.ts";
import type { NodeProof } from "./node-proof.ts";
import { tooLargeToVerify } from "./too-much.ts";

/** What travels in the page: the report, and the entries it rests on with their proofs. */
export interface SealedData {
  readonly report: AuditReport;
  readonly proofs: readonly NodeProof[];
  /** The version that wrote the page: another may draw it differently. */
  readonly madeWith: string;
}

/** Last line of the file: who answers for every byte before it. */
export interface Seal {
  readonly format: typeof AUDIT_FORMAT;
  readonly publicHex: string;
  /** Ed25519, 128 hex digits, over `sealedBytes`. */
  readonly signature: string;
}

const OPEN = '<script type="application/json" id="maint-audit">';
const CLOSE = "</script>\n";
const SEAL_OPEN = "<!--maint-seal ";
const SEAL_CLOSE = "-->\n";

/** The format's name keeps the signature from being taken for another that this key made. */
const sealedBytes = (file: string): string => `${AUDIT_FORMAT}\n${createHash("sha256").update(file).digest("hex")}\n`;

/**
 * A page that can be filed and verified: one HTML file with its data in it and a signature at its end.
 * @throws MaintError CONFLICT where it would be larger than what is read by who verifies it
 */
export function sealReport(data: SealedData, key: SigningKey, maxBytes = MAX_REPORT_BYTES): string {
  const file = pageWithin(data, maxBytes);
  const seal: Seal = { format: AUDIT_FORMAT, publicHex: key.publicHex, signature: signHex(key, sealedBytes(file)) };
  const sealed = `${file}${SEAL_OPEN}${canonicalJson(seal)}${SEAL_CLOSE}`;
  if (Buffer.byteLength(sealed) > maxBytes) throw tooLargeToVerify(maxBytes);
  return sealed;
}

/** A text that is too long for the engine itself, at about twice our limit, is one that is too long for us. */
function pageWithin(data: SealedData, maxBytes: number): string {
  try {
    return pageOf(data);
  } catch (error) {
    if (error instanceof RangeError && error.message === "Invalid string length") throw tooLargeToVerify(maxBytes);
    throw error;
  }
}

/** The same data gives the same bytes. */
export const pageOf = (data: SealedData): string =>
  renderHtml(auditPage(data.report), `${OPEN}${inScript(canonicalJson(data))}${CLOSE}`);

/** No text of it can end the element it stands in. */
const inScript = (json: string): string => json.replaceAll("<", "\\u003c");

export interface OpenedReport {
  readonly data: SealedData;
  readonly seal: Seal;
  /** Everything before the seal. */
  readonly file: string;
}

/** Takes a file apart and believes nothing in it yet; a sentence where it is no report. */
export function openReport(text: string): Result<OpenedReport, string> {
  if (text.length > MAX_REPORT_BYTES) return fail(`it is larger than ${MAX_REPORT_BYTES} bytes`);
  const at = text.lastIndexOf(SEAL_OPEN);
  if (at === -1 || !text.endsWith(SEAL_CLOSE)) return fail("it ends in no seal");
  const seal = parsePlainJson(text.slice(at + SEAL_OPEN.length, -SEAL_CLOSE.length), { maxDepth: 4 });
  if (!seal.ok || !isSeal(seal.value)) return fail("its seal cannot be read");
  const file = text.slice(0, at);
  const start = file.lastIndexOf(OPEN);
  const end = start === -1 ? -1 : file.indexOf(CLOSE, start);
  if (end === -1) return fail("its data are missing");
  const data = parsePlainJson(file.slice(start + OPEN.length, end), { maxLength: MAX_REPORT_BYTES, maxDepth: 64 });
  if (!data.ok) return fail(`its data are no JSON: ${data.error.message}`);
  if (!isData(data.value)) return fail("its data have not the form of a report");
  return ok({ data: data.value, seal: seal.value, file });
}

/** Whether the signature is that of `publicHex` over every byte before it. */
export const sealHolds = ({ seal, file }: OpenedReport, publicHex: string): boolean =>
  seal.publicHex === publicHex && verifyHex(publicHex, sealedBytes(file), seal.signature);

function isSeal(value: unknown): value is Seal {
  const { format, publicHex, signature } = (value ?? {}) as Partial<Seal>;
  return format === AUDIT_FORMAT && isPublicHex(publicHex) && typeof signature === "string";
}

function isData(value: unknown): value is SealedData {
  const { report, proofs, madeWith } = (value ?? {}) as Partial<SealedData>;
  return (
    report?.format === AUDIT_FORMAT &&
    Array.isArray(report.decisions) &&
    Array.isArray(report.ledgers) &&
    typeof madeWith === "string" &&
    Array.isArray(proofs) &&
    proofs.every(
      (one) =>
        Number.isSafeInteger(one?.strand) &&
        [one?.node, one?.entries, one?.inclusion].every((text) => typeof text === "string"),
    )
  );
}
