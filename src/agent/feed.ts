import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parsePlainJson } from "../base/strict-json.ts";
import { digestsOf } from "../model/desired-digests.ts";
import { bodySchema, countSchema, objectSchema, orNull, textSchema, wordSchema } from "../model/json-schema.ts";
import { MAX_BLOB_BYTES, MAX_JSON_DEPTH, NODE_MAX_FRAME_BYTES } from "../model/limits.ts";
import type { SignedDesired } from "../model/message.ts";
import type { AttemptOutcome } from "./core/link-state.ts";
import type { DescribedRoute, RouteDoc } from "./described-route.ts";
import { isSignedDesired } from "./frames.ts";
import type { KeptBytes } from "./kept-bytes.ts";
import { type Answer, refusal } from "./local-api.ts";

/** What became of a folder that a node was fed with. */
export interface Fed {
  readonly generation: number;
  readonly outcome: AttemptOutcome["kind"];
  readonly reason: string | null;
  readonly detail: string | null;
}

export interface FeedPorts {
  readonly kept: KeptBytes;
  /** Takes its turn with what comes over the link. */
  readonly attempt: (signed: SignedDesired) => Promise<AttemptOutcome>;
}

const OUTCOMES = ["activated", "unchanged", "scheduled", "rolledback", "rejected"] as const;

const doc: RouteDoc = {
  ...{ id: "feed", summary: "Take a desired set from a folder, as from the hub: verified, tested, then in force" },
  body: bodySchema(
    { folder: textSchema("a folder of `maint hub export-node`", { minLength: 1, maxLength: 4_096 }) },
    {},
  ),
  answer: objectSchema<Fed>({
    generation: countSchema(),
    outcome: wordSchema(OUTCOMES),
    reason: orNull(textSchema()),
    detail: orNull(textSchema()),
  }),
};

/** POST /v1/feed. A folder is a way like the wire is: nothing in it is believed before it is verified. */
export function feedRoutes(ports: FeedPorts): readonly DescribedRoute[] {
  return [
    {
      ...{ method: "POST", path: "/v1/feed", scope: "gate", doc },
      handle: async (body) => {
        const folder = body.get("folder");
        if (typeof folder !== "string" || folder === "")
          return refusal(400, "MAINT_ERR_REQUEST", '"folder" is the path of a folder');
        return feed(folder, ports);
      },
    },
  ];
}

async function feed(folder: string, { kept, attempt }: FeedPorts): Promise<Answer> {
  const signed = desiredIn(folder);
  if (typeof signed === "string") return refusal(400, "MAINT_ERR_FEED", `${folder}: ${signed}`);
  const missing = digestsOf(signed).filter((digest) => kept.read(digest) === undefined);
  for (const digest of missing) {
    const bytes = readLimited(join(folder, "blobs", digest.slice("sha256:".length)), MAX_BLOB_BYTES);
    if (bytes === undefined)
      return refusal(400, "MAINT_ERR_FEED", `${folder}: ${digest} is missing or too large: was it copied whole?`);
    const written = kept.write(digest, bytes);
    if (!written.ok) return refusal(400, "MAINT_ERR_FEED", `${folder}: ${written.error.detail}`);
  }
  const outcome = await attempt(signed);
  const reason = outcome.kind === "rejected" ? outcome.reason : null;
  const detail = "detail" in outcome ? outcome.detail : null;
  const fed: Fed = { generation: signed.desired.generation, outcome: outcome.kind, reason, detail };
  return { status: 200, body: { ...fed } };
}

function readLimited(path: string, maxBytes: number): Buffer | undefined {
  if (!existsSync(path)) return undefined;
  const { size } = statSync(path);
  return statSync(path).isFile() && size <= maxBytes ? readFileSync(path) : undefined;
}

/** The set, or a sentence why there is none. */
function desiredIn(folder: string): SignedDesired | string {
  const bytes = readLimited(join(folder, "desired.json"), NODE_MAX_FRAME_BYTES);
  if (bytes === undefined) return "there is no desired.json of a usable size";
  const json = parsePlainJson(bytes.toString("utf8"), { maxLength: NODE_MAX_FRAME_BYTES, maxDepth: MAX_JSON_DEPTH });
  if (!json.ok) return `desired.json: ${json.error.message} in line ${json.error.line}`;
  return isSignedDesired(json.value) ? json.value : "desired.json is no signed desired set";
}
