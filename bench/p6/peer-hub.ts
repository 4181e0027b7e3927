/** The hub's part of a peer: hands everybody the bundle as that peer is plainly used, and counts what they say. */
import { createServer as createHttp } from "node:http";
import { createServer, type Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { gzipSync } from "node:zlib";
import { connect as connectNats } from "@nats-io/transport-node";
import mqtt from "mqtt";
import { Server as SocketIo } from "socket.io";
import { type WebSocket, WebSocketServer } from "ws";
import { type Peer, tcpFrame } from "./wires.ts";

const [peer = "tcp", brokerPort = "0", count = "0"] = process.argv.slice(2);
const RESOLUTION_MS = 2;
const BACKLOG = 4_096;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

let acks = 0;
let allIn = (): void => undefined;

function heard({ t }: { readonly t: string }): void {
  if (t !== "ack") return;
  acks += 1;
  if (acks === Number(count)) allIn();
}
const read = (text: string): void => heard(JSON.parse(text) as { readonly t: string });

interface PeerHub {
  readonly port: number;
  readonly publish: (text: string) => void;
}

const listening = (server: ReturnType<typeof createServer> | ReturnType<typeof createHttp>): Promise<number> =>
  new Promise((resolve) => {
    server.listen({ port: 0, host: "127.0.0.1", backlog: BACKLOG }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });

async function tcp(): Promise<PeerHub> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    let rest = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE()) {
        const end = 4 + rest.readUInt32BE();
        read(rest.toString("utf8", 4, end));
        rest = rest.subarray(end);
      }
    });
    socket.on("error", () => sockets.delete(socket));
    socket.on("close", () => sockets.delete(socket));
  });
  return {
    port: await listening(server),
    publish: (text) => {
      const frame = tcpFrame(Buffer.from(text));
      for (const socket of sockets) socket.write(frame);
    },
  };
}

async function ws(perMessageDeflate: boolean): Promise<PeerHub> {
  const server = createHttp();
  const sockets = new WebSocketServer({ server, perMessageDeflate });
  sockets.on("connection", (socket: WebSocket) => {
    socket.on("message", (data) => read(data.toString()));
    socket.on("error", () => undefined);
  });
  const publish = (text: string): void => {
    for (const socket of sockets.clients) socket.send(text);
  };
  return { port: await listening(server), publish };
}

/** What our hub does of it, and nothing else: compressed once for all. */
async function wsGzip(): Promise<PeerHub> {
  const server = createHttp();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on("connection", (socket: WebSocket) => {
    socket.on("message", (data) => read(data.toString()));
    socket.on("error", () => undefined);
  });
  const publish = (text: string): void => {
    const frame = gzipSync(text);
    for (const socket of sockets.clients) socket.send(frame, { binary: true, compress: false });
  };
  return { port: await listening(server), publish };
}

async function socketIo(): Promise<PeerHub> {
  const server = createHttp();
  const patient = { pingInterval: 300_000, pingTimeout: 300_000 };
  const io = new SocketIo(server, { transports: ["websocket"], serveClient: false, ...patient });
  io.on("connection", (socket) => socket.on("ack", heard));
  return { port: await listening(server), publish: (text) => void io.emit("bundle", JSON.parse(text)) };
}

async function nats(port: number): Promise<PeerHub> {
  const connection = await connectNats({ servers: `127.0.0.1:${port}` });
  connection.subscribe("ack", { callback: (_error, message) => read(message.string()) });
  await connection.flush();
  return { port, publish: (text) => connection.publish("bundle", text) };
}

async function mosquitto(port: number): Promise<PeerHub> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: "hub" });
  client.on("message", (_topic, payload) => read(payload.toString()));
  await client.subscribeAsync("ack", { qos: 0 });
  return { port, publish: (text) => void client.publish("bundle", text, { qos: 0 }) };
}

const hubs: { readonly [name in Peer]: () => Promise<PeerHub> } = {
  ...{ tcp, nats: () => nats(Number(brokerPort)), mosquitto: () => mosquitto(Number(brokerPort)) },
  ...{ ws: () => ws(false), "ws-gzip": wsGzip, "ws-deflate": () => ws(true), "socket.io": socketIo },
};

const cpuS = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

async function fanOut(hub: PeerHub, text: string): Promise<object> {
  acks = 0;
  const all = new Promise<void>((resolve) => {
    allIn = resolve;
  });
  delay.reset();
  const [begun, before] = [performance.now(), cpuS()];
  hub.publish(text);
  await all;
  const measured = { ms: performance.now() - begun, cpuS: cpuS() - before };
  // The watch counts a turn when its own timer comes after it.
  await new Promise((resolve) => setTimeout(resolve, 2 * RESOLUTION_MS));
  return { ...measured, stallMs: Math.max(0, delay.max / 1e6 - RESOLUTION_MS) };
}

const hub = await hubs[peer as Peer]();
delay.enable();
/** Since the last look: what the hub took, and the longest turn of its loop. */
function look(): object {
  const rssKiB = process.memoryUsage().rss / 1024;
  const stallMs = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
  delay.reset();
  return { cpuS: cpuS(), rssKiB, stallMs };
}

process.on("message", (message: { readonly bundle: string } | "collect" | "look") => {
  if (message === "collect") globalThis.gc?.();
  if (message === "look") process.send?.({ seen: look() });
  if (typeof message === "string") return;
  fanOut(hub, message.bundle).then(
    (done) => process.send?.({ done }),
    (error) => process.send?.({ failed: String(error) }),
  );
});
process.on("disconnect", () => process.exit());
process.send?.({ port: hub.port });
