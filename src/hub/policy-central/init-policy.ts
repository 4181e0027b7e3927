import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { MaintError } from "../../base/maint-error.ts";
import { makeFolder, writeAtomically, writeOnce } from "../../disk/atomic-write.ts";
import { createKeyFile, type PublicKey } from "../../disk/key-file.ts";
import { createTokenFile } from "../../disk/token-file.ts";
import { snapshotAndTimestamp } from "../release/sign-online.ts";
import { initialRoot, initialTargets } from "../release/sign-release.ts";
import { METADATA_FOLDER, metadataName } from "./current-metadata.ts";

export interface InitialisedPolicy {
  /** By the file that holds the private half. */
  readonly keys: readonly (PublicKey & { readonly file: string; readonly roles: readonly string[] })[];
  readonly adminToken: string;
  readonly people: string;
  readonly root: string;
}

const FIRST = { snapshot: 1, timestamp: 1 };
const ADMIN = { id: "admin", roles: ["admin", "author", "approver"] } as const;

/**
 * Makes everything trust begins with, once: the root and author keys and the admin's token in `keysFolder`, and in `dataFolder`
 * the hub's online key, its first people file and the signed root and targets. Never replaces anything.
 * @throws MaintError MAINT_ERR_KEYS_INSIDE_DATA, or MAINT_ERR_SECRET_EXISTS naming the file that is there already
 */
export function initPolicy(keysFolder: string, dataFolder: string, nowMs: number): InitialisedPolicy {
  refuseInside(keysFolder, dataFolder);
  const metadata = join(dataFolder, "policy", METADATA_FOLDER);
  const files = {
    root: join(keysFolder, "root.key"),
    author: join(keysFolder, "author.key"),
    adminToken: join(keysFolder, "admin.token"),
    online: join(dataFolder, "hub", "key"),
    people: join(dataFolder, "hub", "people.json"),
    rootText: join(metadata, metadataName("root", 1)),
    targetsText: join(metadata, metadataName("targets", 1)),
  };
  const taken = Object.values(files).find((file) => existsSync(file));
  if (taken !== undefined)
    throw new MaintError("MAINT_ERR_SECRET_EXISTS", `${taken}: is there already and is never replaced`, {
      help: "keys are made once; name other folders with --keys and --data to begin anew",
    });
  const root = createKeyFile(files.root);
  const author = createKeyFile(files.author);
  const online = createKeyFile(files.online);
  const { sha256 } = createTokenFile(files.adminToken, ADMIN.id);
  writeAtomically(files.people, `${JSON.stringify([{ ...ADMIN, tokenSha256: sha256 }], null, 2)}\n`, { mode: 0o600 });
  makeFolder(metadata);
  const targets = initialTargets(author, nowMs);
  const { snapshot, timestamp } = snapshotAndTimestamp({ version: 1, text: targets }, FIRST, online, nowMs);
  writeOnce(files.targetsText, targets);
  writeOnce(join(metadata, metadataName("snapshot", 1)), snapshot);
  writeAtomically(join(metadata, metadataName("timestamp", 1)), timestamp);
  // Last, because a folder with a root counts as made.
  writeOnce(files.rootText, initialRoot({ root, targets: author, online }, nowMs));
  const shown = (key: PublicKey, file: string, roles: readonly string[]) => ({
    file,
    keyId: key.keyId,
    publicHex: key.publicHex,
    roles,
  });
  return {
    keys: [
      shown(root, files.root, ["root"]),
      shown(author, files.author, ["targets"]),
      shown(online, files.online, ["snapshot", "timestamp"]),
    ],
    adminToken: files.adminToken,
    people: files.people,
    root: files.rootText,
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
