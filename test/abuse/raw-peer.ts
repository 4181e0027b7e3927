import { connect, type Socket } from "node:net";
import { SUBPROTOCOL } from "../../src/model/message.ts";

/** A peer below every library: it says on a WebSocket what none of them would. Source: RFC 6455 section 5.2. */
export interface RawPeer {
  readonly socket: Socket;
  /** The hub's answer to the upgrade. */
  readonly handshake: string;
  /** The code that the hub closed with, in a close frame that this peer does not answer: it talks on. */
  readonly closeCode: Promise<number>;
  /** The hub has let go of the socket. */
  readonly gone: Promise<void>;
}

export interface RawFrame {
  readonly isLast?: boolean;
  /** 4 says that it is compressed. */
  readonly reserved?: number;
  /** 0 continues, 1 is text, 2 binary, 9 a ping. */
  readonly opcode?: number;
  readonly payload?: Uint8Array;
  /** What the head says of the length, where that is not so. */
  readonly claims?: number;
  readonly isMasked?: boolean;
}

export function rawFrame(frame: RawFrame): Buffer {
  const { isLast = true, reserved = 0, opcode = 1, payload = Buffer.alloc(0), isMasked = true } = frame;
  const length = frame.claims ?? payload.length;
  const first = (isLast ? 0x80 : 0) | (reserved << 4) | opcode;
  const bit = isMasked ? 0x80 : 0;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = first;
  if (length < 126) head[1] = bit | length;
  else if (length < 65_536) {
    head[1] = bit | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = bit | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat([head, isMasked ? Buffer.alloc(4) : Buffer.alloc(0), payload]);
}

/** Upgrades by hand; the socket is the caller's to end. */
export async function rawPeer(url: string, headers: readonly string[] = []): Promise<RawPeer> {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  const gone = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  // It is cut off in the middle of what it says: that is what is looked for.
  socket.on("error", () => undefined);
  const lines = [
    ...["GET /v1/node HTTP/1.1", `Host: ${host}`, "Connection: Upgrade", "Upgrade: websocket"],
    ...["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="],
    ...[`Sec-WebSocket-Protocol: ${SUBPROTOCOL}`, ...headers],
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  const codes = Promise.withResolvers<number>();
  const closed = (code: number): void => {
    codes.resolve(code);
    const talking = setInterval(() => socket.write(rawFrame({ opcode: 9 })), 5);
    socket.once("close", () => clearInterval(talking));
  };
  const upgraded = Promise.withResolvers<string>();
  let heard: Buffer = Buffer.alloc(0);
  let isOpen = false;
  socket.on("data", (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk]);
    const end = heard.indexOf("\r\n\r\n");
    if (!isOpen && end !== -1) {
      isOpen = true;
      upgraded.resolve(heard.toString("latin1", 0, end));
      heard = heard.subarray(end + 4);
    }
    if (isOpen) heard = pastFrames(heard, closed);
  });
  return { socket, handshake: await upgraded.promise, closeCode: codes.promise, gone };
}

/** Reads the hub's frames, which are short and not masked, and answers what is left. */
function pastFrames(heard: Buffer, closed: (code: number) => void): Buffer {
  for (let rest = heard; ; ) {
    const [first = 0, second = 0] = rest;
    const head = second === 126 ? 4 : 2;
    if (rest.length < head) return rest;
    const length = second === 126 ? rest.readUInt16BE(2) : second;
    if (rest.length < head + length) return rest;
    if ((first & 15) === 8) closed(rest.readUInt16BE(head));
    rest = rest.subarray(head + length);
  }
}
