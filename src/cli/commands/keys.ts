import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { loadKeyFile } from "../../disk/key-file.ts";
import { readTokenFile, tokenId } from "../../disk/read-token.ts";
import { readRoots } from "../../hub/policy-central/current-metadata.ts";
import { initPolicy } from "../../hub/policy-central/init-policy.ts";
import { dataFolder, keysFolder } from "../data-folder.ts";

interface Folders {
  readonly keys?: string;
  readonly data?: string;
  readonly json?: boolean;
}

const print = (text: string): unknown => process.stdout.write(`${text}\n`);

/** `maint keys`: what trust begins with, made once, and a look at what is there. Never prints a private half or a token. */
export function command(): Command {
  const keys = new Command("keys").description("make and list signing keys");
  keys
    .command("init")
    .description(
      "make the root, author and approver keys, the hub's online key, the admin's token and the signed root, once",
    )
    .option("--keys <dir>", "folder for the keys, outside the data folder (else MAINT_KEYS, else ./maint-keys)")
    .option("--data <dir>", "the hub's data folder (else MAINT_DATA, else ./maint-data)")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  maint keys init --keys ~/maint-keys --data ./maint-data")
    .action((options: Folders) => init(options));
  keys
    .command("list")
    .description("list keys and tokens by id, with their roles where the data folder has a root")
    .option("--keys <dir>", "folder of the keys (else MAINT_KEYS, else ./maint-keys)")
    .option("--data <dir>", "the hub's data folder (else MAINT_DATA, else ./maint-data)")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  maint keys list --keys ~/maint-keys")
    .action((options: Folders) => list(options));
  keys.addHelpText("after", "\nExample:\n  maint keys init --keys ~/maint-keys --data ./maint-data");
  return keys;
}

function init(options: Folders): void {
  const made = initPolicy(keysFolder(options.keys), dataFolder(options.data), Date.now());
  if (options.json === true) return void print(JSON.stringify(made));
  for (const { file, keyId, roles } of made.keys) print(`${file}  ${roles.join(", ")}  ${keyId}`);
  print(`${made.adminToken}  token of admin`);
  print(`${made.root}  signed, good for a year`);
  print(
    "\nKeep the keys folder away from the hub's machine once it runs for real, and give each key to another person:\ntwo of the three root keys sign a new root, author and approver sign what loosens.",
  );
}

function list(options: Folders): void {
  const folder = keysFolder(options.keys);
  const names = readdirSync(folder).sort();
  const rolesOf = rolesIn(join(dataFolder(options.data), "policy"));
  const keys = names
    .filter((name) => name.endsWith(".key"))
    .map((name) => {
      const { keyId, publicHex } = loadKeyFile(join(folder, name));
      return { file: join(folder, name), keyId, publicHex, roles: rolesOf(keyId) };
    });
  const tokens = names
    .filter((name) => name.endsWith(".token"))
    .map((name) => ({ file: join(folder, name), person: tokenId(readTokenFile(join(folder, name))) }));
  if (options.json === true) return void print(JSON.stringify({ keys, tokens }));
  for (const { file, keyId, roles } of keys) print(`${file}  ${roles.join(", ") || "no role"}  ${keyId}`);
  for (const { file, person } of tokens) print(`${file}  token of ${person}`);
  if (keys.length + tokens.length === 0) print(`no keys in ${folder}`);
}

function rolesIn(policy: string): (keyId: string) => readonly string[] {
  const roots = readRoots(policy);
  const roles = roots.ok ? (roots.value.at(-1)?.metadata.signed.roles ?? {}) : {};
  return (keyId) =>
    Object.entries(roles)
      .filter(([, role]) => role.keyIDs.includes(keyId))
      .map(([name]) => name);
}
