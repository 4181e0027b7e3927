import { assert } from "../../base/assert.ts";
import { canonicalJson } from "../../base/canonical-json.ts";
import { verifyBase64Url, verifyHex } from "../../disk/key-file.ts";
import type { Digest } from "../../model/ids.ts";
import {
  BATCH_CREDITS,
  HEARTBEAT_MS,
  MISSED_HEARTBEATS,
  RECONNECT_SPREAD_MS,
  RECORDS_PER_FRAME,
} from "../../model/limits.ts";
import {
  type AlertBatch,
  type Cosignature,
  type Hello,
  type HubCheckpoint,
  helloBytes,
  type Logged,
  type LogPart,
  type Message,
  type MessageType,
  type Report,
  type SignedDesired,
  type Standing,
  type WireError,
} from "../../model/message.ts";
import type { PlainAlerts } from "../alerts/alert-text.ts";
import { type ArchivedStanding, standsApart } from "../archive/follow.ts";
import { type NodeFrame, parseNodeFrame } from "./wire-frame.ts";

/**
 * One connection of a node, as data: `step` says what to send and what to do, the driver in session/ does it. An
 * acknowledgement is sent for a `committed` event only, and an assertion that stays on in production holds it to that.
 */
export interface SessionState {
  readonly phase: "challenged" | "admitting" | "open" | "closed";
  readonly hub: string;
  readonly nonce: string;
  readonly session: string;
  /** Set from `admitting` on; proven from `open` on. */
  readonly node: string | null;
  readonly publicHex: string | null;
  readonly epoch: string | null;
  readonly sentSeq: number;
  readonly receivedSeq: number;
  readonly heardAtMs: number;
  /** Highest seq of `epoch` that the inbox has made durable. */
  readonly durableSeq: number;
  /** Metadata files that this node may still show. */
  readonly proofsWanted: number;
}

/** What the hub knows of the node that says hello. */
export interface NodeForSession {
  readonly publicHex: string;
  readonly keyId: string;
  readonly isRevoked: boolean;
  /** Why it is given nothing new; null where it is. */
  readonly quarantined: string | null;
  /** Of its last report here, and the size of its ledger then: neither goes back. */
  readonly reportCounter: number;
  readonly ledgerSize: number;
  /** Its signed snapshot is newer than the hub's. */
  readonly isAhead: boolean;
  readonly liveElsewhere: boolean;
  readonly ackedSeq: number;
  /** How far its ledger is archived here. */
  readonly archived: ArchivedStanding;
}

export type SessionEvent =
  | { readonly kind: "connected"; readonly hubTimeMs: number }
  | { readonly kind: "text"; readonly text: string; readonly nowMs: number }
  | { readonly kind: "binary" }
  | {
      readonly kind: "looked-up";
      readonly hello: Hello;
      readonly re: string;
      readonly node: NodeForSession | undefined;
      readonly nowMs: number;
    }
  /** The inbox has fulfilled: everything of the epoch up to `upTo` is on the disk. */
  | { readonly kind: "committed"; readonly epoch: string; readonly upTo: number; readonly re: string }
  | {
      readonly kind: "not-committed" | "report-refused";
      readonly code: "gap" | "bad-frame";
      readonly message: string;
      readonly re: string;
    }
  /** The archive has so many entries of this node's ledger on the disk. */
  | { readonly kind: "logged"; readonly logged: Logged; readonly re: string }
  | { readonly kind: "desired"; readonly signed: SignedDesired }
  /** For its node to witness. */
  | { readonly kind: "shown"; readonly checkpoint: HubCheckpoint }
  | { readonly kind: "blob-missing"; readonly digest: Digest; readonly re: string }
  | {
      readonly kind: "time-signed";
      readonly nonce: string;
      readonly hubTimeMs: number;
      readonly keyId: string;
      readonly signature: string;
      readonly re: string;
    }
  /** The hub stops, or wants this node to come anew; `why` is for its log. */
  | { readonly kind: "stopping"; readonly retryAfterMs: number; readonly why: string }
  | { readonly kind: "dropped"; readonly why: string }
  | { readonly kind: "auth-timeout" }
  | { readonly kind: "tick"; readonly nowMs: number }
  | { readonly kind: "disconnected" };

export type SessionEffect =
  | { readonly kind: "send"; readonly message: Message }
  | { readonly kind: "look-up"; readonly hello: Hello; readonly re: string }
  /** The key is proven: the driver marks the node live and pushes its desired set. */
  | { readonly kind: "admit"; readonly node: string; readonly hello: Hello }
  | { readonly kind: "send-blob"; readonly digest: Digest; readonly re: string }
  | { readonly kind: "take-report"; readonly node: string; readonly report: Report; readonly re: string }
  | { readonly kind: "take-standing"; readonly node: string; readonly standing: Standing }
  /** `plain` is what the text of the batch's alerts says, where that was enough to read them. */
  | {
      readonly kind: "commit-alerts";
      readonly node: string;
      readonly batch: AlertBatch;
      readonly plain: PlainAlerts | undefined;
      readonly re: string;
    }
  /** Its ledger cannot be the one that is archived: before anything is said about that, it is written down. */
  | { readonly kind: "meet-ledger"; readonly node: string; readonly said: Hello["ledgerHead"] }
  | {
      readonly kind: "take-log";
      readonly node: string;
      readonly part: LogPart;
      readonly publicHex: string;
      readonly re: string;
    }
  | { readonly kind: "take-cosignature"; readonly node: string; readonly cosignature: Cosignature }
  | { readonly kind: "sign-time"; readonly node: string; readonly nonce: string; readonly re: string }
  | {
      readonly kind: "take-proof";
      readonly node: string;
      readonly name: string;
      readonly text: string;
      readonly re: string;
    }
  /** Another has proven the same key: whether the live session is there is asked of it. */
  | { readonly kind: "probe-rival"; readonly node: string }
  /** It is a copy, or an older self: the node is given nothing new until a person looked. */
  | { readonly kind: "quarantine"; readonly node: string; readonly why: string }
  /** For the hub's ledger. */
  | { readonly kind: "note"; readonly node: string; readonly action: string; readonly details: string }
  | { readonly kind: "close"; readonly code: number; readonly reason: string };

export interface SessionStep {
  readonly state: SessionState;
  readonly effects: readonly SessionEffect[];
}

/** Metadata files of a node; a domain has two roles, and some a few more. */
const MAX_PROOFS = 256;
/** WebSocket close codes. Source: RFC 6455 7.4.1 and the IANA registry. */
const CLOSE_NORMAL = 1000;
const CLOSE_GOING_AWAY = 1001;
const CLOSE_POLICY = 1008;

export const startOfSession = (hub: string, session: string, nonce: string, nowMs: number): SessionState => ({
  phase: "challenged",
  hub,
  nonce,
  session,
  node: null,
  publicHex: null,
  epoch: null,
  sentSeq: 0,
  receivedSeq: 0,
  heardAtMs: nowMs,
  durableSeq: 0,
  proofsWanted: 0,
});

/** One event in, the next state and what is to be done out. Pure. */
export function stepSession(state: SessionState, event: SessionEvent): SessionStep {
  if (state.phase === "closed") return { state, effects: [] };
  const step = take(state, event);
  for (const effect of step.effects) {
    if (effect.kind !== "send" || effect.message.t !== "ack") continue;
    assert(effect.message.body.upTo <= step.state.durableSeq, "a record was acknowledged before it was durable");
  }
  return step;
}

function take(state: SessionState, event: SessionEvent): SessionStep {
  switch (event.kind) {
    case "connected":
      return send(state, "challenge", {
        nonce: state.nonce,
        hub: state.hub,
        hubTimeMs: event.hubTimeMs,
        majors: [1],
        spreadMs: RECONNECT_SPREAD_MS,
      });
    case "text":
      return text({ ...state, heardAtMs: event.nowMs }, event.text);
    case "binary":
      return refuse(state, "bad-frame", "a node sends no binary frames", null);
    case "looked-up":
      return lookedUp(state, event);
    case "committed":
      return committed(state, event);
    case "logged":
      return state.phase === "open" ? send(state, "logged", event.logged, event.re) : none(state);
    case "not-committed":
    case "report-refused":
      return send(state, "error", { code: event.code, message: event.message }, event.re);
    case "desired":
      return state.phase === "open" ? send(state, "desired", event.signed) : none(state);
    case "shown":
      return state.phase === "open" ? send(state, "checkpoint", event.checkpoint) : none(state);
    case "blob-missing":
      return send(state, "error", { code: "not-found", message: `no blob ${event.digest} here` }, event.re);
    case "time-signed": {
      const { nonce, hubTimeMs, keyId, signature } = event;
      return send(state, "timestamp", { nonce, hubTimeMs, keyId, signature }, event.re);
    }
    case "stopping":
      return chain(
        send(state, "goaway", { retryAfterMs: event.retryAfterMs, reason: event.why }),
        (next) => send(next, "bye", { reason: event.why }),
        (next) => close(next, CLOSE_GOING_AWAY, event.why),
      );
    case "dropped":
      return refuse(state, "revoked", event.why, null);
    case "auth-timeout":
      return state.phase === "open"
        ? none(state)
        : refuse(state, "unauthenticated", "no hello within the time allowed", null);
    case "tick":
      return event.nowMs - state.heardAtMs > HEARTBEAT_MS * MISSED_HEARTBEATS
        ? close(state, CLOSE_GOING_AWAY, "no heartbeat")
        : none(state);
    case "disconnected":
      return { state: { ...state, phase: "closed" }, effects: [] };
  }
}

function text(state: SessionState, received: string): SessionStep {
  const parsed = parseNodeFrame(received);
  if (!parsed.ok) {
    const { code, message, re, seq } = parsed.error;
    // An unknown type is a newer node's word for something: it is answered, and the session goes on.
    if (code === "unknown-type" && state.phase === "open" && seq === state.receivedSeq + 1)
      return send({ ...state, receivedSeq: seq }, "error", { code, message }, re);
    return refuse(state, code, message, re);
  }
  const frame = parsed.value;
  if (frame.seq !== state.receivedSeq + 1)
    return refuse(state, "gap", `frame ${state.receivedSeq + 1} was expected, ${frame.seq} came`, frame.id);
  const next = { ...state, receivedSeq: frame.seq };
  if (frame.t === "bye") return close(next, CLOSE_NORMAL, "bye");
  if (frame.t === "error") return none(next);
  if (frame.t === "hello") {
    if (state.phase !== "challenged") return refuse(next, "unauthenticated", "a challenge is answered once", frame.id);
    const admitting: SessionState = { ...next, phase: "admitting", node: frame.body.node };
    return { state: admitting, effects: [{ kind: "look-up", hello: frame.body, re: frame.id }] };
  }
  if (state.phase !== "open") return refuse(next, "unauthenticated", `${frame.t} before welcome`, frame.id);
  return opened(next, frame);
}

function opened(
  state: SessionState,
  frame: Exclude<NodeFrame, { readonly t: "hello" | "bye" | "error" }>,
): SessionStep {
  assert(state.node !== null && state.publicHex !== null, "an open session has a proven node");
  const { node, publicHex } = state;
  const re = frame.id;
  switch (frame.t) {
    case "want":
      return {
        state,
        effects: [...new Set(frame.body.digests)].map((digest) => ({ kind: "send-blob" as const, digest, re })),
      };
    case "ping":
      return { state, effects: [{ kind: "sign-time", node, nonce: frame.body.nonce, re }] };
    case "report": {
      const { report, signature } = frame.body;
      if (report.node !== node) return refuse(state, "unauthenticated", "a report of another node", re);
      if (!verifyHex(publicHex, canonicalJson(frame.signed), signature))
        return noted(refuse(state, "unauthenticated", "the report's signature does not hold", re), node, "refused");
      return { state, effects: [{ kind: "take-report", node, report, re }] };
    }
    case "standing":
      return { state, effects: [{ kind: "take-standing", node, standing: frame.body }] };
    case "cosignature":
      return { state, effects: [{ kind: "take-cosignature", node, cosignature: frame.body }] };
    case "log":
      return { state, effects: [{ kind: "take-log", node, part: frame.body, publicHex, re }] };
    case "proof": {
      if (state.proofsWanted === 0) return refuse(state, "bad-frame", "a proof that nobody asked for", re);
      const { name, text: proof } = frame.body;
      const next = { ...state, proofsWanted: state.proofsWanted - 1 };
      return { state: next, effects: [{ kind: "take-proof", node, name, text: proof, re }] };
    }
    case "alert": {
      const { body: batch, plain } = frame;
      const count = plain?.count ?? batch.alerts.length;
      const wrong = wrongOf(state, batch.epoch, count);
      if (wrong !== undefined) return refuse(state, "bad-frame", wrong, re);
      return { state, effects: count === 0 ? [] : [{ kind: "commit-alerts", node, batch, plain, re }] };
    }
  }
}

function wrongOf(state: SessionState, epoch: string, count: number): string | undefined {
  if (epoch !== state.epoch) return "alerts of another epoch than hello said";
  return count > RECORDS_PER_FRAME ? `more than ${RECORDS_PER_FRAME} alerts a frame` : undefined;
}

function lookedUp(state: SessionState, event: SessionEvent & { readonly kind: "looked-up" }): SessionStep {
  const { hello, re, node } = event;
  if (state.phase !== "admitting") return none(state);
  const signed = helloBytes(state.hub, state.nonce, hello);
  // One answer for an unknown node and a wrong key: a stranger learns no names.
  if (node === undefined || node.keyId !== hello.keyId || !verifyBase64Url(node.publicHex, signed, hello.signature))
    return noted(refuse(state, "unauthenticated", "unknown node or wrong key", re), hello.node, "refused");
  if (node.isRevoked) return noted(refuse(state, "revoked", "this node's key was revoked", re), hello.node, "refused");
  if (node.liveElsewhere) {
    const refused = refuse(state, "duplicate-session", "this node's key has a live session", re);
    const said = noted(refused, hello.node, "duplicate-session");
    return { state: said.state, effects: [...said.effects, { kind: "probe-rival", node: hello.node }] };
  }
  const open: SessionState = {
    ...state,
    proofsWanted: node.isAhead ? MAX_PROOFS : 0,
    phase: "open",
    publicHex: node.publicHex,
    epoch: hello.epoch,
    durableSeq: node.ackedSeq,
    heardAtMs: event.nowMs,
  };
  const back = goneBack(hello, node);
  const { apart, forked, logSize } = archiveSays(node.archived, hello.ledgerHead);
  const welcome = {
    session: state.session,
    heartbeatMs: HEARTBEAT_MS,
    ackedSeq: node.ackedSeq,
    credits: BATCH_CREDITS,
    quarantined: node.quarantined ?? back ?? forked ?? null,
    logSize,
    ...(node.isAhead ? { behind: true } : {}),
  };
  const welcomed = send(open, "welcome", welcome, re);
  const kept: readonly SessionEffect[] =
    back === undefined ? [] : [{ kind: "quarantine", node: hello.node, why: back }];
  const met: readonly SessionEffect[] =
    apart === undefined ? [] : [{ kind: "meet-ledger", node: hello.node, said: hello.ledgerHead }];
  return {
    state: welcomed.state,
    effects: [...kept, ...met, ...welcomed.effects, { kind: "admit", node: hello.node, hello }],
  };
}

/** Whether the ledger of the node that came can be the one that is archived, and from where on it is to be sent. */
function archiveSays({ fork, head, mayRestart }: ArchivedStanding, said: Hello["ledgerHead"]) {
  const apart = fork ?? standsApart(head, said);
  if (apart === undefined) return { apart, forked: undefined, logSize: head.size };
  return mayRestart ? { apart, forked: undefined, logSize: 0 } : { apart, forked: apart, logSize: null };
}

/** What a node that only goes on can never say. */
function goneBack({ counter, ledgerHead }: Hello, node: NodeForSession): string | undefined {
  if (counter !== undefined && counter < node.reportCounter)
    return `its last report is ${counter}, and report ${node.reportCounter} came before: it is a copy, or an older self`;
  if (ledgerHead.size < node.ledgerSize)
    return `its ledger has ${ledgerHead.size} entries, and had ${node.ledgerSize} before: it is a copy, or an older self`;
  return undefined;
}

function committed(state: SessionState, event: SessionEvent & { readonly kind: "committed" }): SessionStep {
  if (state.phase !== "open" || event.epoch !== state.epoch) return none(state);
  const durable = { ...state, durableSeq: Math.max(state.durableSeq, event.upTo) };
  return send(durable, "ack", { epoch: event.epoch, upTo: event.upTo }, event.re);
}

const none = (state: SessionState): SessionStep => ({ state, effects: [] });

type BodyOf<T extends MessageType> = Extract<Message, { readonly t: T }>["body"];

function send<T extends MessageType>(state: SessionState, t: T, body: BodyOf<T>, re?: string | null): SessionStep {
  const seq = state.sentSeq + 1;
  const message = { v: 1, t, id: `h${seq}`, seq, ...(re ? { re } : {}), body } as unknown as Message;
  return { state: { ...state, sentSeq: seq }, effects: [{ kind: "send", message }] };
}

const close = (state: SessionState, code: number, reason: string): SessionStep => ({
  state: { ...state, phase: "closed" },
  effects: [{ kind: "close", code, reason }],
});

const refuse = (state: SessionState, code: WireError["code"], message: string, re: string | null): SessionStep =>
  chain(send(state, "error", { code, message }, re), (next) => close(next, CLOSE_POLICY, code));

function noted(step: SessionStep, node: string, action: string): SessionStep {
  const [error] = step.effects;
  const details = error?.kind === "send" && error.message.t === "error" ? error.message.body.message : action;
  return { state: step.state, effects: [{ kind: "note", node, action, details }, ...step.effects] };
}

function chain(first: SessionStep, ...rest: readonly ((state: SessionState) => SessionStep)[]): SessionStep {
  return rest.reduce<SessionStep>((sofar, next) => {
    const step = next(sofar.state);
    return { state: step.state, effects: [...sofar.effects, ...step.effects] };
  }, first);
}
