import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { MaintError } from "../base/maint-error.ts";

/**
 * Certificates of the plant's own authority, trusted beside those that Node brings: `--ca`, else MAINT_CA, else none. For
 * every connection of this process. @throws MaintError MAINT_ERR_TLS for a file that holds no certificate
 */
export function trustCa(given: string | undefined): void {
  const file = given ?? process.env["MAINT_CA"];
  if (file === undefined || file === "") return;
  const pem = readFileSync(file, "utf8");
  if (!pem.includes("-----BEGIN CERTIFICATE-----"))
    throw new MaintError("MAINT_ERR_TLS", `${file}: holds no certificate in PEM`);
  setDefaultCACertificates([...getCACertificates("default"), pem]);
}
