import { type ContractId, type Digest, isContractId, isVersion, type Version } from "../../model/ids.ts";
import { isDomain } from "./role-name.ts";

/** Where a release lies below `policy/`, which is also its TUF target path. */
export interface TargetName {
  readonly domain: string;
  readonly version: Version;
  readonly contract: ContractId;
  readonly kind: "source" | "bundle";
}

/** Where the `number`th assignment of a contract lies: what its signers let a hub take away. */
export interface AssignmentName {
  readonly domain: string;
  readonly contract: ContractId;
  readonly number: number;
}

const SUFFIX = { source: ".maint", bundle: ".bundle.json" } as const;
const PATH = /^([^/]+)\/maintenance-contracts\/([^/]+)\/([^/]+?)(\.maint|\.bundle\.json)$/;
const ASSIGNMENT = /^([^/]+)\/assignments\/([^/]+)\/([1-9]\d{0,8})\.json$/;

/** `penetrant/maintenance-contracts/v1.0/UV-DAILY.maint` */
export const targetPath = ({ domain, version, contract, kind }: TargetName): string =>
  `${domain}/maintenance-contracts/${version}/${contract}${SUFFIX[kind]}`;

/** What a target path names; undefined for every path that is not one of ours, so that none leaves its folder. */
export function parseTargetPath(path: string): TargetName | undefined {
  const [, domain, version, contract, suffix] = PATH.exec(path) ?? [];
  if (!isDomain(domain) || !isVersion(version) || !isContractId(contract)) return undefined;
  return { domain, version, contract, kind: suffix === SUFFIX.source ? "source" : "bundle" };
}

/** `penetrant/assignments/UV-DAILY/3.json` */
export const assignmentPath = ({ domain, contract, number }: AssignmentName): string =>
  `${domain}/assignments/${contract}/${number}.json`;

export function parseAssignmentPath(path: string): AssignmentName | undefined {
  const [, domain, contract, number] = ASSIGNMENT.exec(path) ?? [];
  return isDomain(domain) && isContractId(contract) ? { domain, contract, number: Number(number) } : undefined;
}

/** The name a consistent-snapshot client asks for: the digest's hex before the file name. */
export function hashedPath(path: string, sha256: string): string {
  const slash = path.lastIndexOf("/") + 1;
  return `${path.slice(0, slash)}${sha256}.${path.slice(slash)}`;
}

/** The hex of a digest, as TUF writes hashes. */
export const hexOf = (digest: Digest): string => digest.slice("sha256:".length);
