import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { packageRoot } from "../../src/cli/package-root.ts";

/** Two machines of one's own: network namespaces with a cable between them, reachable from nowhere else. */
export interface TwoMachines {
  readonly hubAddress: string;
  /** Starts `maint <words>`, or another script with them, on one of them and waits until it says where it listens. */
  readonly start: (machine: "hub" | "node", words: readonly string[], script?: string) => Promise<Process>;
  /** Runs `maint <words> --json` on the hub's machine and answers what it printed. */
  readonly maint: (words: readonly string[]) => Promise<unknown>;
  readonly cut: () => void;
  readonly heal: () => void;
  readonly remove: () => void;
}

export interface Process {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const HUB_ADDRESS = "10.77.0.1";
const NODE_ADDRESS = "10.77.0.2";
const maintFile = join(packageRoot(), "bin", "maint.js");

const ip = (...words: readonly string[]): void => {
  execFileSync("ip", [...words], { stdio: ["ignore", "ignore", "pipe"] });
};

/** Undefined where this machine makes no namespaces: other systems, and users who may not. `why` says so. */
export function layTwoMachines(): { readonly machines: TwoMachines } | { readonly why: string } {
  const [hub, node] = [`maint-hub-${process.pid}`, `maint-node-${process.pid}`];
  const cable = { hub: `mh${process.pid}`, node: `mn${process.pid}` };
  const made: string[] = [];
  const remove = (): void => {
    for (const name of made.splice(0)) ip("netns", "del", name);
  };
  try {
    for (const name of [hub, node]) {
      ip("netns", "add", name);
      made.push(name);
    }
    ip("link", "add", cable.hub, "netns", hub, "type", "veth", "peer", "name", cable.node, "netns", node);
    ip("-n", hub, "addr", "add", `${HUB_ADDRESS}/30`, "dev", cable.hub);
    ip("-n", node, "addr", "add", `${NODE_ADDRESS}/30`, "dev", cable.node);
    for (const [name, device] of [
      [hub, cable.hub],
      [node, cable.node],
      [hub, "lo"],
      [node, "lo"],
    ] as const)
      ip("-n", name, "link", "set", device, "up");
  } catch (error) {
    remove();
    return { why: `no network namespaces here: ${sentenceOf(error)}` };
  }
  return {
    machines: {
      hubAddress: HUB_ADDRESS,
      start: (machine, words, script) => start(machine === "hub" ? hub : node, words, script),
      maint: (words) => runThere(hub, words),
      cut: () => ip("-n", hub, "link", "set", cable.hub, "down"),
      heal: () => ip("-n", hub, "link", "set", cable.hub, "up"),
      remove,
    },
  };
}

/** What `ip` itself said of it, where it is there and said something. */
function sentenceOf(error: unknown): string {
  const [first = "", ...rest] = (error instanceof Error ? error.message : String(error)).trim().split("\n");
  return rest.at(-1) ?? first;
}

async function start(namespace: string, words: readonly string[], script = maintFile): Promise<Process> {
  const child = spawn("ip", ["netns", "exec", namespace, process.execPath, script, ...words], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2_000);
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.on("message", (message) => {
      const { kind, url } = message as { readonly kind?: unknown; readonly url?: unknown };
      if (kind === "listening" && typeof url === "string") resolve(url);
    });
    child.once("close", () => reject(new Error(`${words.join(" ")} ended: ${said}`)));
  });
  return {
    url,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.send({ kind: "stop" });
      await once(child, "exit");
    },
  };
}

async function runThere(namespace: string, words: readonly string[]): Promise<unknown> {
  const child = spawn("ip", ["netns", "exec", namespace, process.execPath, maintFile, ...words, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [said, complained] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    complained += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`maint ${words.join(" ")} ended with ${code}: ${complained}`);
  return JSON.parse(said) as unknown;
}
