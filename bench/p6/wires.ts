/**
 * What a node speaks with each peer, as bytes. The nodes find where messages end and read nothing else, so that the machine is
 * the hub's; a node that used the peer's own library would be what is measured.
 */
export interface Wire {
  /** Sent when the connection stands. */
  readonly greeting: (port: number) => Buffer;
  /** Bytes of the message that begins here, or undefined where more of it is needed to say. */
  readonly lengthOf: (head: Buffer) => number | undefined;
  /** What to do with a short message: answer with bytes, `open` when the node is ready, nothing. */
  readonly onShort: (frame: Buffer) => Buffer | "open" | undefined;
  readonly ack: Buffer;
}

export const PEERS = ["tcp", "ws", "ws-gzip", "ws-deflate", "socket.io", "nats", "mosquitto"] as const;
export type Peer = (typeof PEERS)[number];

export const ACK = JSON.stringify({ t: "ack", digest: `sha256:${"0".repeat(64)}`, node: "SIM-04242" });

/** Length and payload; the length counts the payload. */
export function tcpFrame(payload: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(payload.length);
  return Buffer.concat([head, payload]);
}

const tcp: Wire = {
  greeting: () => Buffer.alloc(0),
  lengthOf: (head) => (head.length < 4 ? undefined : 4 + head.readUInt32BE()),
  onShort: () => "open",
  ack: tcpFrame(Buffer.from(ACK)),
};

const MASK = Buffer.from([1, 2, 3, 4]);

/** One masked text frame. Source: RFC 6455 section 5.2. */
function wsText(text: string): Buffer {
  const payload = Buffer.from(text).map((byte, index) => byte ^ (MASK[index % 4] ?? 0));
  const head =
    payload.length < 126 ? [0x81, 0x80 | payload.length] : [0x81, 0xfe, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from(head), MASK, payload]);
}

/** The answer to the upgrade is a message, too: it ends with an empty line. */
function wsLength(head: Buffer): number | undefined {
  if (head[0] === 0x48) {
    const end = head.indexOf("\r\n\r\n");
    return end === -1 ? undefined : end + 4;
  }
  const short = head.length < 2 ? undefined : (head[1] ?? 0) & 127;
  if (short === undefined || short < 126) return short === undefined ? undefined : 2 + short;
  if (short === 126) return head.length < 4 ? undefined : 4 + head.readUInt16BE(2);
  return head.length < 10 ? undefined : 10 + Number(head.readBigUInt64BE(2));
}

const upgrade =
  (path: string, extension = "") =>
  (port: number): Buffer =>
    Buffer.from(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${extension}\r\n`,
    );

const isHttp = (frame: Buffer): boolean => frame[0] === 0x48;

const ws: Wire = {
  greeting: upgrade("/"),
  lengthOf: wsLength,
  onShort: (frame) => (isHttp(frame) ? "open" : undefined),
  ack: wsText(ACK),
};

const wsDeflate: Wire = { ...ws, greeting: upgrade("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n") };

/** Engine.IO 4 under Socket.IO 5: `0` opens, `40` joins, `42` is an event, `2` asks and `3` answers. */
const socketIo: Wire = {
  greeting: upgrade("/socket.io/?EIO=4&transport=websocket"),
  lengthOf: wsLength,
  onShort(frame) {
    if (isHttp(frame)) return undefined;
    const text = frame.subarray(2).toString("latin1");
    if (text.startsWith("0")) return wsText("40");
    if (text.startsWith("40")) return "open";
    return text === "2" ? wsText("3") : undefined;
  },
  ack: wsText(`42["ack",${ACK}]`),
};

const nats: Wire = {
  greeting: () => Buffer.from('CONNECT {"verbose":false,"pedantic":false,"echo":false}\r\nSUB bundle 1\r\nPING\r\n'),
  lengthOf(head) {
    const line = head.indexOf("\r\n");
    if (line === -1) return undefined;
    const [verb, ...words] = head.subarray(0, line).toString("latin1").split(" ");
    return line + 2 + (verb === "MSG" ? Number(words.at(-1)) + 2 : 0);
  },
  onShort(frame) {
    const text = frame.toString("latin1");
    if (text.startsWith("PONG")) return "open";
    return text.startsWith("PING") ? Buffer.from("PONG\r\n") : undefined;
  },
  ack: Buffer.from(`PUB ack ${ACK.length}\r\n${ACK}\r\n`),
};

const mqttText = (text: string): Buffer => Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);

/** MQTT 3.1.1: a type, a length of one to four bytes of seven bits each, the rest. */
function mqttPacket(type: number, body: Buffer): Buffer {
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest >>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([type, ...length]), body]);
}

let clients = 0;
const mqtt: Wire = {
  greeting: () => {
    clients += 1;
    const head = Buffer.concat([mqttText("MQTT"), Buffer.from([4, 2, 0, 0])]);
    return mqttPacket(0x10, Buffer.concat([head, mqttText(`node-${clients}`)]));
  },
  lengthOf(head) {
    let length = 0;
    for (let at = 1; at < Math.min(head.length, 5); at++) {
      const byte = head[at] ?? 0;
      length |= (byte & 127) << (7 * (at - 1));
      if (byte < 128) return at + 1 + length;
    }
    return undefined;
  },
  onShort(frame) {
    const type = (frame[0] ?? 0) >> 4;
    if (type === 2) return mqttPacket(0x82, Buffer.concat([Buffer.from([0, 1]), mqttText("bundle"), Buffer.from([0])]));
    return type === 9 ? "open" : undefined;
  },
  ack: mqttPacket(0x30, Buffer.concat([mqttText("ack"), Buffer.from(ACK)])),
};

export const wires: { readonly [peer in Peer]: Wire } = {
  ...{ tcp, ws, nats },
  ...{ "ws-gzip": ws, "ws-deflate": wsDeflate },
  "socket.io": socketIo,
  mosquitto: mqtt,
};
