import { MaintError } from "../base/maint-error.ts";
import { isPublicHex } from "../disk/key-file.ts";
import { originOf } from "../ledger/checkpoint.ts";
import { NOTE_ALGORITHMS, parseVerifierKey } from "../ledger/note.ts";

/** A public key as a person gives it. */
export interface GivenKey {
  /** 64 hex digits. */
  readonly publicHex: string;
  /** The ledger it says it is the key of, `LP-01/maint-ledger`; null where it was given as hex digits alone. */
  readonly origin: string | null;
}

/** Whose key is asked for, and what prints it: for whoever gave another. */
interface Asked {
  readonly whose: "a node" | "a hub";
  readonly help: string;
}

/**
 * Reads 64 hex digits, or what `maint ledger key` prints.
 * @throws MaintError MAINT_ERR_KEY
 */
export function givenKey(text: string, { whose, help }: Asked): GivenKey {
  const hex = text.toLowerCase();
  if (isPublicHex(hex)) return { publicHex: hex, origin: null };
  const parsed = parseVerifierKey(text);
  if (!parsed.ok || parsed.value.algorithm !== NOTE_ALGORITHMS.ed25519)
    throw new MaintError("MAINT_ERR_KEY", `${text}: is no Ed25519 public key of ${whose}`, { help });
  return { publicHex: parsed.value.publicHex, origin: parsed.value.name };
}

/**
 * Whoever gives the key of a named ledger wants that one's word and no other's.
 * @throws MaintError MAINT_ERR_KEY
 */
export function mustBeKeyOf(owner: string, { origin }: GivenKey, help: string): void {
  if (origin !== null && origin !== originOf(owner))
    throw new MaintError("MAINT_ERR_KEY", `the key given is that of ${origin}, not of ${originOf(owner)}`, { help });
}

/** The hex digits of a named node's key. @throws MaintError MAINT_ERR_KEY */
export function nodeKey(node: string, text: string): string {
  const help = `maint ledger key --node ${node} prints it at the node`;
  const key = givenKey(text, { whose: "a node", help });
  mustBeKeyOf(node, key, help);
  return key.publicHex;
}
