import { MaintError } from "../../base/maint-error.ts";
import type { SigningKey } from "../../disk/key-file.ts";
import { type Ceremony, missingSignatures, type Standing } from "../release/ceremony.ts";
import { readMetadata } from "../release/metadata-text.ts";
import { snapshotAndTimestamp } from "../release/sign-online.ts";
import { type CurrentMetadata, METADATA_FOLDER, metadataName, readCurrent, rolesOf } from "./current-metadata.ts";
import { commitFiles } from "./store-files.ts";

/** The metadata of a PolicyCentral folder that no hub has open. @throws MaintError MAINT_ERR_POLICY_DAMAGED */
export function currentOf(folder: string): CurrentMetadata {
  const current = readCurrent(folder);
  if (current.ok) return current.value;
  const { path, message } = current.error;
  throw new MaintError("MAINT_ERR_POLICY_DAMAGED", `PolicyCentral does not hold: ${path} ${message}`, { exitCode: 69 });
}

export const standingOf = ({ root, targets, delegated }: CurrentMetadata): Standing => ({
  root: root.metadata,
  targets: targets.metadata,
  delegated: new Map([...delegated].map(([role, { metadata }]) => [role, metadata])),
});

/**
 * Takes the new metadata in as one commit, with a snapshot and timestamp over it. The caller holds the hub's lock.
 * @throws MaintError MAINT_ERR_CEREMONY where a signature is missing, it was made for another state, or a file would change
 */
export function applyCeremony(folder: string, ceremony: Ceremony, onlineKey: SigningKey, nowMs: number): void {
  const current = currentOf(folder);
  const missing = missingSignatures(ceremony, standingOf(current));
  if (!missing.ok) throw refused(missing.error);
  if (missing.value.length > 0) throw refused(missing.value.join("; "));
  const roles = new Map(rolesOf(current));
  const files = ceremony.changes.map(({ role, text }) => {
    const read = readMetadata(role === "root" ? "root" : "targets", text);
    if (!read.ok) throw refused(`${role} ${read.error}`);
    const { version } = read.value.signed;
    const before = role === "root" ? current.root.file.version : (roles.get(role)?.version ?? 0);
    if (version !== before + 1)
      throw refused(
        `${role} has version ${version}, ${before + 1} is the next: it was made for another state, make it anew`,
      );
    if (role !== "root") {
      refuseOtherTargets(role, text, current);
      roles.set(role, { version, text });
    }
    return { path: `${METADATA_FOLDER}/${metadataName(role, version)}`, content: text };
  });
  const versions = {
    snapshot: current.snapshot.file.version + 1,
    timestamp: current.timestamp.file.version + 1,
  };
  const { snapshot, timestamp } = snapshotAndTimestamp(roles, versions, onlineKey, nowMs);
  const path = `${METADATA_FOLDER}/${metadataName("snapshot", versions.snapshot)}`;
  commitFiles(folder, [...files, { path, content: snapshot }], timestamp);
}

/** Keys change, files do not. */
function refuseOtherTargets(role: string, text: string, current: CurrentMetadata): void {
  const before = role === "targets" ? current.targets : current.delegated.get(role);
  const listed = (document: string): string =>
    JSON.stringify((JSON.parse(document) as { readonly signed: { readonly targets: unknown } }).signed.targets);
  if (listed(text) !== (before === undefined ? "{}" : listed(before.file.text)))
    throw refused(`${role} lists other files than it did`);
}

const refused = (why: string): MaintError =>
  new MaintError("MAINT_ERR_CEREMONY", `the change of keys cannot be applied: ${why}`, {
    help: "maint keys sign FILE adds the signatures of further holders",
  });
