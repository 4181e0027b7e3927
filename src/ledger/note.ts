import { createHash } from "node:crypto";
import { fail, ok, type Result } from "../base/result.ts";
import { MAX_NOTE_BYTES, MAX_NOTE_SIGNATURES } from "../model/limits.ts";
import { fromBase64, toBase64 } from "./base64.ts";

/** A text and who signed it. Source: C2SP signed-note. */
export interface SignedNote {
  /** Ends in a newline; this is what is signed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface NoteSignature {
  readonly name: string;
  /** Of the key, 8 hex digits. */
  readonly keyHash: string;
  /** What follows the key hash: for Ed25519 64 bytes, for a cosignature a time before them. */
  readonly bytes: Uint8Array;
}

/** `0x01` signs a note's text, `0x04` is a witness's cosignature of a checkpoint. Source: C2SP signed-note, "Signature types". */
export const NOTE_ALGORITHMS = { ed25519: 1, cosignature: 4 } as const;
export type NoteAlgorithm = (typeof NOTE_ALGORITHMS)[keyof typeof NOTE_ALGORITHMS];

/** Whose signature is looked for. */
export interface NoteKey {
  readonly name: string;
  readonly algorithm: NoteAlgorithm;
  /** 32 bytes, hex. */
  readonly publicHex: string;
}

/** A key that signs: Ed25519, 128 hex digits. */
export interface NoteSigner {
  readonly name: string;
  readonly publicHex: string;
  readonly sign: (content: string) => string;
}

/** Ed25519; false for anything that is no good signature. */
export type VerifySignature = (publicHex: string, content: string, signatureHex: string) => boolean;

const KEY_HASH_BYTES = 4;
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const DASH = "\u2014 ";
const KEY_NAME = /^[^\s+\p{Z}\p{Cc}]+$/u;

/** SHA-256(name || 0x0A || algorithm || public key), its first four bytes in hex. */
export const keyHashOf = ({ name, algorithm, publicHex }: NoteKey): string =>
  createHash("sha256")
    .update(`${name}\n`)
    .update(Buffer.from([algorithm]))
    .update(Buffer.from(publicHex, "hex"))
    .digest("hex")
    .slice(0, 2 * KEY_HASH_BYTES);

/** `name+hash+base64`: how a key is given to whoever verifies. */
export function verifierKeyText(key: NoteKey): string {
  const bytes = Buffer.concat([Buffer.from([key.algorithm]), Buffer.from(key.publicHex, "hex")]);
  return `${key.name}+${keyHashOf(key)}+${toBase64(bytes)}`;
}

/** Reads what `verifierKeyText` writes; only the two algorithms that are used here. */
export function parseVerifierKey(text: string): Result<NoteKey, string> {
  const [name = "", hash = "", encoded = "", ...more] = splitKey(text);
  const bytes = fromBase64(encoded);
  if (!KEY_NAME.test(name) || bytes === undefined || bytes.length !== 1 + PUBLIC_KEY_BYTES || more.length > 0)
    return fail("a verifier key is written name+hash+base64");
  const [algorithm] = bytes;
  if (algorithm !== NOTE_ALGORITHMS.ed25519 && algorithm !== NOTE_ALGORITHMS.cosignature)
    return fail(`the key's algorithm is ${algorithm}; 1 (Ed25519) and 4 (cosignature) are known here`);
  const key: NoteKey = { name, algorithm, publicHex: Buffer.from(bytes.subarray(1)).toString("hex") };
  return keyHashOf(key) === hash ? ok(key) : fail("its hash is not that of its name and key");
}

/** Base64 has plus signs of its own. */
function splitKey(text: string): readonly string[] {
  const first = text.indexOf("+");
  const second = text.indexOf("+", first + 1);
  return first < 0 || second < 0 ? [] : [text.slice(0, first), text.slice(first + 1, second), text.slice(second + 1)];
}

export function printNote({ text, signatures }: SignedNote): string {
  return `${text}\n${signatures.map(signatureLine).join("")}`;
}

/** With its newline. */
export const signatureLine = ({ name, keyHash, bytes }: NoteSignature): string =>
  `${DASH}${name} ${toBase64(Buffer.concat([Buffer.from(keyHash, "hex"), bytes]))}\n`;

/** Signs as `0x01`. */
export const signNote = (text: string, { name, publicHex, sign }: NoteSigner): NoteSignature => ({
  ...{ name, keyHash: keyHashOf({ name, algorithm: NOTE_ALGORITHMS.ed25519, publicHex }) },
  bytes: Buffer.from(sign(text), "hex"),
});

/** Reads a note; nothing in it is to be believed before `verifiedBy` named a key. Never throws, whatever the text. */
export function parseNote(text: string): Result<SignedNote, string> {
  if (Buffer.byteLength(text) > MAX_NOTE_BYTES) return fail(`a note has at most ${MAX_NOTE_BYTES} bytes`);
  if (!text.isWellFormed()) return fail("a note is valid UTF-8");
  if (hasControls(text)) return fail("a note has no control characters but newlines");
  const end = text.lastIndexOf("\n\n");
  if (end < 0 || !text.endsWith("\n")) return fail("a note is a text, an empty line and signature lines");
  const lines = text.slice(end + 2, -1).split("\n");
  if (lines.length > MAX_NOTE_SIGNATURES) return fail(`a note has at most ${MAX_NOTE_SIGNATURES} signatures`);
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const signature = parseSignatureLine(`${line}\n`);
    if (signature === undefined)
      return fail("a signature line is written: em dash, name, base64 of key hash and signature");
    signatures.push(signature);
  }
  return ok({ text: text.slice(0, end + 1), signatures });
}

/** One line with its newline; undefined where it is none. */
export function parseSignatureLine(line: string): NoteSignature | undefined {
  const [name = "", encoded = "", ...more] = line.startsWith(DASH) ? line.slice(DASH.length).split(" ") : [];
  if (!KEY_NAME.test(name) || more.length > 0 || !encoded.endsWith("\n")) return undefined;
  const bytes = fromBase64(encoded.slice(0, -1));
  if (bytes === undefined || bytes.length <= KEY_HASH_BYTES) return undefined;
  const keyHash = Buffer.from(bytes.subarray(0, KEY_HASH_BYTES)).toString("hex");
  return { name, keyHash, bytes: bytes.subarray(KEY_HASH_BYTES) };
}

/**
 * Which of `keys` (all `0x01`) signed the note. Signatures of unknown keys are ignored, as the format asks; one of a known key
 * that does not hold refuses the note, and so does the absence of any.
 */
export function verifiedBy(
  note: SignedNote,
  keys: readonly NoteKey[],
  verify: VerifySignature,
): Result<readonly NoteKey[], string> {
  const found: NoteKey[] = [];
  for (const key of keys) {
    if (key.algorithm !== NOTE_ALGORITHMS.ed25519) continue;
    const signature = signatureBy(note, key);
    if (signature === undefined) continue;
    const hex = Buffer.from(signature.bytes).toString("hex");
    if (signature.bytes.length !== SIGNATURE_BYTES || !verify(key.publicHex, note.text, hex))
      return fail(`the signature of ${key.name} does not hold`);
    found.push(key);
  }
  return found.length > 0 ? ok(found) : fail("no known key signed it");
}

/** The first signature that names this key; whether it holds is not looked at. */
export function signatureBy(note: SignedNote, key: NoteKey): NoteSignature | undefined {
  const keyHash = keyHashOf(key);
  return note.signatures.find((one) => one.name === key.name && one.keyHash === keyHash);
}

const NEWLINE = 0x0a;
const SPACE = 0x20;

function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < SPACE && code !== NEWLINE) return true;
  }
  return false;
}
