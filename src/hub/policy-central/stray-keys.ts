import { createPrivateKey } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { tufKey } from "../../disk/key-file.ts";
import { readCurrent, readRoots } from "./current-metadata.ts";

const MAX_KEY_BYTES = 16 << 10;

/**
 * Files below `folder` that hold a private key which the root names for the root or targets role, or that targets delegate to. A hub that could sign a
 * release is not a hub: it refuses to start while this answers anything. `policy` is the PolicyCentral folder.
 */
export function strayKeys(folder: string, policy: string): readonly string[] {
  const roots = readRoots(policy);
  if (!roots.ok) return [];
  const named = new Set([
    ...roots.value.flatMap(({ metadata }) =>
      (["root", "targets"] as const).flatMap((role) => metadata.signed.roles[role]?.keyIDs ?? []),
    ),
    ...delegatedKeys(policy),
  ]);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => named.has(keyIdIn(path) ?? ""))
    .sort();
}

/** Keys that the current targets delegate a domain to; none where they cannot be read, which opening then says. */
function delegatedKeys(policy: string): readonly string[] {
  const current = readCurrent(policy);
  if (!current.ok) return [];
  return Object.keys(current.value.targets.metadata.signed.delegations?.keys ?? {});
}

function keyIdIn(path: string): string | undefined {
  try {
    if (statSync(path).size > MAX_KEY_BYTES) return undefined;
    const text = readFileSync(path, "utf8");
    return text.includes("PRIVATE KEY-----") ? tufKey(createPrivateKey(text)).keyId : undefined;
  } catch {
    // What this process cannot read, or is no key, cannot sign for it either.
    return undefined;
  }
}
