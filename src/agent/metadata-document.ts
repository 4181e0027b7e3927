import { createHash, createPublicKey } from "node:crypto";
import { parsePlainJson } from "../base/strict-json.ts";
import type { Digest } from "../model/ids.ts";
import { MAX_METADATA_BYTES } from "../model/limits.ts";
import type { RejectionReason } from "../model/message.ts";
import { type Rejection, rejection } from "./rejection.ts";

/** The bytes with a digest, or undefined where they are not there. Callers need not have checked the digest. */
export type BytesOf = (digest: Digest) => Uint8Array | undefined;

export const digestOf = (bytes: Uint8Array): Digest => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Carries a refusal out of a verification; whoever verifies catches it. */
export class Refused extends Error {
  readonly rejection: Rejection;
  constructor(reason: RejectionReason, detail: string) {
    super(detail);
    this.rejection = rejection(reason, detail);
  }
}

export interface MetadataDocument {
  readonly bytes: Buffer;
  readonly version: number;
}

/** Source: reliability.md case 05; whatever is larger is no version that a repository got to by counting. */
const MAX_METADATA_VERSION = 2 ** 31 - 1;
/** RFC 3339: TUF asks for whole seconds in UTC, and some repositories write fractions or an offset. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * What can be said of a document before anybody's key is asked: its bytes are those of its digest, not too many, strict JSON
 * that carries a signature, and its version and expiry are spelled so that no two readers differ. @throws Refused
 */
export function readDocument(
  bytesOf: BytesOf,
  digest: Digest,
  kind: keyof typeof MAX_METADATA_BYTES,
  name: string = kind,
): MetadataDocument {
  const bytes = bytesOf(digest);
  if (bytes === undefined) throw new Refused("metadata-mismatch", `${name}: the bytes of ${digest} are not there`);
  if (bytes.length > MAX_METADATA_BYTES[kind])
    throw new Refused("format-unsupported", `${name}: ${bytes.length} bytes are too many`);
  if (digestOf(bytes) !== digest) throw new Refused("digest-mismatch", `${name}: the bytes are not those of ${digest}`);
  const { signatures, signed } = parseObject(bytes, name);
  const present = Array.isArray(signatures) ? signatures.filter(isSignature) : [];
  if (present.length === 0) throw new Refused("signature-missing", `${name}: carries no signature`);
  return { bytes: Buffer.from(bytes), version: versionOf(signed, name) };
}

/** The version of a document that is trusted as it is. @throws Refused */
export const versionIn = (bytes: Uint8Array, name: string): number =>
  versionOf(parseObject(bytes, name)["signed"], name);

function versionOf(signed: unknown, name: string): number {
  const { version, expires } = (typeof signed === "object" && signed !== null ? signed : {}) as {
    readonly [field: string]: unknown;
  };
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1)
    throw new Refused("format-unsupported", `${name}: has no version`);
  if (version > MAX_METADATA_VERSION) throw new Refused("format-unsupported", `${name}: version out of range`);
  if (typeof expires !== "string" || !INSTANT.test(expires))
    throw new Refused("format-unsupported", `${name}: has no expiry that can be read`);
  return version;
}

const isSignature = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as { sig?: unknown }).sig === "string" &&
  (value as { sig: string }).sig !== "";

function parseObject(bytes: Uint8Array, name: string): { readonly [key: string]: unknown } {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refused("format-unsupported", `${name}: is no UTF-8`);
  }
  const parsed = parsePlainJson(text);
  if (!parsed.ok)
    throw new Refused(
      "format-unsupported",
      `${name}: is no JSON that one reader reads as another: ${parsed.error.message}`,
    );
  if (typeof parsed.value !== "object" || parsed.value === null || Array.isArray(parsed.value))
    throw new Refused("format-unsupported", `${name}: is no JSON object`);
  return parsed.value as { readonly [key: string]: unknown };
}

/** As tuf-js reads a key. */
interface PublicKey<Document> {
  readonly keyType: string;
  readonly keyVal: { readonly [part: string]: string };
  readonly verifySignature: (document: Document) => void;
}

/**
 * Of the keys that a role names, how many different ones signed. tuf-js counts ids, so that one key under two ids would stand
 * for two people. Source: reliability.md case 12.
 */
export function distinctSigners<Document>(
  keyIds: readonly string[],
  keys: { readonly [keyId: string]: PublicKey<Document> },
  document: Document,
): number {
  const signed = keyIds.flatMap((keyId) => {
    const key = Object.hasOwn(keys, keyId) ? keys[keyId] : undefined;
    return key !== undefined && holds(key, document) ? [material(key)] : [];
  });
  return new Set(signed).size;
}

function holds<Document>(key: PublicKey<Document>, document: Document): boolean {
  try {
    key.verifySignature(document);
    return true;
  } catch {
    return false;
  }
}

/** The same text for the same key, as hex of any case, with a point in either form, or as PEM. */
function material({ keyType, keyVal }: PublicKey<never>): string {
  const text = keyVal["public"] ?? "";
  if (text.startsWith("-----BEGIN")) {
    const key = createPublicKey(text);
    const { modulusLength } = key.asymmetricKeyDetails ?? {};
    // The modulus and a common exponent, which stand last whether the key is called RSA or RSA-PSS.
    if (modulusLength !== undefined)
      return key
        .export({ format: "der", type: "spki" })
        .subarray(-(modulusLength / 8 + 5))
        .toString("base64url");
    return key.export({ format: "jwk" }).x ?? text;
  }
  const bytes = Buffer.from(text, "hex");
  if (keyType === "ed25519") return bytes.toString("base64url");
  // A point on a curve: 4, x, y, or 2 or 3 and x alone.
  return bytes.subarray(1, bytes[0] === 4 ? (bytes.length + 1) / 2 : bytes.length).toString("base64url");
}
