import { createHash, verify, type X509Certificate } from "node:crypto";
import { BaseBlock, GeneralizedTime, type Integer } from "asn1js";
import {
  BasicOCSPResponse,
  type CertID,
  Certificate,
  CertificateRevocationList,
  OCSPResponse,
  type SingleResponse,
} from "pkijs";
import { attempt, readX509 } from "./x509.ts";
import type { HeldSignature } from "./xml-signature.ts";

/** `unproven`: something says revoked, but who says so could not be made out. */
export type Revocation = { readonly kind: "revoked"; readonly atMs: number } | { readonly kind: "unproven" };

/**
 * What the revocation lists and OCSP answers inside a document say against one certificate; undefined where they say
 * nothing against it, which is no proof that it stands. A later revocation is not in them. Source: RFC 5280, RFC 6960.
 */
export function revocationOf(
  certificate: X509Certificate,
  issuer: X509Certificate | undefined,
  { crls, ocsps }: Pick<HeldSignature, "crls" | "ocsps">,
): Revocation | undefined {
  const said = [
    ...crls.map((der) => attempt(() => inList(der, certificate, issuer))),
    ...ocsps.map((der) => attempt(() => inAnswer(der, certificate, issuer))),
  ].filter((one) => one !== undefined);
  const revoked = said.flatMap((one) => (one.kind === "revoked" ? [one.atMs] : []));
  return revoked.length > 0 ? { kind: "revoked", atMs: Math.min(...revoked) } : said[0];
}

/** Hash by the signature algorithm's OID: ECDSA and RSA (PKCS #1 v1.5) with SHA-2. */
const HASHES: { readonly [oid: string]: string } = {
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
};

function isSignedBy(by: X509Certificate | undefined, oid: string, content: Uint8Array, signature: Uint8Array): boolean {
  const hash = HASHES[oid];
  if (by === undefined || hash === undefined) return false;
  // A key of another kind than the algorithm's makes Node throw.
  return attempt(() => verify(hash, content, by.publicKey, signature)) === true;
}

const serialOf = (certificate: X509Certificate): bigint => BigInt(`0x${certificate.serialNumber}`);
const integerOf = (integer: Integer): bigint =>
  BigInt(`0x${Buffer.from(integer.valueBlock.valueHexView).toString("hex") || "0"}`);

function inList(
  der: Buffer,
  certificate: X509Certificate,
  issuer: X509Certificate | undefined,
): Revocation | undefined {
  const list = CertificateRevocationList.fromBER(new Uint8Array(der));
  if (list.issuer.isEqual(Certificate.fromBER(certificate.raw).issuer) !== true) return undefined;
  const entry = list.revokedCertificates?.find(
    ({ userCertificate }) => integerOf(userCertificate) === serialOf(certificate),
  );
  if (entry === undefined) return undefined;
  const { signatureAlgorithm, signatureValue, tbsView } = list;
  const proven = isSignedBy(issuer, signatureAlgorithm.algorithmId, tbsView, signatureValue.valueBlock.valueHexView);
  return proven ? { kind: "revoked", atMs: entry.revocationDate.value.getTime() } : { kind: "unproven" };
}

const OCSP_SIGNING = "1.3.6.1.5.5.7.3.9";

function inAnswer(
  der: Buffer,
  certificate: X509Certificate,
  issuer: X509Certificate | undefined,
): Revocation | undefined {
  const answer = attempt(() => {
    const { responseBytes } = OCSPResponse.fromBER(new Uint8Array(der));
    return responseBytes === undefined
      ? undefined
      : BasicOCSPResponse.fromBER(new Uint8Array(responseBytes.response.valueBlock.valueHexView));
  });
  if (answer === undefined || issuer === undefined) return undefined;
  const single = answer.tbsResponseData.responses.find(({ certID }) => isAbout(certID, certificate, issuer));
  const atMs = single === undefined ? undefined : revokedAt(single);
  if (atMs === undefined) return undefined;
  const responders = (answer.certs ?? [])
    .map((one) => readX509(Buffer.from(one.toSchema().toBER())))
    .filter((one) => one !== undefined)
    .filter((one) => one.keyUsage?.includes(OCSP_SIGNING) && one.checkIssued(issuer) && one.verify(issuer.publicKey));
  const { signatureAlgorithm, signature, tbsResponseData } = answer;
  const proven = [issuer, ...responders].some((by) =>
    isSignedBy(by, signatureAlgorithm.algorithmId, tbsResponseData.tbsView, signature.valueBlock.valueHexView),
  );
  return proven ? { kind: "revoked", atMs } : { kind: "unproven" };
}

const CERT_ID_HASHES: { readonly [oid: string]: string } = {
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

function isAbout(
  { hashAlgorithm, issuerKeyHash, serialNumber }: CertID,
  certificate: X509Certificate,
  issuer: X509Certificate,
): boolean {
  const hash = CERT_ID_HASHES[hashAlgorithm.algorithmId];
  if (hash === undefined || integerOf(serialNumber) !== serialOf(certificate)) return false;
  const key = Certificate.fromBER(issuer.raw).subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView;
  return createHash(hash).update(key).digest().equals(Buffer.from(issuerKeyHash.valueBlock.valueHexView));
}

const REVOKED = 1;

/** `certStatus` is a choice by its tag: 0 good, 1 revoked with its instant, 2 unknown. */
function revokedAt({ certStatus }: SingleResponse): number | undefined {
  const status: unknown = certStatus;
  if (!(status instanceof BaseBlock) || status.idBlock.tagNumber !== REVOKED) return undefined;
  const { value } = status.valueBlock as { readonly value?: readonly unknown[] };
  const time = value?.[0];
  return time instanceof GeneralizedTime ? time.toDate().getTime() : undefined;
}
