import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MaintError } from "../base/maint-error.ts";
import { writeAtomically } from "../disk/atomic-write.ts";
import { lockFolder } from "../disk/folder-lock.ts";
import { loadKeyFile, type SigningKey } from "../disk/key-file.ts";
import { applyCeremony, currentOf, standingOf } from "../hub/policy-central/apply-ceremony.ts";
import { keepHubId } from "../hub/policy-central/hub-id.ts";
import { type Ceremony, missingSignatures, type Standing, signCeremony } from "../hub/release/ceremony.ts";

/** A change of keys, from its making to the folder: signed by the keys at hand, applied, or written down for further holders. */
export interface CeremonyPlace {
  readonly data: string;
  /** Folders whose keys sign now. */
  readonly keys: readonly string[];
  /** Where it is written while signatures are missing. */
  readonly out: string;
  /** The file of a new online key, where the hub's is exchanged. */
  readonly newOnlineKey?: string;
  /** A key that is named now for the first time, and signs. */
  readonly newKey?: string;
}

export interface CeremonyOutcome {
  readonly what: string;
  readonly applied: boolean;
  readonly changed: readonly string[];
  readonly missing: readonly string[];
  /** The file that the next holder signs; null where it is applied. */
  readonly file: string | null;
}

const policyIn = (data: string): string => join(data, "policy");
export const standingIn = (data: string): Standing => standingOf(currentOf(policyIn(data)));

/** Every key file in a folder. */
export const keysIn = (folder: string): readonly SigningKey[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".key"))
    .sort()
    .map((name) => loadKeyFile(join(folder, name)));

/** @throws MaintError MAINT_ERR_FOLDER_LOCKED while the hub runs */
export function holdCeremony(made: Ceremony, place: CeremonyPlace): CeremonyOutcome {
  const { data, keys, out, newOnlineKey, newKey } = place;
  const lock = lockFolder(join(data, "hub"), "hub");
  try {
    const standing = standingIn(data);
    const further = newKey === undefined ? [] : [loadKeyFile(newKey)];
    const holders = [...keys.flatMap((folder) => keysIn(folder)), ...further];
    const signed = signCeremony(made, standing, holders);
    if (!signed.ok) throw new MaintError("MAINT_ERR_CEREMONY", signed.error);
    const { ceremony } = signed.value;
    const missing = missingSignatures(ceremony, standing);
    if (!missing.ok) throw new MaintError("MAINT_ERR_CEREMONY", missing.error);
    const said = { what: ceremony.what, changed: ceremony.changes.map(({ role }) => role) };
    if (missing.value.length > 0) {
      writeAtomically(out, `${JSON.stringify(ceremony, null, 2)}\n`);
      return { ...said, applied: false, missing: missing.value, file: out };
    }
    apply(ceremony, data, newOnlineKey);
    return { ...said, applied: true, missing: [], file: null };
  } finally {
    lock.release();
  }
}

function apply(ceremony: Ceremony, data: string, newOnlineKey: string | undefined): void {
  const file = join(data, "hub", "key");
  const present = loadKeyFile(file);
  if (ceremony.onlineKeyId === null) {
    applyCeremony(policyIn(data), ceremony, present, Date.now());
    return;
  }
  if (newOnlineKey === undefined)
    throw new MaintError("MAINT_ERR_CEREMONY", "the hub's online key is exchanged: name the file of the new one", {
      help: "--new FILE",
    });
  const next = loadKeyFile(newOnlineKey);
  if (next.keyId !== ceremony.onlineKeyId)
    throw new MaintError("MAINT_ERR_CEREMONY", `${newOnlineKey} is not the key that the new root names`);
  // The hub's name comes from its first key, and nodes know it by that.
  keepHubId(join(data, "hub"), present);
  applyCeremony(policyIn(data), ceremony, next, Date.now());
  writeAtomically(file, readFileSync(newOnlineKey, "utf8"), { mode: 0o600 });
}

/** What `holdCeremony` wrote. @throws MaintError MAINT_ERR_CEREMONY */
export function readCeremony(file: string): Ceremony {
  let value: Partial<Ceremony>;
  try {
    value = JSON.parse(readFileSync(file, "utf8")) as Partial<Ceremony>;
  } catch (error) {
    if (!existsSync(file)) throw error;
    throw new MaintError("MAINT_ERR_CEREMONY", `${file}: is no JSON`);
  }
  const isOne =
    value?.format === "maint-ceremony/1" &&
    typeof value.what === "string" &&
    Array.isArray(value.changes) &&
    value.changes.every(({ role, text }) => typeof role === "string" && typeof text === "string");
  if (!isOne) throw new MaintError("MAINT_ERR_CEREMONY", `${file}: is no change of keys`);
  return value as Ceremony;
}

export const ceremonyLines = ({ what, applied, changed, missing, file }: CeremonyOutcome): readonly string[] =>
  applied
    ? [`${what}: signed by all that must, in force (${changed.join(", ")})`]
    : [
        `${what}: ${changed.join(", ")} made anew; signatures are still missing`,
        ...missing.map((one) => `  ${one}`),
        `  to do: maint keys sign ${file} --keys DIR, where the other keys lie`,
      ];
