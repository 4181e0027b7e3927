import { existsSync, readFileSync } from "node:fs";
import { canonicalJson } from "../base/canonical-json.ts";
import { MaintError } from "../base/maint-error.ts";
import { makeFolder, writeAtomically, writeOnce } from "../disk/atomic-write.ts";
import { createKeyFile, loadKeyFile } from "../disk/key-file.ts";
import { createTokenFile } from "../disk/token-file.ts";
import { type NodeFolder, nodeFolder } from "./node-folder.ts";
import { isObject, object, type Shape, text } from "./shapes.ts";
import { onlineKeysOfRoot } from "./verification.ts";

/** Who this node belongs to. */
export interface Enrolment {
  readonly node: string;
  /** The hub's id, which every hello is bound to. */
  readonly hub: string;
  readonly hubUrl: string;
}

export interface EnrolRequest {
  readonly dataFolder: string;
  readonly node: string;
  readonly hubUrl: string;
  /** Single use, from the hub's admin. */
  readonly token: string;
}

const enrolment: Shape<Enrolment> = object({ node: text, hub: text, hubUrl: text });
const TIMEOUT_MS = 10_000;

/**
 * Makes the node's own key, shows its public half to the hub, and keeps the hub's id and the TUF root that trust begins with.
 * The private half never leaves the folder. Asking again after a failure uses the same key.
 * @throws MaintError MAINT_ERR_ENROLLED when the node is enrolled already, MAINT_ERR_ENROLMENT when the hub refuses or makes no sense
 */
export async function enrolNode(request: EnrolRequest): Promise<{ readonly hub: string; readonly keyId: string }> {
  const folder = nodeFolder(request.dataFolder, request.node);
  if (existsSync(folder.enrolment)) {
    throw new MaintError("MAINT_ERR_ENROLLED", `node ${request.node} is enrolled already in ${folder.path}`, {
      help: `start it with: maint node start ${request.node}`,
    });
  }
  makeFolder(folder.path, { mode: 0o700 });
  const key = existsSync(folder.key) ? loadKeyFile(folder.key) : createKeyFile(folder.key);
  const answer = await post(new URL("/v1/enrol", request.hubUrl), {
    token: request.token,
    node: request.node,
    publicKey: key.publicHex,
  });
  const { hub, root } = readAnswer(answer);
  writeOnce(folder.root, root);
  if (!existsSync(folder.token)) createTokenFile(folder.token, request.node);
  writeAtomically(folder.enrolment, `${canonicalJson({ node: request.node, hub, hubUrl: request.hubUrl })}\n`);
  return { hub, keyId: key.keyId };
}

/** @throws MaintError MAINT_ERR_NOT_ENROLLED */
export function readEnrolment(folder: NodeFolder, node: string): Enrolment {
  if (!existsSync(folder.enrolment)) {
    throw new MaintError("MAINT_ERR_NOT_ENROLLED", `node ${node} is not enrolled in ${folder.path}`, {
      help: `enrol it first: maint node enrol ${node} --hub URL --token-file FILE`,
    });
  }
  const value: unknown = JSON.parse(readFileSync(folder.enrolment, "utf8"));
  if (!enrolment(value) || value.node !== node)
    throw new MaintError("MAINT_ERR_NOT_ENROLLED", `${folder.enrolment}: is no enrolment of ${node}`);
  return value;
}

/** `root` comes as the exact text of the root metadata, or as an object that was parsed on its way. */
function readAnswer(answer: unknown): { readonly hub: string; readonly root: string } {
  if (!isObject(answer) || !text(answer["hub"])) throw refused("the hub's answer names no hub");
  const given = answer["root"];
  const root = text(given) ? given : isObject(given) ? JSON.stringify(given) : undefined;
  if (root === undefined) throw refused("the hub's answer holds no root metadata");
  try {
    if (onlineKeysOfRoot(Buffer.from(root)).size === 0) throw new Error("it names no online key");
  } catch (error) {
    throw refused(`the root metadata does not hold: ${error instanceof Error ? error.message : error}`);
  }
  return { hub: answer["hub"], root };
}

const refused = (message: string): MaintError => new MaintError("MAINT_ERR_ENROLMENT", message);

async function post(url: URL, body: unknown): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: "error",
    });
  } catch (error) {
    throw new MaintError("MAINT_ERR_HUB_UNREACHABLE", `${url.origin}: the hub does not answer`, {
      exitCode: 69,
      help: "is it running? maint hub start",
      cause: error,
    });
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer;
  const said = isObject(answer) && isObject(answer["error"]) ? answer["error"] : {};
  const message = text(said["message"]) ? said["message"] : `status ${response.status}`;
  throw new MaintError("MAINT_ERR_ENROLMENT", `the hub refuses to enrol: ${message}`, {
    exitCode: response.status >= 500 ? 69 : 2,
    ...(text(said["help"]) ? { help: said["help"] } : {}),
  });
}
