import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import { writeAtomically } from "../../disk/atomic-write.ts";
import { isTestNodeId } from "../../model/ids.ts";
import { dataFolder } from "../data-folder.ts";
import { printAnswer } from "../hub-client.ts";
import { packageRoot } from "../package-root.ts";
import { type ServiceRequest, systemdUnit, winswConfig } from "../service-files.ts";

interface InstallOptions {
  readonly data?: string;
  readonly user: string;
  readonly for: "systemd" | "windows";
  readonly out?: string;
  readonly port?: string;
  readonly json?: boolean;
}

/** Adds `maint node install`: the agent as a service of the machine. It writes a file and changes nothing else. */
export function addInstall(node: Command): void {
  node
    .command("install <id>")
    .description("print what runs the agent as a service, or write it to a file; starts nothing")
    .addOption(new Option("--for <system>", "whose service").choices(["systemd", "windows"]).default(hostSystem()))
    .option("--user <account>", "account that owns the data folder", "maint")
    .option("--port <n>", "port of the local API, the same at every start")
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--out <file>", "write it there; a file that is there already is never replaced")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  maint node install LP-01 --data maint-data --out maint-node-LP-01.service\n  sudo systemctl enable --now ./maint-node-LP-01.service",
    )
    .action(install);
}

const hostSystem = (): InstallOptions["for"] => (process.platform === "win32" ? "windows" : "systemd");

function install(id: string, options: InstallOptions): void {
  if (!isTestNodeId(id)) throw new MaintError("MAINT_ERR_NODE_ID", `"${id}" is no node id`);
  if (!/^[a-z_][a-z0-9_-]{0,31}$/i.test(options.user))
    throw new MaintError("MAINT_ERR_USAGE", `"${options.user}" is no account's name`);
  if (options.port !== undefined && !/^[1-9]\d{0,4}$/.test(options.port))
    throw new MaintError("MAINT_ERR_USAGE", `"${options.port}" is no port`);
  const data = resolve(dataFolder(options.data));
  if (!existsSync(join(data, "nodes", id)))
    throw new MaintError("MAINT_ERR_NOT_ENROLLED", `${id} is not enrolled in ${data}`, {
      help: `maint node enrol ${id} --token-file FILE`,
    });
  const port = options.port === undefined ? [] : ["--port", options.port];
  const request: ServiceRequest = {
    name: `maint-node-${id}`,
    description: `maintenance gate of test node ${id}`,
    program: process.execPath,
    args: [join(packageRoot(), "bin", "maint.js"), "node", "start", id, "--data", data, ...port],
    dataFolder: data,
    user: options.user,
  };
  const text = options.for === "systemd" ? systemdUnit(request) : winswConfig(request);
  if (options.out === undefined) {
    process.stdout.write(options.json === true ? `${JSON.stringify({ for: options.for, text })}\n` : text);
    return;
  }
  if (existsSync(options.out))
    throw new MaintError("MAINT_ERR_USAGE", `${options.out}: is there already and is never replaced`);
  writeAtomically(options.out, text);
  printAnswer(options, { for: options.for, file: options.out }, [`${options.out} written; see docs/operation.md`]);
}
