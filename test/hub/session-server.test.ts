import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { makeSigningKey, type SigningKey } from "../../src/disk/key-file.ts";
import { HUB_MAX_FRAME_BYTES } from "../../src/model/limits.ts";
import { type HubBench, hubBench, type ScriptedNode, scriptedNode, until } from "./hub-fixture.ts";
import { sessionBench } from "./session-bench.ts";

let bench: HubBench;
let key: SigningKey;
/** A node that behaves, connected all the while: what others do must not touch it. */
let steady: ScriptedNode;
beforeAll(async () => {
  bench = await hubBench();
  steady = scriptedNode(bench.hub().url, "LP-00", await bench.enrol("LP-00"));
  await steady.hello();
  await steady.next("welcome");
  key = await bench.enrol("LP-01");
});
afterAll(() => bench.close());

const PATIENCE_MS = 20_000;
const within = async <T>(work: Promise<T>): Promise<T> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
};
const isSteady = async (): Promise<void> => {
  steady.send("ping", { nonce: "p".repeat(22) });
  await steady.next("timestamp");
};

const rude: readonly {
  readonly what: string;
  readonly act: (node: ScriptedNode) => Promise<void>;
  readonly code: number;
}[] = [
  {
    what: "is larger than the limit",
    act: async (node) => node.sendRaw("x".repeat(HUB_MAX_FRAME_BYTES + 1)),
    code: 1009,
  },
  { what: "is no JSON", act: async (node) => node.sendRaw("{"), code: 1008 },
  { what: "is binary", act: async (node) => node.sendRaw(new Uint8Array(64)), code: 1008 },
  { what: "comes before hello", act: async (node) => node.send("want", { digests: [] }), code: 1008 },
  { what: "is signed by another key", act: (node) => node.hello({ key: makeSigningKey() }), code: 1008 },
  { what: "names an unknown node", act: (node) => node.hello({ node: "LP-99" }), code: 1008 },
  { what: "signs a nonce of its own", act: (node) => node.hello({ nonce: "m".repeat(43) }), code: 1008 },
];
test.each(rude)("a node whose frame $what is closed with $code", async ({ what, act, code }) => {
  const node = scriptedNode(bench.hub().url, "LP-01", key);
  if (!/signs|signed|names/.test(what)) await node.next("challenge");
  await act(node);
  expect(await within(node.closed)).toBe(code);
  await isSteady();
});

test("every refused key is in the ledger: by name, and as a count where it comes again", async () => {
  const { ledger, refusals } = bench.hub().services;
  await refusals.close();
  const refused = ledger.list({ actionType: "node_session", action: "refused" });
  expect(refused.map(({ target, metadata }) => [target, metadata])).toMatchObject([
    ["LP-01", { address: "127.0.0.1" }],
    ["LP-99", { address: "127.0.0.1" }],
    ["LP-01", { count: 1, addresses: ["127.0.0.1"] }],
  ]);
});

test("AB-31: a node that says nothing, and a handshake that never ends, are closed", async () => {
  const silent = scriptedNode(bench.hub().url, "LP-01", key);
  const { hostname, port } = new URL(bench.hub().url);
  const socket = connect(Number(port), hostname);
  socket.write("GET /v1/node HTTP/1.1\r\nhost: 127.0.0.1\r\n");
  socket.on("error", () => undefined).resume();
  const handshake = new Promise((resolve) => socket.on("close", resolve));
  await within(Promise.all([silent.closed, handshake]));
  await isSteady();
});

test("an upgrade elsewhere, or without the subprotocol, is no session", async () => {
  const refusedAt = (path: string, protocols: readonly string[]) =>
    new Promise<string>((resolve) => {
      const ws = new WebSocket(`${bench.hub().url.replace("http", "ws")}${path}`, [...protocols]);
      ws.on("error", ({ message }) => resolve(message));
      ws.on("message", () => resolve("a session"));
    });
  expect(await refusedAt("/v1/elsewhere", ["maint.v1"])).toMatch(/404/);
  expect(await refusedAt("/v1/node", ["maint.v9"])).toMatch(/subprotocol|protocol/i);
});

/** On either side of where a WebSocket header says its length in another way; random bytes do not shrink. */
test.each([1, 69, 70, 71, 72, 73, 200, 65_450, 65_460, 65_470, 65_480, 65_490, 70_000, 1_000_000])(
  "a blob of %i bytes comes as it was put, and texts before and behind it are read",
  async (size) => {
    const bench = await sessionBench();
    const bytes = randomBytes(size);
    const [digest, other] = [bench.put(bytes), bench.put(Buffer.from("another"))];
    const node = await bench.arrive("LP-01");
    node.send("ping", { nonce: "p".repeat(22) });
    node.send("want", { digests: [digest, other] });
    node.send("ping", { nonce: "q".repeat(22) });
    await node.next("timestamp");
    await node.next("timestamp");
    await until(
      () => node.blobs.size,
      (count) => count === 2,
    );
    expect(Buffer.from(node.blobs.get(digest) ?? []).equals(bytes)).toBe(true);
    expect(Buffer.from(node.blobs.get(other) ?? []).toString()).toBe("another");
  },
);

test("a blob that is not there is said to be so", async () => {
  const node = scriptedNode(bench.hub().url, "LP-01", key);
  await node.hello();
  await node.next("welcome");
  node.send("want", { digests: [`sha256:${"a".repeat(64)}`] });
  expect(await node.next("error")).toMatchObject({ code: "not-found" });
  node.end();
});

test("a hub that stops says so, and closes", async () => {
  await bench.hub().stop();
  expect(await steady.next("goaway")).toMatchObject({ retryAfterMs: expect.any(Number) });
  await steady.next("bye");
  expect(await steady.closed).toBe(1001);
});
