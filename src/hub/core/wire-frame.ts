import { z } from "zod";
import { fail, ok, type Result } from "../../base/result.ts";
import { parsePlainJson } from "../../base/strict-json.ts";
import type { Alert } from "../../model/alert.ts";
import { type Digest, isContractId, isDigest, isTestNodeId, isVersion } from "../../model/ids.ts";
import {
  HUB_MAX_FRAME_BYTES,
  LOG_PART_CHARS,
  MAX_LOG_CHECKPOINT_CHARS,
  MAX_LOG_PARTS,
  MAX_STANDING_CODES,
  MAX_STANDING_DUE,
  MAX_STANDING_KINDS,
  MAX_STANDING_TEXT,
} from "../../model/limits.ts";
import {
  type AlertBatch,
  type Cosignature,
  type Hello,
  type LogPart,
  PHASES,
  type Ping,
  type Proof,
  REJECTION_REASONS,
  type SignedReport,
  type Standing,
  type Want,
  type WireError,
} from "../../model/message.ts";
import { isPlainBatch } from "../alerts/alert-shape.ts";
import { type PlainAlerts, readPlainAlerts } from "../alerts/alert-text.ts";

/** What a node may say, checked. An alert's own fields are checked by the inbox that keeps it. */
export type NodeFrame = { readonly id: string; readonly seq: number } & (
  | { readonly t: "hello"; readonly body: Hello }
  | { readonly t: "want"; readonly body: Want }
  /** `signed` is the report as received: its signature covers fields that are unknown here, too. */
  | { readonly t: "report"; readonly body: SignedReport; readonly signed: unknown }
  /** `plain` is what the text of its alerts says, where that was enough: then `body` parses them when they are asked for. */
  | { readonly t: "alert"; readonly body: AlertBatch; readonly plain?: PlainAlerts }
  | { readonly t: "standing"; readonly body: Standing }
  | { readonly t: "proof"; readonly body: Proof }
  | { readonly t: "cosignature"; readonly body: Cosignature }
  | { readonly t: "log"; readonly body: LogPart }
  | { readonly t: "ping"; readonly body: Ping }
  | { readonly t: "error"; readonly body: WireError }
  | { readonly t: "bye"; readonly body: { readonly reason: string } }
);

export interface FrameRefusal {
  readonly code: "bad-frame" | "unknown-type" | "unsupported-major";
  readonly message: string;
  /** The frame's id and seq where they could be read, so that an unknown type does not end the session. */
  readonly re: string | null;
  readonly seq: number | null;
}

const MAX_DEPTH = 16;
const MAX_WANTED = 256;
const MAX_LISTED = 10_000;

const id = z.string().min(1).max(64);
const count = z.int().nonnegative();
const short = z.string().max(256);
const digest = z.string().refine(isDigest, "no digest");
const contract = z.string().refine(isContractId, "no contract id");
const version = z.string().refine(isVersion, "no version");
const node = z.string().refine(isTestNodeId, "no node id");
const head = z.object({ size: count, hash: short });

const signedVersion = z.object({ version: count, digest });

const envelope = z.object({ v: z.int(), t: z.string().max(32), id, seq: z.int().positive(), body: z.unknown() });

const documents = z.object({
  register: digest.nullable(),
  people: digest.nullable(),
  orders: digest.nullable(),
  zone: digest.nullable(),
});

const said = z.string().max(MAX_STANDING_TEXT);
const codes = z.array(short).max(MAX_STANDING_CODES);

const reported = z.object({
  version,
  digest,
  phase: z.enum(PHASES),
  reason: z.enum(REJECTION_REASONS).nullable(),
  detail: z.string().max(2_000).nullable(),
});

const bodies = {
  hello: z.object({
    node,
    keyId: short,
    signature: short,
    runtimeVersion: short,
    bundleFormats: z.array(short).max(16),
    capabilities: z.array(short).max(64),
    registerDigest: digest.nullable(),
    clockMs: z.number(),
    rootVersion: count,
    generation: count,
    active: z.record(contract, digest),
    kept: z.array(digest).max(MAX_LISTED),
    ledgerHead: head,
    epoch: z.string().regex(/^[0-9a-f]{16}$/, "no epoch"),
    counter: count.optional(),
    hubCheckpointSize: count.optional(),
    restsOn: z.object({ timestamp: signedVersion, snapshot: signedVersion }).optional(),
  }),
  want: z.object({ digests: z.array(digest).max(MAX_WANTED) }),
  report: z.object({
    report: z.object({
      node,
      counter: z.int().positive(),
      observedGeneration: count,
      attempted: z.record(contract, reported),
      shadows: z.record(contract, reported).optional(),
      active: z.record(contract, z.object({ version, digest })),
      documents,
      ledgerHead: head,
    }),
    signature: short,
  }),
  alert: z.object({ epoch: z.string().max(32), alerts: z.array(z.unknown()) }),
  standing: z.object({
    atMs: z.number(),
    operator: short.nullable(),
    tests: z
      .array(
        z.object({
          kind: short.nullable(),
          allow: z.boolean(),
          reasons: codes,
          warnings: codes,
          toDo: said.nullable(),
        }),
      )
      .max(MAX_STANDING_KINDS),
    due: z
      .array(
        z.object({
          ...{ code: short, subject: short, severity: z.enum(["reason", "warning"]), fromMs: z.number(), from: short },
          ...{ holdsAlready: z.boolean(), text: said, contract: contract.nullable(), condition: short.nullable() },
          ...{ toDo: said.nullable(), who: short.nullable() },
        }),
      )
      .max(MAX_STANDING_DUE),
  }),
  proof: z.object({ name: z.string().max(80), text: z.string() }),
  cosignature: z.object({
    size: count,
    line: short.nullable(),
    refused: z.enum(["size", "unsigned", "conflict"]).nullable(),
  }),
  log: z.object({
    ...{ from: count, part: count, parts: z.int().min(1).max(MAX_LOG_PARTS) },
    data: z.string().max(LOG_PART_CHARS),
    checkpoint: z.string().max(MAX_LOG_CHECKPOINT_CHARS).optional(),
  }),
  ping: z.object({ nonce: z.string().min(16).max(128) }),
  error: z.object({ code: short, message: z.string().max(2_000) }),
  bye: z.object({ reason: short }),
} as const;

const isKnown = (type: string): type is keyof typeof bodies => Object.hasOwn(bodies, type);

/** Reads one text frame of a node. Never throws, whatever the text. */
export function parseNodeFrame(text: string): Result<NodeFrame, FrameRefusal> {
  const plain = plainWantFrame(text) ?? plainAlertFrame(text) ?? tidyAlertFrame(text);
  return plain === undefined ? parseAnyFrame(text) : ok(plain);
}

const WANT_HEAD = '{"v":1,"t":"want",';
const WANT_FRAME =
  /^\{"v":1,"t":"want","id":"([A-Za-z0-9_-]{1,64})","seq":([1-9]\d{0,14}),"body":\{"digests":\["(sha256:[0-9a-f]{64}(?:","sha256:[0-9a-f]{64})*)"\]\}\}$/;

/** The short way for what every node sends at once when a version is published; whatever is written otherwise goes the long way. */
function plainWantFrame(text: string): (NodeFrame & { readonly t: "want" }) | undefined {
  if (text.length > HUB_MAX_FRAME_BYTES || !text.startsWith(WANT_HEAD)) return undefined;
  const [, frame = "", seq, list = ""] = WANT_FRAME.exec(text) ?? [];
  const digests = list.split('","') as Digest[];
  if (seq === undefined || digests.length > MAX_WANTED) return undefined;
  return { t: "want", id: frame, seq: Number(seq), body: { digests } };
}

const PLAIN_ALERT_FRAME =
  /^\{"v":1,"t":"alert","id":"([A-Za-z0-9_-]{1,64})","seq":([1-9]\d{0,14}),"body":\{"epoch":"([0-9a-f]{16})","alerts":(?=\[)/;

/** The short way for frames of alerts, which come by the thousand: they are counted by their text, and kept as it. */
function plainAlertFrame(text: string): (NodeFrame & { readonly t: "alert" }) | undefined {
  if (text.length > HUB_MAX_FRAME_BYTES || !text.startsWith(ALERT_FRAME)) return undefined;
  const [head, frame = "", seq, epoch = ""] = PLAIN_ALERT_FRAME.exec(text) ?? [];
  if (head === undefined) return undefined;
  const read = readPlainAlerts(text, head.length);
  if (read === undefined || text.length !== read.end + 2 || !text.endsWith("}}")) return undefined;
  const { plain } = read;
  if (plain.epoch !== epoch) return undefined;
  return { t: "alert", id: frame, seq: Number(seq), body: parsedLater(epoch, plain.text), plain };
}

function parsedLater(epoch: string, text: string): AlertBatch {
  let parsed: readonly Alert[] | undefined;
  return {
    epoch,
    get alerts() {
      parsed ??= JSON.parse(text) as readonly Alert[];
      return parsed;
    },
  };
}

/** How a frame of alerts begins that is written by JSON.stringify in the order of its type. */
const ALERT_FRAME = '{"v":1,"t":"alert","id":"';

/**
 * A longer way, for trials and for words with escapes in them: JSON.parse, a check by hand, and the same text when it is written
 * again, so that no key stood twice and nothing was hidden in it. Undefined is no refusal: the long way reads it, and says.
 */
function tidyAlertFrame(text: string): (NodeFrame & { readonly t: "alert" }) | undefined {
  if (text.length > HUB_MAX_FRAME_BYTES || !text.startsWith(ALERT_FRAME)) return undefined;
  const { id: frame, seq: place, body } = parsedOrEmpty(text);
  if (!id.safeParse(frame).success || !Number.isSafeInteger(place) || Number(place) < 1) return undefined;
  if (!isPlainBatch(body)) return undefined;
  const head = `${ALERT_FRAME.slice(0, -1)}${JSON.stringify(frame)},"seq":${place},"body":{"epoch":"${body.epoch}"`;
  if (text !== `${head},"alerts":${JSON.stringify(body.alerts)}}}`) return undefined;
  return { t: "alert", id: String(frame), seq: Number(place), body };
}

interface Unread {
  readonly id?: unknown;
  readonly seq?: unknown;
  readonly body?: unknown;
}

function parsedOrEmpty(text: string): Unread {
  try {
    return JSON.parse(text) as Unread;
  } catch {
    // What is wrong with it the long way says, with the place.
    return {};
  }
}

function parseAnyFrame(text: string): Result<NodeFrame, FrameRefusal> {
  const json = parsePlainJson(text, { maxLength: HUB_MAX_FRAME_BYTES, maxDepth: MAX_DEPTH });
  if (!json.ok) return refused("bad-frame", json.error.message);
  const outer = envelope.safeParse(json.value);
  if (!outer.success) return refused("bad-frame", fieldOf(outer.error));
  const { v, t, body, ...rest } = outer.data;
  const known = { re: rest.id, seq: rest.seq };
  if (v !== 1) return fail({ code: "unsupported-major", message: `this hub speaks major 1, not ${v}`, ...known });
  if (!isKnown(t)) return fail({ code: "unknown-type", message: `no message "${t}"`, ...known });
  const inner = bodies[t].safeParse(body);
  if (!inner.success) return fail({ code: "bad-frame", message: `${t}: ${fieldOf(inner.error)}`, ...known });
  const signed = t === "report" ? (body as { readonly report: unknown }).report : undefined;
  return ok({ t, ...rest, body: inner.data, ...(t === "report" ? { signed } : {}) } as unknown as NodeFrame);
}

const refused = (code: FrameRefusal["code"], message: string): Result<NodeFrame, FrameRefusal> =>
  fail({ code, message, re: null, seq: null });

function fieldOf(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? "does not fit" : `${issue.path.join(".") || "frame"}: ${issue.message}`;
}
