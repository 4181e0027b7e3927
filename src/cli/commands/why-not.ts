import { Command } from "commander";
import type { WhyNot } from "../../hub/rollout/why-not.ts";
import { type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";
import { whyNotLines } from "../rollout-lines.ts";

/** `maint why-not`: why a node does not run the newest version. Exit code 0 it does, 1 it does not. */
export function command(): Command {
  return withHubOptions(
    new Command("why-not")
      .description("say why a node does not run the newest version, and what to do; exit code 1 where it does not")
      .argument("<node>", "the node's id"),
  )
    .option("--contract <id>", "only this contract")
    .addHelpText("after", "\nExample:\n  maint why-not LP-01\n  maint why-not LP-01 --contract UV-DAILY")
    .action(whyNot);
}

async function whyNot(node: string, options: HubOptions & { readonly contract?: string }): Promise<void> {
  const query = options.contract === undefined ? "" : `?contract=${encodeURIComponent(options.contract)}`;
  const answer = (await hubClient(options).get(`/v1/why-not/${encodeURIComponent(node)}${query}`)) as WhyNot;
  process.exitCode = answer.contracts.every(({ upToDate }) => upToDate) ? 0 : 1;
  printAnswer(options, answer, whyNotLines(answer));
}
