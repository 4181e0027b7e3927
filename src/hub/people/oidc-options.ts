import { parse } from "yaml";
import { z } from "zod";
import { MaintError } from "../../base/maint-error.ts";
import { parsePlainJson } from "../../base/strict-json.ts";
import { PERSON_ROLES } from "../../model/documents.ts";
import { MAX_OIDC_KEYS_BYTES } from "../../model/limits.ts";
import { nearest } from "../refusals.ts";

/** An OpenID Connect provider whose tokens name people, as the hub's administrator wrote it down. */
export interface OidcOptions {
  /** The `iss` of every token, to the letter. */
  readonly issuer: string;
  /** One of them stands in the token's `aud`. */
  readonly audience: readonly string[];
  readonly keys: OidcKeySource;
  readonly algorithms: readonly OidcAlgorithm[];
  readonly person: PersonRule;
  /** `known`: only whom the hub knows, with the roles it knows. `mapped`: whoever the provider names, with mapped roles. */
  readonly people: "known" | "mapped";
  /** Roles by what a claim says; with `known` they only take away. */
  readonly roles: RoleRule | null;
}

/** `issuer`: the provider itself says where its keys are. Source: OpenID Connect Discovery 1.0, 4. */
export type OidcKeySource =
  | { readonly kind: "issuer"; readonly issuer: string }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "set"; readonly text: string };

/** Which claim is the person's id, and what stands around it there: `STF-1@plant.example` is STF-1 behind a suffix. */
export interface PersonRule {
  readonly claim: string;
  readonly prefix: string;
  readonly suffix: string;
}

export interface RoleRule {
  readonly claim: string;
  readonly map: ReadonlyMap<string, readonly string[]>;
}

/** Signatures of a private key only: with a shared secret whoever can check a token could make one. */
export const OIDC_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const;
export type OidcAlgorithm = (typeof OIDC_ALGORITHMS)[number];
const USUAL: readonly OidcAlgorithm[] = ["RS256", "PS256", "ES256", "EdDSA"];

const word = z.string().min(1).max(256);
const list = z.union([word.transform((one) => [one]), z.array(word).min(1).max(16)]);
const schema = z.strictObject({
  issuer: z.string().max(2_000).refine(isHttpUrl, "is no address"),
  audience: list,
  jwks: z.string().max(2_000).refine(isSafeUrl, "is no https address (http only on this machine)").optional(),
  jwksFile: z.string().min(1).max(4_000).optional(),
  algorithms: z
    .array(z.enum(OIDC_ALGORITHMS, `has one of ${OIDC_ALGORITHMS.join(", ")}`))
    .min(1)
    .optional(),
  person: z.strictObject({
    claim: word,
    prefix: z.string().max(256).optional(),
    suffix: z.string().max(256).optional(),
  }),
  people: z.enum(["known", "mapped"], "is known or mapped").default("known"),
  roles: z.strictObject({ claim: word, map: z.record(word, list) }).optional(),
});

/**
 * Reads the configuration of `maint hub start --oidc`, YAML or JSON. `readKeys` answers the text of the file that `jwksFile` names.
 * @throws MaintError MAINT_ERR_OIDC naming the field
 */
export function oidcOptionsIn(text: string, file: string, readKeys: (path: string) => string): OidcOptions {
  const checked = schema.safeParse(readConfig(text, file));
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw wrong(`${file}: ${issue?.path.join(".") || "the file"} ${issue?.message ?? "does not fit"}`);
  }
  const { issuer, audience, jwks, jwksFile, algorithms = USUAL, person, people, roles } = checked.data;
  if (jwks !== undefined && jwksFile !== undefined)
    throw wrong(`${file}: say once where the provider's public keys are`, "jwks: an address, or jwksFile: a file");
  if (jwks === undefined && jwksFile === undefined && !isSafeUrl(issuer))
    throw wrong(
      `${file}: issuer is no https address (http only on this machine), so it cannot be asked where its keys are`,
      "jwks: an address, or jwksFile: a file",
    );
  if (people === "mapped" && roles === undefined)
    throw wrong(
      `${file}: people that are mapped get their roles from a claim`,
      "roles: {claim: groups, map: {qa-team: QA}}",
    );
  return {
    ...{ issuer, audience, algorithms, people },
    keys: sourceOf(issuer, jwks, jwksFile === undefined ? undefined : readKeys(jwksFile)),
    person: { claim: person.claim, prefix: person.prefix ?? "", suffix: person.suffix ?? "" },
    roles: roles === undefined ? null : { claim: roles.claim, map: roleMap(roles.map, file) },
  };
}

function sourceOf(issuer: string, url: string | undefined, text: string | undefined): OidcKeySource {
  if (text !== undefined) return { kind: "set", text };
  return url === undefined ? { kind: "issuer", issuer } : { kind: "url", url };
}

const wrong = (message: string, help?: string): MaintError =>
  new MaintError("MAINT_ERR_OIDC", message, help === undefined ? {} : { help });

function readConfig(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw wrong(`${file}: is neither YAML nor JSON: ${why}`);
  }
}

/** Roles in the hub's spelling. A misspelt one would be found out by somebody who may not do their work. */
function roleMap(given: { readonly [value: string]: readonly string[] }, file: string): RoleRule["map"] {
  const known = (role: string): string => {
    const found = PERSON_ROLES.find((one) => one.toLowerCase() === role.toLowerCase());
    if (found !== undefined) return found;
    const [near] = nearest(role, PERSON_ROLES);
    throw wrong(
      `${file}: roles.map: "${role}" is no role`,
      near === undefined ? `such as ${PERSON_ROLES.join(", ")}` : `did you mean ${near}?`,
    );
  };
  return new Map(Object.entries(given).map(([value, roles]) => [value, roles.map(known)]));
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/** Whoever can change these keys on their way is everybody. */
function isSafeUrl(text: string): boolean {
  if (!isHttpUrl(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || LOOPBACK.includes(hostname);
}

const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.string() });

/** Where a provider's own configuration is. Source: OpenID Connect Discovery 1.0, 4.1. */
export const discoveryUrl = (issuer: string): string => `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;

/**
 * Where the provider's configuration says that its keys are. That of another issuer is none: whoever could answer so would sign for
 * everybody. Source: OpenID Connect Discovery 1.0, 4.3. @throws MaintError MAINT_ERR_OIDC
 */
export function keysUrlIn(text: string, issuer: string): string {
  const json = parsePlainJson(text, { maxLength: MAX_OIDC_KEYS_BYTES });
  if (!json.ok) throw wrong(`the provider's configuration, line ${json.error.line}: ${json.error.message}`);
  const checked = discoverySchema.safeParse(json.value);
  if (!checked.success) throw wrong("the provider's configuration names no issuer or no jwks_uri");
  const { issuer: named, jwks_uri: url } = checked.data;
  if (named !== issuer) throw wrong(`the provider's configuration is of ${named}, not of ${issuer}`);
  if (!isSafeUrl(url)) throw wrong(`the provider's jwks_uri is no https address (http only on this machine): ${url}`);
  return url;
}

/** What a key set says, before it is one. @throws MaintError MAINT_ERR_OIDC */
export function keySetIn(text: string): { readonly keys: readonly { readonly [member: string]: unknown }[] } {
  const json = parsePlainJson(text, { maxLength: MAX_OIDC_KEYS_BYTES });
  if (!json.ok) throw wrong(`the provider's keys, line ${json.error.line}: ${json.error.message}`);
  const checked = z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).safeParse(json.value);
  if (!checked.success) throw wrong("the provider's keys are no JSON web key set", "an object with a list under keys");
  return checked.data;
}
