import { gunzipSync } from "node:zlib";
import { fail, ok, type Result } from "../base/result.ts";
import { type Digest, isDigest } from "../model/ids.ts";
import { MAX_BLOB_BYTES } from "../model/limits.ts";
import type { DesiredContract, Message, SignedDesired } from "../model/message.ts";
import {
  count,
  flag,
  integer,
  isObject,
  list,
  literal,
  nullable,
  object,
  optional,
  record,
  type Shape,
  text,
} from "./shapes.ts";

/** What a node takes from a hub, from frames to values. Unknown fields are ignored, an unknown `t` is answered with an error. */

export interface BadFrame {
  readonly code: "unknown-type" | "bad-frame" | "unsupported-major";
  readonly message: string;
  readonly re: string | null;
}

const digest: Shape<Digest> = (value): value is Digest => isDigest(value);

const desiredContract: Shape<DesiredContract> = object({
  version: text,
  digest,
  size: count,
  target: text,
  mode: literal("enforce", "shadow"),
  from: nullable(text),
  activation: optional(
    object({ notBefore: nullable(text), window: nullable(object({ from: text, to: text })), idleOnly: flag }),
  ),
});

const desired: Shape<SignedDesired> = object({
  desired: object({
    node: text,
    generation: count,
    contracts: record(desiredContract),
    shadows: optional(record(desiredContract)),
    documents: object({
      register: nullable(digest),
      people: nullable(digest),
      orders: nullable(digest),
      zone: nullable(digest),
    }),
    metadata: object({
      root: list(digest),
      timestamp: digest,
      snapshot: digest,
      targets: digest,
      delegated: optional(record(digest)),
    }),
    assignments: optional(record(object({ digest, size: count, target: text }))),
  }),
  keyId: text,
  signature: text,
});

/** The same from a file. */
export const isSignedDesired = desired;

const bodies: { readonly [type: string]: Shape<unknown> } = {
  challenge: object({ nonce: text, hub: text, hubTimeMs: integer, majors: list(count), spreadMs: count }),
  welcome: object({
    session: text,
    heartbeatMs: count,
    ackedSeq: count,
    credits: count,
    quarantined: optional(nullable(text)),
    behind: optional(flag),
    logSize: optional(nullable(count)),
  }),
  desired,
  ack: object({ epoch: text, upTo: count }),
  checkpoint: object({ note: text, fromSize: count, proof: list(text) }),
  logged: object({ size: count, refused: optional(text), retryAfterMs: optional(count) }),
  timestamp: object({ nonce: text, hubTimeMs: integer, keyId: text, signature: text }),
  goaway: object({ retryAfterMs: count, reason: text }),
  error: object({ code: text, message: text }),
  bye: object({ reason: text }),
};

/** One text frame. */
export function parseFrame(frame: string): Result<Message, BadFrame> {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return fail({ code: "bad-frame", message: "the frame is no JSON", re: null });
  }
  if (!isObject(value) || !count(value["v"]) || !text(value["t"]) || !text(value["id"]))
    return fail({ code: "bad-frame", message: "the frame is no envelope", re: null });
  const re = value["id"];
  if (value["v"] !== 1)
    return fail({ code: "unsupported-major", message: `this node speaks major 1, not ${value["v"]}`, re });
  const body = Object.hasOwn(bodies, value["t"]) ? bodies[value["t"]] : undefined;
  if (body === undefined) return fail({ code: "unknown-type", message: `a node takes no ${value["t"]}`, re });
  if (!body(value["body"])) return fail({ code: "bad-frame", message: `the body is no ${value["t"]}`, re });
  return ok(value as unknown as Message);
}

const DIGEST_BYTES = 32;

/** One binary frame: 32 bytes of SHA-256, then gzip. The digest is not compared here: who keeps the bytes does. */
export function parseBlobFrame(
  frame: Uint8Array,
): Result<{ readonly digest: Digest; readonly bytes: Uint8Array }, BadFrame> {
  if (frame.length <= DIGEST_BYTES)
    return fail({ code: "bad-frame", message: "the blob frame is too short", re: null });
  const digest: Digest = `sha256:${Buffer.from(frame.subarray(0, DIGEST_BYTES)).toString("hex")}`;
  try {
    return ok({ digest, bytes: gunzipSync(frame.subarray(DIGEST_BYTES), { maxOutputLength: MAX_BLOB_BYTES }) });
  } catch {
    return fail({ code: "bad-frame", message: `the blob ${digest} does not unpack`, re: null });
  }
}
