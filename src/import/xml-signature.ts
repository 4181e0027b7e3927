import { createHash, type X509Certificate } from "node:crypto";
import { SignedXml } from "xml-crypto";
import { parseInstant } from "../base/civil-time.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { MAX_EMBEDDED_CERTIFICATES } from "../model/limits.ts";
import { allowAlgorithms, CANONICAL_FORMS, DIGESTS, ENVELOPED, SIGNATURE_SCHEMES } from "./signature-algorithms.ts";
import { readX509 } from "./x509.ts";
import { childElements, elementsBelow, nodesOf, textOf } from "./xml-document.ts";

const DS = "http://www.w3.org/2000/09/xmldsig#";
const XADES = "http://uri.etsi.org/01903/v1.3.2#";
const SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties";
const MIN_RSA_BITS = 2_048;

/** A signature whose arithmetic holds; nothing is said yet about whose it is. */
export interface HeldSignature {
  /** The canonical text that was signed, without the signature: what is read on is read from it and nothing else. */
  readonly signedText: string;
  readonly signer: X509Certificate;
  /** What the document carries besides, unsigned and unchecked. */
  readonly certificates: readonly X509Certificate[];
  readonly crls: readonly Buffer[];
  readonly ocsps: readonly Buffer[];
  /** When the signer says it signed; undefined where it does not say so under its signature. */
  readonly signedAtMs: number | undefined;
  readonly hasTimeStamps: boolean;
}

/**
 * The one signature over the whole of a document: XML-DSig or XAdES, enveloped in the root. Undefined where there is none.
 * Fails, with the reason, on anything else: several signatures, one elsewhere in the tree, one that covers a part, other
 * algorithms, a changed byte. Source: XML Signature 1.1; ETSI EN 319 132-1.
 */
export function checkXmlSignature(text: string, document: Document): Result<HeldSignature | undefined, string> {
  const signatures = elementsBelow(document, DS, "Signature");
  const [signature] = signatures;
  if (signature === undefined) return ok(undefined);
  if (signatures.length > 1) return fail(`the document holds ${signatures.length} signatures, and one is judged`);
  if (signature.parentNode !== document.documentElement)
    return fail("the signature does not stand in the root element");
  const form = readForm(signature);
  if (!form.ok) return form;
  const { signer, properties } = form.value;
  const scheme = SIGNATURE_SCHEMES[form.value.scheme];
  const key = signer.publicKey;
  if (scheme === undefined) return fail(`the signature algorithm ${form.value.scheme} is not taken`);
  if (key.asymmetricKeyType !== (scheme.ecdsa ? "ec" : "rsa"))
    return fail("the key does not fit the signature algorithm");
  if (!scheme.ecdsa && (key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS)
    return fail(`the signer's RSA key has less than ${MIN_RSA_BITS} bits`);
  const verifier = new SignedXml({ publicCert: key });
  allowAlgorithms(verifier);
  const signedText = verifiedText(verifier, signature, text, form.value.rootAt);
  if (!signedText.ok) return signedText;
  const time = textOf(properties === undefined ? undefined : elementsBelow(properties, XADES, "SigningTime")[0]);
  return ok({
    signedText: signedText.value,
    signer,
    certificates: [...form.value.certificates, ...unsignedCertificates(signature)],
    ...unsignedValues(signature),
    signedAtMs: parseInstant(time),
    hasTimeStamps: elementsBelow(signature, XADES, "EncapsulatedTimeStamp").length > 0,
  });
}

function verifiedText(verifier: SignedXml, signature: Element, text: string, rootAt: number): Result<string, string> {
  try {
    verifier.loadSignature(signature);
    if (!verifier.checkSignature(text)) return fail("the document was changed after it was signed: a digest differs");
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return fail(/signature value/.test(message) ? "the signature was not made with the key it names" : message);
  }
  const signed = verifier.getSignedReferences()[rootAt];
  return signed === undefined ? fail("the signature covers nothing") : ok(signed);
}

interface Form {
  readonly scheme: string;
  /** Which of the references is the one over the root. */
  readonly rootAt: number;
  readonly certificates: readonly X509Certificate[];
  readonly signer: X509Certificate;
  /** XAdES SignedProperties that a reference covers. */
  readonly properties: Element | undefined;
}

/** The signature's parts in the one order the standard gives them, so that nothing can stand in for another. */
function readForm(signature: Element): Result<Form, string> {
  const parts = childElements(signature);
  const names = parts.map((part) => (part.namespaceURI === DS ? part.localName : "?")).join(" ");
  const [info, , keyInfo] = parts;
  if (!/^SignedInfo SignatureValue KeyInfo( Object)*$/.test(names) || info === undefined || keyInfo === undefined)
    return fail("the signature is not SignedInfo, SignatureValue, KeyInfo and objects, in this order");
  if (nodesOf(info).some(({ nodeType }) => nodeType !== 1 && nodeType !== 3))
    return fail("SignedInfo holds more than elements");
  const [canonical, method, ...references] = childElements(info);
  if (canonical?.localName !== "CanonicalizationMethod" || method?.localName !== "SignatureMethod")
    return fail("SignedInfo does not begin with its two methods");
  if (!CANONICAL_FORMS.includes(algorithmOf(canonical)))
    return fail(`the canonical form ${algorithmOf(canonical)} is not taken`);
  const covered = readReferences(references, signature);
  if (!covered.ok) return covered;
  const certificates = certificatesIn(keyInfo);
  if (!certificates.ok) return certificates;
  const { properties } = covered.value;
  const named = properties === undefined ? undefined : digestsOfSigner(properties);
  const signer = named === undefined ? certificates.value[0] : certificates.value.find((one) => isNamed(one, named));
  // A certificate put in the signer's place would fit the signature's key and not the signed properties.
  if (signer === undefined) return fail("the signature carries no certificate of its signer");
  return ok({ scheme: algorithmOf(method), ...covered.value, certificates: certificates.value, signer });
}

const algorithmOf = (element: Element): string => element.getAttribute("Algorithm") ?? "";

function readReferences(
  references: readonly Element[],
  signature: Element,
): Result<{ readonly rootAt: number; readonly properties: Element | undefined }, string> {
  let rootAt = -1;
  let properties: Element | undefined;
  for (const [at, reference] of references.entries()) {
    if (reference.localName !== "Reference" || reference.namespaceURI !== DS)
      return fail("SignedInfo holds a stranger");
    const transforms = elementsBelow(reference, DS, "Transform").map(algorithmOf);
    const digest = elementsBelow(reference, DS, "DigestMethod").map(algorithmOf);
    if (digest.length !== 1 || !Object.hasOwn(DIGESTS, digest[0] ?? ""))
      return fail(`the digest ${digest.join()} is not taken`);
    const uri = reference.hasAttribute("URI") ? reference.getAttribute("URI") : null;
    if (uri === "" && rootAt < 0) {
      const [first, ...forms] = transforms;
      if (first !== ENVELOPED || forms.length > 1 || !forms.every((form) => CANONICAL_FORMS.includes(form)))
        return fail("the signature leaves out more of the document than itself");
      rootAt = at;
    } else if (reference.getAttribute("Type") === SIGNED_PROPERTIES && properties === undefined) {
      properties = elementsBelow(signature, XADES, "SignedProperties").find(
        (one) => `#${one.getAttribute("Id")}` === uri,
      );
      if (
        properties === undefined ||
        transforms.length > 1 ||
        !transforms.every((form) => CANONICAL_FORMS.includes(form))
      )
        return fail("the signed properties are not those of this signature");
    } else
      return fail(
        `the signature refers to ${JSON.stringify(uri)}: only the whole document and its own properties are taken`,
      );
  }
  return rootAt < 0 ? fail("the signature does not cover the whole document") : ok({ rootAt, properties });
}

const bytesOf = (element: Element): Buffer => Buffer.from(element.textContent ?? "", "base64");

function certificatesIn(keyInfo: Element): Result<readonly X509Certificate[], string> {
  const elements = elementsBelow(keyInfo, DS, "X509Certificate");
  if (elements.length > MAX_EMBEDDED_CERTIFICATES)
    return fail(`carries more than ${MAX_EMBEDDED_CERTIFICATES} certificates`);
  const certificates = elements.map((element) => readX509(bytesOf(element)));
  const readable = certificates.filter((one) => one !== undefined);
  return readable.length === certificates.length ? ok(readable) : fail("a certificate in KeyInfo cannot be read");
}

/** Links of the chain that the document brings along; one that cannot be read is no link. */
function unsignedCertificates(signature: Element): readonly X509Certificate[] {
  return elementsBelow(signature, XADES, "EncapsulatedX509Certificate")
    .slice(0, MAX_EMBEDDED_CERTIFICATES)
    .map((element) => readX509(bytesOf(element)))
    .filter((one) => one !== undefined);
}

interface NamedDigest {
  readonly hash: string | undefined;
  readonly value: Buffer;
}

/** What the signed properties say about the signer's certificate; undefined where they say nothing. */
function digestsOfSigner(properties: Element): readonly NamedDigest[] | undefined {
  const named = ["SigningCertificateV2", "SigningCertificate"].flatMap((name) =>
    elementsBelow(properties, XADES, name),
  );
  if (named.length === 0) return undefined;
  const first = named.flatMap((one) => elementsBelow(one, XADES, "CertDigest").slice(0, 1));
  return first.map((digest) => ({
    hash: DIGESTS[elementsBelow(digest, DS, "DigestMethod").map(algorithmOf)[0] ?? ""],
    value: Buffer.from(textOf(elementsBelow(digest, DS, "DigestValue")[0]), "base64"),
  }));
}

const isNamed = (certificate: X509Certificate, named: readonly NamedDigest[]): boolean =>
  named.length > 0 &&
  named.every(
    ({ hash, value }) => hash !== undefined && createHash(hash).update(certificate.raw).digest().equals(value),
  );

function unsignedValues(signature: Element): Pick<HeldSignature, "crls" | "ocsps"> {
  const few = (name: string) => elementsBelow(signature, XADES, name).slice(0, MAX_EMBEDDED_CERTIFICATES).map(bytesOf);
  return { crls: few("EncapsulatedCRLValue"), ocsps: few("EncapsulatedOCSPValue") };
}
