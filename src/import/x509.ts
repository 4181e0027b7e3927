import { X509Certificate } from "node:crypto";
import { Certificate } from "pkijs";

/** A certificate from DER or PEM that both libraries can read, its key too; undefined for any other. */
export function readX509(bytes: Buffer | string): X509Certificate | undefined {
  return attempt(() => {
    const certificate = new X509Certificate(bytes);
    Certificate.fromBER(certificate.raw);
    return certificate.publicKey === undefined ? undefined : certificate;
  });
}

/**
 * Undefined where the libraries cannot make anything of it: what cannot be read says nothing, the same as if it were not
 * there, and whoever put it into a document could have left it out.
 */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
