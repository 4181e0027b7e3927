import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { MaintError } from "../../../base/maint-error.ts";

/**
 * Certificates of the plant's own authority.
 * @throws MaintError MAINT_ERR_TLS for a file that holds none; system errors where it cannot be read
 */
export function readAuthority(path: string): string {
  const pem = readFileSync(path, "utf8");
  try {
    new X509Certificate(pem);
  } catch (cause) {
    throw new MaintError("MAINT_ERR_TLS", `${path}: holds no certificate in PEM`, { cause });
  }
  return pem;
}

/** How OpenSSL and Node word it; a mail library puts codes of its own in the place of theirs. */
const FAULTS: readonly (readonly [said: RegExp, words: string])[] = [
  [
    /unable to (verify|get)|self.signed|signature failure/i,
    "is of no authority that is trusted here: caFile names the plant's own",
  ],
  [/has expired|not yet valid/i, "has expired or is not valid yet"],
  [/altnames|does not match certificate/i, "is for another name"],
];

/** What is wrong with the certificate of `host`, for who has to mend it; any other error as it is. */
export function certificateFault(error: unknown, host: string): unknown {
  const said = error instanceof Error ? error.message : String(error);
  const words = FAULTS.find(([pattern]) => pattern.test(said))?.[1];
  // Advice to start Node otherwise helps nobody here.
  return words === undefined
    ? error
    : `the certificate of ${host} ${words} (${said.replace(/; if the root CA .*$/, "")})`;
}
