import { MaintError } from "../base/maint-error.ts";
import { isPublicHex } from "../disk/key-file.ts";
import { originOf } from "../ledger/checkpoint.ts";
import { NOTE_ALGORITHMS, parseVerifierKey } from "../ledger/note.ts";

/**
 * A node's public key as a person gives it: 64 hex digits, or what `maint ledger key` prints. Answers the hex digits.
 * @throws MaintError MAINT_ERR_KEY
 */
export function nodeKey(node: string, text: string): string {
  const hex = text.toLowerCase();
  if (isPublicHex(hex)) return hex;
  const parsed = parseVerifierKey(text);
  const help = `maint ledger key --node ${node} prints it at the node`;
  if (!parsed.ok || parsed.value.algorithm !== NOTE_ALGORITHMS.ed25519)
    throw new MaintError("MAINT_ERR_KEY", `${text}: is no Ed25519 public key of a node`, { help });
  if (parsed.value.name !== originOf(node))
    throw new MaintError("MAINT_ERR_KEY", `${text}: is the key of ${parsed.value.name}, not of ${originOf(node)}`, {
      help,
    });
  return parsed.value.publicHex;
}
