import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import type { MaintError } from "../../base/maint-error.ts";
import { isPersonId } from "../../model/ids.ts";
import { MAX_OIDC_TOKEN_LENGTH, OIDC_CLOCK_TOLERANCE_MS, OIDC_TOKEN_LIFE_MS } from "../../model/limits.ts";
import type { Clock, Principal } from "../ports.ts";
import { forbidden, unauthorized } from "../refusals.ts";
import { oidcKeys } from "./oidc-keys.ts";
import type { OidcAlgorithm, OidcOptions, PersonRule, RoleRule } from "./oidc-options.ts";

/** Why a provider's token is refused; docs/operation.md says what to do about each. */
export const OIDC_REFUSALS = [
  "malformed",
  "unsigned",
  "algorithm",
  "unknown-key",
  "bad-signature",
  "wrong-issuer",
  "wrong-audience",
  "expired",
  "not-yet-valid",
  "claim-missing",
  "no-person",
  "unknown-person",
] as const;
export type OidcRefusal = (typeof OIDC_REFUSALS)[number];

/** Tells who somebody is by a token of the plant's identity provider. It gives identity, never a signature. */
export interface Oidc {
  /**
   * The person a token names, with their roles.
   * @throws MaintError UNAUTHORIZED with one of OIDC_REFUSALS, FORBIDDEN where no role is left, MAINT_ERR_OIDC_KEYS while the
   * provider's keys cannot be had. No message holds a token.
   */
  readonly authenticate: (token: string) => Promise<Principal>;
}

/** `rolesOf` answers what the hub knows of a person; undefined for nobody. */
export function createOidc(
  options: OidcOptions,
  ports: {
    readonly clock: Clock;
    readonly fetch: typeof fetch;
    readonly rolesOf: (person: string) => Promise<readonly string[] | undefined>;
  },
): Oidc {
  const keys = oidcKeys(options.keys, ports.clock, ports.fetch);
  return {
    async authenticate(token) {
      checkHeader(token, options.algorithms);
      const { payload } = await jwtVerify(token, keys, {
        ...{ issuer: options.issuer, audience: [...options.audience], algorithms: [...options.algorithms] },
        requiredClaims: ["exp", "iat"],
        ...{ clockTolerance: OIDC_CLOCK_TOLERANCE_MS / 1_000, maxTokenAge: OIDC_TOKEN_LIFE_MS / 1_000 },
        currentDate: new Date(ports.clock.nowMs()),
      }).catch((error: unknown) => {
        throw refusalOf(error);
      });
      const id = personIn(payload, options.person);
      const own = await ports.rolesOf(id);
      if (own === undefined && options.people === "known")
        throw refused("unknown-person", `the hub knows no ${id}`, `maint person add ${id} --role …`);
      const roles = rolesFor(payload, options, own);
      if (roles.length === 0)
        throw forbidden(`${id} has no role here`, "the provider's groups are mapped to roles by --oidc");
      return { id, roles };
    },
  };
}

const refused = (reason: OidcRefusal, why: string, help?: string): MaintError =>
  unauthorized(`the token is refused (${reason}): ${why}`, help);

/** What decides about keys is looked at before any key is: none is fetched for a token that cannot count. */
function checkHeader(token: string, allowed: readonly OidcAlgorithm[]): void {
  if (token.length > MAX_OIDC_TOKEN_LENGTH) throw refused("malformed", "it is too long");
  let alg: string | undefined;
  try {
    ({ alg } = decodeProtectedHeader(token));
  } catch {
    throw refused("malformed", "its header cannot be read");
  }
  if (alg === undefined || alg.toLowerCase() === "none") throw refused("unsigned", "nobody has signed it");
  if (!allowed.some((one) => one === alg))
    throw refused("algorithm", `it is signed in a way that is not allowed here: ${allowed.join(", ")} are`);
}

/** What jose throws, as a word of the closed list. */
function refusalOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired)
    return error.claim === "iat" ? tooOld() : refused("expired", "it has run out", "sign in again");
  if (error instanceof errors.JWTClaimValidationFailed) return claimRefusal(error);
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return refused("bad-signature", "its signature does not hold");
  if (error instanceof errors.JWKSNoMatchingKey)
    return refused("unknown-key", "the provider lists no key that could have signed it");
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return refused("unknown-key", "it does not say which of the provider's keys signed it");
  if (error instanceof errors.JOSEError || error instanceof TypeError)
    return refused("malformed", "it is no token that can be checked");
  return error;
}

const tooOld = (): MaintError =>
  refused("expired", "it was issued longer ago than any token is good for", "sign in again");

function claimRefusal({ claim, reason }: errors.JWTClaimValidationFailed): MaintError {
  if (reason === "missing") return refused("claim-missing", `it has no ${claim}`);
  switch (claim) {
    case "iss":
      return refused("wrong-issuer", "another issuer made it");
    case "aud":
      return refused("wrong-audience", "it is meant for another application");
    case "nbf":
    case "iat":
      return refused("not-yet-valid", "it is of a time that has not come", "look at both clocks");
    default:
      return refused("claim-missing", `its ${claim} does not fit`);
  }
}

/** By its whole name, which may hold dots, else member by member. Never what an object has from its prototype. */
function claimIn(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let found: unknown = payload;
  for (const member of name.split(".")) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, member)) return undefined;
    found = (found as { readonly [member: string]: unknown })[member];
  }
  return found;
}

function personIn(payload: JWTPayload, { claim, prefix, suffix }: PersonRule): string {
  const said = claimIn(payload, claim);
  if (typeof said !== "string" || said === "") throw refused("no-person", `it has no ${claim}`);
  const isFramed = said.length > prefix.length + suffix.length && said.startsWith(prefix) && said.endsWith(suffix);
  const id = isFramed ? said.slice(prefix.length, said.length - suffix.length) : "";
  if (!isPersonId(id)) throw refused("no-person", `its ${claim} names nobody by the rule of --oidc`);
  return id;
}

/** With people that the hub knows, the provider takes roles away and adds none. */
function rolesFor(
  payload: JWTPayload,
  { people, roles }: Pick<OidcOptions, "people" | "roles">,
  own: readonly string[] = [],
): readonly string[] {
  if (roles === null) return own;
  const mapped = mappedRoles(payload, roles);
  return people === "mapped" ? mapped : own.filter((role) => mapped.includes(role));
}

function mappedRoles(payload: JWTPayload, { claim, map }: RoleRule): readonly string[] {
  const said = claimIn(payload, claim);
  const values: readonly unknown[] = Array.isArray(said) ? said : [said];
  return [...new Set(values.flatMap((value) => (typeof value === "string" ? (map.get(value) ?? []) : [])))];
}
