import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { printUtc } from "../../base/civil-time.ts";
import { MaintError } from "../../base/maint-error.ts";
import type { ImpactBudget } from "../../hub/contracts/impact-budgets.ts";
import type { Deployment, HistoryEntry, ValidationOutcome } from "../../hub/index.ts";
import type { ProposalEffect } from "../../hub/proposals/proposal.ts";
import { contractLine, deploymentLines, historyLines, validationLines } from "../contract-lines.ts";
import { contractText } from "../contract-text.ts";
import { treeLines, treeOf } from "../contract-tree.ts";
import { keysFolder } from "../data-folder.ts";
import { allOf, type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";
import { type ImpactOptions, impactOf, percentOf, withImpactOptions } from "../impact-options.ts";
import { releaseOf } from "../named-release.ts";
import { policyOf, type RolloutOptions, withRolloutOptions } from "../rollout-options.ts";
import { watchRollout } from "../rollout-watch.ts";
import { publishedLines } from "../staged-lines.ts";
import { retireContract, storeRelease } from "../store-release.ts";

/** `maint contract`: a contract's way from a file to the nodes and out of use, as PolicyCentral and the hub keep it. */
export function command(): Command {
  const contract = new Command("contract").description("create, validate, store and follow contracts");
  addMaking(contract);
  addBudget(contract);
  addFollowing(contract);
  addEnding(contract);
  return contract.addHelpText(
    "after",
    "\nExample:\n  maint contract create contracts/penetrant/lp-station.maint --domain penetrant",
  );
}

function addMaking(contract: Command): void {
  withHubOptions(
    contract.command("create <file>").description("make a draft of a contract, or of one made from a template"),
  )
    .requiredOption("--domain <domain>", "folder of PolicyCentral: penetrant, magnetic-particle, general …")
    .option("--from <template>", "the template of the file to make the contract from")
    .option("--id <id>", "id of the contract made from the template")
    .option("--title <title>", "its title")
    .option("--with <name=value...>", 'parameters of the template: uv-limit="1200 uW/cm2"', [])
    .option("--tests <file>", "tests to go with it: a .maint file of test statements")
    .addHelpText(
      "after",
      '\nExample:\n  maint contract create lp-station.maint --domain penetrant \\\n    --from penetrant-station --id LP-2 --title "Line 2" --with uv-limit="1200 uW/cm2"',
    )
    .action(create);
  withHubOptions(contract.command("validate <id>").description("check structure, logic, conditions and its own tests"))
    .addHelpText("after", "\nExample:\n  maint contract validate MAIN-PEN-CHECK-001")
    .action(validate);
  const store = contract
    .command("store <id>")
    .description("sign the validated draft as the next version; what loosens then waits for a second person");
  withHubOptions(withImpactOptions(withRolloutOptions(store)))
    .option("--nodes <ids>", "only these nodes, with commas between")
    .option("--reason <text>", "why, for the second person and the ledger")
    .option("--hold", "sign it now, publish it later: maint release publish")
    .option("--watch", "follow its rollout to the end; exit code 1 unless it finished")
    .addOption(
      new Option("--offline <policy>", "what a node does that has no signed time: accept its clock, or block").choices([
        "accept",
        "strict",
      ]),
    )
    .addHelpText("after", "\nExample:\n  maint contract store MAIN-PEN-CHECK-001 --nodes LP-01,LP-02")
    .action(storeVersion);
  withHubOptions(contract.command("deploy <release>").description("push a stored version again, or to other nodes"))
    .option("--nodes <ids>", "only these nodes, with commas between")
    .addHelpText("after", "\nExample:\n  maint contract deploy MAIN-PEN-CHECK-001@v1.0")
    .action(deploy);
}

function addBudget(contract: Command): void {
  withHubOptions(
    contract
      .command("budget")
      .argument("<domain>")
      .argument("[share]", "such as 0.5%, or default", shareOf)
      .description("show or set how many allowed decisions a domain's versions may newly block"),
  )
    .option("--reason <text>", "why, for the ledger")
    .addHelpText(
      "after",
      '\nExamples:\n  maint contract budget penetrant\n  maint contract budget penetrant 0.5% --reason "the line is in series"' +
        '\n  maint contract budget penetrant default --reason "as all others"',
    )
    .action(budgetOf);
}

function addFollowing(contract: Command): void {
  withHubOptions(contract.command("list").description("list contracts, every version with its state"))
    .addHelpText("after", "\nExample:\n  maint contract list")
    .action(list);
  withHubOptions(
    contract.command("tree [id]").description("show templates, the contracts made from them, and their versions"),
  )
    .addHelpText("after", "\nExample:\n  maint contract tree\n  maint contract tree MAIN-PEN-CHECK-001")
    .action(tree);
  withHubOptions(contract.command("show <release>").description("print a version, or the newest one"))
    .addHelpText("after", "\nExample:\n  maint contract show MAIN-PEN-CHECK-001@v1.0")
    .action(show);
  withHubOptions(contract.command("history <id>").description("tell every version: whence, why, what became of it"))
    .addHelpText("after", "\nExample:\n  maint contract history MAIN-PEN-CHECK-001")
    .action(history);
  withHubOptions(contract.command("deployments <id>").description("say how far each node is"))
    .addHelpText("after", "\nExample:\n  maint contract deployments MAIN-PEN-CHECK-001")
    .action(deployments);
}

function addEnding(contract: Command): void {
  withHubOptions(contract.command("retire <release>").description("take a version out of use; running tests keep it"))
    .requiredOption("--reason <text>", "why, for the ledger")
    .addHelpText("after", '\nExample:\n  maint contract retire UV-DAILY@v1.0 --reason "line closed"')
    .action(retire);
  withHubOptions(
    contract.command("archive <release>").description("file a deprecated version that no node uses, or reject a draft"),
  )
    .requiredOption("--reason <text>", "why, for the ledger")
    .addHelpText("after", '\nExample:\n  maint contract archive UV-DAILY@v1.0 --reason "no node uses it"')
    .action(archive);
}

const shareOf = (text: string) => ({ budget: text === "default" ? null : percentOf(text) / 100 });

async function budgetOf(
  domain: string,
  share: { readonly budget: number | null } | undefined,
  options: HubOptions & { readonly reason?: string },
): Promise<void> {
  const path = `/v1/releases/budgets/${encodeURIComponent(domain)}`;
  const hub = hubClient(options);
  if (share !== undefined && options.reason === undefined) throw new MaintError("MAINT_ERR_USAGE", "say why: --reason");
  const answer = (await (share === undefined
    ? hub.get(path)
    : hub.put(path, { ...share, reason: options.reason }))) as ImpactBudget;
  const { budget, set } = answer;
  const who = set === null ? "the hub's own" : `${set.by}, ${printUtc(set.atMs)}: ${set.reason}`;
  printAnswer(options, answer, [`${domain}: at most ${Number((budget * 100).toPrecision(6))} % (${who})`]);
}

interface CreateOptions extends HubOptions {
  readonly domain: string;
  readonly from?: string;
  readonly id?: string;
  readonly title?: string;
  readonly with: readonly string[];
  readonly tests?: string;
}

async function create(file: string, options: CreateOptions): Promise<void> {
  const { from: template, id, title } = options;
  if (template === undefined && (id !== undefined || title !== undefined || options.with.length > 0))
    throw new MaintError("MAINT_ERR_USAGE", "--id, --title and --with go with --from TEMPLATE");
  if (template !== undefined && (id === undefined || title === undefined))
    throw new MaintError("MAINT_ERR_USAGE", "--from needs --id and --title of the new contract");
  const from =
    template === undefined || id === undefined || title === undefined
      ? undefined
      : { template, id, title, with: options.with };
  const made = contractText(file, readFileSync(file, "utf8"), from);
  const tests = options.tests === undefined ? "" : `\n${readFileSync(options.tests, "utf8")}`;
  const answer = await hubClient(options).post("/v1/contracts", { text: `${made}${tests}`, domain: options.domain });
  printAnswer(options, answer, [contractLine(answer as HistoryEntry)]);
}

async function validate(id: string, options: HubOptions): Promise<void> {
  const outcome = (await hubClient(options).post(`${pathOf(id)}/validate`, {})) as ValidationOutcome;
  process.exitCode = outcome.passed ? 0 : 1;
  printAnswer(options, outcome, validationLines(outcome));
}

interface Deployments {
  readonly deployments: readonly Deployment[];
}

interface NodesOptions extends HubOptions {
  readonly nodes?: string;
}

const nodesOf = ({ nodes }: NodesOptions): { readonly nodes?: readonly string[] } =>
  nodes === undefined ? {} : { nodes: nodes.split(",").map((id) => id.trim()) };

interface StoreOptions extends NodesOptions, RolloutOptions, ImpactOptions {
  readonly hold?: boolean;
  readonly watch?: boolean;
  readonly reason?: string;
  readonly offline?: "accept" | "strict";
}

async function storeVersion(id: string, options: StoreOptions): Promise<void> {
  const hub = hubClient(options);
  const { reason, offline, hold = false } = options;
  const how = {
    hold,
    rollout: policyOf(options),
    ...impactOf(options),
    ...(reason === undefined ? {} : { reason }),
    ...(offline === undefined ? {} : { offline }),
  };
  const answer = await storeRelease({ hub, contract: id, keys: keysFolder(options.keys), ...nodesOf(options), ...how });
  printAnswer(options, answer.published ? answer.entry : answer, publishedLines(answer));
  if (options.watch !== true || !answer.published) return;
  await watchRollout(hub, `${answer.entry.contract}@${answer.entry.version}`, options);
}

async function deploy(name: string, options: NodesOptions): Promise<void> {
  const { contract, version } = releaseOf(name);
  const answer = await hubClient(options).post("/v1/deployments", { contract, version, ...nodesOf(options) });
  printAnswer(options, answer, deploymentLines((answer as Deployments).deployments));
}

async function list(options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get("/v1/contracts")) as { readonly contracts: readonly HistoryEntry[] };
  const lines = answer.contracts
    .toSorted((a, b) => (a.contract < b.contract ? -1 : a.contract > b.contract ? 1 : 0))
    .map(contractLine);
  printAnswer(options, answer, lines.length === 0 ? ["no contract yet; make one with `maint contract create`"] : lines);
}

async function tree(id: string | undefined, options: HubOptions): Promise<void> {
  const { contracts } = (await hubClient(options).get("/v1/contracts")) as {
    readonly contracts: readonly HistoryEntry[];
  };
  const shown = contracts.filter(({ contract }) => id === undefined || contract === id);
  if (id !== undefined && shown.length === 0)
    throw new MaintError("MAINT_ERR_NOT_FOUND", `there is no contract "${id}"`);
  const grown = treeOf(shown);
  printAnswer(options, { templates: grown }, grown.length === 0 ? ["no contract yet"] : treeLines(grown));
}

async function show(name: string, options: HubOptions): Promise<void> {
  const [id = "", version] = name.split("@");
  const query = version === undefined ? "" : `?version=${encodeURIComponent(version)}`;
  const answer = (await hubClient(options).get(`${pathOf(id)}${query}`)) as HistoryEntry & { readonly text: string };
  printAnswer(options, answer, [contractLine(answer), "", answer.text.trimEnd()]);
}

async function history(id: string, options: HubOptions): Promise<void> {
  const hub = hubClient(options);
  const { history } = (await hub.get(`${pathOf(id)}/history`)) as { readonly history: readonly HistoryEntry[] };
  const { effects } = (await hub.get(`/v1/proposals/effects?contract=${encodeURIComponent(id)}`)) as Effects;
  printAnswer(options, { history, effects }, historyLines(history, effects));
}

interface Effects {
  readonly effects: readonly ProposalEffect[];
}

async function deployments(id: string, options: HubOptions): Promise<void> {
  const path = `/v1/deployments?contract=${encodeURIComponent(id)}`;
  const answer: Deployments = { deployments: await allOf(hubClient(options), path, "deployments") };
  printAnswer(options, answer, deploymentLines(answer.deployments));
}

interface EndOptions extends HubOptions {
  readonly reason: string;
}

async function retire(name: string, options: EndOptions): Promise<void> {
  const { contract, version } = releaseOf(name);
  const keys = keysFolder(options.keys);
  const answer = await retireContract({ hub: hubClient(options), contract, version, reason: options.reason, keys });
  printAnswer(options, answer.published ? answer.entry : answer, publishedLines(answer));
}

async function archive(name: string, options: EndOptions): Promise<void> {
  const [contract = "", version] = name.split("@");
  const body = { ...(version === undefined ? {} : { version }), reason: options.reason };
  const answer = await hubClient(options).post(`${pathOf(contract)}/archive`, body);
  printAnswer(options, answer, [contractLine(answer as HistoryEntry)]);
}

const pathOf = (contract: string): string => `/v1/contracts/${encodeURIComponent(contract)}`;
