import { entryHash, type LedgerHead } from "../../ledger/entry.ts";
import { parseEntry, type StoredEntry, verifyEntries } from "../../ledger/verify.ts";
import type { LedgerEntry } from "../../model/ledger-entry.ts";
import type { NodeCheckpoint, Strand } from "./archived-strand.ts";
import { columnsOf, type EntryColumns } from "./columns.ts";
import { checkSigned, type SignedByNode, type StrandFinding } from "./signed-strand.ts";

export interface ArchiveVerification {
  readonly strands: readonly StrandVerification[];
}

export interface StrandVerification {
  readonly number: number;
  /** The first entry that was looked at; what lies below was removed by retention, or is in the strand before. */
  readonly from: number;
  readonly head: LedgerHead;
  /** Entries from the first on that lead to a root of the node's own signature; null where there is none. */
  readonly signed: SignedByNode | null;
  /** Null where every entry holds. */
  readonly finding: StrandFinding | null;
}

/** One entry's columns as they lie in the file. */
export interface StoredColumns {
  readonly place: number;
  readonly time_ms: number;
  readonly action_type: string;
  readonly target: string;
  readonly user_id: string;
  readonly evidence: string | null;
  readonly at_ms: number | null;
  readonly allow: number | null;
  readonly test: string | null;
  readonly client_order: string | null;
  readonly part: string | null;
}

export interface ColumnSource {
  readonly ofStrand: (strand: Strand) => Iterable<StoredColumns>;
  /** Whether a decision was one of this contract, and then what it said; undefined where it was not. */
  readonly allowBy: (strand: Strand, contract: string, columns: StoredColumns) => number | undefined;
  readonly isWith: (strand: Strand, asset: string, columns: StoredColumns) => boolean;
  /** Over all decisions of a strand, how many contracts and assets they name. */
  readonly namesOf: (strand: Strand) => number;
}

interface Source {
  readonly stored: (strand: Strand, fromSeq?: number) => Iterable<StoredEntry>;
  readonly columns: ColumnSource;
  readonly checkpoints: (strand: Strand) => readonly NodeCheckpoint[];
  /** The node's key as the one who verifies knows it. */
  readonly publicHex: string | undefined;
}

/** Walks one node's strands: each chain from the proof of what was removed up to its head, what is searched by beside it, and the roots that the node signed. */
export function verifyStrands(strands: readonly Strand[], source: Source): ArchiveVerification {
  return { strands: strands.map((strand) => verifyStrand(strand, strands, source)) };
}

function verifyStrand(strand: Strand, all: readonly Strand[], source: Source): StrandVerification {
  const { number, firstKept, keptFromHash, head: known } = strand;
  const from = { size: firstKept, hash: keptFromHash };
  const columns = compareColumns(strand, source);
  const tree = checkSigned(strand, source.checkpoints(strand), source.publicHex);
  const { finding, head } = verifyEntries(tree.pass(columns.pass(source.stored(strand))), { from, known: [known] });
  return {
    ...{ number, from: firstKept, head, signed: tree.signed() },
    finding: finding ?? columns.finding() ?? tree.finding() ?? apart(strand, all, source),
  };
}

/** Lets a strand's entries through and compares each with its columns on the way. */
function compareColumns(strand: Strand, { columns }: Source) {
  let found: StrandFinding | null = null;
  let names = 0;
  const differs = (seq: number, what: string): void => {
    found ??= { seq, fault: "columns-differ", message: `what it is searched by is not what its bytes say: ${what}` };
  };
  const nameAmiss = ({ decision }: EntryColumns, row: StoredColumns): string | undefined => {
    if (decision === null) return undefined;
    const contract = decision.contracts.find((name) => columns.allowBy(strand, name, row) !== Number(decision.allow));
    return contract ?? decision.assets.find((name) => !columns.isWith(strand, name, row));
  };
  function* pass(stored: Iterable<StoredEntry>): Iterable<StoredEntry> {
    const rows = columns.ofStrand(strand)[Symbol.iterator]();
    for (const one of stored) {
      const row = rows.next();
      const entry = parseEntry(one.bytes);
      if (row.done === true) differs(one.seq, "it has no columns");
      else if (typeof entry !== "string") {
        const said = columnsOf(entry);
        names += (said.decision?.contracts.length ?? 0) + (said.decision?.assets.length ?? 0);
        const what = difference(entry, said, row.value) ?? nameAmiss(said, row.value);
        if (what !== undefined) differs(one.seq, what);
      }
      yield one;
    }
    if (rows.next().done !== true) differs(strand.head.size, "there are columns of no entry");
    if (columns.namesOf(strand) !== names) differs(strand.head.size, "contracts or equipment that no decision names");
  }
  return { pass, finding: (): StrandFinding | null => found };
}

function difference(
  entry: LedgerEntry,
  { timeMs, evidence, decision }: EntryColumns,
  row: StoredColumns,
): string | undefined {
  const said: readonly (readonly [string, unknown, unknown])[] = [
    ["time", row.time_ms, timeMs],
    ["action_type", row.action_type, entry.action_type],
    ["target", row.target, entry.target],
    ["user_id", row.user_id, entry.user_id],
    ["evidence", row.evidence, evidence],
    ["at", row.at_ms, decision?.atMs ?? null],
    ["allow", row.allow, decision === null ? null : Number(decision.allow)],
    ["test", row.test, decision?.test ?? null],
    ["order", row.client_order, decision?.order ?? null],
    ["part", row.part, decision?.part ?? null],
  ];
  return said.find(([, column, bytes]) => column !== bytes)?.[0];
}

/** A strand that begins where another was forked must follow its entry there. */
function apart(strand: Strand, all: readonly Strand[], { stored }: Source): StrandFinding | null {
  const { firstSeq, firstKept, keptFromHash, number } = strand;
  if (firstKept !== firstSeq || firstSeq === 0) return null;
  const seq = firstSeq - 1;
  const parent = all.findLast((one) => one.number < number && one.firstSeq <= seq && seq < one.head.size);
  const [before] = parent === undefined || seq < parent.firstKept ? [] : stored(parent, seq);
  if (before === undefined || entryHash(before.bytes) === keptFromHash) return null;
  return { seq: firstSeq, fault: "apart", message: `it does not follow entry ${seq} of the strand before` };
}
