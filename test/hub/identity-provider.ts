import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];

/** An identity provider as far as a hub sees one: keys over real HTTP, and tokens signed with them. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly jwksUrl: string;
  /** How often it was asked for its keys. */
  readonly asked: () => number;
  /** Signed with its current key; what is given replaces the usual claims and header. */
  readonly token: (
    claims?: { readonly [claim: string]: unknown },
    header?: { readonly [member: string]: unknown },
  ) => Promise<string>;
  /** From now on another key signs, and it alone is listed. */
  readonly rotate: () => Promise<void>;
  readonly publicKeys: () => { readonly keys: readonly JWK[] };
  /** Answers requests for its keys otherwise. */
  readonly answer: (how: ((response: ServerResponse) => void) | null) => void;
  /** What its configuration says, above what is usual. */
  readonly configure: (change: { readonly [member: string]: unknown }) => void;
  readonly stop: () => Promise<void>;
}

export const AUDIENCE = "maint-hub";

export async function startProvider(nowMs: () => number, alg = "RS256"): Promise<IdentityProvider> {
  let count = 0;
  let kid = "";
  let signs: PrivateKey;
  let keys: readonly JWK[] = [];
  let other: ((response: ServerResponse) => void) | null = null;
  let made = 0;
  const rotate = async (): Promise<void> => {
    const pair = await generateKeyPair(alg, { extractable: true });
    made += 1;
    kid = `key-${made}`;
    signs = pair.privateKey;
    keys = [{ ...(await exportJWK(pair.publicKey)), kid, alg, use: "sig" }];
  };
  await rotate();
  let configured: { readonly [member: string]: unknown } = {};
  const server = createServer(({ url }, response) => {
    if (url === "/realms/plant/.well-known/openid-configuration") {
      const usual = { issuer, jwks_uri: `${issuer}/certs`, response_types_supported: ["code"] };
      response.end(JSON.stringify({ ...usual, ...configured }));
      return;
    }
    count += 1;
    if (other !== null) return other(response);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realms/plant`;
  return {
    ...{ issuer, jwksUrl: `${issuer}/certs`, rotate },
    asked: () => count,
    publicKeys: () => ({ keys }),
    token: (claims = {}, header = {}) => {
      const iat = Math.floor(nowMs() / 1_000);
      const usual = { iss: issuer, aud: AUDIENCE, sub: "u-1", preferred_username: "STF-1", iat, exp: iat + 300 };
      return new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg, kid, ...header }).sign(signs);
    },
    answer: (how) => {
      other = how;
    },
    configure: (change) => {
      configured = change;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
