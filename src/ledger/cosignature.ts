import { fail, ok, type Result } from "../base/result.ts";
import type { VerifySignature } from "./note.ts";
import { keyHashOf, NOTE_ALGORITHMS, type NoteKey, type NoteSignature, type NoteSigner } from "./note.ts";

const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** What a witness signs: that this is the longest consistent tree it has seen. Source: C2SP tlog-cosignature, `cosignature/v1`. */
const cosignedText = (timeS: bigint, checkpointText: string): string =>
  `cosignature/v1\ntime ${timeS}\n${checkpointText}`;

/**
 * Cosigns a checkpoint that was verified and is kept already.
 * @param timeS epoch seconds, whole
 */
export function cosign(checkpointText: string, timeS: number, signer: NoteSigner): NoteSignature {
  const { name, publicHex, sign } = signer;
  const time = Buffer.alloc(TIME_BYTES);
  time.writeBigUInt64BE(BigInt(timeS));
  const signature = Buffer.from(sign(cosignedText(BigInt(timeS), checkpointText)), "hex");
  const keyHash = keyHashOf({ name, algorithm: NOTE_ALGORITHMS.cosignature, publicHex });
  return { name, keyHash, bytes: Buffer.concat([time, signature]) };
}

/** The epoch seconds at which `key` cosigned. Never throws. */
export function verifyCosignature(
  signature: NoteSignature,
  checkpointText: string,
  key: NoteKey,
  verify: VerifySignature,
): Result<number, string> {
  const { name, keyHash, bytes } = signature;
  if (key.algorithm !== NOTE_ALGORITHMS.cosignature || name !== key.name || keyHash !== keyHashOf(key))
    return fail("it is another key's");
  if (bytes.length !== TIME_BYTES + SIGNATURE_BYTES) return fail("a cosignature is a time and an Ed25519 signature");
  const buffer = Buffer.from(bytes);
  const timeS = buffer.readBigUInt64BE();
  if (timeS > BigInt(Number.MAX_SAFE_INTEGER)) return fail("its time is beyond any calendar");
  const hex = buffer.subarray(TIME_BYTES).toString("hex");
  return verify(key.publicHex, cosignedText(timeS, checkpointText), hex)
    ? ok(Number(timeS))
    : fail(`the cosignature of ${name} does not hold`);
}
