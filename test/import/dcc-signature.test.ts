import type { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readDcc } from "../../src/import/dcc.ts";
import { root } from "../tidy/source-files.ts";
import {
  dcc,
  ECDSA_SHA256,
  ENVELOPED,
  EXCLUSIVE,
  type Holder,
  holder,
  NAME_CONSTRAINTS,
  OCSP_SIGNING,
  ocspAnswer,
  revocationList,
  type SignOptions,
  signDocument,
} from "./laboratory.ts";

const nowMs = Date.parse("2026-11-24T12:00:00Z");
let [top, sub, lab, other]: Holder[] = [];
beforeAll(async () => {
  top = await holder("Root CA", { ca: true });
  sub = await holder("Sub CA", { ca: true, issuer: top });
  lab = await holder("Lab A", { issuer: sub });
  other = await holder("Lab B", { issuer: sub });
});
const need = (one: Holder | undefined): Holder => {
  if (one === undefined) throw new Error("made before all");
  return one;
};
const read = (text: string, anchors: readonly X509Certificate[] = [need(top).certificate]) => {
  const outcome = readDcc(text, { anchors, nowMs });
  if (!outcome.ok) throw new Error(outcome.error);
  return outcome.value;
};
const sign = (more: Partial<SignOptions> = {}, text = dcc()): string =>
  signDocument(text, { signer: need(lab), chain: [need(sub)], ...more });

test("a signature that leads to an anchor is valid, and goes into the row", () => {
  const { rows, signature, remarks } = read(sign());
  expect(signature).toEqual({ state: "valid", why: "signed by Lab A, vouched for by Root CA" });
  expect(rows).toMatchObject([{ asset: "Meter-1", signature: "valid" }]);
  const said = remarks.map(({ message }) => message).join("\n");
  expect(said).toMatch(/says it signed at 2026-06-02T08:00:00.000Z; no time stamp proves it/);
  expect(said).toMatch(/nobody was asked over the network/);
});

test("the laboratory's own certificate can be the anchor, and signed properties may be left out", () => {
  expect(read(sign(), [need(lab).certificate]).signature.state).toBe("valid");
  expect(read(sign({ bare: true })).signature.state).toBe("valid");
});

test("without a signature the state is none, and the row says nothing of it", () => {
  const { rows, signature } = read(dcc());
  expect(signature.state).toBe("none");
  expect(rows[0]).not.toHaveProperty("signature");
});

test.each<[string, () => readonly X509Certificate[], RegExp]>([
  ["no anchor", () => [], /no trust anchor was named/],
  ["another laboratory's", () => [need(other).certificate], /no chain/],
])("untrusted: %s", (_what, anchors, says) => {
  const { signature, rows } = read(sign(), anchors());
  expect(signature).toMatchObject({ state: "untrusted", why: expect.stringMatching(says) });
  expect(rows).toMatchObject([{ signature: "untrusted" }]);
});

const chains: readonly [string, () => Promise<string>, RegExp][] = [
  ["a link is missing", async () => sign({ chain: [] }), /no chain/],
  [
    "the signer's certificate had run out",
    async () => sign({ signer: await holder("Old", { issuer: need(sub), to: "2026-01-01" }) }),
    /of Old was not valid at 2026-06-02/,
  ],
  [
    "the link above had not begun",
    async () => {
      const late = await holder("Late CA", { ca: true, issuer: need(top), from: "2026-07-01" });
      return sign({ signer: await holder("L", { issuer: late }), chain: [late] });
    },
    /of Late CA was not valid/,
  ],
  [
    "a laboratory vouches for another",
    async () => sign({ signer: await holder("Fake", { issuer: need(lab) }), chain: [need(lab), need(sub)] }),
    /no chain/,
  ],
  [
    "the chain is longer than one above allows",
    async () => {
      const short = await holder("Short CA", { ca: true, issuer: need(top), pathLength: 0 });
      const below = await holder("Below CA", { ca: true, issuer: short });
      return sign({ signer: await holder("L", { issuer: below }), chain: [below, short] });
    },
    /Short CA allows no such long chain/,
  ],
  [
    "names are limited",
    async () => {
      const narrow = await holder("Narrow CA", { ca: true, issuer: need(top), extensions: [NAME_CONSTRAINTS] });
      return sign({ signer: await holder("L", { issuer: narrow }), chain: [narrow] });
    },
    /limits names/,
  ],
];
test.each(chains)("untrusted: %s", async (_what, text, says) =>
  expect(read(await text()).signature).toMatchObject({ state: "untrusted", why: expect.stringMatching(says) }),
);

const forged: readonly [string, () => string, RegExp][] = [
  ["a changed letter", () => sign().replace("Meter-1", "Meter-2"), /changed after it was signed/],
  ["a changed date", () => sign().replaceAll("2026-06-01<", "2026-11-01<"), /changed after/],
  ["a changed signing time", () => sign().replace("2026-06-02T08", "2026-06-03T08"), /changed after/],
  [
    "a changed signature",
    () => sign().replace(/(<ds:SignatureValue>)(.)/, (_all, tag, first) => `${tag}${first === "A" ? "B" : "A"}`),
    /not made with the key/,
  ],
  [
    "another certificate of the same issuer put in",
    () => sign().replace(need(lab).certificate.raw.toString("base64"), need(other).certificate.raw.toString("base64")),
    /no certificate of its signer/,
  ],
  ["another certificate, without signed properties", () => swapBare(), /not made with the key/],
  ["properties that name somebody else", () => sign({ says: need(other) }), /no certificate of its signer/],
  [
    "a part is signed, not the whole",
    () => sign({ bare: true, covers: "//*[local-name(.)='items']" }),
    /only the whole/,
  ],
  ["signed in wrappings", () => wrapped(), /does not stand in the root/],
  ["two signatures", () => sign({}, sign({ bare: true })), /2 signatures/],
  [
    "SHA-1 as the digest",
    () => sign({ digest: "http://www.w3.org/2000/09/xmldsig#sha1" }),
    /digest .*sha1 is not taken/,
  ],
  ["a shared secret as the key", () => renamed("http://www.w3.org/2000/09/xmldsig#hmac-sha1"), /is not taken/],
  ["RSA by an EC key", () => renamed("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"), /key does not fit/],
  ["comments count", () => sign({ transforms: [ENVELOPED, `${EXCLUSIVE}WithComments`] }), /leaves out more/],
  [
    "an element before SignedInfo",
    () => sign().replace("<ds:SignedInfo>", "<ds:Object/><ds:SignedInfo>"),
    /in this order/,
  ],
  ["no key", () => sign().replace(/<ds:KeyInfo>.*<\/ds:KeyInfo>/s, ""), /in this order/],
  ["a certificate that is none", () => sign().replace(/(<ds:X509Certificate>)[^<]{40}/, "$1"), /cannot be read/],
];
const swapBare = (): string => {
  const [mine, theirs] = [lab, other].map((one) => need(one).certificate.raw.toString("base64"));
  return sign({ bare: true }).replace(String(mine), String(theirs));
};
const renamed = (scheme: string): string => sign().replace(ECDSA_SHA256, scheme);
/** The signed document kept whole inside a new root that says something else. */
const wrapped = (): string => {
  const signed = sign().replace(/^<\?xml[^>]*>/, "");
  return dcc().replace("</dcc:digitalCalibrationCertificate>", `<dcc:comment>${signed}</dcc:comment>$&`);
};
test.each(forged)("invalid: %s", (_what, text, says) => {
  const { signature, rows } = read(text());
  expect(signature).toMatchObject({ state: "invalid", why: expect.stringMatching(says) });
  expect(rows).toMatchObject([{ signature: "invalid" }]);
});

test("what is read is what was signed, whatever stands around it", () => {
  const text = sign().replace("<dcc:uniqueIdentifier>", "<dcc:uniqueIdentifier><!-- C-9 -->");
  const { rows, signature } = read(text);
  expect(signature.state).toBe("valid");
  expect(rows[0]?.certificate).toBe("C-2026-17");
});

test("line ends that a mail made CRLF are the same document", () =>
  expect(read(sign().replaceAll("\n", "\r\n")).signature.state).toBe("valid"));

test("a list inside the document revokes the signer from its instant on", async () => {
  const list = await revocationList(need(sub), [need(lab)], "2026-08-01T00:00:00Z");
  const { rows, signature } = read(sign({ crls: [list] }));
  expect(signature).toEqual({ state: "revoked", why: "Lab A was revoked from 2026-08-01T00:00:00.000Z" });
  expect(rows).toMatchObject([{ signature: "revoked", revokedAt: "2026-08-01T00:00:00.000Z" }]);
  const harmless = await revocationList(need(sub), [need(other)], "2026-08-01T00:00:00Z");
  expect(
    read(sign({ crls: [harmless, await revocationList(need(sub), [], "2026-08-01T00:00:00Z")] })).signature.state,
  ).toBe("valid");
});

test("a list against the link above revokes what it vouched for", async () => {
  const list = await revocationList(need(top), [need(sub)], "2026-03-01T00:00:00Z");
  const above = [need(sub), need(top)];
  expect(read(sign({ crls: [list], chain: above })).signature).toMatchObject({ state: "revoked", why: /./ });
});

test("a list that its issuer did not sign proves nothing, and is not passed over", async () => {
  const list = await revocationList(need(sub), [need(lab)], "2026-08-01T00:00:00Z", need(other));
  const { signature, rows } = read(sign({ crls: [list] }));
  expect(signature).toMatchObject({ state: "untrusted", why: expect.stringMatching(/own signature does not hold/) });
  expect(rows[0]).not.toHaveProperty("revokedAt");
});

test("OCSP answers: by the issuer, by its responder, by a stranger, and a good one", async () => {
  const [signer, issuer] = [need(lab), need(sub)];
  const at = "2026-09-01T00:00:00Z";
  const responder = await holder("Responder", { issuer, extensions: [OCSP_SIGNING] });
  const states = [
    await ocspAnswer(signer, issuer, issuer, at),
    await ocspAnswer(signer, issuer, responder, at),
    await ocspAnswer(signer, issuer, need(other), at),
    await ocspAnswer(need(other), issuer, issuer, at),
    await ocspAnswer(signer, issuer, issuer),
    Buffer.from("no answer").toString("base64"),
  ].map((answer) => read(sign({ ocsps: [answer] })).signature.state);
  expect(states).toEqual(["revoked", "revoked", "untrusted", "valid", "valid", "valid"]);
});

test("a list or an answer with any byte changed is read as far as it can be, and proves nothing it did not say", async () => {
  const [signer, issuer] = [need(lab), need(sub)];
  const at = "2026-09-01T00:00:00Z";
  const states = (base64: string, field: "crls" | "ocsps", step: number): readonly string[] => {
    const bytes = Buffer.from(base64, "base64");
    const text = sign({ [field]: [base64] });
    return Array.from({ length: Math.ceil(bytes.length / step) }, (_, nth) => {
      const other = Buffer.from(bytes);
      other[nth * step] = (other[nth * step] ?? 0) ^ 1;
      return read(text.replace(base64, other.toString("base64"))).signature.state;
    });
  };
  const list = states(await revocationList(issuer, [signer], at), "crls", 1);
  // What is signed begins behind the outer header, three bytes, and is as long as its own header says, two bytes and 77.
  expect(new Set(list.slice(3, 3 + 2 + 77))).toEqual(new Set(["valid", "untrusted"]));
  const answer = states(await ocspAnswer(signer, issuer, issuer, at), "ocsps", 8);
  expect(new Set(answer)).toEqual(new Set(["valid", "untrusted", "revoked"]));
});

const folder = join(root, "..", "shared", "data");
const real = (name: string): string => readFileSync(join(folder, `dcc_gp_temperature_typical_${name}.xml`), "utf8");
test.skipIf(!existsSync(folder)).each([
  ["v12_signed", "untrusted", /signed by Calibration Lab A1; no trust anchor/],
  ["v12_signed_manipulated", "invalid", /changed after it was signed/],
  ["v12_v3.2.0_signed_lt_revoked", "revoked", /Lab B1 was revoked from 2023-06-15T10:58:20.000Z/],
  ["adjustment_v12", "none", /no signature/],
])("PTB's example %s is %s", (name, state, why) =>
  expect(read(real(name), []).signature).toEqual({ state, why: expect.stringMatching(why) }),
);
