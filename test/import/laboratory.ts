import { createHash, type KeyObject, KeyObject as Keys, randomUUID, X509Certificate } from "node:crypto";
import {
  Boolean as Asn1Boolean,
  type BitString,
  Constructed,
  GeneralizedTime,
  Integer,
  Null,
  ObjectIdentifier,
  OctetString,
  Primitive,
  PrintableString,
  Sequence,
} from "asn1js";
import * as pkijs from "pkijs";
import { SignedXml } from "xml-crypto";
import { allowAlgorithms } from "../../src/import/signature-algorithms.ts";

/** A laboratory made for one test: keys that nobody else has, and the certificates and lists that go with them. */
export interface Holder {
  readonly name: string;
  readonly keys: CryptoKeyPair;
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
  readonly parsed: pkijs.Certificate;
}

export interface HolderOptions {
  readonly issuer?: Holder;
  readonly ca?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly pathLength?: number;
  readonly extensions?: readonly pkijs.Extension[];
}

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const extension = (id: string, value: Sequence | BitString, critical = false): pkijs.Extension =>
  new pkijs.Extension({ extnID: id, critical, extnValue: value.toBER() });

export const OCSP_SIGNING = extension(
  "2.5.29.37",
  new Sequence({ value: [new ObjectIdentifier({ value: "1.3.6.1.5.5.7.3.9" })] }),
);
export const NAME_CONSTRAINTS = extension("2.5.29.30", new Sequence({ value: [] }), true);

export async function holder(name: string, options: HolderOptions = {}): Promise<Holder> {
  const { issuer, ca = false, from = "2020-01-01", to = "2040-01-01", pathLength, extensions = [] } = options;
  const keys = (await crypto.subtle.generateKey(EC, true, ["sign", "verify"])) as CryptoKeyPair;
  const parsed = new pkijs.Certificate();
  parsed.version = 2;
  parsed.serialNumber = new Integer({
    valueHex: Buffer.from(randomUUID().replace(/-/g, "").slice(0, 14).replace(/^./, "1"), "hex"),
  });
  parsed.subject.typesAndValues.push(commonName(name));
  parsed.issuer.typesAndValues.push(commonName(issuer?.name ?? name));
  parsed.notBefore.value = new Date(from);
  parsed.notAfter.value = new Date(to);
  const path = pathLength === undefined ? [] : [new Integer({ value: pathLength })];
  const basic = new Sequence({ value: ca ? [new Asn1Boolean({ value: true }), ...path] : [] });
  parsed.extensions = [extension("2.5.29.19", basic, true), ...extensions];
  await parsed.subjectPublicKeyInfo.importKey(keys.publicKey);
  await parsed.sign((issuer?.keys ?? keys).privateKey, "SHA-256");
  const certificate = new X509Certificate(Buffer.from(parsed.toSchema(true).toBER()));
  return { name, keys, key: Keys.from(keys.privateKey), certificate, parsed };
}

const commonName = (value: string): pkijs.AttributeTypeAndValue =>
  new pkijs.AttributeTypeAndValue({ type: "2.5.4.3", value: new PrintableString({ value }) });

/** A list that names those revoked, by the key of `signer` in the name of `issuer`. */
export async function revocationList(
  issuer: Holder,
  revoked: readonly Holder[],
  at: string,
  signer = issuer,
): Promise<string> {
  const list = new pkijs.CertificateRevocationList();
  list.version = 1;
  list.issuer.typesAndValues.push(commonName(issuer.name));
  list.thisUpdate.value = new Date(at);
  if (revoked.length > 0)
    list.revokedCertificates = revoked.map(
      ({ parsed }) =>
        new pkijs.RevokedCertificate({
          userCertificate: parsed.serialNumber,
          revocationDate: new pkijs.Time({ value: new Date(at) }),
        }),
    );
  await list.sign(signer.keys.privateKey, "SHA-256");
  return Buffer.from(list.toSchema(true).toBER()).toString("base64");
}

/** An answer of an OCSP responder about one certificate. */
export async function ocspAnswer(
  about: Holder,
  issuer: Holder,
  responder: Holder,
  revokedAt?: string,
): Promise<string> {
  const key = issuer.parsed.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView;
  const sha1 = (bytes: Uint8Array): Buffer => createHash("sha1").update(bytes).digest();
  const tag = { idBlock: { tagClass: 3, tagNumber: revokedAt === undefined ? 0 : 1 } };
  const status =
    revokedAt === undefined
      ? new Primitive(tag)
      : new Constructed({ ...tag, value: [new GeneralizedTime({ valueDate: new Date(revokedAt) })] });
  const single = new pkijs.SingleResponse({
    certID: new pkijs.CertID({
      hashAlgorithm: new pkijs.AlgorithmIdentifier({ algorithmId: "1.3.14.3.2.26", algorithmParams: new Null() }),
      issuerNameHash: new OctetString({ valueHex: sha1(new Uint8Array(issuer.parsed.subject.toSchema().toBER())) }),
      issuerKeyHash: new OctetString({ valueHex: sha1(key) }),
      serialNumber: about.parsed.serialNumber,
    }),
    certStatus: status,
    thisUpdate: new Date("2026-01-01"),
  });
  const basic = new pkijs.BasicOCSPResponse();
  basic.tbsResponseData.responderID = responder.parsed.subject;
  basic.tbsResponseData.producedAt = new Date("2026-01-01");
  basic.tbsResponseData.responses.push(single);
  basic.certs = [responder.parsed];
  await basic.sign(responder.keys.privateKey, "SHA-256");
  const answer = new pkijs.OCSPResponse();
  answer.responseStatus.valueBlock.valueDec = 0;
  answer.responseBytes = new pkijs.ResponseBytes({
    responseType: "1.3.6.1.5.5.7.48.1.1",
    response: new OctetString({ valueHex: basic.toSchema().toBER() }),
  });
  return Buffer.from(answer.toSchema().toBER()).toString("base64");
}

export interface SignOptions {
  readonly signer: Holder;
  /** Who the signed properties say it is, where that is not the signer. */
  readonly says?: Holder;
  readonly chain?: readonly Holder[];
  readonly crls?: readonly string[];
  readonly ocsps?: readonly string[];
  readonly at?: string;
  /** Without XAdES. */
  readonly bare?: boolean;
  readonly scheme?: string;
  readonly digest?: string;
  /** What the reference over the document covers; else the whole, `/*`. */
  readonly covers?: string;
  readonly transforms?: readonly string[];
}

const XADES = "http://uri.etsi.org/01903/v1.3.2#";
const SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";
export const EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#";
export const ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
export const ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";

/** Signs as laboratories do: enveloped in the root, with the signer's certificate in signed properties. */
export function signDocument(xml: string, options: SignOptions): string {
  const { signer, chain = [], bare = false, covers, digest = SHA256, transforms = [ENVELOPED, EXCLUSIVE] } = options;
  const signed = new SignedXml({
    privateKey: signer.key,
    publicCert: [signer, ...chain].map(({ certificate }) => certificate.toString()).join("\n"),
    signatureAlgorithm: options.scheme ?? ECDSA_SHA256,
    canonicalizationAlgorithm: EXCLUSIVE,
    ...(bare ? {} : { objects: [{ content: qualifyingProperties(options) }] }),
  });
  const { HashAlgorithms, CanonicalizationAlgorithms } = signed;
  allowAlgorithms(signed);
  // What we refuse, others may sign with: the library's own algorithms are kept beside ours.
  signed.HashAlgorithms = { ...HashAlgorithms, ...signed.HashAlgorithms };
  signed.CanonicalizationAlgorithms = { ...CanonicalizationAlgorithms, ...signed.CanonicalizationAlgorithms };
  const whole = covers === undefined;
  signed.addReference({
    xpath: covers ?? "/*",
    isEmptyUri: whole,
    transforms: [...transforms],
    digestAlgorithm: digest,
  });
  if (!bare)
    signed.addReference({
      xpath: "//*[local-name(.)='SignedProperties']",
      transforms: [EXCLUSIVE],
      digestAlgorithm: SHA256,
      type: "http://uri.etsi.org/01903#SignedProperties",
    });
  signed.computeSignature(xml, { prefix: "ds", location: { reference: "/*", action: "append" } });
  return signed.getSignedXml();
}

function qualifyingProperties({
  signer,
  says = signer,
  crls = [],
  ocsps = [],
  at = "2026-06-02T08:00:00Z",
}: SignOptions): string {
  const digest = createHash("sha256").update(says.certificate.raw).digest("base64");
  const values = [
    ...(crls.length === 0
      ? []
      : [
          `<x:CRLValues>${crls.map((crl) => `<x:EncapsulatedCRLValue>${crl}</x:EncapsulatedCRLValue>`).join("")}</x:CRLValues>`,
        ]),
    ...(ocsps.length === 0
      ? []
      : [
          `<x:OCSPValues>${ocsps.map((one) => `<x:EncapsulatedOCSPValue>${one}</x:EncapsulatedOCSPValue>`).join("")}</x:OCSPValues>`,
        ]),
  ].join("");
  return `<x:QualifyingProperties xmlns:x="${XADES}" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><x:SignedProperties Id="props"><x:SignedSignatureProperties><x:SigningTime>${at}</x:SigningTime><x:SigningCertificateV2><x:Cert><x:CertDigest><ds:DigestMethod Algorithm="${SHA256}"/><ds:DigestValue>${digest}</ds:DigestValue></x:CertDigest></x:Cert></x:SigningCertificateV2></x:SignedSignatureProperties></x:SignedProperties><x:UnsignedProperties><x:UnsignedSignatureProperties><x:RevocationValues>${values}</x:RevocationValues></x:UnsignedSignatureProperties></x:UnsignedProperties></x:QualifyingProperties>`;
}

export interface DccFields {
  readonly schema?: string;
  readonly number?: string;
  readonly items?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly statements?: string;
  readonly results?: string;
}

const conformity = (word: string): string =>
  `<dcc:statement refType="basic_conformity"><dcc:conformity>${word}</dcc:conformity></dcc:statement>`;
export const statement = { conformity };
const ITEM = `<dcc:item><dcc:identifications><dcc:identification><dcc:issuer>manufacturer</dcc:issuer><dcc:value>M1</dcc:value></dcc:identification><dcc:identification><dcc:issuer>customer</dcc:issuer><dcc:value>Meter-1</dcc:value></dcc:identification></dcc:identifications></dcc:item>`;

/** A small certificate of our own in the form of DCC 3. */
export function dcc(fields: DccFields = {}): string {
  const { schema = "3.3.0", number = "C-2026-17", items = ITEM, begin = "2026-06-01", end = "2026-06-01" } = fields;
  const { statements = conformity("pass"), results = "" } = fields;
  return `<?xml version="1.0" encoding="UTF-8"?>
<dcc:digitalCalibrationCertificate xmlns:dcc="https://ptb.de/dcc" xmlns:si="https://ptb.de/si" schemaVersion="${schema}">
<dcc:administrativeData><dcc:coreData><dcc:uniqueIdentifier>${number}</dcc:uniqueIdentifier><dcc:beginPerformanceDate>${begin}</dcc:beginPerformanceDate><dcc:endPerformanceDate>${end}</dcc:endPerformanceDate></dcc:coreData>
<dcc:items>${items}</dcc:items><dcc:statements>${statements}</dcc:statements></dcc:administrativeData>
<dcc:measurementResults>${results}</dcc:measurementResults>
</dcc:digitalCalibrationCertificate>`;
}
