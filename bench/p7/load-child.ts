/**
 * All nodes in one process over bare sockets, so that the machine is the hub's: they prove their keys where they are asked to, send
 * frames of alerts with a few under way, and read nothing but how far they are acknowledged.
 */
import { connect, type Socket } from "node:net";
import { readFleet } from "../../src/cli/simulate/fleet-file.ts";
import { type SigningKey, signBase64Url } from "../../src/disk/key-file.ts";
import { BATCH_CREDITS } from "../../src/model/limits.ts";
import { type Hello, helloBytes, SUBPROTOCOL } from "../../src/model/message.ts";
import { ALERTS_PER_FRAME, EPOCH, frameOf } from "./alerts.ts";

const [who = "maint", fleetFile = "", portText = "0", framesText = "1"] = process.argv.slice(2);
const port = Number(portText);
const frames = Number(framesText);
const AT_ONCE = 128;
const fleet = readFleet(fleetFile);

/** A masked text frame; with a mask of zeros its payload is the text itself. */
function wsFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = Buffer.alloc(length < 126 ? 6 : 8);
  head[0] = 0x81;
  if (length < 126) head[1] = 0x80 | length;
  else {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(length, 2);
  }
  return Buffer.concat([head, Buffer.from(text)]);
}

const upgrade = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
  `Sec-WebSocket-Protocol: ${SUBPROTOCOL}\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;

interface Node {
  readonly id: string;
  readonly key: SigningKey;
  readonly socket: Socket;
  sent: number;
  acked: number;
}

let opened = 0;
let finished = 0;
const nodes: Node[] = [];

function open(id: string, key: SigningKey): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const node: Node = { id, key, socket, sent: 0, acked: 0 };
    nodes.push(node);
    let rest = "";
    const isOpen = (): void => {
      opened += 1;
      resolve();
    };
    socket.on("connect", () => {
      if (who === "nats")
        socket.write(`CONNECT {"verbose":false,"pedantic":false,"echo":false}\r\nSUB ack.${id} 1\r\nPING\r\n`);
      else socket.write(upgrade(who === "maint" ? "/v1/node" : "/"));
    });
    socket.on("error", reject);
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      rest = hear(node, rest + chunk, isOpen);
    });
  });
}

/** Reads what is whole of it; answers the rest. Frames are found by their words: the texts are short and few. */
function hear(node: Node, text: string, isOpen: () => void): string {
  const { socket } = node;
  if (text.includes("\r\n\r\nPING") || text.startsWith("PING")) socket.write("PONG\r\n");
  if (node.sent === 0 && node.acked === 0) {
    if (who === "nats" ? text.includes("PONG") : who === "ws" && text.includes("\r\n\r\n")) {
      isOpen();
      return "";
    }
    const nonce = /"nonce":"([\w-]+)","hub":"([^"]+)"[^}]*\}\}/.exec(text);
    if (nonce !== null) {
      socket.write(wsFrame(hello(node, nonce[2] ?? "", nonce[1] ?? "")));
      return "";
    }
    if (!/"t":"welcome"/.test(text)) return text;
    isOpen();
    return "";
  }
  let last = 0;
  for (const { 1: upTo, index, 0: all } of text.matchAll(/"upTo":(\d+)\}/g)) {
    node.acked = Number(upTo);
    last = index + all.length;
  }
  if (last > 0) pump(node);
  return text.slice(last);
}

function hello({ id, key }: Node, hub: string, nonce: string): string {
  const said: Omit<Hello, "signature"> = {
    ...{ node: id, keyId: key.keyId, runtimeVersion: "0.1.0" },
    ...{ bundleFormats: ["maint-bundle/1"], capabilities: [], registerDigest: null, clockMs: 0, rootVersion: 1 },
    ...{ generation: 0, active: {}, kept: [], ledgerHead: { size: 0, hash: `sha256:${"0".repeat(64)}` }, epoch: EPOCH },
  };
  const body: Hello = { ...said, signature: signBase64Url(key, helloBytes(hub, nonce, said)) };
  return JSON.stringify({ v: 1, t: "hello", id: "n1", seq: 1, body });
}

function pump(node: Node): void {
  while (node.sent < frames && node.sent - node.acked / ALERTS_PER_FRAME < BATCH_CREDITS) {
    node.sent += 1;
    const text = frameOf(node.id, node.sent);
    node.socket.write(who === "nats" ? `PUB alert ${Buffer.byteLength(text)}\r\n${text}\r\n` : wsFrame(text));
  }
  if (node.acked !== frames * ALERTS_PER_FRAME) return;
  finished += 1;
  if (finished < nodes.length) return;
  const { user, system } = process.cpuUsage(begunCpu);
  process.send?.({ done: { ms: performance.now() - begun, loadCpuS: (user + system) / 1e6 } });
}

let begun = 0;
let begunCpu = process.cpuUsage();
process.on("message", () => {
  begun = performance.now();
  begunCpu = process.cpuUsage();
  for (const node of nodes) pump(node);
});
process.on("disconnect", () => process.exit());

for (let from = 0; from < fleet.nodes.length; from += AT_ONCE)
  await Promise.all(fleet.nodes.slice(from, from + AT_ONCE).map(({ id, key }) => open(id, key)));
process.send?.({ opened });
