import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseBlobFrame, parseFrame } from "../../src/agent/frames.ts";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { verifyBase64Url, verifyHex } from "../../src/disk/key-file.ts";
import { parseNodeFrame } from "../../src/hub/core/wire-frame.ts";
import { createBlobShelf } from "../../src/hub/session/blob-shelf.ts";
import { type Hello, helloBytes, type MessageType } from "../../src/model/message.ts";
import { HUB, hubFrames, hubKey, NODE, NONCE, nodeFrames, nodeKey } from "./frames-script.ts";

// A frame of every message, byte for byte as the two ends say it. A change here is a change of the protocol: nodes that are
// out there speak what stood here before.

type Side = "hub" | "node";
interface Frame {
  readonly [member: string]: unknown;
  readonly t: string;
  readonly seq: number;
  readonly body: { readonly [member: string]: unknown };
}
interface Golden {
  readonly hub: { readonly [type: string]: Frame };
  readonly node: { readonly [type: string]: Frame };
  readonly blob: { readonly text: string; readonly hex: string };
}

/** tsc asks for a line here for every message that is added. */
const SAID_BY: { readonly [type in MessageType]: readonly Side[] } = {
  ...{ challenge: ["hub"], hello: ["node"], welcome: ["hub"], desired: ["hub"], want: ["node"], report: ["node"] },
  ...{ alert: ["node"], standing: ["node"], proof: ["node"], ack: ["hub"], ping: ["node"], timestamp: ["hub"] },
  ...{ checkpoint: ["hub"], cosignature: ["node"] },
  ...{ log: ["node"], logged: ["hub"], goaway: ["hub"], error: ["hub", "node"], bye: ["hub", "node"] },
};

/** `UPDATE=1 vitest run test/golden` rewrites the file; the difference is then read by a person. */
const FILE = join(import.meta.dirname, "frames.json");
const read = (): Golden => JSON.parse(readFileSync(FILE, "utf8")) as Golden;

if (process.env["UPDATE"] === "1") await rewrite();
const golden = read();

/** Each side answers the other, until nothing changes any more. */
async function rewrite(): Promise<void> {
  const byType = (said: readonly string[]) =>
    Object.fromEntries(said.map((text) => [(JSON.parse(text) as Frame).t, JSON.parse(text) as Frame]));
  const [challenge] = hubFrames({});
  const welcome = { session: "session-1", heartbeatMs: 10_000, ackedSeq: 0, credits: 4, behind: true, logSize: 12 };
  const greeted = {
    ...byType([challenge ?? ""]),
    welcome: { v: 1, t: "welcome", id: "h2", seq: 2, body: welcome },
    desired: { v: 1, t: "bye", id: "h3", seq: 3, body: { reason: "enough" } },
  };
  const { hello } = byType([(await nodeFrames(greeted))[0] ?? ""]);
  const node = byType(await nodeFrames(byType(hubFrames({ hello: hello ?? {} }))));
  const hub = byType(hubFrames(node));
  const shelf = createBlobShelf(() => undefined);
  const text = "contract UV-DAILY";
  // The message begins behind the two bytes of a WebSocket's header.
  const hex = Buffer.from(shelf.frame(shelf.put(Buffer.from(text))) ?? [])
    .subarray(2)
    .toString("hex");
  writeFileSync(FILE, `${JSON.stringify({ hub, node, blob: { text, hex } }, null, 2)}\n`);
}

test("the hub says what it always said", () => {
  expect(hubFrames(golden.node)).toEqual(Object.values(golden.hub).map((frame) => JSON.stringify(frame)));
});

test("the node says what it always said", async () => {
  expect(await nodeFrames(golden.hub)).toEqual(Object.values(golden.node).map((frame) => JSON.stringify(frame)));
});

test("there is a frame of every message, from each side that says it, and no other", () => {
  for (const side of ["hub", "node"] as const) {
    const types = Object.entries(SAID_BY).flatMap(([type, sides]) => (sides.includes(side) ? [type] : []));
    expect(Object.keys(golden[side]).sort()).toEqual(types.sort());
  }
});

const takes = (side: Side, frame: unknown): string => {
  const parsed = side === "hub" ? parseFrame(JSON.stringify(frame)) : parseNodeFrame(JSON.stringify(frame));
  return parsed.ok ? "taken" : parsed.error.code;
};
const frames = (["hub", "node"] as const).flatMap((side) =>
  Object.values(golden[side]).map((frame) => ({ side, type: frame.t, frame })),
);

test.each(frames)(
  "the other side takes $type of the $side, and fields of a later version with it",
  ({ side, frame }) => {
    expect(takes(side, frame)).toBe("taken");
    expect(takes(side, { ...frame, later: 1, body: { ...frame.body, later: [1] } })).toBe("taken");
  },
);

test.each(frames)("$type of the $side in another major version is refused as that", ({ side, frame }) => {
  expect(takes(side, { ...frame, v: 2 })).toBe("unsupported-major");
});

/** What may be left out, or what an older peer does not say. */
const OPTIONAL: { readonly [type: string]: readonly string[] } = {
  hello: ["counter", "restsOn", "hubCheckpointSize"],
  welcome: ["quarantined", "behind", "logSize"],
  log: ["checkpoint"],
  logged: ["refused", "retryAfterMs"],
};

test.each(frames)("$type of the $side without one of its fields is refused", ({ side, type, frame }) => {
  for (const member of Object.keys(frame.body)) {
    const { [member]: _, ...without } = frame.body;
    const isOptional = OPTIONAL[type]?.includes(member) === true;
    expect([member, takes(side, { ...frame, body: without })]).toEqual([member, isOptional ? "taken" : "bad-frame"]);
  }
});

test("the signatures are those of the keys, over what the protocol says", () => {
  const { hello, report } = golden.node;
  const { desired, timestamp } = golden.hub;
  const signed = (body: Frame["body"] | undefined, member: string) => canonicalJson(body?.[member]);
  const of = (body: Frame["body"] | undefined) => String(body?.["signature"]);
  const greeting = hello?.body as unknown as Hello;
  expect(verifyBase64Url(nodeKey.publicHex, helloBytes(HUB, NONCE, greeting), greeting.signature)).toBe(true);
  expect(verifyHex(nodeKey.publicHex, signed(report?.body, "report"), of(report?.body))).toBe(true);
  expect(verifyHex(hubKey.publicHex, signed(desired?.body, "desired"), of(desired?.body))).toBe(true);
  const said = canonicalJson({ hubTimeMs: timestamp?.body["hubTimeMs"], node: NODE, nonce: NONCE });
  expect(verifyHex(hubKey.publicHex, said, of(timestamp?.body))).toBe(true);
});

test("a blob is its digest and what it unpacks to", () => {
  const frame = Buffer.from(golden.blob.hex, "hex");
  const parsed = parseBlobFrame(frame);
  expect(parsed.ok && Buffer.from(parsed.value.bytes).toString()).toBe(golden.blob.text);
  expect(parsed.ok && parsed.value.digest).toBe(`sha256:${golden.blob.hex.slice(0, 64)}`);
  expect(parseBlobFrame(frame.subarray(0, -4)).ok).toBe(false);
});
