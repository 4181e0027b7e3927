import { canonicalJson } from "../../base/canonical-json.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { verifyHex } from "../../disk/key-file.ts";
import { fromBase64 } from "../../ledger/base64.ts";
import { checkpointKey, openCheckpoint, originOf } from "../../ledger/checkpoint.ts";
import { entryBytes, entryHash } from "../../ledger/entry.ts";
import { leafHash, sameHash, type TreeHash } from "../../ledger/merkle.ts";
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
  /** What a node is said to have signed of its ledger, it did not. */
  | "node-signature-invalid"
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
  /** Nodes' public keys as the one who verifies knows them, hex; of other nodes the report's own word for their key is taken. */
  readonly nodeKeys?: ReadonlyMap<string, string>;
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

function checkedData({ data, file }: OpenedReport, { madeWith, nodeKeys = new Map() }: ReportTrust): ReportCheck {
  const { report, proofs } = data;
  const findings: ReportFinding[] = [];
  const holds = [`sealed by ${report.hub}: no byte of the file was changed`];
  if (data.madeWith !== madeWith)
    holds.push(`drawn by version ${data.madeWith}; this is ${madeWith}, so the page is not drawn again`);
  else if (pageOf(data) === file) holds.push("the page says what its data say");
  else findings.push({ fault: "page-differs", message: "the page does not follow from the data in it" });
  const entries: ArchivedEntry[] = [];
  let signed = 0;
  for (const proof of proofs) {
    const read = entriesOf(proof, report.ledgers, nodeKeys);
    findings.push(...read.findings);
    entries.push(...read.entries);
    signed += read.signed;
  }
  for (const { node, strand, cited } of report.ledgers)
    if (cited > 0 && proofs.filter((proof) => proof.node === node && proof.strand === strand).length !== 1)
      findings.push({
        fault: "entry-damaged",
        message: `${node}: the ${cited} entries that the page counts are not there`,
      });
  const unproven = report.ledgers.filter(({ cited, root }) => cited > 0 && root === null).map(({ node }) => node);
  if (findings.length === 0) holds.push(`${entries.length} ledger entries of ${proofs.length} nodes are whole`);
  if (findings.length === 0 && unproven.length < proofs.length)
    holds.push(`each leads to the root of its node's ledger, ${signed} of them to one that the node itself signed`);
  if (unproven.length > 0) holds.push(`no root is kept for ${unproven.join(", ")}: older entries are gone`);
  findings.push(...rowFindings(data, entries));
  if (!findings.some(({ fault }) => fault === "rows-differ")) holds.push("its rows follow from these entries");
  return { findings, holds, report };
}

function entriesOf(proof: NodeProof, ledgers: readonly LedgerFact[], nodeKeys: ReadonlyMap<string, string>): ReadProof {
  const { node, strand } = proof;
  const damaged = (message: string) => ({
    ...{ findings: [{ fault: "entry-damaged", message } as const], entries: [], signed: 0 },
  });
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
  const fact = ledgers.find((one) => one.node === node && one.strand === strand);
  if (fact === undefined || fact.cited !== lines.length)
    return damaged(`${node}: not the entries that the page counts`);
  const findings: ReportFinding[] = [];
  const entries: ArchivedEntry[] = [];
  const word = wordOf(fact, nodeKeys.get(node));
  if (!word.ok) findings.push({ fault: "node-signature-invalid", message: `${node}: ${word.error}` });
  const own = word.ok ? word.value : null;
  let signed = 0;
  for (const [index, line] of lines.entries()) {
    const entry = parseEntry(Buffer.from(line));
    if (typeof entry === "string") {
      findings.push({ fault: "entry-damaged", message: `${node}, cited entry ${index}: ${entry}` });
      continue;
    }
    const isSigned = own !== null && entry.seq < own.size;
    const tree = isSigned ? own : rootIn(fact);
    const missing = fact.root === null ? undefined : outsideTree(entry.seq, line, inclusion[index] ?? "", tree);
    if (isSigned && fact.root !== null && missing === undefined) signed += 1;
    if (missing !== undefined)
      findings.push({ fault: "not-in-ledger", message: `${node}, entry ${entry.seq}: ${missing}` });
    entries.push({ node, strand, entry });
  }
  if (!endsHold(fact, entries))
    findings.push({ fault: "entry-damaged", message: `${node}: first or last hash differs` });
  return { findings, entries, signed };
}

interface ReadProof {
  readonly findings: readonly ReportFinding[];
  readonly entries: readonly ArchivedEntry[];
  /** How many lead to a root that the node itself signed. */
  readonly signed: number;
}

interface KnownRoot {
  readonly size: number;
  readonly root: TreeHash;
}

const rootIn = ({ size, root }: LedgerFact): KnownRoot => ({ size, root: fromBase64(root ?? "") ?? new Uint8Array(0) });

/** What the node itself signed of its ledger; null where it signed nothing. The hub cannot make it up. */
function wordOf(fact: LedgerFact, known: string | undefined): Result<KnownRoot | null, string> {
  const { node, checkpoint, publicHex, cited, size, root } = fact;
  if (checkpoint === null)
    return known === undefined || cited === 0 ? ok(null) : fail("it signed nothing of what is cited");
  const key = checkpointKey(node, known ?? publicHex ?? "");
  const opened = openCheckpoint(checkpoint, originOf(node), [key], verifyHex);
  if (!opened.ok) return fail(`its checkpoint does not hold by the key ${key.publicHex}: ${opened.error}`);
  const { size: signed, root: signedRoot } = opened.value;
  if (signed > size) return fail(`it signed ${signed} entries, and the report knows of ${size}`);
  if (signed === size && root !== null && !sameHash(signedRoot, rootIn(fact).root))
    return fail("it signed another root than the report names");
  return ok({ size: signed, root: signedRoot });
}

function outsideTree(seq: number, line: string, siblings: string, { size, root }: KnownRoot): string | undefined {
  const hashes = siblings === "" ? [] : siblings.split(" ").map((text) => fromBase64(text) ?? new Uint8Array(0));
  const checked = verifyInclusion({ index: seq, size, leaf: leafHash(Buffer.from(line)), proof: hashes, root });
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
