import { type ChildProcess, fork, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { answer, asked, ended } from "../child.ts";
import { median } from "../p5/median.ts";
import type { Peer } from "./wires.ts";

/** One fan-out to all nodes, until the hub has read what the last of them says. */
export interface FanOut {
  /** Of the hub and its broker. */
  readonly cpuS: number;
  readonly ms: number;
  /** Longest turn of the hub's own loop; null where a broker does the work. */
  readonly stallMs: number | null;
}

const BROKERS: { readonly [peer in Peer]?: string } = { nats: "nats-server", mosquitto: "mosquitto" };
const ROUNDS = 5;
const SETTLE_MS = 500;
const TRIES = 100;

/** A sentence where the peer is not on this machine. */
export function missing(peer: Peer): string | undefined {
  const broker = BROKERS[peer];
  return broker === undefined || programPath(broker) !== undefined
    ? undefined
    : `${peer} is left out: there is no ${broker} on this machine`;
}

/** Debian puts servers where a person's path does not look. */
function programPath(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** A peer's hub, its broker where it has one, and all nodes connected; each a process. */
export interface PeerFloor {
  readonly hub: ChildProcess;
  /** Undefined where the hub does the work itself. */
  readonly brokerPid: number | undefined;
  readonly startNodes: () => Promise<ChildProcess>;
}

/** Starts them, has `work` done, and ends them. */
export async function withPeer<T>(peer: Peer, count: number, work: (floor: PeerFloor) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "maint-bench-"));
  const children: ChildProcess[] = [];
  const broker = await startBroker(peer, folder);
  try {
    const given = [peer, String(broker?.port ?? 0), String(count)];
    const hub = fork(join(import.meta.dirname, "peer-hub.ts"), given, { execArgv: ["--expose-gc"] });
    children.push(hub);
    const { port } = await answer<{ port: number }>(hub, "port");
    const startNodes = async (): Promise<ChildProcess> => {
      const nodes = fork(join(import.meta.dirname, "peer-nodes.ts"), [peer, String(port), String(count)]);
      children.push(nodes);
      await answer(nodes, "connected");
      return nodes;
    };
    return await work({ hub, brokerPid: broker?.child.pid, startNodes });
  } finally {
    for (const child of children.reverse()) await ended(child);
    if (broker !== undefined) await stopped(broker.child);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The median of some rounds over the same connections. */
export function runPeer(peer: Peer, count: number, bundle: string): Promise<FanOut> {
  return withPeer(peer, count, async ({ hub, brokerPid, startNodes }) => {
    await startNodes();
    await pause(SETTLE_MS);
    const rounds: FanOut[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const before = cpuOf(brokerPid);
      const { done } = await asked<{ done: FanOut }>(hub, { bundle }, "done");
      const cpuS = done.cpuS + cpuOf(brokerPid) - before;
      rounds.push({ ...done, cpuS, stallMs: brokerPid === undefined ? done.stallMs : null });
      await pause(SETTLE_MS);
    }
    const stalls = rounds.flatMap(({ stallMs }) => stallMs ?? []);
    return {
      cpuS: median(rounds.map(({ cpuS }) => cpuS)),
      ms: median(rounds.map(({ ms }) => ms)),
      stallMs: stalls.length === 0 ? null : Math.max(...stalls),
    };
  });
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface Broker {
  readonly child: ChildProcess;
  readonly port: number;
}

export async function startBroker(peer: Peer, folder: string): Promise<Broker | undefined> {
  const program = programPath(BROKERS[peer] ?? "");
  if (BROKERS[peer] === undefined || program === undefined) return undefined;
  const port = await freePort();
  const config = join(folder, "mosquitto.conf");
  const lines = [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "max_connections -1",
    "set_tcp_nodelay true",
    "max_queued_messages 0",
  ];
  writeFileSync(config, `${[...lines, "log_type none", ""].join("\n")}`);
  const given = peer === "nats" ? ["-a", "127.0.0.1", "-p", String(port)] : ["-c", config];
  const child = spawn(program, given, { stdio: "ignore" });
  for (let turn = 0; turn < TRIES; turn++) {
    if (await answers(port)) return { child, port };
    await pause(50);
  }
  await stopped(child);
  throw new Error(`${program} does not listen on ${port}`);
}

export function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill();
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** Resident memory of another process. */
export const kibOf = (pid: number | undefined): number =>
  pid === undefined ? 0 : Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });

const TICKS_PER_S = 100;

/** User and system time of another process, in seconds. Source: proc_pid_stat(5), fields 14 and 15. */
export function cpuOf(pid: number | undefined): number {
  if (pid === undefined) return 0;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}
