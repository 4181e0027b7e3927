import { join } from "node:path";
import { Command } from "commander";
import { loadKeyFile } from "../../disk/key-file.ts";
import type { Proposal } from "../../hub/proposals/proposal-service.ts";
import { keysFolder } from "../data-folder.ts";
import { type HubClient, type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";
import { publishedLines } from "../staged-lines.ts";
import { storeRelease } from "../store-release.ts";

/** `maint proposal`: the hub drafts, people decide. */
export function command(): Command {
  const proposal = new Command("proposal").description("read, accept or reject proposed versions");
  withHubOptions(proposal.command("create <pattern>").description("draft the next version against a pattern"))
    .addHelpText("after", "\nExample:\n  maint proposal create pattern-3f2a9c0d11be")
    .action(create);
  withHubOptions(proposal.command("list").description("list proposals, newest first"))
    .addHelpText("after", "\nExample:\n  maint proposal list")
    .action(list);
  withHubOptions(proposal.command("show <id>").description("show a proposal's diff and what it rests on"))
    .addHelpText("after", "\nExample:\n  maint proposal show proposal-1")
    .action(show);
  withHubOptions(proposal.command("accept <id>").description("make it the next version: draft, validate, sign, store"))
    .option("--reason <text>", "why", "")
    .option("--draft-only", "stop at the draft: somebody else validates, signs and stores it")
    .option("--nodes <ids>", "push to these nodes only, with commas between")
    .addHelpText("after", "\nExample:\n  maint proposal accept proposal-1 --keys ./maint-keys")
    .action(accept);
  withHubOptions(proposal.command("reject <id>").description("turn it down, with the reason"))
    .requiredOption("--reason <text>", "why")
    .addHelpText("after", '\nExample:\n  maint proposal reject proposal-1 --reason "the meter was wrong"')
    .action(reject);
  return proposal.addHelpText("after", "\nExample:\n  maint proposal list");
}

const pathOf = (id: string, action = ""): string => `/v1/proposals/${encodeURIComponent(id)}${action}`;

async function create(pattern: string, options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).post("/v1/proposals", { pattern })) as Proposal;
  printAnswer(options, answer, shown(answer));
}

async function list(options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get("/v1/proposals")) as { readonly proposals: readonly Proposal[] };
  const lines = answer.proposals.map(
    ({ id, contract, fromVersion, state, clause }) => `${id}  ${contract}@${fromVersion}  ${state}  ${clause}`,
  );
  printAnswer(options, answer, lines.length === 0 ? ["no proposals"] : lines);
}

async function show(id: string, options: HubOptions): Promise<void> {
  const answer = (await hubClient(options).get(pathOf(id))) as Proposal;
  printAnswer(options, answer, shown(answer));
}

function shown(proposal: Proposal): readonly string[] {
  const { id, contract, fromVersion, state, decision, reason, alerts, pattern, diff } = proposal;
  const decided = decision === null ? "" : ` by ${decision.by}${decision.note === "" ? "" : `: ${decision.note}`}`;
  return [
    `${id}  ${contract}@${fromVersion}  ${state}${decided}`,
    reason,
    `from ${pattern}, ${alerts.length} alerts`,
    "",
    ...diff.trimEnd().split("\n"),
  ];
}

interface AcceptOptions extends HubOptions {
  readonly reason: string;
  readonly draftOnly?: boolean;
  readonly nodes?: string;
}

/** The draft is made by the hub, the release by the author: it is signed here, with a key the hub never sees. */
async function accept(id: string, options: AcceptOptions): Promise<void> {
  const hub = hubClient(options);
  // The key is looked at first: an acceptance that cannot be signed would stand half done.
  if (options.draftOnly !== true) loadKeyFile(join(keysFolder(options.keys), "author.key"));
  const { proposal } = await acceptedOf(hub, id, options.reason);
  const { contract } = proposal;
  if (options.draftOnly === true) {
    printAnswer(options, { proposal, release: null }, [`${id} accepted; ${contract} has a draft of its next version`]);
    return;
  }
  const validation = await hub.post(`/v1/contracts/${encodeURIComponent(contract)}/validate`, {});
  if ((validation as { readonly passed?: unknown }).passed !== true) {
    process.exitCode = 1;
    printAnswer(options, { proposal, validation, release: null }, [
      `${id} accepted, but the draft did not pass its validation and is not stored`,
      `see why with: maint contract validate ${contract}`,
    ]);
    return;
  }
  const narrowed = options.nodes === undefined ? {} : { nodes: options.nodes.split(",").map((node) => node.trim()) };
  const release = await storeRelease({ hub, contract, keys: keysFolder(options.keys), ...narrowed });
  const proposalNow = (await hub.get(pathOf(id))) as Proposal;
  if (!release.published) {
    printAnswer(options, { proposal: proposalNow, validation, release }, [
      `${id} accepted: ${proposal.clause}`,
      ...publishedLines(release),
    ]);
    return;
  }
  const { entry } = release;
  printAnswer(options, { proposal: proposalNow, validation, release: entry }, [
    `${id} accepted: ${proposal.clause}`,
    `${contract}@${entry.version ?? "next"} validated, signed and stored; the push has started`,
  ]);
}

/** An acceptance that broke off after the draft was made is taken up where it stopped. */
async function acceptedOf(hub: HubClient, id: string, reason: string): Promise<{ readonly proposal: Proposal }> {
  const proposal = (await hub.get(pathOf(id))) as Proposal;
  if (proposal.state === "accepted") return { proposal };
  return (await hub.post(pathOf(id, "/accept"), { reason })) as { readonly proposal: Proposal };
}

async function reject(id: string, options: HubOptions & { readonly reason: string }): Promise<void> {
  const answer = (await hubClient(options).post(pathOf(id, "/reject"), { reason: options.reason })) as Proposal;
  printAnswer(options, answer, [`${id} rejected: ${options.reason}`]);
}
