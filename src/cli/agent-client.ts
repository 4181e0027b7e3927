import { join } from "node:path";
import { MaintError } from "../base/maint-error.ts";
import { readTokenFile } from "../disk/read-token.ts";
import { isTestNodeId } from "../model/ids.ts";
import { addressIn, dataFolder, mustBeHttp } from "./data-folder.ts";
import { askLoopback } from "./loopback-http.ts";

/** What every command that talks to an agent takes. Light on purpose: `maint gate` loads this and little else. */
export interface AgentOptions {
  readonly node: string;
  readonly nodeUrl?: string;
  readonly data?: string;
  readonly token?: string;
  readonly json?: boolean;
}

export interface AgentAnswer {
  readonly status: number;
  readonly body: unknown;
}

const TIMEOUT_MS = 10_000;

/** @throws MaintError MAINT_ERR_NO_AGENT, exit code 69, where none is known */
export function agentUrl({ node, nodeUrl, data }: AgentOptions): string {
  if (!isTestNodeId(node)) throw new MaintError("MAINT_ERR_NODE_ID", `"${node}" is no node id`);
  const folder = dataFolder(data);
  const url = nodeUrl ?? addressIn(join(folder, "nodes", node, "address.json"));
  if (url !== undefined) {
    if (URL.parse(mustBeHttp(url))?.protocol === "http:") return url;
    throw new MaintError("MAINT_ERR_URL", `"${url}" is no agent's address: agents listen on this machine, over http`);
  }
  throw new MaintError("MAINT_ERR_NO_AGENT", `no agent of node ${node} runs in ${folder}`, {
    exitCode: 69,
    help: `start it with: maint node start ${node}`,
  });
}

/** `--token`, else MAINT_TOKEN_FILE, else the node's own token for test programs where `machine` is allowed. */
export function agentToken({ node, data, token }: AgentOptions, machine: "machine" | "person"): string {
  const file = token ?? process.env["MAINT_TOKEN_FILE"];
  if (file !== undefined) return readTokenFile(file);
  if (machine === "machine") return readTokenFile(join(dataFolder(data), "nodes", node, "token"));
  throw new MaintError("MAINT_ERR_NO_TOKEN", "this is a person's word: name the token file of the person", {
    help: "--token FILE, or MAINT_TOKEN_FILE",
  });
}

/** Asks the agent. @throws MaintError 69 where it does not answer, 2 where it refuses */
export async function askAgent(
  call: { readonly method: "GET" | "POST"; readonly path: string; readonly url: string; readonly token: string },
  body?: unknown,
): Promise<AgentAnswer> {
  const answer = await send(call, body === undefined ? undefined : JSON.stringify(body));
  if (answer.status === 200) return answer;
  const { error } = (answer.body ?? {}) as {
    readonly error?: { readonly code?: unknown; readonly message?: unknown; readonly help?: unknown };
  };
  const code =
    typeof error?.code === "string" && error.code.startsWith("MAINT_ERR_") ? error.code : "MAINT_ERR_AGENT_ANSWER";
  const message = typeof error?.message === "string" ? error.message : `the agent answered ${answer.status}`;
  throw new MaintError(code as `MAINT_ERR_${string}`, message, {
    exitCode: answer.status >= 400 && answer.status < 500 ? 2 : 69,
    ...(typeof error?.help === "string" ? { help: error.help } : {}),
  });
}

async function send(
  {
    method,
    path,
    url,
    token,
  }: { readonly method: "GET" | "POST"; readonly path: string; readonly url: string; readonly token: string },
  content: string | undefined,
): Promise<AgentAnswer> {
  const headers = { authorization: `Bearer ${token}` };
  try {
    const { status, body } = await askLoopback({
      ...{ method, path, url: new URL(url), headers, timeoutMs: TIMEOUT_MS },
      ...(content === undefined ? {} : { body: content }),
    });
    return { status, body: parsed(body) };
  } catch (cause) {
    throw new MaintError("MAINT_ERR_AGENT_UNREACHABLE", `no agent answers at ${url}`, {
      exitCode: 69,
      help: "is it running? maint node start",
      cause,
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever answered without JSON is no agent; the status says what it was.
    return undefined;
  }
}
