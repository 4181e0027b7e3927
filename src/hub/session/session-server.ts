import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { canonicalJson } from "../../base/canonical-json.ts";
import type { Result } from "../../base/result.ts";
import { type SigningKey, signHex } from "../../disk/key-file.ts";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import { AUTH_TIMEOUT_MS, HEARTBEAT_MS, HUB_MAX_FRAME_BYTES, MAX_BUFFERED_BYTES } from "../../model/limits.ts";
import {
  type Hello,
  type Message,
  type Report,
  type SignedDesired,
  type Standing,
  SUBPROTOCOL,
} from "../../model/message.ts";
import {
  type SessionEffect,
  type SessionEvent,
  type SessionState,
  startOfSession,
  stepSession,
} from "../core/session.ts";
import type { AlertInbox, Clock, Random } from "../ports.ts";
import type { BlobShelf } from "./blob-shelf.ts";

/** What a session asks of the rest of the hub. */
export interface SessionPorts {
  readonly hubId: string;
  readonly onlineKey: SigningKey;
  readonly clock: Clock;
  readonly random: Random;
  readonly blobs: BlobShelf;
  readonly inbox: AlertInbox;
  readonly keyOf: (node: string) => Promise<{ readonly publicHex: string; readonly keyId: string } | undefined>;
  /** The node's key is proven; answers the desired set to push, undefined where there is none. */
  readonly arrived: (node: string, hello: Hello) => Promise<SignedDesired | undefined>;
  readonly left: (node: string) => void;
  /** Durable when fulfilled. An error is a sentence for the node's log. */
  readonly report: (node: string, report: Report) => Promise<Result<undefined, string>>;
  /** Kept soon; the next one replaces it, so nothing is acknowledged. */
  readonly standing: (node: string, standing: Standing) => void;
  readonly record: (record: LedgerRecord) => Promise<void>;
  /** Our own mistakes and disk errors: the hub stops acknowledging. */
  readonly failed: (error: unknown) => void;
}

export interface SessionServer {
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly isLive: (node: string) => boolean;
  /** Hands a live node its new desired set; a node that is away gets it at its next hello. */
  readonly push: (node: string, signed: SignedDesired) => void;
  readonly stop: () => Promise<void>;
}

/** A peer that takes nothing for this long is closed. Source: quality.md, slow readers. */
const SLOW_READER_MS = 6_000;
/** A live session that a newcomer claims to be has this long to answer a WebSocket ping. */
const PROBE_MS = 2_000;
const MAX_COMMITS_UNDER_WAY = 8;
const STOP_GRACE_MS = 1_000;

export function createSessionServer(ports: SessionPorts): SessionServer {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: HUB_MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  const live = new Map<string, Connection>();
  const connections = new Set<Connection>();
  return {
    upgrade(request, socket, head) {
      server.handleUpgrade(request, socket, head, (ws) => {
        const connection = connect(ws, ports, live);
        connections.add(connection);
        ws.on("close", () => connections.delete(connection));
      });
    },
    isLive: (node) => live.has(node),
    push: (node, signed) => live.get(node)?.handle({ kind: "desired", signed }),
    async stop() {
      const closing = [...connections].map((connection) => connection.closed(STOP_GRACE_MS));
      for (const connection of connections) connection.handle({ kind: "stopping", retryAfterMs: HEARTBEAT_MS / 5 });
      await Promise.all(closing);
      server.close();
    },
  };
}

interface Connection {
  readonly handle: (event: SessionEvent) => void;
  /** Asks the peer whether it is there, and cuts the connection if not. */
  readonly probe: () => void;
  /** Fulfilled when the socket is closed; cut after `graceMs`. */
  readonly closed: (graceMs: number) => Promise<void>;
}

const token = (random: Random, byteCount: number): string => Buffer.from(random(byteCount)).toString("base64url");

function connect(ws: WebSocket, ports: SessionPorts, live: Map<string, Connection>): Connection {
  const { clock, random } = ports;
  let state: SessionState = startOfSession(ports.hubId, token(random, 12), token(random, 32), clock.nowMs());
  const outbox = blobSender(ws, ports.blobs);
  const commit = commitLimit(ws);
  const handle = (event: SessionEvent): void => {
    const step = stepSession(state, event);
    state = step.state;
    for (const effect of step.effects) perform(effect);
  };
  const later = (work: Promise<void>): void => {
    work.catch(ports.failed);
  };
  const perform = (effect: SessionEffect): void => {
    switch (effect.kind) {
      case "send":
        sendText(ws, effect.message);
        break;
      case "send-blob":
        outbox(effect.digest, () => handle({ kind: "blob-missing", digest: effect.digest, re: effect.re }));
        break;
      case "close":
        closeSoon(ws, effect.code, effect.reason);
        break;
      case "look-up":
        later(lookUp(effect, ports, live, handle));
        break;
      case "admit":
        live.set(effect.node, connection);
        later(welcome(effect, ports, handle));
        break;
      case "take-report":
        later(commit(takeReport(effect, ports, handle)));
        break;
      case "take-standing":
        ports.standing(effect.node, effect.standing);
        break;
      case "commit-alerts":
        later(commit(commitAlerts(effect, ports, handle)));
        break;
      case "sign-time":
        handle(signedTime(effect, ports));
        break;
      case "note":
        later(ports.record(sessionRecord(effect, ports.hubId)));
        break;
    }
  };
  const timers = [
    setTimeout(() => handle({ kind: "auth-timeout" }), AUTH_TIMEOUT_MS),
    setInterval(() => handle({ kind: "tick", nowMs: clock.nowMs() }), HEARTBEAT_MS),
  ];
  ws.on("message", (data, isBinary) => handle(received(data, isBinary, clock)));
  // ws reports frames that are too large or malformed here and closes; there is nothing to add.
  ws.on("error", () => undefined);
  ws.on("close", () => {
    for (const timer of timers) clearTimeout(timer);
    if (state.node !== null && live.get(state.node) === connection) {
      live.delete(state.node);
      ports.left(state.node);
    }
    handle({ kind: "disconnected" });
  });
  const connection: Connection = {
    handle,
    probe: () => probe(ws),
    closed: (graceMs) => untilClosed(ws, graceMs),
  };
  handle({ kind: "connected", hubTimeMs: clock.nowMs() });
  return connection;
}

/** Stops reading from a node that has too many commits under way: its records wait in its own spool. */
function commitLimit(ws: WebSocket): (work: Promise<void>) => Promise<void> {
  let underWay = 0;
  return async (work) => {
    underWay += 1;
    if (underWay >= MAX_COMMITS_UNDER_WAY) ws.pause();
    await work.finally(() => {
      underWay -= 1;
      if (ws.isPaused && underWay < MAX_COMMITS_UNDER_WAY) ws.resume();
    });
  };
}

const received = (data: RawData, isBinary: boolean, clock: Clock): SessionEvent =>
  isBinary ? { kind: "binary" } : { kind: "text", text: data.toString(), nowMs: clock.nowMs() };

async function lookUp(
  { hello, re }: SessionEffect & { readonly kind: "look-up" },
  ports: SessionPorts,
  live: Map<string, Connection>,
  handle: (event: SessionEvent) => void,
): Promise<void> {
  const key = await ports.keyOf(hello.node);
  const ackedSeq = key === undefined ? 0 : await ports.inbox.ackedUpTo(hello.node, hello.epoch);
  // Nothing may come between this look and the admission: both happen in this turn of the loop.
  const rival = live.get(hello.node);
  const node = key === undefined ? undefined : { ...key, ackedSeq, liveElsewhere: rival !== undefined };
  handle({ kind: "looked-up", hello, re, node, nowMs: ports.clock.nowMs() });
  rival?.probe();
}

async function welcome(
  { node, hello }: SessionEffect & { readonly kind: "admit" },
  ports: SessionPorts,
  handle: (event: SessionEvent) => void,
): Promise<void> {
  const signed = await ports.arrived(node, hello);
  if (signed !== undefined) handle({ kind: "desired", signed });
}

async function takeReport(
  { node, report, re }: SessionEffect & { readonly kind: "take-report" },
  ports: SessionPorts,
  handle: (event: SessionEvent) => void,
): Promise<void> {
  const taken = await ports.report(node, report);
  if (!taken.ok) handle({ kind: "report-refused", code: "bad-frame", message: taken.error, re });
}

async function commitAlerts(
  { node, batch, re }: SessionEffect & { readonly kind: "commit-alerts" },
  ports: SessionPorts,
  handle: (event: SessionEvent) => void,
): Promise<void> {
  const taken = await ports.inbox.receive(node, batch);
  if (taken.ok) handle({ kind: "committed", epoch: batch.epoch, upTo: taken.value.upTo, re });
  else handle({ kind: "not-committed", code: taken.error.code, message: taken.error.message, re });
}

function signedTime(
  { node, nonce, re }: SessionEffect & { readonly kind: "sign-time" },
  { clock, onlineKey }: SessionPorts,
): SessionEvent {
  const hubTimeMs = clock.nowMs();
  const signature = signHex(onlineKey, canonicalJson({ hubTimeMs, node, nonce }));
  return { kind: "time-signed", nonce, hubTimeMs, keyId: onlineKey.keyId, signature, re };
}

const sessionRecord = (note: SessionEffect & { readonly kind: "note" }, hubId: string): LedgerRecord => ({
  action_type: "node_session",
  action: note.action,
  target: note.node,
  details: note.details,
  user_id: hubId,
  smart_id: null,
  metadata: {},
});

function sendText(ws: WebSocket, message: Message): void {
  if (ws.readyState !== ws.OPEN) return;
  // Whoever reads this slowly is cut off: at its next hello it is brought up to date by digest.
  if (ws.bufferedAmount > MAX_BUFFERED_BYTES) ws.terminate();
  else ws.send(JSON.stringify(message));
}

/** Sends blobs one behind the other, so that no more than one waits in the socket. */
function blobSender(ws: WebSocket, blobs: BlobShelf): (digest: string, missing: () => void) => void {
  let last: Promise<void> = Promise.resolve();
  return (digest, missing) => {
    last = last.then(() => {
      const frame = blobs.frame(digest);
      if (frame !== undefined) return sendBlob(ws, frame);
      missing();
      return undefined;
    });
  };
}

function sendBlob(ws: WebSocket, frame: Uint8Array): Promise<void> {
  if (ws.readyState !== ws.OPEN) return Promise.resolve();
  return new Promise((done) => {
    const slow = setTimeout(() => ws.terminate(), SLOW_READER_MS);
    ws.send(frame, () => {
      clearTimeout(slow);
      done();
    });
  });
}

function closeSoon(ws: WebSocket, code: number, reason: string): void {
  ws.close(code, reason);
  const cut = setTimeout(() => ws.terminate(), STOP_GRACE_MS);
  ws.once("close", () => clearTimeout(cut));
}

function probe(ws: WebSocket): void {
  const silent = setTimeout(() => ws.terminate(), PROBE_MS);
  ws.once("pong", () => clearTimeout(silent));
  ws.once("close", () => clearTimeout(silent));
  if (ws.readyState === ws.OPEN) ws.ping();
}

function untilClosed(ws: WebSocket, graceMs: number): Promise<void> {
  if (ws.readyState === ws.CLOSED) return Promise.resolve();
  return new Promise((done) => {
    const cut = setTimeout(() => ws.terminate(), graceMs);
    ws.once("close", () => {
      clearTimeout(cut);
      done();
    });
  });
}
