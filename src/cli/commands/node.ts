import { resolve } from "node:path";
import { Command, Option } from "commander";
import type { Fed } from "../../agent/feed.ts";
import { MaintError } from "../../base/maint-error.ts";
import { readSecretFile } from "../../disk/read-secret.ts";
import type { EngineChoice } from "../../model/decision.ts";
import { addAcceptHubHistory } from "../accept-hub-history.ts";
import { dataFolder, hubUrl, mustBeHttp } from "../data-folder.ts";
import { portOf, serving } from "../serving.ts";
import { trustCa } from "../trust-ca.ts";
import { addInstall } from "./install.ts";
import { addSimulate } from "./simulate.ts";

interface NodeOptions {
  readonly data?: string;
  readonly hub?: string;
  readonly ca?: string;
  readonly json?: boolean;
}

/** `maint node`: enrol a node with a hub, and run its agent. */
export function command(): Command {
  const node = new Command("node").description("enrol and run the agent of a test node");
  node
    .command("enrol <id>")
    .description("make the node's own key and enrol it with a hub, with the admin's single-use token")
    .requiredOption("--token-file <file>", "enrolment token, from `maint hub register-node`")
    .option("--hub <url>", "the hub (else MAINT_HUB, else the one of the data folder)")
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--ca <file>", "the plant's own certificate authority, PEM (else MAINT_CA)")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  maint node enrol LP-01 --hub http://127.0.0.1:7300 --token-file keys/LP-01.enrol",
    )
    .action(enrol);
  node
    .command("start <id>")
    .description("run the agent of an enrolled node; it decides with or without a hub")
    .option("--hub <url>", "the hub (else MAINT_HUB, else the data folder's, else the one of the enrolment)")
    .option("--no-hub", "start without a hub")
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--port <n>", "port of the local API (else a free one)", "0")
    .addOption(new Option("--engine <engine>", "evaluators").choices(["both", "fast", "reference"]).default("both"))
    .option("--ca <file>", "the plant's own certificate authority, PEM (else MAINT_CA)")
    .option("--json", "print JSON lines")
    .addHelpText("after", "\nExample:\n  maint node start LP-01 --data ./maint-data")
    .action(start);
  node
    .command("feed <id>")
    .description("give a running agent what `maint hub export-node` wrote; exit code 1 where it refuses")
    .requiredOption("--from <dir>", "the folder, on a stick or a disk")
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--node-url <url>", "where its agent listens (else the address in its folder)")
    .option("--token <file>", "token file (else the node's own)")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  maint node feed LP-01 --from stick/LP-01")
    .action(feed);
  addAcceptHubHistory(node);
  addInstall(node);
  addSimulate(node);
  return node.addHelpText(
    "after",
    "\nExample:\n  maint node enrol LP-01 --token-file keys/LP-01.enrol\n  maint node start LP-01",
  );
}

async function enrol(id: string, options: NodeOptions & { readonly tokenFile: string }): Promise<void> {
  trustCa(options.ca);
  const { enrolNode } = await import("../../agent/index.ts");
  const url = hubUrl(options.hub, options.data);
  const token = readSecretFile(options.tokenFile).trim();
  const { hub, keyId } = await enrolNode({ dataFolder: dataFolder(options.data), node: id, hubUrl: url, token });
  const said =
    options.json === true ? JSON.stringify({ node: id, hub, keyId }) : `${id} enrolled with hub ${hub}; key ${keyId}`;
  process.stdout.write(`${said}\n`);
}

interface FeedOptions extends NodeOptions {
  readonly from: string;
  readonly nodeUrl?: string;
  readonly token?: string;
}

async function feed(id: string, { from, ...options }: FeedOptions): Promise<void> {
  const { agentToken, agentUrl, askAgent } = await import("../agent-client.ts");
  const at = { ...options, node: id };
  const call = { method: "POST", path: "/v1/feed", url: agentUrl(at), token: agentToken(at, "machine") } as const;
  const fed = (await askAgent(call, { folder: resolve(from) })).body as Fed;
  process.exitCode = fed.outcome === "rejected" || fed.outcome === "rolledback" ? 1 : 0;
  const why = fed.reason === null ? "" : `: ${fed.reason}; ${fed.detail ?? ""}; what was in force goes on`;
  const said =
    options.json === true ? JSON.stringify(fed) : `generation ${fed.generation} ${fed.outcome} at ${id}${why}`;
  process.stdout.write(`${said}\n`);
}

const STANDING_WORDS = {
  none: "it has no contracts yet, so that every test is blocked",
  ready: "it decides by what it kept",
  rejected: "what it kept does not hold, so that every test is blocked",
} as const;

interface StartOptions extends Omit<NodeOptions, "hub"> {
  readonly hub?: string | false;
  readonly port: string;
  readonly engine: EngineChoice;
}

/** Runs until it is told to stop: a message, SIGTERM, SIGINT without a parent, or the end of the parent. */
async function start(id: string, options: StartOptions): Promise<void> {
  const port = portOf(options.port);
  trustCa(options.ca);
  // A wrong address is told before anything runs; later it would have to stop what is running.
  if (typeof options.hub === "string") mustBeHttp(options.hub);
  const { nodeFolder, readEnrolment, startAgent } = await import("../../agent/index.ts");
  const urlFor = (): string => {
    try {
      return hubUrl(options.hub === false ? undefined : options.hub, options.data);
    } catch (error) {
      if (!(error instanceof MaintError) || error.code !== "MAINT_ERR_NO_HUB") throw error;
      // Asked at every dial: a hub of the same data folder may come back on another port. Else it is where the node was enrolled.
      return readEnrolment(nodeFolder(dataFolder(options.data), id), id).hubUrl;
    }
  };
  const { say, tell, fail, untilTold } = serving(options);
  const agent = await startAgent({
    dataFolder: dataFolder(options.data),
    node: id,
    hubUrl: options.hub === false ? null : urlFor,
    port,
    engine: options.engine,
    onActivated: (generation) => tell({ kind: "activated", generation }),
    onFatal: fail,
    log: (line) => say(`${id}: ${line}`, { kind: "log", node: id, line }),
  });
  tell({ kind: "listening", url: agent.url });
  say(`${id} listens on ${agent.url}; ${STANDING_WORDS[agent.status().standing]}`, {
    ...{ kind: "listening", node: id, url: agent.url },
  });
  await untilTold(agent.stop);
}
