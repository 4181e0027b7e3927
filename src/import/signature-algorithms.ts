import { createHash, type KeyLike, type KeyObject, sign, verify } from "node:crypto";
import { C14nCanonicalization, ExclusiveCanonicalization, type SignatureAlgorithm, type SignedXml } from "xml-crypto";

const XMLDSIG = "http://www.w3.org/2000/09/xmldsig#";
const MORE = "http://www.w3.org/2001/04/xmldsig-more#";

export const ENVELOPED = `${XMLDSIG}enveloped-signature`;
export const EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#";
const C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
const C14N_11 = "http://www.w3.org/2006/12/xml-c14n11";
export const CANONICAL_FORMS: readonly string[] = [EXCLUSIVE_C14N, C14N, C14N_11];

/** Hash by the algorithm's name. SHA-1 is not among them: documents that differ can be made to share it. */
export const DIGESTS: { readonly [algorithm: string]: string } = {
  "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
  [`${MORE}sha384`]: "sha384",
  "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
};

interface Scheme {
  readonly hash: string;
  readonly ecdsa: boolean;
}
/** Public keys only: a scheme with a shared secret would take the public key for one. */
export const SIGNATURE_SCHEMES: { readonly [algorithm: string]: Scheme } = {
  [`${MORE}ecdsa-sha256`]: { hash: "sha256", ecdsa: true },
  [`${MORE}ecdsa-sha384`]: { hash: "sha384", ecdsa: true },
  [`${MORE}ecdsa-sha512`]: { hash: "sha512", ecdsa: true },
  [`${MORE}rsa-sha256`]: { hash: "sha256", ecdsa: false },
  [`${MORE}rsa-sha384`]: { hash: "sha384", ecdsa: false },
  [`${MORE}rsa-sha512`]: { hash: "sha512", ecdsa: false },
};

/**
 * Leaves a signed document's verifier or signer no algorithm but those above. Canonical XML 1.1 is done as 1.0: they differ
 * only in the xml:id, xml:base and xml:lang of parts, and the document is signed as a whole.
 */
export function allowAlgorithms(signed: SignedXml): void {
  const schemes = Object.entries(SIGNATURE_SCHEMES).map(([name, scheme]) => [name, schemeClass(name, scheme)]);
  const digests = Object.entries(DIGESTS).map(([name, hash]) => [name, digestClass(name, hash)]);
  signed.SignatureAlgorithms = Object.fromEntries(schemes);
  signed.HashAlgorithms = Object.fromEntries(digests);
  signed.CanonicalizationAlgorithms = {
    [ENVELOPED]: signed.CanonicalizationAlgorithms[ENVELOPED],
    [EXCLUSIVE_C14N]: ExclusiveCanonicalization,
    [C14N]: C14nCanonicalization,
    [C14N_11]: C14nCanonicalization,
  } as typeof signed.CanonicalizationAlgorithms;
}

function schemeClass(name: string, { hash, ecdsa }: Scheme): new () => SignatureAlgorithm {
  // XML carries ECDSA signatures as r and s side by side. Source: RFC 6931 section 2.3.6.
  const encoding = ecdsa ? ({ dsaEncoding: "ieee-p1363" } as const) : {};
  return class {
    readonly #hash = hash;
    getSignature(material: string, key: KeyLike): string {
      return sign(this.#hash, Buffer.from(material), { key: key as KeyObject, ...encoding }).toString("base64");
    }
    verifySignature(material: string, key: KeyLike, signature: string): boolean {
      const bytes = Buffer.from(signature, "base64");
      return verify(this.#hash, Buffer.from(material), { key: key as KeyObject, ...encoding }, bytes);
    }
    getAlgorithmName(): string {
      return name;
    }
  } as unknown as new () => SignatureAlgorithm;
}

function digestClass(name: string, hash: string) {
  return class {
    readonly #hash = hash;
    getHash(xml: string): string {
      return createHash(this.#hash).update(xml, "utf8").digest("base64");
    }
    getAlgorithmName(): string {
      return name;
    }
  };
}
