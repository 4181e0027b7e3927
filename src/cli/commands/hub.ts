import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createSecureContext } from "node:tls";
import { Command } from "commander";
import { parse } from "yaml";
import { MaintError } from "../../base/maint-error.ts";
import { makeFolder, writeAtomically } from "../../disk/atomic-write.ts";
import { readSecretFile } from "../../disk/read-secret.ts";
import { mustBeFree } from "../../disk/secret-file.ts";
import { writeTokenFile } from "../../disk/token-file.ts";
import type { HubTls, OidcOptions } from "../../hub/index.ts";
import { dataFolder } from "../data-folder.ts";
import { allOf, type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";
import { portOf, serving } from "../serving.ts";
import { trustCa } from "../trust-ca.ts";

/** `maint hub`: the process that gives every node what it should have, and hears what becomes of it. */
export function command(): Command {
  const hub = new Command("hub").description("run the hub");
  hub
    .command("start")
    .description("serve a data folder until Ctrl-C")
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--port <port>", "port to listen on; 0 takes a free one", "0")
    .option("--host <address>", "address to listen on; another machine's way in needs a certificate", "127.0.0.1")
    .option("--tls-cert <file>", "certificate, PEM: HTTPS and WSS, TLS 1.3")
    .option("--tls-key <file>", "its private key, PEM, readable by its owner alone")
    .option("--name <host>", "what the certificate calls the hub (else the address)")
    .option("--notices <file>", "who is told of alerts, by e-mail, webhook or file, YAML or JSON: docs/alerts.md")
    .option("--oidc <file>", "people may come by tokens of this identity provider too, YAML or JSON: docs/operation.md")
    .option("--insecure", "listen beyond this machine without a certificate: something else protects the way")
    .option("--json", "print JSON lines")
    .addHelpText("after", "\nExample:\n  maint hub start --data ./maint-data --port 8420")
    .action(start);
  withHubOptions(
    hub.command("register-node <file>").description("register a station and get its node's enrolment token"),
  )
    .requiredOption("--out <file>", "file for the token, good once and for 15 minutes")
    .addHelpText("after", "\nExample:\n  maint hub register-node station.yaml --out LP-01.enrol")
    .action(registerNode);
  withHubOptions(hub.command("set-register <id> <file>").description("replace what stands at a registered station"))
    .addHelpText("after", "\nExample:\n  maint hub set-register LP-01 station.yaml")
    .action(setRegister);
  withHubOptions(
    hub
      .command("export-node <id>")
      .description("write what a node is given into a folder, for a stick: maint node feed takes it"),
  )
    .requiredOption("--to <dir>", "a folder that is not there yet")
    .addHelpText("after", "\nExample:\n  maint hub export-node LP-01 --to stick/LP-01")
    .action(exportNode);
  withHubOptions(
    hub
      .command("revoke-node <id>")
      .description("end a node's key for good: lost, stolen, or of a station that is gone"),
  )
    .requiredOption("--reason <text>", "why, for the ledger")
    .addHelpText("after", '\nExample:\n  maint hub revoke-node LP-01 --reason "its disk was sold"')
    .action((id: string, options: HubOptions & { readonly reason: string }) => nodeOrder("revoke", id, options));
  withHubOptions(
    hub
      .command("release-node <id>")
      .description("give a quarantined node new releases again, once somebody looked at it"),
  )
    .requiredOption("--reason <text>", "what was found, for the ledger")
    .addHelpText("after", '\nExample:\n  maint hub release-node LP-01 --reason "disk restored on Monday, no copy"')
    .action((id: string, options: HubOptions & { readonly reason: string }) => nodeOrder("release", id, options));
  withHubOptions(hub.command("status").description("say how the hub and its nodes are"))
    .addHelpText("after", "\nExample:\n  maint hub status")
    .action(async (options: HubOptions) => (await import("./status.ts")).hubStatus(options));
  withHubOptions(hub.command("nodes").description("list test nodes and what they run"))
    .addHelpText("after", "\nExample:\n  maint hub nodes")
    .action(listNodes);
  return hub.addHelpText("after", "\nExample:\n  maint hub start --data ./maint-data");
}

interface StartOptions {
  readonly data?: string;
  readonly port: string;
  readonly host: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly name?: string;
  readonly insecure?: boolean;
  readonly notices?: string;
  readonly oidc?: string;
  readonly json?: boolean;
}

/** Runs until it is told to stop: a message, SIGTERM, SIGINT without a parent, or the end of the parent. */
async function start(options: StartOptions): Promise<void> {
  const port = portOf(options.port);
  const { createHub, readNoticesFile } = await import("../../hub/index.ts");
  trustCa(undefined);
  const oidc = await oidcOf(options);
  const { say, tell, fail, untilTold } = serving(options);
  const hub = await createHub({
    ...{ dataFolder: dataFolder(options.data), port, host: options.host, insecure: options.insecure === true },
    ...{ ...tlsOf(options), ...oidc },
    notices: options.notices === undefined ? undefined : readNoticesFile(options.notices),
    onFatal: fail,
    log: (line) => say(`hub: ${line}`, { kind: "log", line }),
  });
  tell({ kind: "listening", url: hub.url });
  say(`${hub.id} listens on ${hub.url}`, { kind: "listening", hub: hub.id, url: hub.url });
  if (oidc.oidc !== undefined) {
    const line = `people come by tokens of ${oidc.oidc.issuer} as well`;
    say(`hub: ${line}`, { kind: "log", line });
  }
  await untilTold(hub.stop);
}

async function oidcOf({ oidc: file }: StartOptions): Promise<{ readonly oidc?: OidcOptions }> {
  if (file === undefined) return {};
  const { oidcOptionsIn } = await import("../../hub/index.ts");
  const beside = (name: string): string => readFileSync(resolve(dirname(file), name), "utf8");
  return { oidc: oidcOptionsIn(readFileSync(file, "utf8"), file, beside) };
}

function tlsOf({ tlsCert, tlsKey, name }: StartOptions): { readonly tls?: HubTls } {
  if (tlsCert === undefined && tlsKey === undefined) return {};
  if (tlsCert === undefined || tlsKey === undefined)
    throw new MaintError("MAINT_ERR_USAGE", "--tls-cert and --tls-key go together");
  const tls = { cert: readFileSync(tlsCert, "utf8"), key: readSecretFile(tlsKey) };
  try {
    createSecureContext(tls);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new MaintError("MAINT_ERR_TLS", `${tlsCert} and ${tlsKey} are no certificate and its key: ${why}`);
  }
  return { tls: { ...tls, ...(name === undefined ? {} : { name }) } };
}

/** A station's register, YAML or JSON. */
function registerIn(file: string): unknown {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined && error instanceof Error && "syscall" in error)
      throw error;
    const [why] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new MaintError("MAINT_ERR_REGISTER", `${file}: is neither YAML nor JSON: ${why}`);
  }
}

async function registerNode(file: string, options: HubOptions & { readonly out: string }): Promise<void> {
  const hub = hubClient(options);
  const register = registerIn(file);
  mustBeFree(options.out);
  const answer = (await hub.post("/v1/nodes", register)) as {
    readonly id: string;
    readonly token: string;
    readonly expiresAtMs: number;
  };
  writeTokenFile(options.out, answer.token);
  const shown = { id: answer.id, tokenFile: options.out, expiresAtMs: answer.expiresAtMs };
  printAnswer(options, shown, [
    `${answer.id} is registered; its token is in ${options.out}, good once and for 15 minutes`,
  ]);
}

async function setRegister(id: string, file: string, options: HubOptions): Promise<void> {
  const answer = await hubClient(options).put(`/v1/nodes/${encodeURIComponent(id)}/register`, registerIn(file));
  printAnswer(options, answer, [`the register of ${id} is replaced; its node gets it signed`]);
}

async function exportNode(id: string, { to, ...options }: HubOptions & { readonly to: string }): Promise<void> {
  if (existsSync(to)) throw new MaintError("MAINT_ERR_USAGE", `${to}: is there already and is never replaced`);
  const hub = hubClient(options);
  const given = (await hub.get(`/v1/nodes/${encodeURIComponent(id)}/package`)) as {
    readonly signed: { readonly desired: { readonly generation: number } };
    readonly digests: readonly string[];
  };
  makeFolder(join(to, "blobs"));
  for (const digest of given.digests) {
    const { base64 } = (await hub.get(`/v1/releases/blobs/${digest}`)) as { readonly base64: string };
    writeAtomically(join(to, "blobs", digest.slice("sha256:".length)), Buffer.from(base64, "base64"));
  }
  // Last, so that a folder that was cut off has none.
  writeAtomically(join(to, "desired.json"), `${JSON.stringify(given.signed)}\n`);
  const { generation } = given.signed.desired;
  printAnswer(options, { node: id, to, generation, blobs: given.digests.length }, [
    `generation ${generation} of ${id} in ${to}, ${given.digests.length} files; there: maint node feed ${id} --from DIR`,
  ]);
}

async function nodeOrder(
  order: "revoke" | "release",
  id: string,
  { reason, ...options }: HubOptions & { readonly reason: string },
): Promise<void> {
  const answer = await hubClient(options).post(`/v1/nodes/${encodeURIComponent(id)}/${order}`, { reason });
  const said = {
    revoke: `the key of ${id} is revoked; enrol the station anew: maint hub register-node`,
    release: `${id} gets new releases again`,
  };
  printAnswer(options, answer, [said[order]]);
}

async function listNodes(options: HubOptions): Promise<void> {
  const answer = { nodes: await allOf<KnownNode>(hubClient(options), "/v1/nodes", "nodes") };
  const lines = answer.nodes.map(nodeLine);
  printAnswer(
    options,
    answer,
    lines.length === 0 ? ["no node yet; register one with `maint hub register-node`"] : lines,
  );
}

interface KnownNode {
  readonly id: string;
  readonly station: { readonly id: string; readonly type: string };
  readonly enrolledAtMs: number | null;
  readonly quarantined: string | null;
  readonly revokedAtMs: number | null;
  readonly active: { readonly [contract: string]: { readonly version: string } };
}

function nodeLine({ id, station, enrolledAtMs, quarantined, revokedAtMs, active }: KnownNode): string {
  const runs = Object.entries(active).map(([contract, { version }]) => `${contract}@${version}`);
  const without = revokedAtMs === null ? "not enrolled yet" : `revoked ${new Date(revokedAtMs).toISOString()}`;
  const standing = enrolledAtMs === null ? without : runs.join(", ") || "runs no contract";
  const aside = quarantined === null ? "" : `  QUARANTINED: ${quarantined}; maint hub release-node or revoke-node`;
  return `${id}  ${station.type} station ${station.id}  ${standing}${aside}`;
}
