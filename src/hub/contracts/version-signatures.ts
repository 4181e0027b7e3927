import type { LedgerReader } from "../../disk/ledger-file.ts";
import type { LedgerActionType, LedgerEntry } from "../../model/ledger-entry.ts";
import { nextTurn } from "../store/turns.ts";

/** What one person did for a version, as the hub's ledger has it. */
export interface VersionSignature {
  readonly by: string;
  /** RFC 3339, UTC. */
  readonly at: string;
  /** In their own words; null where none are on record. */
  readonly reason: string | null;
  /** Of the hub's ledger. */
  readonly seq: number;
}

/** Who answers for a version; null for whom the ledger does not name. */
export interface VersionSignatures {
  /** Who signed it first, and handed it in. */
  readonly author: VersionSignature | null;
  /** Who signed it with another key. */
  readonly second: VersionSignature | null;
  /** Whose act put it into PolicyCentral. */
  readonly publisher: VersionSignature | null;
}

export const NO_SIGNATURES: VersionSignatures = { author: null, second: null, publisher: null };

/** What is told of a version while it is on its way. */
const TOLD: readonly LedgerActionType[] = ["contract_approval", "contract_storage"];

/** By `UV-DAILY@v1.0`, for these; the ledger is walked in pages, and the hub goes on between two of them. */
export async function versionSignatures(
  { page }: Pick<LedgerReader, "page">,
  versions: ReadonlySet<string>,
): Promise<ReadonlyMap<string, VersionSignatures>> {
  const told: LedgerEntry[] = [];
  if (versions.size === 0) return new Map();
  for (const actionType of TOLD)
    for (let from: number | null = 0; from !== null; ) {
      const { entries, next } = page({ actionType, from });
      told.push(...entries.filter(({ target }) => versions.has(target)));
      from = next;
      await nextTurn();
    }
  const found = new Map<string, VersionSignatures>();
  for (const entry of told.sort((a, b) => a.seq - b.seq))
    found.set(entry.target, grown(found.get(entry.target) ?? NO_SIGNATURES, entry));
  return found;
}

/** Author of what a hub found stored at its start: the person is not known then. */
const HUB = "hub";

function grown(before: VersionSignatures, entry: LedgerEntry): VersionSignatures {
  const { action_type, action, user_id: by, time: at, seq, metadata } = entry;
  const signed = (reason: string | null): VersionSignature => ({ by, at, reason, seq });
  if (action_type === "contract_storage") {
    const reason = metadata["reason"];
    const publisher = signed(typeof reason === "string" ? reason : null);
    return { ...before, author: before.author ?? (by === HUB ? null : publisher), publisher };
  }
  if (metadata["kind"] !== "release") return before;
  // Where nobody said why, the entry says what was done.
  const said = signed(entry.details === `release ${action}` ? null : entry.details);
  switch (action) {
    case "staged":
      return { ...NO_SIGNATURES, author: said };
    case "approved":
      return { ...before, second: said };
    case "published":
      return { ...before, publisher: said };
    case "withdrawn":
      return NO_SIGNATURES;
    default:
      return before;
  }
}
