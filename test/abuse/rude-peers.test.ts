import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { Writable } from "node:stream";
import { deflateRawSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import type { WebSocket } from "ws";
import { createBlobShelf } from "../../src/hub/session/blob-shelf.ts";
import { blobSender, refuseUpgrade } from "../../src/hub/session/peer-socket.ts";
import { nextTurn } from "../../src/hub/store/turns.ts";
import {
  AUTH_TIMEOUT_MS,
  CLOSE_GRACE_MS,
  HEARTBEAT_MS,
  HUB_MAX_FRAGMENTS,
  MAX_BLOB_BYTES,
  MISSED_HEARTBEATS,
  SLOW_READER_MS,
} from "../../src/model/limits.ts";
import { type ScriptedNode, scriptedNode, until } from "../hub/hub-fixture.ts";
import { handWheel, type SessionBench, sessionBench, setOf } from "../hub/session-bench.ts";
import { type RawFrame, rawFrame, rawPeer } from "./raw-peer.ts";

// Abuse cases 31 to 33: peers that say nothing, say too much, or do not listen. What they cost in memory is measured from outside,
// in test/e2e/rude-peers.test.ts.

/** Another node, which must not notice. */
async function isSteady(steady: ScriptedNode): Promise<void> {
  steady.send("ping", { nonce: "p".repeat(22) });
  await steady.next("timestamp");
}

const isGone = (bench: SessionBench, node: string): Promise<boolean> =>
  until(
    () => bench.sessions.isLive(node),
    (live) => !live,
  );

describe("AB-31: peers that say nothing", () => {
  test("a connection without a hello is closed after 5 s, and no earlier", async () => {
    const bench = await sessionBench();
    const silent = scriptedNode(bench.url, "LP-01", bench.keyOf("LP-01"));
    await silent.next("challenge");
    bench.time.pass(AUTH_TIMEOUT_MS - 1);
    // Control: until then it may still say who it is.
    const slow = await bench.arrive("LP-02");
    bench.time.pass(1);
    expect(await silent.next("error")).toMatchObject({ code: "unauthenticated" });
    expect(await silent.closed).toBe(1008);
    await isSteady(slow);
  });

  test("a half-open session is let go after three heartbeats, though nobody answers the goodbye", async () => {
    const bench = await sessionBench();
    const [dead, steady] = [await bench.arrive("LP-01"), await bench.arrive("LP-02")];
    dead.reads(false);
    for (let beat = 0; beat < MISSED_HEARTBEATS; beat++) {
      bench.time.pass(HEARTBEAT_MS);
      await isSteady(steady);
    }
    expect(bench.sessions.isLive("LP-01")).toBe(true);
    bench.time.pass(HEARTBEAT_MS + CLOSE_GRACE_MS);
    await isGone(bench, "LP-01");
    expect(bench.sessions.isLive("LP-02")).toBe(true);
    await isSteady(steady);
  });

  test("a refused upgrade keeps no descriptor of a peer that never closes its half", async () => {
    const { createServer } = await import("node:http");
    const server = createServer();
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
    server.on("upgrade", (_request, socket) => refuseUpgrade(socket, "404 Not Found"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { readonly port: number };
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    socket.write("GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    socket.resume();
    await new Promise((resolve) => socket.on("end", resolve));
    const open = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
    await until(open, (count) => count === 0);
    expect(socket.writable).toBe(true);
  });
});

const byte = Buffer.from("x");
const oneByteEach = (fragments: number): Buffer => {
  const [first, more] = [undefined, 0].map((opcode = 1) => rawFrame({ isLast: false, opcode, payload: byte }));
  return Buffer.concat([first ?? byte, Buffer.alloc((fragments - 1) * (more ?? byte).length, more)]);
};
const bomb = (): Buffer => deflateRawSync(Buffer.alloc(32 << 20));

const rude: readonly { readonly what: string; readonly says: () => RawFrame | Buffer; readonly code: number }[] = [
  { what: "a frame of 8 MiB", says: () => ({ claims: 8 << 20 }), code: 1009 },
  { what: "a million fragments of one byte", says: () => oneByteEach(1_000_000), code: 1008 },
  { what: "one fragment too many", says: () => oneByteEach(HUB_MAX_FRAGMENTS + 1), code: 1008 },
  { what: "text that is no UTF-8", says: () => ({ payload: Buffer.from([0xc3, 0x28]) }), code: 1007 },
  { what: "a deflate bomb", says: () => ({ reserved: 4, payload: bomb() }), code: 1002 },
  { what: "a frame without a mask", says: () => ({ payload: byte, isMasked: false }), code: 1002 },
  { what: "a ping of 1 KiB", says: () => ({ opcode: 9, payload: Buffer.alloc(1_024) }), code: 1002 },
  { what: "an opcode that there is none of", says: () => ({ opcode: 3 }), code: 1002 },
];

test("AB-31: a peer that is gone before its upgrade had its turn ends nobody but itself", async () => {
  const { createServer } = await import("node:http");
  const { sessions, arrive } = await sessionBench();
  const server = createServer();
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  const unheard = new Promise<unknown>((resolve) => {
    server.on("upgrade", (request, socket, head) => {
      sessions.upgrade(request, socket, head);
      // What a reset does to it; without a listener it is thrown, and by Node into the empty.
      try {
        socket.emit("error", new Error("read ECONNRESET"));
        socket.destroy();
        resolve(null);
      } catch (error) {
        resolve(error);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  const socket = connect({ port, host: "127.0.0.1" });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  socket.write("GET /v1/node HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  expect(await unheard).toBeNull();
  await isSteady(await arrive("LP-02"));
});

describe("AB-32: frames that are made to hurt", () => {
  test.each(rude)("$what is closed with $code, answered or not, and others go on", async ({ says, code }) => {
    const bench = await sessionBench();
    const steady = await bench.arrive("LP-02");
    const peer = await rawPeer(bench.url);
    onTestFinished(() => void peer.socket.destroy());
    const said = says();
    peer.socket.write(Buffer.isBuffer(said) ? said : rawFrame(said));
    expect(await peer.closeCode).toBe(code);
    // This peer answers no goodbye.
    bench.time.pass(CLOSE_GRACE_MS);
    await peer.gone;
    await isSteady(steady);
  });

  test("nobody is offered compression, so that nothing unpacks in the hub", async () => {
    const bench = await sessionBench();
    const peer = await rawPeer(bench.url, ["Sec-WebSocket-Extensions: permessage-deflate"]);
    onTestFinished(() => void peer.socket.destroy());
    expect(peer.handshake).toMatch(/101 Switching Protocols/);
    expect(peer.handshake).not.toMatch(/permessage-deflate/i);
  });

  test("control: a frame that breaks no rule is heard", async () => {
    const bench = await sessionBench();
    const peer = await rawPeer(bench.url);
    onTestFinished(() => void peer.socket.destroy());
    const text = JSON.stringify({ v: 1, t: "want", id: "n1", seq: 1, body: { digests: [] } });
    const parts = Array.from({ length: HUB_MAX_FRAGMENTS }, (_, at) => Buffer.from(text.slice(at * 4, at * 4 + 4)));
    const rest = Buffer.from(text.slice(HUB_MAX_FRAGMENTS * 4));
    expect(rest.length).toBe(0);
    for (const [at, payload] of parts.entries())
      peer.socket.write(rawFrame({ isLast: at === parts.length - 1, opcode: at === 0 ? 1 : 0, payload }));
    // It is heard whole, and refused for what it says: nobody has said hello.
    expect(await peer.closeCode).toBe(1008);
    await until(
      () => bench.noted.length,
      (count) => count === 0,
    );
  });
});

describe("AB-33: peers that do not read", () => {
  /** More than the kernel takes for a peer that reads nothing. */
  const large = () => Array.from({ length: 4 }, () => randomBytes(MAX_BLOB_BYTES - 1_024));

  test("one that takes no bytes for 6 s is cut off, and is brought up to date when it returns", async () => {
    const bench = await sessionBench();
    const digests = large().map(bench.put);
    const [deaf, steady] = [await bench.arrive("LP-01"), await bench.arrive("LP-02")];
    deaf.reads(false);
    deaf.send("want", { digests });
    await until(
      () => isSteady(steady),
      () => true,
    );
    bench.time.pass(SLOW_READER_MS - 1);
    expect(bench.sessions.isLive("LP-01")).toBe(true);
    bench.time.pass(1);
    await isGone(bench, "LP-01");
    await isSteady(steady);
    const back = await bench.arrive("LP-01");
    expect((await back.next("desired")).desired).toMatchObject({ node: "LP-01", generation: 1 });
    back.send("want", { digests: digests.slice(0, 1) });
    await until(
      () => back.blobs.size,
      (count) => count === 1,
    );
  });

  test("of the sets that are published meanwhile it gets the newest one, and no other", async () => {
    const bench = await sessionBench();
    const [slow, steady] = [await bench.arrive("LP-01"), await bench.arrive("LP-02")];
    await slow.next("desired");
    slow.reads(false);
    slow.send("want", { digests: large().map(bench.put) });
    await isSteady(steady);
    for (let generation = 2; generation <= 500; generation++) bench.sessions.push("LP-01", setOf("LP-01", generation));
    await isSteady(steady);
    slow.reads(true);
    await until(
      () => {
        bench.time.pass(250);
        return slow.heard.flatMap((frame) => (frame.t === "desired" ? frame.body.desired.generation : []));
      },
      (generations) => generations.join() === "1,500",
    );
  });

  /** A socket that takes nothing until it is told. */
  function stuckSocket() {
    const taken: (() => void)[] = [];
    let sent = 0;
    const socket = new Writable({
      write(_chunk, _encoding, done) {
        sent += 1;
        taken.push(done);
      },
    });
    const ws = { OPEN: 1, readyState: 1 } as WebSocket;
    return { ws, socket, sent: () => sent, take: () => taken.shift()?.() };
  }

  test("however often a blob is asked for meanwhile, it is sent once", async () => {
    const shelf = createBlobShelf(() => undefined);
    const digests = ["a", "b"].map((text) => shelf.put(Buffer.from(text)));
    const { ws, socket, sent, take } = stuckSocket();
    let missing = 0;
    const want = blobSender(ws, socket, shelf, handWheel());
    for (let turn = 0; turn < 10_000; turn++)
      for (const digest of [...digests, setOf("x").desired.metadata.targets]) want(digest, () => (missing += 1));
    for (let turn = 0; turn < 10; turn++) {
      take();
      await nextTurn();
    }
    // The one under way, each of the two once more behind it.
    expect([sent(), missing]).toEqual([3, 10_000]);
  });

  test("control: one that reads slowly, but reads, keeps its session", async () => {
    const bench = await sessionBench();
    const digests = large().map(bench.put);
    const node = await bench.arrive("LP-01");
    node.send("want", { digests });
    await until(
      () => node.blobs.size,
      (count) => count === digests.length,
    );
    bench.time.pass(SLOW_READER_MS + 1);
    await isSteady(node);
  });
});
