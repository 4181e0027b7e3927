import { MaintError } from "../base/maint-error.ts";
import { isPersonId } from "../model/ids.ts";
import { readSecretFile } from "./read-secret.ts";

const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** Whose token it says it is, or undefined where it has not the form of one. Proves nothing yet. */
export function tokenId(token: string): string | undefined {
  const colon = token.lastIndexOf(":");
  const id = token.slice(0, Math.max(colon, 0));
  return isPersonId(id) && SECRET.test(token.slice(colon + 1)) ? id : undefined;
}

/** The form of a JSON web token, which an identity provider signs. Proves nothing yet. */
export const isWebToken = (token: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token);

/** What a person shows a hub: their token, or one of the plant's identity provider. @throws MaintError as `readTokenFile` */
export function readBearerFile(path: string): string {
  const token = readSecretFile(path).trim();
  if (tokenId(token) === undefined && !isWebToken(token))
    throw new MaintError("MAINT_ERR_TOKEN", `${path}: holds no token`);
  return token;
}

/** The token in a file. @throws MaintError MAINT_ERR_SECRET_MODE, MAINT_ERR_SECRET_MISSING or MAINT_ERR_TOKEN */
export function readTokenFile(path: string): string {
  const token = readSecretFile(path).trim();
  if (tokenId(token) === undefined) throw new MaintError("MAINT_ERR_TOKEN", `${path}: holds no token`);
  return token;
}
