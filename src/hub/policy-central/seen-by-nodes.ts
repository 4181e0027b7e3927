import { fail, ok, type Result } from "../../base/result.ts";
import { type ContractId, compareVersions, type Version } from "../../model/ids.ts";
import { readMetadata, signatureFault } from "../release/metadata-text.ts";
import { parseTargetPath } from "../release/target-path.ts";
import type { CurrentMetadata } from "./current-metadata.ts";

/**
 * What nodes were given by this hub before it was restored from an older copy: versions that must not be used again. Only what
 * carries our signers' signatures counts, so that no node can drive the numbers up.
 */
export interface SeenByNodes {
  /** Metadata versions by role, `snapshot` and `timestamp` among them. */
  readonly roles: ReadonlyMap<string, number>;
  /** The highest version of each contract. */
  readonly contracts: ReadonlyMap<ContractId, Version>;
}

export const NOTHING_SEEN: SeenByNodes = { roles: new Map(), contracts: new Map() };

/** Reads one metadata file that a node kept. The error is a sentence. */
export function readSeen(name: string, text: string, current: CurrentMetadata): Result<SeenByNodes, string> {
  if (name === "snapshot" || name === "timestamp") {
    const metadata = readMetadata(name, text);
    if (!metadata.ok) return fail(`the ${name} ${metadata.error}`);
    const fault = signatureFault(current.root.metadata, name, metadata.value);
    if (fault !== null) return fail(`the ${name} ${fault.message}`);
    return ok({ roles: new Map([[name, metadata.value.signed.version]]), contracts: new Map() });
  }
  if (!current.delegated.has(name)) return fail(`there is no role ${name}`);
  const metadata = readMetadata("targets", text);
  if (!metadata.ok) return fail(`the metadata of ${name} ${metadata.error}`);
  const fault = signatureFault(current.targets.metadata, name, metadata.value);
  if (fault !== null) return fail(`the metadata of ${name} ${fault.message}`);
  const { version, targets } = metadata.value.signed;
  const contracts = new Map<ContractId, Version>();
  for (const path of Object.keys(targets)) {
    const found = parseTargetPath(path);
    if (found?.kind === "bundle") contracts.set(found.contract, later(contracts.get(found.contract), found.version));
  }
  return ok({ roles: new Map([[name, version]]), contracts });
}

/** The higher of both in everything. */
export function highest(a: SeenByNodes, b: SeenByNodes): SeenByNodes {
  const roles = new Map(a.roles);
  for (const [role, version] of b.roles) roles.set(role, Math.max(version, roles.get(role) ?? 0));
  const contracts = new Map(a.contracts);
  for (const [contract, version] of b.contracts) contracts.set(contract, later(contracts.get(contract), version));
  return { roles, contracts };
}

export const later = (a: Version | undefined, b: Version): Version =>
  a === undefined || compareVersions(a, b) < 0 ? b : a;

/** The version of a role's metadata that comes next. */
export const nextOf = (role: string, version: number, { roles }: SeenByNodes): number =>
  Math.max(version, roles.get(role) ?? 0) + 1;
