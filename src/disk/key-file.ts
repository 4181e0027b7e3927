import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { canonicalJson } from "../base/canonical-json.ts";
import { MaintError } from "../base/maint-error.ts";
import { MAX_KNOWN_KEYS } from "../model/limits.ts";
import { readSecretFile } from "./read-secret.ts";
import { makeSecretFile } from "./secret-file.ts";

/** Who signed, for everybody to see. */
export interface PublicKey {
  /** TUF key id: SHA-256, hex, over the canonical key object. */
  readonly keyId: string;
  /** 32 bytes, hex. */
  readonly publicHex: string;
}

/** An Ed25519 key pair in memory. The private half is an opaque handle that neither prints nor serialises. */
export interface SigningKey extends PublicKey {
  readonly privateKey: KeyObject;
}

/** A key as TUF metadata lists it. Source: TUF 1.0.34 section 4.2. */
export interface TufKeyObject {
  readonly keytype: "ed25519";
  readonly scheme: "ed25519";
  readonly keyval: { readonly public: string };
}

export const tufKeyObject = (publicHex: string): TufKeyObject => ({
  keytype: "ed25519",
  scheme: "ed25519",
  keyval: { public: publicHex },
});

/** RFC 8785 and TUF's own canonical JSON agree on this object: plain ASCII strings, no number. */
export const keyIdOf = (publicHex: string): string =>
  createHash("sha256")
    .update(canonicalJson(tufKeyObject(publicHex)))
    .digest("hex");

/** The public half of an Ed25519 key object, private or public. */
export function tufKey(key: KeyObject): PublicKey {
  const x = key.export({ format: "jwk" }).x;
  if (key.asymmetricKeyType !== "ed25519" || x === undefined)
    throw new MaintError("MAINT_ERR_KEY", "not an Ed25519 key");
  const publicHex = Buffer.from(x, "base64url").toString("hex");
  return { keyId: keyIdOf(publicHex), publicHex };
}

/** A fresh key pair that lies nowhere. */
export function makeSigningKey(): SigningKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  return { ...tufKey(privateKey), privateKey };
}

/**
 * Makes a key pair and its file: PKCS8 PEM, 0600, durable. Never replaces one.
 * @throws MaintError MAINT_ERR_SECRET_EXISTS when the file is there
 */
export function createKeyFile(path: string): SigningKey {
  const key = makeSigningKey();
  makeSecretFile(path, String(key.privateKey.export({ format: "pem", type: "pkcs8" })));
  return key;
}

/** @throws MaintError MAINT_ERR_SECRET_MODE when others may read it, MAINT_ERR_KEY when it holds no Ed25519 key */
export function loadKeyFile(path: string): SigningKey {
  const pem = readSecretFile(path);
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: pem, format: "pem", type: "pkcs8" });
  } catch {
    // The cause is left out on purpose: OpenSSL's words may quote the file.
    throw new MaintError("MAINT_ERR_KEY", `${path}: holds no private key in PKCS8 PEM`);
  }
  if (privateKey.asymmetricKeyType !== "ed25519") throw new MaintError("MAINT_ERR_KEY", `${path}: not an Ed25519 key`);
  return { ...tufKey(privateKey), privateKey };
}

/** Ed25519 over the bytes (UTF-8 of a string), 128 lower-case hex digits. */
export const signHex = (key: SigningKey, content: string | Uint8Array): string =>
  sign(null, typeof content === "string" ? Buffer.from(content) : content, key.privateKey).toString("hex");

/** Ed25519 over the bytes, base64url without padding: what `hello` carries. */
export const signBase64Url = (key: SigningKey, content: string | Uint8Array): string =>
  Buffer.from(signHex(key, content), "hex").toString("base64url");

const PUBLIC_HEX = /^[0-9a-f]{64}$/;
const SIGNATURE_HEX = /^[0-9a-f]{128}$/;
const SIGNATURE_BASE64URL = /^[A-Za-z0-9_-]{86}$/;

/** False for anything that is not a good signature, malformed input included; never throws. */
export function verifyHex(publicHex: string, content: string | Uint8Array, signatureHex: string): boolean {
  if (!PUBLIC_HEX.test(publicHex) || !SIGNATURE_HEX.test(signatureHex)) return false;
  try {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    return verify(null, bytes, publicKeyOf(publicHex), Buffer.from(signatureHex, "hex"));
  } catch {
    return false;
  }
}

/** Making one takes half as long as verifying by it, and the same nodes come again and again. */
const knownKeys = new Map<string, KeyObject>();

/** @throws what the crypto library says of 32 bytes that are no key */
function publicKeyOf(publicHex: string): KeyObject {
  const known = knownKeys.get(publicHex);
  if (known !== undefined) return known;
  const x = Buffer.from(publicHex, "hex").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  if (knownKeys.size === MAX_KNOWN_KEYS) knownKeys.delete(knownKeys.keys().next().value ?? "");
  knownKeys.set(publicHex, key);
  return key;
}

/** As `verifyHex`, for a signature in base64url. */
export const verifyBase64Url = (publicHex: string, content: string | Uint8Array, signature: string): boolean =>
  SIGNATURE_BASE64URL.test(signature) &&
  verifyHex(publicHex, content, Buffer.from(signature, "base64url").toString("hex"));

/** Whether a text is an Ed25519 public key as it travels: 64 hex digits. */
export const isPublicHex = (text: unknown): text is string => typeof text === "string" && PUBLIC_HEX.test(text);
