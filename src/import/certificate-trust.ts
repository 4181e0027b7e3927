import type { X509Certificate } from "node:crypto";
import { BasicConstraints, Certificate } from "pkijs";
import { printUtc } from "../base/civil-time.ts";
import { MAX_CERTIFICATE_CHAIN } from "../model/limits.ts";
import { type Revocation, revocationOf } from "./certificate-revocation.ts";
import type { HeldSignature } from "./xml-signature.ts";

export interface SignerJudgement {
  readonly state: "valid" | "untrusted" | "revoked";
  /** For a person: who signed, and why the state is what it is. */
  readonly why: string;
  /** From when the signer's certificate, or one above it, was revoked. */
  readonly revokedAtMs?: number;
}

export interface TrustOptions {
  /** Certificates that the plant trusts: a laboratory's own, or that of who vouches for it. */
  readonly anchors: readonly X509Certificate[];
  /** Judges certificates of a signature that names no time. */
  readonly nowMs: number;
}

/**
 * Whose a signature is: a chain of certificates from the signer to an anchor, each valid when the signer says it signed,
 * none revoked by a list or an answer that the document itself carries. Nobody is asked over the network.
 * Source: RFC 5280 section 6, without policies and name constraints.
 */
export function judgeSigner(held: HeldSignature, { anchors, nowMs }: TrustOptions): SignerJudgement {
  const { signer } = held;
  const { chain, anchored } = chainOf(held, anchors);
  const who = nameOf(signer.subject);
  const revocations = chain.map((one, at) => revocationOf(one, chain[at + 1], held));
  const sure = revocations.filter((one): one is Extract<Revocation, { kind: "revoked" }> => one?.kind === "revoked");
  if (sure.length > 0) {
    const revokedAtMs = Math.min(...sure.map(({ atMs }) => atMs));
    const whose = revocations[0]?.kind === "revoked" ? who : `a certificate above ${who}`;
    return { state: "revoked", why: `${whose} was revoked from ${printUtc(revokedAtMs)}`, revokedAtMs };
  }
  const untrusted = (why: string): SignerJudgement => ({ state: "untrusted", why });
  if (revocations.some((one) => one?.kind === "unproven"))
    return untrusted(`a revocation that the document carries names ${who}, and its own signature does not hold`);
  if (anchors.length === 0) return untrusted(`signed by ${who}; no trust anchor was named (--trust)`);
  if (!anchored) return untrusted(`signed by ${who}; no chain of certificates leads to a trust anchor`);
  const fault = faultInChain(chain, held.signedAtMs ?? nowMs);
  if (fault !== undefined) return untrusted(fault);
  return { state: "valid", why: `signed by ${who}, vouched for by ${nameOf(chain.at(-1)?.subject ?? "")}` };
}

/** The common name, else the whole. Node prints a part a line. */
export const nameOf = (subject: string): string => /^CN=(.+)$/m.exec(subject)?.[1] ?? subject.replaceAll("\n", ", ");

/** From the signer up to an anchor, else as far up as the document's certificates lead. */
function chainOf(
  { signer, certificates }: HeldSignature,
  anchors: readonly X509Certificate[],
): { readonly chain: readonly X509Certificate[]; readonly anchored: boolean } {
  const isAnchor = (one: X509Certificate): boolean => anchors.some(({ raw }) => raw.equals(one.raw));
  const visited = new Set<string>();
  let longest: readonly X509Certificate[] = [];
  const climb = (path: readonly X509Certificate[]): readonly X509Certificate[] | undefined => {
    const top = path.at(-1) as X509Certificate;
    if (path.length > longest.length) longest = path;
    if (isAnchor(top)) return path;
    if (path.length >= MAX_CERTIFICATE_CHAIN || visited.has(top.fingerprint256)) return undefined;
    visited.add(top.fingerprint256);
    for (const issuer of [...anchors, ...certificates]) {
      if (visited.has(issuer.fingerprint256) || !didIssue(issuer, top)) continue;
      const found = climb([...path, issuer]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const anchored = climb([signer]);
  return { chain: anchored ?? longest, anchored: anchored !== undefined };
}

/** `checkIssued` compares names and key identifiers and asks for the right to sign certificates; `verify` does the sum. */
const didIssue = (issuer: X509Certificate, one: X509Certificate): boolean =>
  issuer.ca && one.checkIssued(issuer) && one.verify(issuer.publicKey);

const BASIC_CONSTRAINTS = "2.5.29.19";
const NAME_CONSTRAINTS = "2.5.29.30";

/** The anchor itself is trusted as it is: neither its days nor its limits count. */
function faultInChain(chain: readonly X509Certificate[], atMs: number): string | undefined {
  for (const [at, one] of chain.slice(0, Math.max(1, chain.length - 1)).entries()) {
    const [from, to] = [one.validFromDate.getTime(), one.validToDate.getTime()];
    if (atMs < from || atMs > to)
      return `the certificate of ${nameOf(one.subject)} was not valid at ${printUtc(atMs)}, when it signed`;
    if (at === 0) continue;
    const { extensions = [] } = Certificate.fromBER(one.raw);
    if (extensions.some(({ extnID }) => extnID === NAME_CONSTRAINTS))
      return `the certificate of ${nameOf(one.subject)} limits names, which is not judged here`;
    const basic: unknown = extensions.find(({ extnID }) => extnID === BASIC_CONSTRAINTS)?.parsedValue;
    const longest = basic instanceof BasicConstraints ? basic.pathLenConstraint : undefined;
    if (typeof longest === "number" && at - 1 > longest)
      return `the certificate of ${nameOf(one.subject)} allows no such long chain`;
  }
  return undefined;
}
