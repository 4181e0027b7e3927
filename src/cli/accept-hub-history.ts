import type { Command } from "commander";
import type { HubHistory, WitnessView } from "../agent/witness.ts";
import { MaintError } from "../base/maint-error.ts";
import { type AgentOptions, agentToken, agentUrl, askAgent } from "./agent-client.ts";

type AcceptOptions = Omit<AgentOptions, "node"> & { readonly reason?: string };

/** `maint node accept-hub-history`: after a hub was put back from a copy, a person says that this is meant. */
export function addAcceptHubHistory(node: Command): void {
  node
    .command("accept-hub-history <id>")
    .description(
      "go on from the other history that the hub shows since it was restored; without --reason both are only shown",
    )
    .option("--reason <text>", "why the two differ; it stands in the node's ledger")
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--node-url <url>", "where its agent listens (else the address in its folder)")
    .option("--token <file>", "token file of an admin (else MAINT_TOKEN_FILE)")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      '\nExample:\n  maint node accept-hub-history LP-01 --token keys/admin.token --reason "hub restored from the copy of 23 Nov"',
    )
    .action(accept);
}

async function accept(id: string, { reason, ...options }: AcceptOptions): Promise<void> {
  const at = { ...options, node: id };
  const [url, token] = [agentUrl(at), agentToken(at, "person")];
  const view = (await askAgent({ method: "GET", path: "/v1/witness", url, token })).body as WitnessView;
  const { hub, kept, other } = view;
  if (kept === null || other === null)
    throw new MaintError("MAINT_ERR_NOTHING_TO_ACCEPT", `${hub} has shown ${id} no other history than the kept one`, {
      help: "a hub shows where it stands within a minute of each session",
    });
  const both = [
    `${id} keeps this checkpoint of ${hub}:`,
    ...linesOf(kept),
    `${hub} showed this one at ${other.seenAt}: ${other.why}`,
    ...linesOf(other),
  ];
  if (reason === undefined) {
    print(options, { ...view, accepted: null }, [
      ...both,
      'nothing was changed; --reason "why the two differ" accepts it',
    ]);
    process.exitCode = 1;
    return;
  }
  const body = { root: other.root, reason };
  const accepted = (await askAgent({ method: "POST", path: "/v1/witness/accept", url, token }, body))
    .body as HubHistory;
  const done = `${id} goes on from the ${accepted.size} entries; the other one is kept beside as evidence`;
  print(options, { ...view, accepted }, [...both, done]);
}

const linesOf = ({ checkpoint }: HubHistory): readonly string[] =>
  checkpoint
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`.trimEnd());

const print = ({ json }: AcceptOptions, answer: object, lines: readonly string[]): void => {
  process.stdout.write(json === true ? `${JSON.stringify(answer)}\n` : `${lines.join("\n")}\n`);
};
