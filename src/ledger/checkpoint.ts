import { fail, ok, type Result } from "../base/result.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import { TREE_HASH_BYTES, type TreeHash } from "./merkle.ts";
import {
  NOTE_ALGORITHMS,
  type NoteKey,
  type NoteSigner,
  parseNote,
  printNote,
  type SignedNote,
  signNote,
  type VerifySignature,
  verifiedBy,
} from "./note.ts";
import { parseTreeNumber } from "./proof.ts";

/** Where a ledger's tree stood. Source: C2SP tlog-checkpoint. */
export interface Checkpoint {
  /** Which ledger, see `originOf`. */
  readonly origin: string;
  readonly size: number;
  readonly root: TreeHash;
  /** Lines that follow the root; we write none. */
  readonly extensions: readonly string[];
}

/** A checkpoint whose signature was found to hold, and the note it stands in, cosignatures and all. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: SignedNote;
}

/** The name of a hub's or a node's ledger, which is also the name of the key that signs for it. */
export const originOf = (owner: string): string => `${owner}/maint-ledger`;

/** The name under which a node cosigns what the hub shows it. */
export const witnessNameOf = (node: string): string => `${node}/maint-witness`;

export const checkpointKey = (owner: string, publicHex: string): NoteKey => ({
  ...{ name: originOf(owner), algorithm: NOTE_ALGORITHMS.ed25519, publicHex },
});

/** What is signed. */
export const checkpointText = ({ origin, size, root, extensions }: Checkpoint): string =>
  [origin, size, toBase64(root), ...extensions, ""].join("\n");

/** The note of one signature. */
export function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): string {
  const text = checkpointText(checkpoint);
  return printNote({ text, signatures: [signNote(text, signer)] });
}

/** Reads what `checkpointText` writes, and no other spelling of it. */
export function parseCheckpoint(text: string): Result<Checkpoint, string> {
  const [origin = "", sizeText = "", rootText = "", ...extensions] = text.slice(0, -1).split("\n");
  if (!text.endsWith("\n") || origin === "") return fail("a checkpoint is an origin, a size and a root, a line each");
  const size = parseTreeNumber(sizeText);
  if (size === undefined) return fail("its size is no plain decimal number up to 2^53 - 1");
  const root = fromBase64(rootText);
  if (root === undefined || root.length !== TREE_HASH_BYTES) return fail("its root is no base64 of 32 bytes");
  if (extensions.includes("")) return fail("an extension line is empty");
  return ok({ origin, size, root, extensions });
}

/**
 * Reads a note and answers its checkpoint where one of `keys` signed it and the origin is `origin`. Never throws.
 * @param keys of the ledger's owner; more than one while a key is exchanged
 */
export function openCheckpoint(
  noteText: string,
  origin: string,
  keys: readonly NoteKey[],
  verify: VerifySignature,
): Result<SignedCheckpoint, string> {
  const note = parseNote(noteText);
  if (!note.ok) return note;
  const signed = verifiedBy(note.value, keys, verify);
  if (!signed.ok) return signed;
  const checkpoint = parseCheckpoint(note.value.text);
  if (!checkpoint.ok) return checkpoint;
  if (checkpoint.value.origin !== origin) return fail(`it is of ${checkpoint.value.origin}, not of ${origin}`);
  return ok({ ...checkpoint.value, note: note.value });
}
