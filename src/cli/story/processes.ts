import { type ChildProcess, fork, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { MaintError } from "../../base/maint-error.ts";
import { packageRoot } from "../package-root.ts";

const maint = join(packageRoot(), "bin", "maint.js");
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const MAX_KEPT_LINES = 50;
/** Of a folder's removal: a process that is just ending may still write there. */
export const REMOVE_RETRIES = 5;

/** A hub or an agent, running as a process of its own. */
export interface Service {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  /** Asks it to end and waits; kills it when it does not. Answers its exit code, null when it was killed. */
  stop(): Promise<number | null>;
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>;
  /** The last lines it wrote, for the person who wants to know why it ended. */
  lastLines(): readonly string[];
  readonly exited: Promise<number | null>;
}

/**
 * Starts `maint <words>` with an IPC channel and waits until it says where it listens.
 * @throws MaintError MAINT_ERR_SERVICE when it ends or stays silent for 30 s
 */
export async function startService(name: string, words: readonly string[]): Promise<Service> {
  const child = fork(maint, [...words], { stdio: ["ignore", "pipe", "pipe", "ipc"] });
  const lines = keepLines(child);
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const url = await listening(child, name, lines);
  return {
    name,
    url,
    pid: child.pid as number,
    exited,
    lastLines: () => lines,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      if (child.connected) child.send({ kind: "stop" });
      else child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      const code = await exited;
      clearTimeout(timer);
      return code;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

function keepLines(child: ChildProcess): string[] {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      if (lines.length > MAX_KEPT_LINES) lines.shift();
    });
  }
  return lines;
}

function listening(child: ChildProcess, name: string, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const refuse = (why: string) => {
      clearTimeout(timer);
      const said = lines.length === 0 ? "" : `: ${lines.slice(-3).join(" / ")}`;
      reject(new MaintError("MAINT_ERR_SERVICE", `${name} ${why}${said}`, { exitCode: 69 }));
    };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      refuse("did not start within 30 s");
    }, START_TIMEOUT_MS);
    child.on("message", (message) => {
      const said = message as { kind?: unknown; url?: unknown };
      if (said.kind !== "listening" || typeof said.url !== "string") return;
      clearTimeout(timer);
      resolve(said.url);
    });
    child.once("error", (error) => refuse(`could not start (${error.message})`));
    // The streams end a moment after the process; only then is the reason it gave complete.
    child.once("close", (code) => refuse(`ended with exit code ${code} before it listened`));
  });
}

/** What one command line did. */
export interface CommandOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `maint <words>` to its end, as a person would. */
export function runMaint(words: readonly string[]): Promise<CommandOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [maint, ...words], { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ exitCode: code ?? 69, stdout, stderr }));
  });
}
