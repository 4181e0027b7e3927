import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { makeSecretFile } from "./secret-file.ts";

const SHA256_HEX = /^[0-9a-f]{64}$/;

/** A bearer token and what the other side keeps of it. */
export interface Token {
  /** `<id>:<43 characters>`; the second part is 32 random bytes in base64url. */
  readonly token: string;
  /** SHA-256, hex, of the whole token string. */
  readonly sha256: string;
}

/** A fresh token for a person, or for a node's own test programs. `id` satisfies `isPersonId`. */
export function makeToken(id: string): Token {
  const token = `${id}:${randomBytes(32).toString("base64url")}`;
  return { token, sha256: tokenSha256(token) };
}

export const tokenSha256 = (token: string): string => hash("sha256", token, "hex");

/** Compares in constant time, so that nobody learns a token digit by digit. `sha256` is what was kept. */
export function tokenMatches(token: string, sha256: string): boolean {
  if (!SHA256_HEX.test(sha256)) return false;
  return timingSafeEqual(hash("sha256", token, "buffer"), Buffer.from(sha256, "hex"));
}

/**
 * Makes a fresh token and its file, 0600. Never replaces one.
 * @throws MaintError MAINT_ERR_SECRET_EXISTS when the file is there
 */
export function createTokenFile(path: string, id: string): Token {
  const token = makeToken(id);
  makeSecretFile(path, `${token.token}\n`);
  return token;
}

/** Writes a token somebody else made (the hub, for an added person) to its file, 0600. */
export const writeTokenFile = (path: string, token: string): void => makeSecretFile(path, `${token}\n`);
