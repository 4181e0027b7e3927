import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { MaintError } from "../../base/maint-error.ts";
import { makeFolder, writeAtomically, writeOnce } from "../../disk/atomic-write.ts";
import { createKeyFile, type PublicKey, type SigningKey } from "../../disk/key-file.ts";
import { createTokenFile } from "../../disk/token-file.ts";
import { roleName } from "../release/role-name.ts";
import { snapshotAndTimestamp } from "../release/sign-online.ts";
import { initialRole, initialRoot, initialTargets } from "../release/sign-release.ts";
import { METADATA_FOLDER, metadataName } from "./current-metadata.ts";

export interface InitialisedPolicy {
  /** By the file that holds the private half. */
  readonly keys: readonly (PublicKey & { readonly file: string; readonly roles: readonly string[] })[];
  readonly adminToken: string;
  readonly people: string;
  readonly root: string;
}

const FIRST = { snapshot: 1, timestamp: 1 };
/** Two of three offline keys, and two people over the delegations. Source: distribution.md "Trust". */
const ROOT_KEYS = 3;
const ROOT_THRESHOLD = 2;
const SIGNERS_THRESHOLD = 2;
/** Domains a floor begins with; `maint keys delegate` opens others. */
export const FIRST_DOMAINS = ["general", "magnetic-particle", "penetrant", "thermal", "torque"] as const;
const ADMIN = { id: "admin", roles: ["admin", "author", "approver"] } as const;

/**
 * Makes everything trust begins with, once: the three root keys, those of author and approver and the admin's token in `keysFolder`, and in `dataFolder`
 * the hub's online key, its first people file and the signed root and targets. Never replaces anything.
 * @throws MaintError MAINT_ERR_KEYS_INSIDE_DATA, or MAINT_ERR_SECRET_EXISTS naming the file that is there already
 */
export function initPolicy(keysFolder: string, dataFolder: string, nowMs: number): InitialisedPolicy {
  refuseInside(keysFolder, dataFolder);
  const metadata = join(dataFolder, "policy", METADATA_FOLDER);
  const files = {
    author: join(keysFolder, "author.key"),
    approver: join(keysFolder, "approver.key"),
    adminToken: join(keysFolder, "admin.token"),
    online: join(dataFolder, "hub", "key"),
    people: join(dataFolder, "hub", "people.json"),
    rootText: join(metadata, metadataName("root", 1)),
  };
  const rootFiles = Array.from({ length: ROOT_KEYS }, (_, index) => join(keysFolder, `root-${index + 1}.key`));
  const taken = [...rootFiles, ...Object.values(files)].find((file) => existsSync(file));
  if (taken !== undefined)
    throw new MaintError("MAINT_ERR_SECRET_EXISTS", `${taken}: is there already and is never replaced`, {
      help: "keys are made once; name other folders with --keys and --data to begin anew",
    });
  const roots = rootFiles.map((file) => createKeyFile(file));
  const signers = [createKeyFile(files.author), createKeyFile(files.approver)] as const;
  const online = createKeyFile(files.online);
  const { sha256 } = createTokenFile(files.adminToken, ADMIN.id);
  writeAtomically(files.people, `${JSON.stringify([{ ...ADMIN, tokenSha256: sha256 }], null, 2)}\n`, { mode: 0o600 });
  makeFolder(metadata);
  const first = firstMetadata({ roots, signers, online }, nowMs);
  for (const { name, text } of first.files) writeOnce(join(metadata, name), text);
  writeAtomically(join(metadata, metadataName("timestamp", 1)), first.timestamp);
  // Last, because a folder with a root counts as made.
  writeOnce(files.rootText, first.root);
  const shown = (key: PublicKey, file: string, roles: readonly string[]) => ({
    file,
    keyId: key.keyId,
    publicHex: key.publicHex,
    roles,
  });
  return {
    keys: [
      ...roots.map((root, index) => shown(root, rootFiles[index] ?? "", ["root"])),
      shown(signers[0], files.author, ["targets", "every domain"]),
      shown(signers[1], files.approver, ["targets", "every domain"]),
      shown(online, files.online, ["snapshot", "timestamp"]),
    ],
    adminToken: files.adminToken,
    people: files.people,
    root: files.rootText,
  };
}

export interface FirstHolders {
  readonly roots: readonly SigningKey[];
  readonly signers: readonly SigningKey[];
  readonly online: SigningKey;
}

/** Version 1 of everything: what a repository begins with. `domains` are delegated to all `signers`. */
export function firstMetadata(
  { roots, signers, online }: FirstHolders,
  nowMs: number,
  domains: readonly string[] = FIRST_DOMAINS,
): {
  readonly root: string;
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly timestamp: string;
} {
  const [author] = signers;
  const targets = initialTargets(signers, nowMs, domains);
  const roles = new Map([["targets", { version: 1, text: targets }]]);
  for (const domain of domains)
    for (const loosening of [false, true]) {
      const text = initialRole(loosening || author === undefined ? signers : [author], nowMs);
      roles.set(roleName({ domain, loosening, part: 1 }), { version: 1, text });
    }
  const { snapshot, timestamp } = snapshotAndTimestamp(roles, FIRST, online, nowMs);
  const thresholds = { rootThreshold: ROOT_THRESHOLD, signersThreshold: SIGNERS_THRESHOLD };
  const files = [...roles].map(([role, { text }]) => ({ name: metadataName(role, 1), text }));
  return {
    root: initialRoot({ roots, signers, online, ...thresholds }, nowMs),
    files: [...files, { name: metadataName("snapshot", 1), text: snapshot }],
    timestamp,
  };
}

/** The hub owns its data folder and may read all of it; what signs releases lies elsewhere. */
export function refuseInside(keysFolder: string, dataFolder: string): void {
  const way = relative(realPath(dataFolder), realPath(keysFolder));
  if (way !== "" && (way === ".." || way.startsWith("../") || way.startsWith("..\\") || resolve(way) === way)) return;
  throw new MaintError("MAINT_ERR_KEYS_INSIDE_DATA", `${keysFolder}: lies inside the data folder ${dataFolder}`, {
    help: "the hub must not be able to read the keys that sign releases; name a folder outside with --keys",
  });
}

/** With links followed, also for a folder that is still to be made. */
function realPath(path: string): string {
  const full = resolve(path);
  if (existsSync(full) || dirname(full) === full) return realpathSync(full);
  return join(realPath(dirname(full)), basename(full));
}
