import { join } from "node:path";
import type { Command } from "commander";
import { type ExitCode, MaintError } from "../base/maint-error.ts";
import { readBearerFile } from "../disk/read-token.ts";
import { hubUrl, keysFolder } from "./data-folder.ts";
import { trustCa } from "./trust-ca.ts";

const PATIENCE_MS = 30_000;
/** For what walks a whole ledger or years of decisions. */
export const LONG_PATIENCE_MS = 280_000;

/** How one question is asked. */
export interface Asking {
  /** How long its answer is waited for. */
  readonly patienceMs?: number;
}

/** What every command that talks to a hub takes. */
export interface HubOptions {
  readonly hub?: string;
  readonly data?: string;
  readonly keys?: string;
  readonly token?: string;
  readonly ca?: string;
  readonly json?: boolean;
}

/** Adds the options of `HubOptions` to a command. */
export const withHubOptions = (command: Command): Command =>
  command
    .option("--hub <url>", "the hub (else MAINT_HUB, else the one of the data folder)")
    .option("--data <dir>", "data folder (else MAINT_DATA, else ./maint-data)")
    .option("--keys <dir>", "keys and tokens (else MAINT_KEYS, else ./maint-keys)")
    .option("--token <file>", "token file (else MAINT_TOKEN_FILE, else admin.token of the keys folder)")
    .option("--ca <file>", "the plant's own certificate authority, PEM (else MAINT_CA)")
    .option("--json", "print JSON");

/** A hub, asked as the person whose token file was named. */
export interface HubClient {
  readonly url: string;
  readonly get: (path: string, asking?: Asking) => Promise<unknown>;
  readonly post: (path: string, body: unknown, asking?: Asking) => Promise<unknown>;
  readonly put: (path: string, body: unknown) => Promise<unknown>;
  readonly delete: (path: string) => Promise<unknown>;
}

/** @throws MaintError 69 where no hub is known, 2 where there is no token */
export function hubClient(options: HubOptions): HubClient {
  trustCa(options.ca);
  const url = hubUrl(options.hub, options.data);
  const file = options.token ?? process.env["MAINT_TOKEN_FILE"] ?? join(keysFolder(options.keys), "admin.token");
  const token = readBearerFile(file);
  const ask =
    (method: string) =>
    (path: string, body?: unknown, { patienceMs = PATIENCE_MS }: Asking = {}) =>
      request({ url, token, method, path, body, patienceMs });
  const get = ask("GET");
  return {
    ...{ url, post: ask("POST"), put: ask("PUT"), delete: ask("DELETE") },
    get: (path, asking) => get(path, undefined, asking),
  };
}

/** Every page of a long list, whose rows stand under `field`. */
export async function allOf<T>(hub: HubClient, path: string, field: string): Promise<readonly T[]> {
  const rows: T[] = [];
  for (let after: string | null = ""; after !== null; ) {
    const behind = after === "" ? "" : `${path.includes("?") ? "&" : "?"}after=${encodeURIComponent(after)}`;
    const page = (await hub.get(`${path}${behind}`)) as { readonly [field: string]: unknown };
    rows.push(...((page[field] ?? []) as readonly T[]));
    after = (page["next"] ?? null) as string | null;
  }
  return rows;
}

interface HubRequest {
  readonly url: string;
  readonly token: string;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly patienceMs: number;
}

async function request({ url, token, method, path, body, patienceMs }: HubRequest): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(patienceMs),
      redirect: "error",
    });
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError")
      throw new MaintError(
        "MAINT_ERR_HUB_UNREACHABLE",
        `the hub at ${url} did not answer within ${patienceMs / 1_000} s`,
        {
          exitCode: 69,
          help: "it may have much to do: ask again in a while, or for less",
          cause: error,
        },
      );
    throw new MaintError("MAINT_ERR_HUB_UNREACHABLE", `no hub answers at ${url}`, {
      exitCode: 69,
      help: "is it running? start it with `maint hub start`",
      cause: error,
    });
  }
  const text = await response.text();
  const answer = parsed(text);
  if (response.ok && answer !== undefined) return answer;
  throw refusal(response.status, answer, text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no answer of a hub; the caller says so with the status.
    return undefined;
  }
}

/** The hub's own words where it gave some; what it refuses is the asker's to mend, what fails in it is not. */
function refusal(status: number, answer: unknown, text: string): MaintError {
  const { error } = (answer ?? {}) as { error?: { code?: unknown; message?: unknown; help?: unknown } };
  const isFinding = (error as { code?: unknown } | undefined)?.code === "MAINT_ERR_IMPACT";
  const exitCode: ExitCode = isFinding ? 1 : status >= 400 && status < 500 ? 2 : 69;
  if (typeof error?.message !== "string") {
    return new MaintError("MAINT_ERR_HUB_ANSWER", `the hub answered ${status}: ${text.slice(0, 200)}`, { exitCode });
  }
  const code = typeof error.code === "string" && /^MAINT_ERR_/.test(error.code) ? error.code : "MAINT_ERR_HUB_REFUSED";
  const help = typeof error.help === "string" ? { help: error.help } : {};
  return new MaintError(code as `MAINT_ERR_${string}`, error.message, { exitCode, ...help });
}

const ESCAPE = "\u001b";

/** Without control characters, but for tabs, ends of lines and the colours that lines are painted with. */
const tamed = (line: string): string =>
  line.replaceAll(/(?![\t\n])(\p{Cc})(\[[\d;]*m)?/gu, (found, sign: string, colour?: string) =>
    sign === ESCAPE && colour !== undefined ? found : ` ${colour ?? ""}`,
  );

/**
 * Prints the answer as JSON with `--json`, else the lines. What nodes and people wrote stands in them: it steers no terminal.
 */
export function printAnswer(options: { readonly json?: boolean }, answer: unknown, lines: readonly string[]): void {
  process.stdout.write(
    options.json === true ? `${JSON.stringify(answer)}\n` : lines.map((line) => `${tamed(line)}\n`).join(""),
  );
}
