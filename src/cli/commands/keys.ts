import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import type { Result } from "../../base/result.ts";
import { createKeyFile, loadKeyFile } from "../../disk/key-file.ts";
import { readTokenFile, tokenId } from "../../disk/read-token.ts";
import { readCurrent, readRoots } from "../../hub/policy-central/current-metadata.ts";
import { initPolicy } from "../../hub/policy-central/init-policy.ts";
import { type Ceremony, delegateDomain, renewAll, replaceKey } from "../../hub/release/ceremony.ts";
import { isDomain, parseRoleName } from "../../hub/release/role-name.ts";
import { isName } from "../../model/ids.ts";
import { dataFolder, keysFolder } from "../data-folder.ts";
import { type CeremonyOutcome, ceremonyLines, holdCeremony, readCeremony, standingIn } from "../key-ceremony.ts";

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
  addCeremonies(keys);
  keys.addHelpText("after", "\nExample:\n  maint keys init --keys ~/maint-keys --data ./maint-data");
  return keys;
}

interface CeremonyOptions {
  readonly keys?: readonly string[];
  readonly data?: string;
  readonly out: string;
  readonly json?: boolean;
}

const DAY_MS = 86_400_000;

function addCeremonies(keys: Command): void {
  keys
    .command("new <name>")
    .description("make one more key pair: a person's, or the next of a role")
    .option("--keys <dir>", "folder for the key (else MAINT_KEYS, else ./maint-keys)")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  maint keys new author-2 --keys ~/maint-keys")
    .action(makeOne);
  withCeremonyOptions(
    keys.command("rotate").description("put a new key in the place of an old one, wherever it is named"),
  )
    .requiredOption("--old <key>", "the old key: its file, or its id")
    .requiredOption("--new <file>", "the new key's file")
    .addHelpText("after", "\nExample:\n  maint keys rotate --old keys/author.key --new keys/author-2.key --keys keys")
    .action(rotate);
  withCeremonyOptions(keys.command("revoke <key>").description("take a key away, wherever it is named, by file or id"))
    .addHelpText("after", "\nExample:\n  maint keys revoke keys/root-3.key --keys keys")
    .action(revoke);
  withCeremonyOptions(
    keys.command("delegate <domain>").description("open a domain of contracts, or the next roles of a full one"),
  )
    .addHelpText("after", "\nExample:\n  maint keys delegate ultrasonic --keys keys")
    .action(delegate);
  withCeremonyOptions(keys.command("renew").description("prolong what people signed and what runs out soon"))
    .option("--within <days>", "what expires within so many days", "60")
    .addHelpText("after", "\nExample:\n  maint keys renew --keys keys")
    .action(renew);
  withCeremonyOptions(
    keys.command("sign <file>").description("add your signatures to a change of keys; the last one applies it"),
  )
    .option("--new <file>", "the hub's new online key, where that is exchanged")
    .addHelpText("after", "\nExample:\n  maint keys sign ceremony.json --keys ~/root-2")
    .action(sign);
}

const withCeremonyOptions = (command: Command): Command =>
  command
    .option("--keys <dir...>", "folders whose keys sign now (else MAINT_KEYS, else ./maint-keys)")
    .option(
      "--data <dir>",
      "the data folder of the hub, which must not be running (else MAINT_DATA, else ./maint-data)",
    )
    .option("--out <file>", "where it is written while signatures are missing", "ceremony.json")
    .option("--json", "print JSON");

const placeOf = (options: CeremonyOptions) => ({
  data: dataFolder(options.data),
  keys: options.keys ?? [keysFolder(undefined)],
  out: options.out,
});

function makeOne(name: string, options: Folders): void {
  if (!isName(name)) throw new MaintError("MAINT_ERR_USAGE", `"${name}" is no kebab-case name; write it as author-2`);
  const file = join(keysFolder(options.keys), `${name}.key`);
  const { keyId, publicHex } = createKeyFile(file);
  print(options.json === true ? JSON.stringify({ file, keyId, publicHex }) : `${file}  ${keyId}`);
}

function told(outcome: CeremonyOutcome, options: CeremonyOptions): void {
  if (!outcome.applied) process.exitCode = 1;
  print(options.json === true ? JSON.stringify(outcome) : ceremonyLines(outcome).join("\n"));
}

const HEX_ID = /^[0-9a-f]{64}$/;
const keyIdFrom = (key: string): string => (HEX_ID.test(key) ? key : loadKeyFile(key).keyId);

function mustMake(made: Result<Ceremony, string>): Ceremony {
  if (made.ok) return made.value;
  throw new MaintError("MAINT_ERR_CEREMONY", made.error);
}

function rotate(options: CeremonyOptions & { readonly old: string; readonly new: string }): void {
  const next = loadKeyFile(options.new);
  const place = placeOf(options);
  const made = mustMake(replaceKey(standingIn(place.data), keyIdFrom(options.old), next, Date.now()));
  // The new key signs where it is named, also where its folder was not listed.
  told(holdCeremony(made, { ...place, newKey: options.new, newOnlineKey: options.new }), options);
}

function revoke(key: string, options: CeremonyOptions): void {
  const place = placeOf(options);
  told(holdCeremony(mustMake(replaceKey(standingIn(place.data), keyIdFrom(key), null, Date.now())), place), options);
}

function delegate(domain: string, options: CeremonyOptions): void {
  if (!isDomain(domain))
    throw new MaintError("MAINT_ERR_USAGE", `"${domain}" is no domain: a kebab-case name, such as ultrasonic`);
  const place = placeOf(options);
  const standing = standingIn(place.data);
  const parts = [...standing.delegated.keys()].flatMap((role) => {
    const name = parseRoleName(role);
    return name?.domain === domain ? [name.part] : [];
  });
  const part = Math.max(0, ...parts) + 1;
  const named = new Set(standing.root.signed.roles["targets"]?.keyIDs ?? []);
  const signers = [...named].map((keyId) => ({
    keyId,
    publicHex: standing.root.signed.keys[keyId]?.keyVal["public"] ?? "",
  }));
  told(holdCeremony(delegateDomain(standing, domain, part, signers, Date.now()), place), options);
}

function renew(options: CeremonyOptions & { readonly within: string }): void {
  const days = Number(options.within);
  if (!/^\d{1,4}$/.test(options.within))
    throw new MaintError("MAINT_ERR_USAGE", `--within takes a number of days, not "${options.within}"`);
  const place = placeOf(options);
  const made = renewAll(standingIn(place.data), Date.now() + days * DAY_MS, Date.now());
  if (made.changes.length === 0) {
    const nothing = { what: made.what, applied: true, changed: [], missing: [], file: null };
    print(options.json === true ? JSON.stringify(nothing) : `nothing runs out within ${days} days`);
    return;
  }
  told(holdCeremony(made, place), options);
}

function sign(file: string, options: CeremonyOptions & { readonly new?: string }): void {
  const place = { ...placeOf(options), out: file };
  told(
    holdCeremony(readCeremony(file), { ...place, ...(options.new === undefined ? {} : { newOnlineKey: options.new }) }),
    options,
  );
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
  const online = onlineKeys(join(dataFolder(options.data), "policy"));
  if (options.json === true) return void print(JSON.stringify({ keys, tokens, online }));
  for (const { file, keyId, roles } of keys) print(`${file}  ${roles.join(", ") || "no role"}  ${keyId}`);
  for (const { file, person } of tokens) print(`${file}  token of ${person}`);
  if (keys.length + tokens.length === 0) print(`no keys in ${folder}`);
  for (const publicHex of online) print(`the hub's online key, which seals reports: ${publicHex}`);
}

/** Public halves; none where no policy was made, or its root cannot be read. */
function onlineKeys(policy: string): readonly string[] {
  const roots = readRoots(policy);
  const signed = roots.ok ? roots.value.at(-1)?.metadata.signed : undefined;
  return (signed?.roles["snapshot"]?.keyIDs ?? []).flatMap((keyId) => signed?.keys[keyId]?.keyVal["public"] ?? []);
}

function rolesIn(policy: string): (keyId: string) => readonly string[] {
  const roots = readRoots(policy);
  const roles = roots.ok ? (roots.value.at(-1)?.metadata.signed.roles ?? {}) : {};
  const current = readCurrent(policy);
  const below = current.ok ? (current.value.targets.metadata.signed.delegations?.roles ?? {}) : {};
  return (keyId) =>
    [...Object.entries(roles), ...Object.entries(below)]
      .filter(([, role]) => role.keyIDs.includes(keyId))
      .map(([name]) => name);
}
