import { canonicalJson } from "../../base/canonical-json.ts";
import { fromBase64 } from "../../ledger/base64.ts";
import { entryBytes, entryHash } from "../../ledger/entry.ts";
import { leafHash } from "../../ledger/merkle.ts";
import { verifyInclusion } from "../../ledger/proof.ts";
import { parseEntry } from "../../ledger/verify.ts";
import type { ArchivedEntry } from "../archive/archived.ts";
import type { AuditReport } from "./audit-report.ts";
import { type EntryRows, rowsOfEntries } from "./audit-rows.ts";
import type { LedgerFact } from "./ledger-facts.ts";
import { type NodeProof, unpackLines } from "./node-proof.ts";
import { type OpenedReport, openReport, pageOf, type SealedData, sealHolds } from "./seal.ts";

export type ReportFault =
  | "not-a-report"
  | "key-not-trusted"
  | "signature-invalid"
  | "page-differs"
  | "entry-damaged"
  | "not-in-ledger"
  | "rows-differ";

export interface ReportFinding {
  readonly fault: ReportFault;
  readonly message: string;
}

export interface ReportCheck {
  readonly findings: readonly ReportFinding[];
  /** What was looked at and holds, in words. */
  readonly holds: readonly string[];
  readonly report: AuditReport | null;
}

export interface ReportTrust {
  /** The hub's public key as the one who verifies knows it, 64 hex digits. */
  readonly publicHex: string;
  /** Of the one who verifies: another version may draw the same data differently. */
  readonly madeWith: string;
}

/**
 * Verifies a report without any server: the seal over every byte, the page against its data, each cited entry against the root
 * of its ledger, and every row that follows from entries against the entries. Nothing is believed before the seal holds.
 */
export function verifyReport(text: string, trust: ReportTrust): ReportCheck {
  const refuse = (fault: ReportFault, message: string): ReportCheck => {
    return { findings: [{ fault, message }], holds: [], report: null };
  };
  const opened = openReport(text);
  if (!opened.ok) return refuse("not-a-report", opened.error);
  if (opened.value.seal.publicHex !== trust.publicHex)
    return refuse(
      "key-not-trusted",
      `it is sealed by the key ${opened.value.seal.publicHex}, not by the hub you trust`,
    );
  if (!sealHolds(opened.value, trust.publicHex))
    return refuse("signature-invalid", "the seal does not hold: the file was changed after it was sealed");
  return checkedData(opened.value, trust);
}

function checkedData({ data, file }: OpenedReport, { madeWith }: ReportTrust): ReportCheck {
  const { report, proofs } = data;
  const findings: ReportFinding[] = [];
  const holds = [`sealed by ${report.hub}: no byte of the file was changed`];
  if (data.madeWith !== madeWith)
    holds.push(`drawn by version ${data.madeWith}; this is ${madeWith}, so the page is not drawn again`);
  else if (pageOf(data) === file) holds.push("the page says what its data say");
  else findings.push({ fault: "page-differs", message: "the page does not follow from the data in it" });
  const entries: ArchivedEntry[] = [];
  for (const proof of proofs) {
    const read = entriesOf(proof, report.ledgers);
    findings.push(...read.findings);
    entries.push(...read.entries);
  }
  for (const { node, cited } of report.ledgers)
    if (cited > 0 && proofs.filter((proof) => proof.node === node).length !== 1)
      findings.push({
        fault: "entry-damaged",
        message: `${node}: the ${cited} entries that the page counts are not there`,
      });
  const unproven = report.ledgers.filter(({ cited, root }) => cited > 0 && root === null).map(({ node }) => node);
  if (findings.length === 0) holds.push(`${entries.length} ledger entries of ${proofs.length} nodes are whole`);
  if (findings.length === 0 && unproven.length < proofs.length)
    holds.push("each leads to the root of its node's ledger");
  if (unproven.length > 0) holds.push(`no root is kept for ${unproven.join(", ")}: older entries are gone`);
  findings.push(...rowFindings(data, entries));
  if (!findings.some(({ fault }) => fault === "rows-differ")) holds.push("its rows follow from these entries");
  return { findings, holds, report };
}

function entriesOf(
  proof: NodeProof,
  ledgers: readonly LedgerFact[],
): { readonly findings: readonly ReportFinding[]; readonly entries: readonly ArchivedEntry[] } {
  const { node } = proof;
  const damaged = (message: string) => ({ findings: [{ fault: "entry-damaged", message } as const], entries: [] });
  let lines: readonly string[];
  let inclusion: readonly string[];
  try {
    lines = unpackLines(proof.entries);
    inclusion = unpackLines(proof.inclusion);
  } catch (error) {
    return damaged(
      `${node}: its entries cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const fact = ledgers.find((one) => one.node === node);
  if (fact === undefined || fact.cited !== lines.length)
    return damaged(`${node}: not the entries that the page counts`);
  const findings: ReportFinding[] = [];
  const entries: ArchivedEntry[] = [];
  for (const [index, line] of lines.entries()) {
    const entry = parseEntry(Buffer.from(line));
    if (typeof entry === "string") {
      findings.push({ fault: "entry-damaged", message: `${node}, cited entry ${index}: ${entry}` });
      continue;
    }
    const missing = fact.root === null ? undefined : outsideTree(entry.seq, line, inclusion[index] ?? "", fact);
    if (missing !== undefined)
      findings.push({ fault: "not-in-ledger", message: `${node}, entry ${entry.seq}: ${missing}` });
    entries.push({ node, entry });
  }
  if (!endsHold(fact, entries))
    findings.push({ fault: "entry-damaged", message: `${node}: first or last hash differs` });
  return { findings, entries };
}

function outsideTree(seq: number, line: string, siblings: string, { size, root }: LedgerFact): string | undefined {
  const hashes = siblings === "" ? [] : siblings.split(" ").map((text) => fromBase64(text) ?? new Uint8Array(0));
  const claim = { index: seq, size, leaf: leafHash(Buffer.from(line)), proof: hashes };
  const checked = verifyInclusion({ ...claim, root: fromBase64(root ?? "") ?? new Uint8Array(0) });
  return checked.ok ? undefined : checked.error;
}

function endsHold({ firstHash, lastHash }: LedgerFact, entries: readonly ArchivedEntry[]): boolean {
  const hashAt = (index: number): string | null => {
    const found = entries.at(index);
    return found === undefined ? null : entryHash(entryBytes(found.entry));
  };
  return hashAt(0) === firstHash && hashAt(-1) === lastHash;
}

/** Made again from the entries alone, by the code that made them at the hub. */
function rowFindings({ report }: SealedData, entries: readonly ArchivedEntry[]): readonly ReportFinding[] {
  const { scope, fromMs, toMs, asOfDay } = report;
  const again = rowsOfEntries(entries, { scope, fromMs, toMs, asOfDay });
  return (Object.keys(again) as (keyof EntryRows)[]).flatMap((name): readonly ReportFinding[] =>
    canonicalJson(again[name]) === canonicalJson(report[name])
      ? []
      : [{ fault: "rows-differ", message: `"${name}" does not follow from the cited entries` }],
  );
}
