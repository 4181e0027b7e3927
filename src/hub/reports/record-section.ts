import { code, type TableBlock, type Text } from "../../compiler/doc/page.ts";
import type { VersionSignature, VersionSignatures } from "../contracts/version-signatures.ts";
import type { ContractRow, CorrectionRow, ImpactRow } from "./audit-report.ts";
import { shortTime } from "./decision-section.ts";
import type { LedgerFact } from "./ledger-facts.ts";

export const impactsTable = (rows: readonly ImpactRow[]): TableBlock => ({
  kind: "table",
  caption: "Instruments found out of tolerance, and what became of what was tested with them",
  head: ["Impact", "Instrument", "State", "Parts and tests", "With a disposition", "In words"],
  rows: rows.map((row): readonly Text[] => [
    [row.id],
    [row.asset],
    [row.state],
    [String(row.suspect)],
    [String(row.disposed)],
    [row.words],
  ]),
});

export const contractsTable = (rows: readonly ContractRow[]): TableBlock => ({
  kind: "table",
  caption: "Every version that decided here, with why it came",
  head: ["Contract", "State", "Written by", "On", "What changed", "Bundle"],
  rows: rows.map((row): readonly Text[] => [
    [`${row.contract}@${row.version}`],
    [row.status],
    [row.createdBy],
    [shortTime(row.createdAt)],
    [row.changes.join("; ") || "–"],
    [code(row.digest ?? "–")],
  ]),
});

/** Words for what stands behind a missing second signature. */
const ENOUGH: { readonly [direction: string]: string } = {
  first: "it is the first version",
  same: "it changes nothing that decides",
  tightens: "it only tightens",
};

export const signaturesTable = (rows: readonly ContractRow[]): TableBlock => ({
  kind: "table",
  caption:
    "Who answers for each version: when, why, and the entry of the hub's ledger; two people sign what loosens, each with a key of their own",
  head: ["Version", "To the one before", "Signed by its author", "Second signature", "Published by"],
  rows: rows.map((row): readonly Text[] => [
    [`${row.contract}@${row.version}`],
    [row.direction ?? "not recorded"],
    signedBy(row.signatures.author),
    row.signatures.second === null && row.needsSecond === false
      ? [`not needed: ${ENOUGH[row.direction ?? ""] ?? "one is enough"}`]
      : signedBy(row.signatures.second),
    publishedBy(row.signatures),
  ]),
});

/** One act does both where one signature is enough. */
const publishedBy = ({ author, publisher }: VersionSignatures): Text =>
  author !== null && author.seq === publisher?.seq ? [`its author, by the same entry`] : signedBy(publisher);

function signedBy(signature: VersionSignature | null): Text {
  if (signature === null) return ["not recorded"];
  const { by, at, reason, seq } = signature;
  return [{ kind: "strong", text: by }, ` ${shortTime(at)} (entry ${seq}): ${reason ?? "no reason recorded"}`];
}

export const correctionsTable = (rows: readonly CorrectionRow[]): TableBlock => ({
  kind: "table",
  caption: "A correction is a new record; the one before stays in the ledger",
  head: ["Record", "Corrects", "What", "By", "At"],
  rows: rows.map((row): readonly Text[] => [[`${row.node} ${row.id}`], [row.corrects], [row.what], [row.by], [row.at]]),
});

export const ledgersTable = (rows: readonly LedgerFact[]): TableBlock => ({
  kind: "table",
  caption: "What the report rests on; `maint report verify` holds every cited entry against it without the hub",
  head: ["Ledger", "Entries", "Cited", "Head", "Root", "Signed by the node", "Holds"],
  rows: rows.map((row): readonly Text[] => [
    [
      `${row.node}${row.strand === 0 ? "" : `, strand ${row.strand}`}${row.firstKept === 0 ? "" : `, kept from ${row.firstKept}`}`,
    ],
    [String(row.size)],
    [row.cited === 0 ? "none" : `${row.cited}: ${row.firstCited} to ${row.lastCited}`],
    [code(row.headHash)],
    [row.root === null ? "–" : code(row.root)],
    row.checkpoint === null
      ? ["no"]
      : [`the first ${row.checkpoint.split("\n")[1] ?? "?"}, key `, code((row.publicHex ?? "").slice(0, 16))],
    [row.fault ?? "yes"],
  ]),
});
