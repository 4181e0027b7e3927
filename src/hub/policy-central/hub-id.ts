import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MaintError } from "../../base/maint-error.ts";
import { writeOnce } from "../../disk/atomic-write.ts";
import type { PublicKey } from "../../disk/key-file.ts";

const FILE = "id";
const HUB_ID = /^hub-[0-9a-f]{12}$/;

/**
 * The hub's name: from its first online key, and kept when that key is exchanged, since nodes and ledgers know it by that.
 * @throws MaintError MAINT_ERR_POLICY_DAMAGED for a file that holds no name
 */
export function hubIdIn(folder: string, key: PublicKey): string {
  const file = join(folder, FILE);
  if (!existsSync(file)) return `hub-${key.keyId.slice(0, 12)}`;
  const id = readFileSync(file, "utf8").trim();
  if (HUB_ID.test(id)) return id;
  throw new MaintError("MAINT_ERR_POLICY_DAMAGED", `${file}: holds no hub's name`, { exitCode: 69 });
}

/** Writes the name down, before the key that it comes from goes. */
export function keepHubId(folder: string, key: PublicKey): void {
  if (!existsSync(join(folder, FILE))) writeOnce(join(folder, FILE), `${hubIdIn(folder, key)}\n`);
}
