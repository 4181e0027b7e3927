import type { Duplex, Writable } from "node:stream";
import type { WebSocket } from "ws";
import type { Digest } from "../../model/ids.ts";
import { CLOSE_GRACE_MS, MAX_BUFFERED_BYTES, SLOW_READER_MS } from "../../model/limits.ts";
import type { Message } from "../../model/message.ts";
import type { BlobShelf } from "./blob-shelf.ts";
import { textFrame } from "./server-frame.ts";
import type { TimerWheel } from "./timer-wheel.ts";

// What is done to one node's socket. A peer need not read, nor answer, nor close: nothing here waits for it without end.

/** A live session that a newcomer claims to be has this long to answer a WebSocket ping. */
const PROBE_MS = 2_000;

/** Before the WebSocket there is: no session, no key, no state of it. */
export function refuseUpgrade(socket: Duplex, status: string, headers: readonly string[] = []): void {
  socket.on("error", () => undefined);
  // A peer that never closes its own half would keep the descriptor for ever.
  socket.once("finish", () => socket.destroy());
  socket.end(
    ["HTTP/1.1 ", status, "\r\n", ...headers.map((one) => `${one}\r\n`), "connection: close\r\n\r\n"].join(""),
  );
}

/**
 * To the socket under the WebSocket, in one piece: through ws a header and a text are two writes. ws writes its own frames (pings, the
 * goodbye) there whole and, without compression, at once, so that nothing comes between.
 */
export function sendText(ws: WebSocket, socket: Writable, message: Message): void {
  if (ws.readyState !== ws.OPEN) return;
  // Whoever reads this slowly is cut off: at its next hello it is brought up to date by digest.
  if (ws.bufferedAmount > MAX_BUFFERED_BYTES) ws.terminate();
  else socket.write(textFrame(JSON.stringify(message)));
}

/**
 * Sends blobs one behind the other, so that no more than one waits in the socket, and each once, however often it was asked for
 * meanwhile: who reads slowly and asks quickly piles nothing up here. They go as they lie on the shelf, framed once for all nodes.
 */
export function blobSender(
  ws: WebSocket,
  socket: Writable,
  blobs: BlobShelf,
  wheel: TimerWheel,
): (digest: Digest, missing: () => void) => void {
  const waiting = new Set<Digest>();
  let sending = false;
  let cancel: (() => void) | undefined;
  const sent = (): void => {
    cancel?.();
    cancel = undefined;
    sending = false;
    const [digest] = waiting;
    const frame = digest === undefined ? undefined : blobs.frame(digest);
    if (digest === undefined || frame === undefined) return;
    waiting.delete(digest);
    send(frame);
  };
  const send = (frame: Uint8Array): void => {
    if (ws.readyState !== ws.OPEN) return;
    sending = true;
    socket.write(frame, sent);
    // What the kernel took at once waits for nobody.
    if (socket.writableLength > 0) cancel = wheel.after(SLOW_READER_MS, () => ws.terminate());
  };
  return (digest, missing) => {
    const frame = blobs.frame(digest);
    // What was put on the shelf once stays there.
    if (frame === undefined) missing();
    else if (sending) waiting.add(digest);
    else send(frame);
  };
}

export function closeSoon(ws: WebSocket, code: number, reason: string, wheel: TimerWheel): void {
  ws.close(code, reason);
  cutSoon(ws, wheel);
}

/** For a peer that broke the rules of the wire. ws would read on and throw it away, for as long as it likes to send. */
export function turnAway(ws: WebSocket, wheel: TimerWheel): void {
  // It begins to in the next tick.
  setImmediate(() => ws.pause());
  cutSoon(ws, wheel);
}

/** For a peer that was told goodbye and need not answer. */
function cutSoon(ws: WebSocket, wheel: TimerWheel): void {
  ws.once(
    "close",
    wheel.after(CLOSE_GRACE_MS, () => ws.terminate()),
  );
}

export function probe(ws: WebSocket, wheel: TimerWheel, answered: () => void): void {
  const given = wheel.after(PROBE_MS, () => ws.terminate());
  const heard = (): void => {
    given();
    answered();
  };
  ws.once("pong", heard);
  ws.once("close", () => {
    ws.off("pong", heard);
    given();
  });
  if (ws.readyState === ws.OPEN) ws.ping();
}

export function untilClosed(ws: WebSocket, graceMs: number): Promise<void> {
  if (ws.readyState === ws.CLOSED) return Promise.resolve();
  return new Promise((done) => {
    const cut = setTimeout(() => ws.terminate(), graceMs);
    ws.once("close", () => {
      clearTimeout(cut);
      done();
    });
  });
}
