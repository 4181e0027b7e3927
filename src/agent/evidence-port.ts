import type { EvidenceKind, EvidenceRecord } from "../model/evidence.ts";

/** The evidence of one node, in order. Rows are added, never changed; each lies in the ledger as well. */
export interface EvidenceStore {
  /** Durable when it returns. A record whose id is there already is left alone. */
  readonly add: (records: readonly EvidenceRecord[]) => void;
  /** Another number whenever an answer may have become another one. */
  readonly state: () => number;
  readonly find: (id: string) => EvidenceRecord | undefined;
  /** Records that no correction replaced, newest `takenAt` first; of the same instant the later record first. */
  readonly latest: (
    kind: EvidenceKind,
    subject: string,
    limit: number,
    /** Only what was so by then, epoch ms; a correction counts whenever it was made. */
    untilMs?: number,
  ) => readonly EvidenceRecord[];
  /** Of those, the ones that carry this word (a service state, a counter's name, a check's when), however many others came since. */
  readonly latestOf: (
    kind: WordedKind,
    subject: string,
    word: string,
    limit: number,
    untilMs?: number,
  ) => readonly EvidenceRecord[];
  /** Every word that records of this kind and subject carry. */
  readonly words: (kind: WordedKind, subject: string) => readonly string[];
  /** The records of a counter with the highest values, highest first; `exceptId` aside. */
  readonly highest: (asset: string, counter: string, exceptId: string, untilMs?: number) => readonly EvidenceRecord[];
  /** Tests that were started and not ended, oldest first. */
  readonly unfinishedRuns: () => readonly EvidenceRecord[];
  /** When a test that used the asset ended last, epoch ms. */
  readonly lastUse: (asset: string, untilMs?: number) => number | undefined;
  readonly subjects: (kind: EvidenceKind) => readonly string[];
  /** Everything that was recorded, corrected or not, in the order of recording, newest first. */
  readonly recorded: (page: RecordedPage) => readonly EvidenceRecord[];
  /** Ids of the records that correct this one, oldest first. */
  readonly correctionsOf: (id: string) => readonly string[];
  /** The ledger's sequence number of the newest record, −1 before the first. */
  readonly lastLedgerSeq: () => number;
}

export type WordedKind = "service" | "counter" | "check" | "event";

export interface RecordedPage {
  readonly kind: EvidenceKind | null;
  readonly subject: string | null;
  /** Only records with a lower ledger sequence number; null from the newest on. */
  readonly beforeSeq: number | null;
  readonly limit: number;
}
