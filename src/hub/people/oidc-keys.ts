import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { MaintError } from "../../base/maint-error.ts";
import {
  MAX_OIDC_KEYS,
  MAX_OIDC_KEYS_BYTES,
  OIDC_KEYS_COOLDOWN_MS,
  OIDC_KEYS_LIFE_MS,
  OIDC_KEYS_STALE_MS,
  OIDC_KEYS_TIMEOUT_MS,
} from "../../model/limits.ts";
import type { Clock } from "../ports.ts";
import { discoveryUrl, keySetIn, keysUrlIn, type OidcKeySource } from "./oidc-options.ts";

interface KeptKeys {
  readonly find: JWTVerifyGetKey;
  readonly atMs: number;
}

/**
 * The provider's public keys: asked for when they are needed, kept for OIDC_KEYS_LIFE_MS, asked for anew for a key that is
 * not among them at most once in OIDC_KEYS_COOLDOWN_MS, whatever strangers send. A provider that does not answer leaves the
 * kept ones in use until OIDC_KEYS_STALE_MS.
 * @throws MaintError MAINT_ERR_OIDC for a set in a file that is none
 */
export function oidcKeys(source: OidcKeySource, clock: Clock, ask: typeof fetch): JWTVerifyGetKey {
  if (source.kind === "set") return setOf(source.text);
  let kept: KeptKeys | undefined;
  let triedMs = Number.NEGATIVE_INFINITY;
  let asking: Promise<KeptKeys> | undefined;
  const askOnce = (): Promise<KeptKeys> => {
    triedMs = clock.nowMs();
    asking ??= keysText(source, ask)
      .then((text) => {
        kept = { find: setOf(text), atMs: clock.nowMs() };
        return kept;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
  const age = (): number => (kept === undefined ? Number.POSITIVE_INFINITY : clock.nowMs() - kept.atMs);
  const mayAsk = (): boolean => asking !== undefined || clock.nowMs() - triedMs >= OIDC_KEYS_COOLDOWN_MS;
  const current = async (isWanted: boolean): Promise<KeptKeys> => {
    if (kept !== undefined && !isWanted) return kept;
    try {
      if (!mayAsk()) throw unavailable("it did not answer a moment ago");
      return await askOnce();
    } catch (error) {
      if (kept !== undefined && age() < OIDC_KEYS_STALE_MS) return kept;
      throw error;
    }
  };
  return async (header, token) => {
    const { find } = await current(age() >= OIDC_KEYS_LIFE_MS);
    try {
      return await find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !mayAsk()) throw error;
      return (await current(true)).find(header, token);
    }
  };
}

/** The configuration is asked for with the keys, as seldom as they are: a provider may move them. */
async function keysText(source: Exclude<OidcKeySource, { kind: "set" }>, ask: typeof fetch): Promise<string> {
  if (source.kind === "url") return textAt(source.url, ask);
  return textAt(keysUrlIn(await textAt(discoveryUrl(source.issuer), ask), source.issuer), ask);
}

/** Only public keys that sign: a shared secret in the set verifies nothing. */
function setOf(text: string): JWTVerifyGetKey {
  const keys = keySetIn(text).keys.filter(({ kty }) => kty === "RSA" || kty === "EC" || kty === "OKP");
  if (keys.length === 0 || keys.length > MAX_OIDC_KEYS)
    throw new MaintError(
      "MAINT_ERR_OIDC",
      `the provider's set has ${keys.length} keys, 1 to ${MAX_OIDC_KEYS} were expected`,
    );
  return createLocalJWKSet({ keys } as JSONWebKeySet);
}

async function textAt(url: string, ask: typeof fetch): Promise<string> {
  try {
    const response = await ask(url, {
      headers: { accept: "application/json" },
      redirect: "error",
      signal: AbortSignal.timeout(OIDC_KEYS_TIMEOUT_MS),
    });
    if (!response.ok) throw unavailable(`it answered ${response.status}`);
    return await limitedText(response);
  } catch (error) {
    if (error instanceof MaintError) throw error;
    throw unavailable("it does not answer", error);
  }
}

/** A provider that sends without an end is cut off. */
async function limitedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > MAX_OIDC_KEYS_BYTES) throw unavailable(`it sends more than ${MAX_OIDC_KEYS_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

const unavailable = (why: string, cause?: unknown): MaintError =>
  new MaintError("MAINT_ERR_OIDC_KEYS", `the identity provider's keys cannot be had: ${why}`, {
    exitCode: 69,
    help: "a person's own token works without it",
    cause,
  });
