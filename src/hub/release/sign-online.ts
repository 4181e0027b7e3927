import type { SigningKey } from "../../disk/key-file.ts";
import { expiryOf, makeMetadata, sha256Hex, signedText } from "./metadata-text.ts";

/** What the hub's own key signs: which targets are current, and that this is still so. It can name no new file. */

const meta = (version: number, text: string) => ({
  version,
  length: Buffer.byteLength(text),
  hashes: { sha256: sha256Hex(text) },
});

export interface Versioned {
  readonly version: number;
  readonly text: string;
}

/** Every targets role by its name, `targets` among them. */
export type TargetsRoles = ReadonlyMap<string, Versioned>;

/** `N.snapshot.json`, good for 30 days. */
export function signSnapshot(roles: TargetsRoles, version: number, onlineKey: SigningKey, nowMs: number): string {
  const listed = [...roles].map(([role, { version: of, text }]) => [`${role}.json`, meta(of, text)] as const);
  const more = { meta: Object.fromEntries(listed) };
  return signedText(makeMetadata("snapshot", version, expiryOf("snapshot", nowMs), more), onlineKey);
}

/** `timestamp.json`, good for a day. */
export const signTimestamp = (snapshot: Versioned, version: number, onlineKey: SigningKey, nowMs: number): string =>
  signedText(
    makeMetadata("timestamp", version, expiryOf("timestamp", nowMs), {
      meta: { "snapshot.json": meta(snapshot.version, snapshot.text) },
    }),
    onlineKey,
  );

/** Both, for new targets. */
export function snapshotAndTimestamp(
  roles: TargetsRoles,
  versions: { readonly snapshot: number; readonly timestamp: number },
  onlineKey: SigningKey,
  nowMs: number,
): { readonly snapshot: string; readonly timestamp: string } {
  const snapshot = signSnapshot(roles, versions.snapshot, onlineKey, nowMs);
  const timestamp = signTimestamp({ version: versions.snapshot, text: snapshot }, versions.timestamp, onlineKey, nowMs);
  return { snapshot, timestamp };
}
