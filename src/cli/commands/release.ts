import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import type { Published, Staged, StagedContent } from "../../hub/contracts/staging-service.ts";
import type { HistoryEntry } from "../../hub/index.ts";
import { type Finding, readCurrent } from "../../hub/policy-central/current-metadata.ts";
import { verifyPolicyFolder } from "../../hub/policy-central/verify-folder.ts";
import { isContractId, isVersion } from "../../model/ids.ts";
import { contractLine } from "../contract-lines.ts";
import { dataFolder, keysFolder } from "../data-folder.ts";
import { type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";
import { type ImpactOptions, impactOf, withImpactOptions } from "../impact-options.ts";
import { policyOf, type RolloutOptions, withRolloutOptions } from "../rollout-options.ts";
import { publishedLines, stagedLines } from "../staged-lines.ts";

interface VerifyOptions {
  readonly all?: boolean;
  readonly data?: string;
  readonly json?: boolean;
}

/** `maint release`: what PolicyCentral holds, checked file by file without asking the hub. */
export function command(): Command {
  const release = new Command("release").description(
    "sign, approve and publish releases; verify what PolicyCentral holds",
  );
  release
    .command("verify [release]")
    .description("check signatures, digests, versions, expiry and strange files; exit code 1 where something is wrong")
    .option("--all", "everything that was ever stored")
    .option("--data <dir>", "the hub's data folder (else MAINT_DATA, else ./maint-data)")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  maint release verify --all\n  maint release verify UV-DAILY@v1.0")
    .action((name: string | undefined, options: VerifyOptions) => verify(name, options));
  release
    .command("export")
    .description("copy PolicyCentral, verified, for a USB stick or a plain file server; any TUF client reads it")
    .requiredOption("--to <dir>", "a folder that is not there yet")
    .option("--data <dir>", "the hub's data folder (else MAINT_DATA, else ./maint-data)")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  maint release export --to /media/usb/policy")
    .action(exportPolicy);
  addStaging(release);
  release.addHelpText("after", "\nExample:\n  maint release verify --all\n  maint release list");
  return release;
}

/** Copies only what holds; the copy is looked through as well, since a hub may have stored something meanwhile. */
function exportPolicy({
  to,
  data,
  json,
}: {
  readonly to: string;
  readonly data?: string;
  readonly json?: boolean;
}): void {
  const folder = join(dataFolder(data), "policy");
  if (!existsSync(join(folder, "metadata")))
    throw new MaintError("MAINT_ERR_POLICY_MISSING", `${folder}: no PolicyCentral there`, {
      help: "name the hub's data folder with --data",
    });
  if (existsSync(to)) throw new MaintError("MAINT_ERR_USAGE", `${to}: is there already and is never replaced`);
  cpSync(folder, to, { recursive: true });
  const [damage] = verifyPolicyFolder(to, Date.now());
  if (damage !== undefined) {
    rmSync(to, { recursive: true });
    throw new MaintError("MAINT_ERR_POLICY_DAMAGED", `not copied: ${damage.path} ${damage.message}`, { exitCode: 69 });
  }
  process.stdout.write(json === true ? `${JSON.stringify({ to })}\n` : `${to} holds all of PolicyCentral, verified\n`);
}

function addStaging(release: Command): void {
  const signing = release
    .command("sign <contract>")
    .description("sign the validated draft; one that loosens waits for another");
  withHubOptions(withImpactOptions(withRolloutOptions(signing)))
    .option("--reason <text>", "why, for the second person and the ledger")
    .option("--hold", "keep it until it is published")
    .addHelpText("after", "\nExample:\n  maint release sign UV-DAILY --hold")
    .action(sign);
  withHubOptions(release.command("list").description("list what waits to be published, and what became of it"))
    .addHelpText("after", "\nExample:\n  maint release list")
    .action(list);
  withHubOptions(release.command("show <contract>").description("show what waits for a contract, with its text"))
    .addHelpText("after", "\nExample:\n  maint release show UV-DAILY")
    .action(show);
  withHubOptions(
    release.command("approve <contract>").description("sign as the second person; it is published unless it is held"),
  )
    .requiredOption("--reason <text>", "why it may loosen")
    .option("--key <file>", "the approver's key (else approver.key of the keys folder)")
    .addHelpText("after", '\nExample:\n  maint release approve UV-DAILY --reason "new lamps" --token keys/QA-1.token')
    .action(approve);
  withHubOptions(release.command("publish <contract>").description("publish what was held"))
    .requiredOption("--reason <text>", "why now")
    .addHelpText("after", '\nExample:\n  maint release publish UV-DAILY --reason "line is down until noon"')
    .action(publish);
  withHubOptions(release.command("withdraw <contract>").description("take back what waits; its draft stays"))
    .requiredOption("--reason <text>", "why")
    .addHelpText("after", '\nExample:\n  maint release withdraw UV-DAILY --reason "wrong limit"')
    .action(withdraw);
}

interface ReasonOptions extends HubOptions {
  readonly reason: string;
}

const stagedPath = (contract: string, more = ""): string =>
  `/v1/releases/staged/${encodeURIComponent(contract)}${more}`;

async function sign(
  contract: string,
  options: HubOptions & RolloutOptions & ImpactOptions & { readonly reason?: string; readonly hold?: boolean },
): Promise<void> {
  const { storeRelease } = await import("../store-release.ts");
  const { reason, hold = false } = options;
  const why = reason === undefined ? {} : { reason };
  const keys = keysFolder(options.keys);
  const answer = await storeRelease({
    hub: hubClient(options),
    contract,
    keys,
    hold,
    rollout: policyOf(options),
    ...impactOf(options),
    ...why,
  });
  printAnswer(options, answer, publishedLines(answer));
}

async function list(options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get("/v1/releases/staged")) as { readonly staged: readonly Staged[] };
  const lines = answer.staged.flatMap(stagedLines);
  printAnswer(options, answer, lines.length === 0 ? ["nothing was ever staged"] : lines);
}

async function show(contract: string, options: HubOptions): Promise<void> {
  const staged = (await hubClient(options).get(stagedPath(contract))) as StagedContent;
  const text = "text" in staged.submission ? staged.submission.text : staged.submission.assignment;
  printAnswer(options, staged, [...stagedLines(staged), "", text.trimEnd()]);
}

/** The second person's step: what is signed is compiled here as well, so that nobody signs what he cannot read. */
async function approve(contract: string, options: ReasonOptions & { readonly key?: string }): Promise<void> {
  const { approverKey, countersigned } = await import("../store-release.ts");
  const hub = hubClient(options);
  const staged = (await hub.get(stagedPath(contract))) as StagedContent;
  const key = approverKey(options.key ?? keysFolder(options.keys));
  const targets = countersigned(staged.submission, key);
  const answer = (await hub.post(stagedPath(contract, "/approve"), { targets, reason: options.reason })) as Published;
  printAnswer(options, answer, publishedLines(answer));
}

async function publish(contract: string, options: ReasonOptions): Promise<void> {
  const entry = (await hubClient(options).post(stagedPath(contract, "/publish"), {
    reason: options.reason,
  })) as HistoryEntry;
  printAnswer(options, entry, [contractLine(entry)]);
}

async function withdraw(contract: string, options: ReasonOptions): Promise<void> {
  const staged = (await hubClient(options).post(stagedPath(contract, "/withdraw"), {
    reason: options.reason,
  })) as Staged;
  printAnswer(options, staged, stagedLines(staged));
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
  const stored = current.ok
    ? [...current.value.delegated.values()].flatMap(({ metadata }) => Object.keys(metadata.signed.targets))
    : [];
  if (current.ok && !stored.some((path) => own.test(path)))
    throw new MaintError("MAINT_ERR_NOT_FOUND", `${name} is not stored in ${folder}`);
  return ({ path }) => path.startsWith("metadata/") || own.test(path);
}
