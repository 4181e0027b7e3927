import { createHmac, createPublicKey, generateKeyPairSync } from "node:crypto";
import { importPKCS8, type JWTPayload, SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createOidc, type OidcRefusal } from "../../src/hub/people/oidc.ts";
import { type OidcOptions, oidcOptionsIn } from "../../src/hub/people/oidc-options.ts";
import {
  MAX_OIDC_KEYS_BYTES,
  OIDC_CLOCK_TOLERANCE_MS,
  OIDC_KEYS_COOLDOWN_MS,
  OIDC_KEYS_LIFE_MS,
  OIDC_KEYS_STALE_MS,
  OIDC_TOKEN_LIFE_MS,
} from "../../src/model/limits.ts";
import { type HubBench, hubBench } from "./hub-fixture.ts";
import { AUDIENCE, type IdentityProvider, startProvider } from "./identity-provider.ts";

let aheadMs = 0;
const clock = { nowMs: () => Date.now() + aheadMs };
const nowS = () => Math.floor(clock.nowMs() / 1_000);
let provider: IdentityProvider;
beforeAll(async () => {
  provider = await startProvider(clock.nowMs);
});
afterAll(() => provider.stop());
beforeEach(() => {
  aheadMs = 0;
  provider.answer(null);
  provider.configure({});
});

const people = new Map([
  ["STF-1", ["operator", "QA"]],
  ["QA-9", ["approver"]],
]);
const options = (change: object = {}): OidcOptions =>
  oidcOptionsIn(
    JSON.stringify({
      ...{ issuer: provider.issuer, audience: AUDIENCE, jwks: provider.jwksUrl },
      ...{ person: { claim: "preferred_username" }, ...change },
    }),
    "oidc.yaml",
    () => JSON.stringify(provider.publicKeys()),
  );
const opened = (change: object = {}) =>
  createOidc(options(change), { clock, fetch, rolesOf: async (id) => people.get(id) });
const message = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    (value) => `taken: ${JSON.stringify(value)}`,
    (error: Error & { readonly code: string }) => `${error.code}: ${error.message}`,
  );

test("a token of the provider is the person the hub knows, with the roles the hub knows", async () => {
  expect(await opened().authenticate(await provider.token())).toEqual({ id: "STF-1", roles: ["operator", "QA"] });
});

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Signed as if the provider's public key were a shared secret, which a careless verifier takes. */
async function confused(): Promise<string> {
  const [jwk] = provider.publicKeys().keys;
  const pem = createPublicKey({ key: jwk as never, format: "jwk" }).export({ format: "pem", type: "spki" });
  const head = `${base64({ alg: "HS256", kid: jwk?.kid })}.${(await provider.token()).split(".")[1]}`;
  return `${head}.${createHmac("sha256", pem).update(head).digest("base64url")}`;
}

/** Somebody else's key under the name of the provider's. */
async function forged(): Promise<string> {
  const pem = String(
    generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs8" }),
  );
  const claims = JSON.parse(
    Buffer.from((await provider.token()).split(".")[1] ?? "", "base64url").toString(),
  ) as JWTPayload;
  const kid = provider.publicKeys().keys[0]?.kid ?? "";
  return new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid }).sign(await importPKCS8(pem, "RS256"));
}

const swapped = async (part: 0 | 1, value: object): Promise<string> => {
  const parts = (await provider.token()).split(".");
  parts[part] = base64(value);
  return parts.join(".");
};

const refusals: readonly (readonly [what: string, reason: OidcRefusal, token: () => Promise<string>])[] = [
  [
    "one that has run out",
    "expired",
    () => provider.token({ iat: nowS() - 900, exp: nowS() - 61 - OIDC_CLOCK_TOLERANCE_MS / 1_000 }),
  ],
  [
    "one that was good for too long",
    "expired",
    () => provider.token({ iat: nowS() - OIDC_TOKEN_LIFE_MS / 1_000 - 120, exp: nowS() + 9_000 }),
  ],
  ["one of tomorrow", "not-yet-valid", () => provider.token({ nbf: nowS() + 3_600 })],
  ["one issued tomorrow", "not-yet-valid", () => provider.token({ iat: nowS() + 3_600, exp: nowS() + 4_000 })],
  ["another issuer's", "wrong-issuer", () => provider.token({ iss: "https://elsewhere.example" })],
  ["one with a longer issuer", "wrong-issuer", () => provider.token({ iss: `${provider.issuer}/` })],
  ["one for another application", "wrong-audience", () => provider.token({ aud: ["mail", "maint-hub2"] })],
  ["one for nobody in particular", "claim-missing", () => provider.token({ aud: undefined })],
  ["one that never ends", "claim-missing", () => provider.token({ exp: undefined })],
  ["one of no time", "claim-missing", () => provider.token({ iat: undefined })],
  [
    "one without a signature",
    "unsigned",
    async () => `${(await swapped(0, { alg: "none" })).split(".").slice(0, 2).join(".")}.`,
  ],
  [
    "none in another spelling",
    "unsigned",
    async () => `${(await swapped(0, { alg: "nOnE" })).split(".").slice(0, 2).join(".")}.`,
  ],
  ["one that names no algorithm", "unsigned", () => swapped(0, { kid: "key-1" })],
  ["the public key as a shared secret", "algorithm", confused],
  ["an algorithm that is not on the list", "algorithm", () => swapped(0, { alg: "RS384", kid: "key-1" })],
  ["a key that the provider does not list", "unknown-key", () => provider.token({}, { kid: "key-99" })],
  ["another key under a listed name", "bad-signature", forged],
  ["claims that were changed", "bad-signature", () => swapped(1, { preferred_username: "QA-9" })],
  ["a header that is none", "malformed", async () => "e30x.e30.e30"],
  [
    "a critical header that nobody knows",
    "malformed",
    () =>
      provider
        .token({}, { crit: ["later"], later: true })
        .catch(() => swapped(0, { alg: "RS256", crit: ["later"], later: 1 })),
  ],
  ["nobody", "no-person", () => provider.token({ preferred_username: undefined })],
  ["a person who is a number", "no-person", () => provider.token({ preferred_username: 7 })],
  ["a name that is no id", "no-person", () => provider.token({ preferred_username: "../admin" })],
  ["a person whom the hub does not know", "unknown-person", () => provider.token({ preferred_username: "STF-99" })],
  ["what every object has", "unknown-person", () => provider.token({ preferred_username: "constructor" })],
];

test.each(refusals)("%s: %s", async (_, reason, token) => {
  const sent = await token();
  const said = await message(opened().authenticate(sent));
  expect(said).toMatch(`MAINT_ERR_UNAUTHORIZED: the token is refused (${reason})`);
  for (const part of sent.split(".").filter((one) => one.length > 8)) expect(said).not.toContain(part);
});

test("a clock that differs by less than the tolerance is no reason", async () => {
  const oidc = opened();
  const edge = OIDC_CLOCK_TOLERANCE_MS / 1_000 - 2;
  expect(await message(oidc.authenticate(await provider.token({ exp: nowS() - edge })))).toMatch(/^taken/);
  expect(await message(oidc.authenticate(await provider.token({ nbf: nowS() + edge })))).toMatch(/^taken/);
});

test.each(["ES256", "PS256", "EdDSA"])("a provider that signs with %s", async (alg) => {
  const other = await startProvider(clock.nowMs, alg);
  try {
    const oidc = opened({ issuer: other.issuer, jwks: other.jwksUrl });
    expect(await message(oidc.authenticate(await other.token()))).toMatch(/^taken/);
    const only = opened({ issuer: other.issuer, jwks: other.jwksUrl, algorithms: ["RS256"] });
    expect(await message(only.authenticate(await other.token()))).toMatch(/refused \(algorithm\)/);
  } finally {
    await other.stop();
  }
});

describe("the provider's keys", () => {
  test("are asked for once, however many come", async () => {
    const oidc = opened();
    const before = provider.asked();
    const token = await provider.token();
    await Promise.all(Array.from({ length: 20 }, () => oidc.authenticate(token)));
    await oidc.authenticate(token);
    expect(provider.asked() - before).toBe(1);
  });

  test("are asked for anew by age, and for a name that is not among them once in a while", async () => {
    const oidc = opened();
    await oidc.authenticate(await provider.token());
    const before = provider.asked();
    const strange = await provider.token({}, { kid: "key-77" });
    for (let times = 0; times < 5; times++) await message(oidc.authenticate(strange));
    expect(provider.asked() - before).toBe(0);
    aheadMs += OIDC_KEYS_COOLDOWN_MS;
    for (let times = 0; times < 5; times++) await message(oidc.authenticate(strange));
    expect(provider.asked() - before).toBe(1);
    aheadMs += OIDC_KEYS_LIFE_MS;
    expect(await message(oidc.authenticate(await provider.token()))).toMatch(/^taken/);
    expect(provider.asked() - before).toBe(2);
  });

  test("may be exchanged: the new one counts after the cooldown, the old one no more", async () => {
    const oidc = opened();
    const old = await provider.token();
    await oidc.authenticate(old);
    await provider.rotate();
    const fresh = await provider.token();
    expect(await message(oidc.authenticate(fresh))).toMatch(/unknown-key/);
    aheadMs += OIDC_KEYS_COOLDOWN_MS;
    expect(await message(oidc.authenticate(fresh))).toMatch(/^taken/);
    expect(await message(oidc.authenticate(old))).toMatch(/unknown-key/);
  });

  test("stay in use for a while where the provider does not answer, and no longer", async () => {
    const oidc = opened();
    await oidc.authenticate(await provider.token());
    provider.answer((response) => response.destroy());
    aheadMs += OIDC_KEYS_STALE_MS - 10_000;
    expect(await message(oidc.authenticate(await provider.token()))).toMatch(/^taken/);
    aheadMs += OIDC_KEYS_COOLDOWN_MS;
    expect(await message(oidc.authenticate(await provider.token()))).toMatch(/MAINT_ERR_OIDC_KEYS: .* does not answer/);
    provider.answer(null);
    aheadMs += OIDC_KEYS_COOLDOWN_MS;
    expect(await message(oidc.authenticate(await provider.token()))).toMatch(/^taken/);
  });

  const strange: readonly (readonly [string, Parameters<IdentityProvider["answer"]>[0], RegExp])[] = [
    ["an error", (response) => void response.writeHead(500).end(), /answered 500/],
    [
      "a way elsewhere",
      (response) => void response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
      /does not answer/,
    ],
    ["too much", (response) => void response.end("x".repeat(MAX_OIDC_KEYS_BYTES + 1)), /sends more than/],
    ["no JSON", (response) => void response.end("<html>"), /MAINT_ERR_OIDC: the provider's keys, line 1/],
    ["doubled keys", (response) => void response.end('{"keys":[],"keys":[]}'), /MAINT_ERR_OIDC/],
    ["no key set", (response) => void response.end("{}"), /no JSON web key set/],
    [
      "shared secrets only",
      (response) => void response.end('{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"key-1"}]}'),
      /has 0 keys/,
    ],
    [
      "a thousand keys",
      (response) => void response.end(JSON.stringify({ keys: Array(1_000).fill({ kty: "RSA" }) })),
      /has 1000 keys/,
    ],
  ];
  test.each(strange)("%s instead of keys lets nobody in", async (_, how, says) => {
    provider.answer(how);
    expect(await message(opened().authenticate(await provider.token()))).toMatch(says);
  });

  test("are where the provider's own configuration says", async () => {
    const before = provider.asked();
    const oidc = opened({ jwks: undefined });
    for (let times = 0; times < 3; times++)
      expect(await message(oidc.authenticate(await provider.token()))).toMatch(/^taken/);
    expect(provider.asked() - before).toBe(1);
  });

  const configurations: readonly (readonly [string, { readonly [member: string]: unknown }, RegExp])[] = [
    ["another issuer's", { issuer: "https://elsewhere.example" }, /is of https:\/\/elsewhere.example, not of/],
    ["the same with a slash more", { issuer: "http://127.0.0.1/realms/plant/" }, /not of/],
    ["one without keys", { jwks_uri: undefined }, /names no issuer or no jwks_uri/],
    ["one whose keys come over an open line", { jwks_uri: "http://id.example/certs" }, /jwks_uri is no https address/],
    ["one whose keys are a file", { jwks_uri: "file:///etc/passwd" }, /jwks_uri is no https address/],
    ["one whose keys are nowhere", { jwks_uri: "http://127.0.0.1:1/certs" }, /does not answer/],
  ];
  test.each(configurations)("a configuration is refused: %s", async (_, change, says) => {
    provider.configure(change);
    const before = provider.asked();
    expect(await message(opened({ jwks: undefined }).authenticate(await provider.token()))).toMatch(says);
    expect(provider.asked()).toBe(before);
  });

  test("may lie in a file, and are then asked of nobody", async () => {
    const before = provider.asked();
    const oidc = opened({ jwks: undefined, jwksFile: "keys.json" });
    expect(await message(oidc.authenticate(await provider.token()))).toMatch(/^taken/);
    expect(provider.asked()).toBe(before);
  });
});

describe("who it is, and with which roles", () => {
  const rules: readonly (readonly [what: string, config: object, claims: JWTPayload, says: string | RegExp])[] = [
    [
      "a mailbox",
      { person: { claim: "email", suffix: "@plant.example" } },
      { email: "STF-1@plant.example" },
      /"STF-1"/,
    ],
    [
      "a mailbox elsewhere",
      { person: { claim: "email", suffix: "@plant.example" } },
      { email: "STF-1@plant.example.evil" },
      /no-person/,
    ],
    ["a domain's user", { person: { claim: "upn", prefix: "PLANT\\" } }, { upn: "PLANT\\STF-1" }, /"STF-1"/],
    ["nothing but the frame", { person: { claim: "upn", prefix: "a", suffix: "b" } }, { upn: "ab" }, /no-person/],
    [
      "a claim with dots in its name",
      { person: { claim: "https://plant.example/id" } },
      { "https://plant.example/id": "STF-1" },
      /"STF-1"/,
    ],
    ["a claim within a claim", { person: { claim: "plant.badge" } }, { plant: { badge: "STF-1" } }, /"STF-1"/],
    ["a claim of the prototype", { person: { claim: "plant.constructor.name" } }, { plant: {} }, /no-person/],
    ["no mapped group", mapped("known"), { groups: ["guests"] }, /MAINT_ERR_FORBIDDEN: STF-1 has no role here/],
    ["a group that takes a role away", mapped("known"), { groups: ["quality", "everybody"] }, '["QA"]'],
    ["a group that would add one", mapped("known"), { groups: ["bosses", "quality"] }, '["QA"]'],
    [
      "people whom only the provider knows",
      mapped("mapped"),
      { preferred_username: "NEW-1", groups: "floor" },
      '["operator"]',
    ],
    ["groups decide alone", mapped("mapped"), { groups: ["bosses"] }, '["approver","admin"]'],
    ["groups that are no texts", mapped("mapped"), { groups: [7, null, { a: 1 }] }, /FORBIDDEN/],
    ["a group of the prototype", mapped("mapped"), { groups: ["constructor", "__proto__"] }, /FORBIDDEN/],
  ];
  function mapped(kind: "known" | "mapped"): object {
    return {
      people: kind,
      roles: { claim: "groups", map: { quality: "qa", floor: "operator", bosses: ["approver", "admin"] } },
    };
  }
  test.each(rules)("%s", async (_, config, claims, says) => {
    const said = await message(opened(config).authenticate(await provider.token(claims)));
    if (says instanceof RegExp) expect(said).toMatch(says);
    else expect(said).toContain(says);
  });
});

describe("a configuration that is not one", () => {
  const good = {
    issuer: "https://id.example",
    audience: "hub",
    jwks: "https://id.example/keys",
    person: { claim: "sub" },
  };
  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ["no YAML", "issuer: [", /neither YAML nor JSON/],
    ["a list", "[]", /the file/],
    ["a name nobody knows", JSON.stringify({ ...good, algorithm: "RS256" }), /the file .*algorithm/],
    ["no issuer", JSON.stringify({ ...good, issuer: undefined }), /issuer/],
    ["keys over an open line", JSON.stringify({ ...good, jwks: "http://id.example/keys" }), /jwks is no https address/],
    ["keys twice", JSON.stringify({ ...good, jwksFile: "keys.json" }), /say once where the provider's public keys are/],
    [
      "an issuer over an open line that is to say where its keys are",
      JSON.stringify({ ...good, issuer: "http://id.example", jwks: undefined }),
      /issuer is no https address/,
    ],
    ["a shared secret", JSON.stringify({ ...good, algorithms: ["HS256"] }), /algorithms.0 has one of RS256/],
    ["no algorithm", JSON.stringify({ ...good, algorithms: ["none"] }), /algorithms.0/],
    ["people of nowhere", JSON.stringify({ ...good, people: "all" }), /people is known or mapped/],
    ["mapped people without roles", JSON.stringify({ ...good, people: "mapped" }), /get their roles from a claim/],
    [
      "a role that is none",
      JSON.stringify({ ...good, roles: { claim: "g", map: { a: "aprover" } } }),
      /"aprover" is no role/,
    ],
  ];
  test.each(wrong)("%s", (_, text, says) => expect(() => oidcOptionsIn(text, "oidc.yaml", () => "")).toThrow(says));
  test("the same without the mistake is one", () =>
    expect(oidcOptionsIn(JSON.stringify(good), "oidc.yaml", () => "")).toMatchObject({ people: "known", roles: null }));
});

describe("at the hub", () => {
  let bench: HubBench;
  const log: string[] = [];
  beforeAll(async () => {
    bench = await hubBench({ oidc: options(), clock, log: (line) => void log.push(line) });
    await bench.admin().post("/v1/people", { id: "STF-1", roles: ["author"] });
  });
  afterAll(() => bench.close());
  const ask = async (path: string, token: string, body?: object) => {
    const response = await fetch(`${bench.hub().url}${path}`, {
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  };

  test("what a person does by it stands in their name, and no token is written down anywhere", async () => {
    const token = await provider.token();
    expect(await ask("/v1/people/me", token)).toEqual({ status: 200, text: '{"id":"STF-1","roles":["author"]}' });
    expect((await ask("/v1/people", token)).status).toBe(403);
    const draft = { text: 'contract A-1 "A" {\n}\n', domain: "general" };
    await ask("/v1/contracts", token, draft);
    const bad = await provider.token({ exp: nowS() - 3_600 });
    expect(await ask("/v1/people/me", bad)).toMatchObject({ status: 401, text: expect.stringContaining("(expired)") });
    provider.answer((response) => response.destroy());
    aheadMs += OIDC_KEYS_STALE_MS;
    const late = await provider.token();
    expect(await ask("/v1/people/me", late)).toMatchObject({ status: 503, text: expect.stringContaining("OIDC_KEYS") });
    const kept = [...log, JSON.stringify(bench.hub().services.ledger.list({ limit: 1_000 }))].join("\n");
    for (const one of [token, bad, late]) for (const part of one.split(".").slice(1)) expect(kept).not.toContain(part);
  });

  test("it signs nothing: a release without the author's key is refused, whoever hands it in", async () => {
    const unsigned = { domain: "general", contract: "A-1", version: "v1.0", text: "", bundle: "{}", assignment: null };
    const { status } = await ask("/v1/releases", await provider.token(), {
      ...unsigned,
      role: "general",
      targets: "{}",
    });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(bench.hub().services.policy.releases()).toEqual([]);
  });

  test("the hub's own tokens go on beside it; without it a provider's token is nobody's", async () => {
    expect(await bench.admin().get("/v1/people/me")).toMatchObject({ id: "admin" });
    const plain = await hubBench();
    try {
      const response = await fetch(`${plain.hub().url}/v1/people/me`, {
        headers: { authorization: `Bearer ${await provider.token()}` },
      });
      expect(response.status).toBe(401);
      expect(await response.text()).toContain("nobody's");
    } finally {
      await plain.close();
    }
  });
});
