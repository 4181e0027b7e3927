import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import { type Finding, readCurrent } from "../../hub/policy-central/current-metadata.ts";
import { verifyPolicyFolder } from "../../hub/policy-central/verify-folder.ts";
import { isContractId, isVersion } from "../../model/ids.ts";
import { dataFolder } from "../data-folder.ts";

interface VerifyOptions {
  readonly all?: boolean;
  readonly data?: string;
  readonly json?: boolean;
}

/** `maint release`: what PolicyCentral holds, checked file by file without asking the hub. */
export function command(): Command {
  const release = new Command("release").description("verify what PolicyCentral holds");
  release
    .command("verify [release]")
    .description("check signatures, digests, versions, expiry and strange files; exit code 1 where something is wrong")
    .option("--all", "everything that was ever stored")
    .option("--data <dir>", "the hub's data folder (else MAINT_DATA, else ./maint-data)")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  maint release verify --all\n  maint release verify UV-DAILY@v1.0")
    .action((name: string | undefined, options: VerifyOptions) => verify(name, options));
  release.addHelpText("after", "\nExample:\n  maint release verify --all");
  return release;
}

function verify(name: string | undefined, options: VerifyOptions): void {
  if ((name === undefined) === (options.all !== true))
    throw new MaintError("MAINT_ERR_USAGE", "say which: a release such as UV-DAILY@v1.0, or --all");
  const folder = join(dataFolder(options.data), "policy");
  if (!existsSync(join(folder, "metadata")))
    throw new MaintError("MAINT_ERR_POLICY_MISSING", `${folder}: no PolicyCentral there`, {
      help: "name the hub's data folder with --data",
    });
  const everything = verifyPolicyFolder(folder, Date.now());
  const findings = name === undefined ? everything : everything.filter(concerns(name, folder));
  process.exitCode = findings.length === 0 ? 0 : 1;
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ ok: findings.length === 0, findings })}\n`);
    return;
  }
  for (const { path, code, message } of findings) process.stdout.write(`${path}: ${message} (${code})\n`);
  const what = name ?? "PolicyCentral";
  if (findings.length === 0) process.stdout.write(`${what} holds: every file is the one that was signed\n`);
}

/** Findings about one release: its own files, and the metadata that vouches for them. */
function concerns(name: string, folder: string): (finding: Finding) => boolean {
  const [contract, version] = name.split("@");
  if (!isContractId(contract) || !isVersion(version))
    throw new MaintError("MAINT_ERR_USAGE", `"${name}" is no release; write CONTRACT@vN.N`);
  const own = new RegExp(`/${version.replace(".", "\\.")}/([0-9a-f]{64}\\.)?${contract}\\.(maint|bundle\\.json)$`);
  const current = readCurrent(folder);
  if (current.ok && !Object.keys(current.value.targets.metadata.signed.targets).some((path) => own.test(path)))
    throw new MaintError("MAINT_ERR_NOT_FOUND", `${name} is not stored in ${folder}`);
  return ({ path }) => path.startsWith("metadata/") || own.test(path);
}
