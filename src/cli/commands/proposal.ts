import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import { loadKeyFile } from "../../disk/key-file.ts";
import type { Proposal, ProposalEffect } from "../../hub/proposals/proposal.ts";
import type { ContractStudy } from "../../hub/proposals/proposal-study.ts";
import { keysFolder } from "../data-folder.ts";
import { editedText } from "../edited-text.ts";
import { type HubClient, type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";
import { effectLines, proposalLine, proposalLines, studyLines } from "../proposal-lines.ts";
import { publishedLines } from "../staged-lines.ts";
import { storeRelease } from "../store-release.ts";

/** `maint proposal`: the hub drafts, people decide. */
export function command(): Command {
  const proposal = new Command("proposal").description("read, edit, accept or reject proposed versions");
  withHubOptions(
    proposal.command("create [pattern]").description("draft the next version against a pattern, or from a study"),
  )
    .option("--contract <id>", "without a pattern: the contract")
    .addOption(
      new Option("--kind <kind>", "without a pattern: what for").choices(["shorter-interval", "missing-condition"]),
    )
    .option("--equipment <name>", "its name in the contract, where there are several")
    .addHelpText(
      "after",
      "\nExamples:\n  maint proposal create pattern-3f2a9c0d11be" +
        "\n  maint proposal create --contract LP-DAILY --kind shorter-interval --equipment light-meter",
    )
    .action(create);
  withHubOptions(
    proposal.command("study <contract>").description("what calibrations and other contracts say of a contract"),
  )
    .addHelpText("after", "\nExample:\n  maint proposal study LP-DAILY")
    .action(study);
  withHubOptions(proposal.command("list").description("list proposals, newest first"))
    .addHelpText("after", "\nExample:\n  maint proposal list")
    .action(list);
  withHubOptions(
    proposal.command("show <id>").description("show a proposal's diff, what it rests on and what was tried"),
  )
    .option("--tests", "print the tests that were made for what is new, and nothing else")
    .option("--text", "print the proposed contract, and nothing else")
    .addHelpText("after", "\nExample:\n  maint proposal show proposal-1")
    .action(show);
  withHubOptions(
    proposal.command("edit <id>").description("put another text in its place; the draft is kept beside it"),
  )
    .requiredOption("--reason <text>", "why")
    .option("--file <file>", "the text; without it, your editor is opened ($VISUAL or $EDITOR)")
    .addHelpText(
      "after",
      '\nExample:\n  maint proposal edit proposal-1 --file next.maint --reason "1150 is early enough"',
    )
    .action(edit);
  withHubOptions(proposal.command("accept <id>").description("make it the next version: draft, validate, sign, store"))
    .option("--reason <text>", "why", "")
    .option("--tests", "with the tests that were made for what is new")
    .option("--draft-only", "stop at the draft: somebody else validates, signs and stores it")
    .option("--nodes <ids>", "push to these nodes only, with commas between")
    .addHelpText("after", "\nExample:\n  maint proposal accept proposal-1 --keys ./maint-keys")
    .action(accept);
  withHubOptions(proposal.command("reject <id>").description("turn it down, with the reason"))
    .requiredOption("--reason <text>", "why")
    .addHelpText("after", '\nExample:\n  maint proposal reject proposal-1 --reason "the meter was wrong"')
    .action(reject);
  withHubOptions(proposal.command("effect <id>").description("what its version did to what it was proposed for"))
    .addHelpText("after", "\nExample:\n  maint proposal effect proposal-1")
    .action(effect);
  return proposal.addHelpText("after", "\nExample:\n  maint proposal list");
}

const pathOf = (id: string, action = ""): string => `/v1/proposals/${encodeURIComponent(id)}${action}`;

interface CreateOptions extends HubOptions {
  readonly contract?: string;
  readonly kind?: string;
  readonly equipment?: string;
}

async function create(pattern: string | undefined, options: CreateOptions): Promise<void> {
  const { contract, kind, equipment } = options;
  if ((pattern === undefined) === (contract === undefined || kind === undefined))
    throw new MaintError("MAINT_ERR_USAGE", "say what to draft against: a pattern, or --contract with --kind");
  const asked = equipment === undefined ? { contract, kind } : { contract, kind, equipment };
  const answer = await hubClient(options).post("/v1/proposals", pattern === undefined ? asked : { pattern });
  printAnswer(options, answer, proposalLines(answer as Proposal));
}

async function study(contract: string, options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get(`/v1/proposals/study/${encodeURIComponent(contract)}`)) as ContractStudy;
  printAnswer(options, answer, studyLines(answer));
}

async function list(options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get("/v1/proposals")) as { readonly proposals: readonly Proposal[] };
  const lines = answer.proposals.map(proposalLine);
  printAnswer(options, answer, lines.length === 0 ? ["no proposals"] : lines);
}

async function show(
  id: string,
  options: HubOptions & { readonly tests?: boolean; readonly text?: boolean },
): Promise<void> {
  const answer = (await hubClient(options).get(pathOf(id))) as Proposal;
  if (options.text === true || options.tests === true) {
    const only = options.text === true ? answer.text : (answer.checks?.madeTests.text ?? "");
    printAnswer(options, { id, text: only }, only.trimEnd().split("\n"));
    return;
  }
  printAnswer(options, answer, proposalLines(answer));
}

async function edit(
  id: string,
  options: HubOptions & { readonly reason: string; readonly file?: string },
): Promise<void> {
  const hub = hubClient(options);
  const { text: proposed } = (await hub.get(pathOf(id))) as Proposal;
  const text = options.file === undefined ? editedText(proposed) : readFileSync(options.file, "utf8");
  const answer = (await hub.post(pathOf(id, "/edit"), { text, reason: options.reason })) as Proposal;
  printAnswer(options, answer, proposalLines(answer));
}

async function effect(id: string, options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get(pathOf(id, "/effect"))) as ProposalEffect;
  printAnswer(options, answer, effectLines(answer));
}

interface AcceptOptions extends HubOptions {
  readonly reason: string;
  readonly tests?: boolean;
  readonly draftOnly?: boolean;
  readonly nodes?: string;
}

/** The draft is made by the hub, the release by the author: it is signed here, with a key the hub never sees. */
async function accept(id: string, options: AcceptOptions): Promise<void> {
  const hub = hubClient(options);
  // The key is looked at first: an acceptance that cannot be signed would stand half done.
  if (options.draftOnly !== true) loadKeyFile(join(keysFolder(options.keys), "author.key"));
  const { proposal, spread } = await acceptedOf(hub, id, options);
  const { contract } = proposal;
  if (options.draftOnly === true) {
    const made = `${id} accepted; ${contract} has a draft of its next version`;
    printAnswer(options, { proposal, release: null, spread }, [made, ...spreadLines(spread)]);
    return;
  }
  const validation = await hub.post(`/v1/contracts/${encodeURIComponent(contract)}/validate`, {});
  if ((validation as { readonly passed?: unknown }).passed !== true) {
    process.exitCode = 1;
    printAnswer(options, { proposal, validation, release: null, spread }, [
      `${id} accepted, but the draft did not pass its validation and is not stored`,
      `see why with: maint contract validate ${contract}`,
    ]);
    return;
  }
  const narrowed = options.nodes === undefined ? {} : { nodes: options.nodes.split(",").map((node) => node.trim()) };
  const release = await storeRelease({ hub, contract, keys: keysFolder(options.keys), ...narrowed });
  const proposalNow = (await hub.get(pathOf(id))) as Proposal;
  if (!release.published) {
    printAnswer(options, { proposal: proposalNow, validation, release, spread }, [
      `${id} accepted: ${proposal.clause}`,
      ...publishedLines(release),
      ...spreadLines(spread),
    ]);
    return;
  }
  const { entry } = release;
  printAnswer(options, { proposal: proposalNow, validation, release: entry, spread }, [
    `${id} accepted: ${proposal.clause}`,
    `${contract}@${entry.version ?? "next"} validated, signed and stored; the push has started`,
    ...spreadLines(spread),
  ]);
}

interface Accepted {
  readonly proposal: Proposal;
  readonly spread: readonly Proposal[];
}

/** An acceptance that broke off after the draft was made is taken up where it stopped. */
async function acceptedOf(hub: HubClient, id: string, { reason, tests }: AcceptOptions): Promise<Accepted> {
  const proposal = (await hub.get(pathOf(id))) as Proposal;
  if (proposal.state === "accepted") return { proposal, spread: [] };
  return (await hub.post(pathOf(id, "/accept"), { reason, tests: tests === true })) as Accepted;
}

const spreadLines = (spread: readonly Proposal[]): readonly string[] =>
  spread.map(({ id, contract }) => `${id} proposes the same change of the template for ${contract}`);

async function reject(id: string, options: HubOptions & { readonly reason: string }): Promise<void> {
  const answer = (await hubClient(options).post(pathOf(id, "/reject"), { reason: options.reason })) as Proposal;
  printAnswer(options, answer, [`${id} rejected: ${options.reason}`]);
}
