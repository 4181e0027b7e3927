/** Names that become folder and file names. Their patterns are what keeps an id inside its folder. Source: language.md "Lexical". */

export type ContractId = string;
/** `v1.0`: what people call a stored release. */
export type Version = string;
/** `sha256:` and 64 hex digits, over the received bytes. */
export type Digest = string;

const CONTRACT_ID = /^[A-Z][A-Z0-9]*(-[A-Z0-9]+)*$/;
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const VERSION = /^v(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})$/;
const TEST_NODE_ID = /^[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*$/;
const PERSON_ID = /^[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** What Windows takes for a device whatever follows the first dot: no file of such a name can be made there. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
const MAX_NAME_LENGTH = 64;

export const isDeviceName = (text: string): boolean => DEVICE.test(text);

const fits = (pattern: RegExp, text: unknown): text is string =>
  typeof text === "string" && text.length <= MAX_NAME_LENGTH && pattern.test(text) && !isDeviceName(text);

export const isContractId = (text: unknown): text is ContractId => fits(CONTRACT_ID, text);
/** A kebab-case name: equipment, quantity, condition, template, domain. */
export const isName = (text: unknown): text is string => fits(NAME, text);
export const isVersion = (text: unknown): text is Version => fits(VERSION, text);
export const isTestNodeId = (text: unknown): text is string => fits(TEST_NODE_ID, text);
export const isPersonId = (text: unknown): text is string => fits(PERSON_ID, text);
export const isDigest = (text: unknown): text is Digest => typeof text === "string" && DIGEST.test(text);

/** −1, 0 or 1 by major, then minor. Both must satisfy `isVersion`. */
export function compareVersions(a: Version, b: Version): number {
  const [aMajor = 0, aMinor = 0] = a.slice(1).split(".").map(Number);
  const [bMajor = 0, bMinor = 0] = b.slice(1).split(".").map(Number);
  return Math.sign(aMajor - bMajor || aMinor - bMinor);
}

/** v1.0, then v1.1, v1.2 …; the major number is raised by people only. */
export function nextVersion(latest: Version | undefined): Version {
  if (latest === undefined) return "v1.0";
  const [major = 1, minor = 0] = latest.slice(1).split(".").map(Number);
  return `v${major}.${minor + 1}`;
}
