import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { canonicalJson } from "../../base/canonical-json.ts";
import { signHex } from "../../disk/key-file.ts";
import {
  AUTH_TIMEOUT_MS,
  CLOSE_GRACE_MS,
  FRAMES_PER_TURN,
  HEARTBEAT_MS,
  HUB_MAX_CHUNKS,
  HUB_MAX_FRAGMENTS,
  HUB_MAX_FRAME_BYTES,
  MAX_BUFFERED_BYTES,
  MAX_HANDSHAKES,
  MAX_HANDSHAKES_PER_ADDRESS,
  PUBLISHES_PER_TURN,
  SLOW_READER_MS,
  UPGRADES_PER_TURN,
} from "../../model/limits.ts";
import { type HubCheckpoint, type SignedDesired, SUBPROTOCOL } from "../../model/message.ts";
import {
  type SessionEffect,
  type SessionEvent,
  type SessionState,
  startOfSession,
  stepSession,
} from "../core/session.ts";
import type { Random } from "../ports.ts";
import { admission } from "./admission.ts";
import { durably, takeProof } from "./hand-in.ts";
import { type Brake, brakeOf, createIntake, type Intake } from "./intake.ts";
import { blobSender, closeSoon, probe, refuseUpgrade, sendText, turnAway, untilClosed } from "./peer-socket.ts";
import type { SessionPorts } from "./session-ports.ts";
import { createSlices } from "./slices.ts";
import { createTimerWheel, type TimerWheel } from "./timer-wheel.ts";

export interface SessionServer {
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly isLive: (node: string) => boolean;
  /** Hands a live node its new desired set; a node that is away gets it at its next hello. */
  readonly push: (node: string, signed: SignedDesired) => void;
  /** Shows a live node the hub's checkpoint. */
  readonly show: (node: string, checkpoint: HubCheckpoint) => void;
  /** Ends a node's live session, where there is one. */
  readonly drop: (node: string, why: string) => void;
  /** Has a node that is live say hello anew. */
  readonly recall: (node: string, why: string) => void;
  readonly stop: () => Promise<void>;
}

const TWO_SESSIONS = "two sessions of its key were live at once: it has a copy";
const MAX_COMMITS_UNDER_WAY = 8;
/** Within it a node that was recalled comes back. */
const RECALL_MS = 500;

/** How long after a full buffer a publish is tried again. */
const BUSY_RETRY_MS = 250;

/** What all sessions share. */
interface Floor {
  readonly ports: SessionPorts;
  readonly live: Map<string, Connection>;
  readonly wheel: TimerWheel;
  readonly intake: Intake<SessionEvent>;
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly head: Buffer;
  /** Frees the place among the handshakes under way. */
  readonly leave: () => void;
}

export function createSessionServer(ports: SessionPorts): SessionServer {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: HUB_MAX_FRAME_BYTES,
    maxFragments: HUB_MAX_FRAGMENTS,
    maxBufferedChunks: HUB_MAX_CHUNKS,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  const wheel = ports.wheel ?? createTimerWheel();
  const nowMs = ports.monotonicMs;
  const floor: Floor = {
    ports,
    live: new Map(),
    wheel,
    intake: createIntake({ framesPerTurn: FRAMES_PER_TURN, wheel, nowMs }),
  };
  const connections = new Set<Connection>();
  const places = admission({ total: MAX_HANDSHAKES, perAddress: MAX_HANDSHAKES_PER_ADDRESS });
  const upgrades = createSlices<Duplex, Upgrade>(UPGRADES_PER_TURN, (socket, { request, head, leave }) => {
    if (socket.destroyed) return;
    server.handleUpgrade(request, socket, head, (ws) => {
      const connection = connect({ ws, socket, address: request.socket.remoteAddress ?? null }, floor, leave);
      connections.add(connection);
      ws.on("close", () => connections.delete(connection));
    });
  });
  const publish = createSlices<string, SignedDesired>(PUBLISHES_PER_TURN, (node, signed) => {
    const connection = floor.live.get(node);
    // A node that takes nothing now is asked again soon, unless a newer set has taken this one's place.
    if (connection?.publish(signed) === "busy")
      busy.set(
        node,
        wheel.after(BUSY_RETRY_MS, () => push(node, signed)),
      );
  });
  const busy = new Map<string, () => void>();
  const push = (node: string, signed: SignedDesired): void => {
    busy.get(node)?.();
    busy.delete(node);
    if (floor.live.has(node)) publish.put(node, signed);
  };
  return {
    upgrade(request, socket, head) {
      const leave = places.enter(request.socket.remoteAddress ?? "");
      if (leave === undefined)
        return refuseUpgrade(socket, "503 Service Unavailable", [`retry-after: ${places.retryAfterS()}`]);
      // Node has let go of it and ws takes it up only at its turn: an error that nobody hears in between would end the process.
      socket.on("error", () => undefined);
      socket.once("close", leave);
      upgrades.put(socket, { request, head, leave });
    },
    isLive: (node) => floor.live.has(node),
    push,
    show: (node, checkpoint) => floor.live.get(node)?.handle({ kind: "shown", checkpoint }),
    drop: (node, why) => floor.live.get(node)?.handle({ kind: "dropped", why }),
    recall: (node, why) => floor.live.get(node)?.handle({ kind: "stopping", retryAfterMs: RECALL_MS, why }),
    async stop() {
      const closing = [...connections].map((connection) => connection.closed(CLOSE_GRACE_MS));
      for (const connection of connections)
        connection.handle({ kind: "stopping", retryAfterMs: HEARTBEAT_MS / 5, why: "the hub stops" });
      await Promise.all(closing);
      wheel.stop();
      server.close();
    },
  };
}

interface Connection {
  readonly handle: (event: SessionEvent) => void;
  /** Sends a desired set; `busy` where too much waits in the socket. */
  readonly publish: (signed: SignedDesired) => "sent" | "busy";
  /** Asks the peer whether it is there: `answered` if so, else the connection is cut. */
  readonly probe: (answered: () => void) => void;
  /** Fulfilled when the socket is closed; cut after `graceMs`. */
  readonly closed: (graceMs: number) => Promise<void>;
}

const token = (random: Random, byteCount: number): string => Buffer.from(random(byteCount)).toString("base64url");

/** The WebSocket of a peer, and what it runs on. */
interface Wire {
  readonly ws: WebSocket;
  readonly socket: Duplex;
  /** Null where the peer is gone already. */
  readonly address: string | null;
}

function connect({ ws, socket, address }: Wire, floor: Floor, welcomed: () => void): Connection {
  const { ports, live, wheel } = floor;
  const { clock, random, monotonicMs } = ports;
  let state: SessionState = startOfSession(ports.hubId, token(random, 12), token(random, 32), monotonicMs());
  const outbox = blobSender(ws, socket, ports.blobs, wheel);
  const brake = brakeOf(ws);
  const commit = commitLimit(brake);
  const handle = (event: SessionEvent): void => {
    const step = stepSession(state, event);
    state = step.state;
    for (const effect of step.effects) perform(effect);
  };
  const later = (work: Promise<unknown>): void => {
    work.catch(ports.failed);
  };
  const perform = (effect: SessionEffect): void => {
    switch (effect.kind) {
      case "send":
        sendText(ws, socket, effect.message);
        break;
      case "send-blob":
        outbox(effect.digest, () => handle({ kind: "blob-missing", digest: effect.digest, re: effect.re }));
        break;
      case "close":
        closeSoon(ws, effect.code, effect.reason, wheel);
        break;
      case "look-up":
        later(lookUp(effect, ports, live, handle));
        break;
      case "admit":
        live.set(effect.node, connection);
        ports.witnesses.met(effect.node, effect.hello.hubCheckpointSize, state.publicHex ?? "");
        welcomed();
        later(welcome(effect, ports, connection));
        break;
      case "take-standing":
        ports.standing(effect.node, effect.standing);
        break;
      case "take-report":
      case "commit-alerts":
      case "take-log":
        later(commit(durably(effect, ports, handle)));
        break;
      case "sign-time":
        handle(signedTime(effect, ports));
        break;
      case "note":
        later(ports.refused({ ...effect, address }));
        break;
      default:
        doubt(effect, floor, handle);
    }
  };
  const forget = listen(ws, floor, brake, handle);
  ws.on("close", () => {
    forget();
    if (state.node !== null && live.get(state.node) === connection) leave(state.node, floor);
    handle({ kind: "disconnected" });
  });
  const connection: Connection = {
    handle,
    publish: publisher(ws, monotonicMs, handle),
    probe: (answered) => probe(ws, wheel, answered),
    closed: (graceMs) => untilClosed(ws, graceMs),
  };
  handle({ kind: "connected", hubTimeMs: clock.nowMs() });
  return connection;
}

function leave(node: string, { live, ports }: Floor): void {
  live.delete(node);
  ports.left(node);
  ports.witnesses.left(node);
}

/** Where a node and this hub remember different things, or two nodes say that they are one. */
function doubt(
  effect: SessionEffect & {
    readonly kind: "take-proof" | "take-cosignature" | "probe-rival" | "quarantine" | "meet-ledger";
  },
  { live, ports }: Floor,
  handle: (event: SessionEvent) => void,
): void {
  const later = (work: Promise<void>): void => void work.catch(ports.failed);
  switch (effect.kind) {
    case "take-proof":
      later(takeProof(effect, ports, handle));
      break;
    case "take-cosignature":
      ports.witnesses.cosigned(effect.node, effect.cosignature);
      break;
    case "quarantine":
      later(ports.quarantine(effect.node, effect.why));
      break;
    case "meet-ledger":
      later(ports.ledgers.meet(effect.node, effect.said));
      break;
    case "probe-rival":
      // One that answers is there: two have this node's key. One that does not was the same node, before its cable was pulled.
      live.get(effect.node)?.probe(() => later(ports.quarantine(effect.node, TWO_SESSIONS)));
  }
}

/** What the socket says and what time brings, as events. Answers what ends it. */
function listen(ws: WebSocket, floor: Floor, brake: Brake, handle: (event: SessionEvent) => void): () => void {
  const { wheel, intake } = floor;
  const { monotonicMs } = floor.ports;
  const line = intake.line(brake, handle);
  const unheard = wheel.after(AUTH_TIMEOUT_MS, () => handle({ kind: "auth-timeout" }));
  const tick = (): void => {
    beat = wheel.after(HEARTBEAT_MS, tick);
    handle({ kind: "tick", nowMs: monotonicMs() });
  };
  let beat = wheel.after(HEARTBEAT_MS, tick);
  ws.on("message", (data: Buffer, isBinary) => {
    if (ws.readyState === ws.OPEN) line.put(received(data, isBinary, monotonicMs), data.length);
    // It was told goodbye and talks on.
    else ws.pause();
  });
  // ws reports frames that are too large or malformed here, and has said goodbye.
  ws.on("error", () => turnAway(ws, wheel));
  return () => {
    unheard();
    beat();
    line.close();
  };
}

function publisher(
  ws: WebSocket,
  monotonicMs: () => number,
  handle: (event: SessionEvent) => void,
): Connection["publish"] {
  let busySinceMs: number | null = null;
  let sentGeneration = 0;
  return (signed) => {
    if (ws.bufferedAmount > MAX_BUFFERED_BYTES) {
      busySinceMs ??= monotonicMs();
      if (monotonicMs() - busySinceMs > SLOW_READER_MS) ws.terminate();
      return "busy";
    }
    busySinceMs = null;
    // One that waited its turn while a newer one went out with the welcome is of no use any more.
    if (signed.desired.generation < sentGeneration) return "sent";
    sentGeneration = signed.desired.generation;
    handle({ kind: "desired", signed });
    return "sent";
  };
}

/** Stops reading from a node that has too many commits under way: its records wait in its own spool. */
function commitLimit(brake: Brake): (work: Promise<void>) => Promise<void> {
  let underWay = 0;
  return async (work) => {
    underWay += 1;
    if (underWay === MAX_COMMITS_UNDER_WAY) brake.hold();
    await work.finally(() => {
      if (underWay === MAX_COMMITS_UNDER_WAY) brake.release();
      underWay -= 1;
    });
  };
}

const received = (data: Buffer, isBinary: boolean, monotonicMs: () => number): SessionEvent =>
  isBinary ? { kind: "binary" } : { kind: "text", text: data.toString(), nowMs: monotonicMs() };

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
  const isAhead = ports.isAhead(hello.restsOn);
  const archived = ports.ledgers.standingOf(hello.node);
  const node =
    key === undefined ? undefined : { ...key, ackedSeq, archived, isAhead, liveElsewhere: rival !== undefined };
  handle({ kind: "looked-up", hello, re, node, nowMs: ports.monotonicMs() });
}

async function welcome(
  { node, hello }: SessionEffect & { readonly kind: "admit" },
  ports: SessionPorts,
  connection: Pick<Connection, "publish">,
): Promise<void> {
  const signed = await ports.arrived(node, hello);
  if (signed !== undefined) connection.publish(signed);
}

function signedTime(
  { node, nonce, re }: SessionEffect & { readonly kind: "sign-time" },
  { clock, onlineKey }: SessionPorts,
): SessionEvent {
  const hubTimeMs = clock.nowMs();
  const signature = signHex(onlineKey, canonicalJson({ hubTimeMs, node, nonce }));
  return { kind: "time-signed", nonce, hubTimeMs, keyId: onlineKey.keyId, signature, re };
}
