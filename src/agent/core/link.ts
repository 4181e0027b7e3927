import { assert } from "../../base/assert.ts";
import type { Digest } from "../../model/ids.ts";
import {
  AUTH_TIMEOUT_MS,
  HEALTH_WINDOW_MS,
  HEARTBEAT_MS,
  LOG_INTERVAL_MS,
  MAX_BATCHES_UNDER_WAY,
  MISSED_HEARTBEATS,
  PHASE_DEADLINE_MS,
  RECONNECT_MAX_MS,
  RECONNECT_SPREAD_MS,
  RECORDS_PER_FRAME,
  REVOKED_RETRY_MS,
  TIME_ROUND_TRIP_MAX_MS,
} from "../../model/limits.ts";
import type { Desired, Logged, Message, RejectionReason, SignedDesired, Welcome } from "../../model/message.ts";
import { reconnectDelayMs } from "./backoff.ts";
import type {
  AttemptOutcome,
  LinkEffect,
  LinkEvent,
  LinkStart,
  LinkState,
  LinkStep,
  LinkTimer,
  LogState,
  ReportedOutcome,
} from "./link-state.ts";

/** A session that lasted this long was a good one: the next reconnect starts over. Source: distribution.md "Protocol". */
const STABLE_MS = 60_000;
const MAJOR = 1;
const NOTHING_SENT = { inFlight: [], isBatching: false } as const;

export function startOfLink(start: LinkStart): LinkState {
  return {
    phase: "stopped",
    attempts: 0,
    spreadMs: RECONNECT_SPREAD_MS,
    restMs: 0,
    hubSays: null,
    welcomedAtMs: null,
    heartbeatMs: HEARTBEAT_MS,
    unansweredPings: 0,
    ping: null,
    spool: { epoch: start.epoch, spooledSeq: start.spooledSeq, ackedSeq: start.ackedSeq, ...NOTHING_SENT, credits: 0 },
    log: NO_LOG,
    target: { kind: "none" },
    durable: start.durable,
    effective: false,
  };
}

const NO_LOG: LogState = { archived: null, inFlight: null, hasWaited: false };

/** One event in, the next state and what is to be done out. Pure; the whole behaviour of the link is here. */
export function step(state: LinkState, event: LinkEvent): LinkStep {
  const result = take(state, event);
  checkReports(result);
  return result;
}

/** Nothing may be called activated before the disk has said so. Stays on in production. */
function checkReports({ state, effects }: LinkStep): void {
  for (const effect of effects) {
    if (effect.kind !== "report") continue;
    const claims = effect.outcome.phase === "activated" || effect.outcome.phase === "effective";
    assert(!claims || effect.desired.generation === state.durable?.generation, "a report claims what is not durable");
  }
  assert(state.spool.ackedSeq <= state.spool.spooledSeq, "the hub acknowledged more than was spooled");
}

function take(state: LinkState, event: LinkEvent): LinkStep {
  switch (event.kind) {
    case "start":
      return event.random >= 0 && state.phase === "stopped" ? started(state) : only(state);
    case "stop":
      return {
        state: { ...state, phase: "stopped" },
        effects: [...clearAll, clear("health"), { kind: "close", why: "stopping" }],
      };
    case "opened":
      return state.phase === "dialling" ? only({ ...state, phase: "challenged" }) : only(state);
    case "sent-away":
      // It is not a hub that fails: the window does not grow for it.
      return only({ ...state, attempts: 0, restMs: Math.min(Math.max(0, event.retryAfterMs), RECONNECT_MAX_MS) });
    case "closed":
      return closed(state, event.atMs, event.random);
    case "timer":
      return timer(state, event.timer, event.atMs, event.nonce);
    case "message":
      return message(state, event.message, event.atMs, event.nonce);
    case "desired":
      return desired(state, event.signed, event.missing);
    case "bad-frame":
      return badFrame(state, event);
    case "blob":
      return isAwaited(state, event.digest)
        ? only(state, { kind: "keep", digest: event.digest, bytes: event.bytes })
        : only(state);
    case "blob-kept":
      return blobKept(state, event.digest);
    case "blob-refused":
      return isAwaited(state, event.digest) ? giveUp(state, event.reason, event.detail) : only(state);
    case "attempted":
      return attempted(state, event.generation, event.outcome);
    case "spooled":
      return sendAlerts({
        ...state,
        spool: { ...state.spool, spooledSeq: Math.max(event.seq, state.spool.spooledSeq) },
      });
    case "batched":
      return batched(state, event.upTo);
    case "log-sent":
      return logSent(state, event.upTo);
    case "epoch-renewed": {
      const spool = { epoch: event.epoch, spooledSeq: event.spooledSeq, ackedSeq: 0, ...NOTHING_SENT, credits: 0 };
      return only({ ...state, spool }, { kind: "close", why: "records begin a new epoch" });
    }
    case "progress":
      return state.target.kind === "attempting" && state.phase === "welcomed"
        ? only(state, { kind: "report", desired: state.target.signed.desired, outcome: { phase: event.phase } })
        : only(state);
    case "took-over":
      return inForce({ ...state, durable: event.desired, effective: false }, event.desired);
    case "took-back":
      return only(
        { ...state, durable: null, effective: false },
        clear("health"),
        said(event.desired, { phase: "rolledback", detail: event.detail }),
      );
    case "decided":
      return decided(state);
  }
}

const only = (state: LinkState, ...effects: readonly LinkEffect[]): LinkStep => ({ state, effects });
const clear = (timer: LinkTimer): LinkEffect => ({ kind: "clear-timer", timer });
const set = (timer: LinkTimer, delayMs: number): LinkEffect => ({ kind: "set-timer", timer, delayMs });
/** Those of a session; what is in force is watched with a hub or without. */
const clearAll: readonly LinkEffect[] = (
  ["dial", "handshake", "heartbeat", "fetch", "ack", "log", "logged"] as const
).map(clear);

/** After a restart what is in force is watched anew: whether it was long enough before, nobody wrote down. */
function started(state: LinkState): LinkStep {
  const dialled = dial(state);
  const watched = state.durable === null ? [] : [set("health", HEALTH_WINDOW_MS)];
  return only(dialled.state, ...dialled.effects, ...watched);
}

function dial(state: LinkState): LinkStep {
  return only({ ...state, phase: "dialling" }, { kind: "dial" }, set("handshake", AUTH_TIMEOUT_MS));
}

function closed(state: LinkState, atMs: number, random: number): LinkStep {
  if (state.phase === "stopped" || state.phase === "waiting") return only(state);
  const stable = state.welcomedAtMs !== null && atMs - state.welcomedAtMs >= STABLE_MS;
  const attempts = stable ? 0 : state.attempts;
  const next: LinkState = {
    ...state,
    phase: "waiting",
    attempts: attempts + 1,
    restMs: 0,
    welcomedAtMs: null,
    unansweredPings: 0,
    ping: null,
    spool: { ...state.spool, ...NOTHING_SENT, credits: 0 },
    log: NO_LOG,
    // The hub sends the complete set again after the next hello; bytes that arrived stay on the disk.
    target: state.target.kind === "fetching" ? { kind: "none" } : state.target,
  };
  return only(next, ...clearAll, set("dial", state.restMs + reconnectDelayMs(attempts, state.spreadMs, random)));
}

function timer(state: LinkState, which: LinkTimer, atMs: number, nonce: string): LinkStep {
  switch (which) {
    case "dial":
      return state.phase === "waiting" ? dial(state) : only(state);
    case "handshake":
      return only(state, { kind: "close", why: "the hub did not answer in time" });
    case "heartbeat":
      return heartbeat(state, atMs, nonce);
    case "fetch":
      return state.target.kind === "fetching"
        ? only(state, { kind: "close", why: "the hub did not send what was asked for" })
        : only(state);
    case "ack":
      return state.spool.inFlight.length === 0
        ? only(state)
        : only(state, { kind: "close", why: "the hub acknowledged nothing" });
    case "health":
      return decided(state);
    case "log":
      return sendLog(state);
    case "logged":
      return only(state, { kind: "close", why: "the hub archived nothing" });
  }
}

function heartbeat(state: LinkState, atMs: number, nonce: string): LinkStep {
  if (state.phase !== "welcomed") return only(state);
  if (state.unansweredPings >= MISSED_HEARTBEATS) return only(state, { kind: "close", why: "the hub answers no ping" });
  const next = { ...state, ping: { nonce, sentAtMs: atMs }, unansweredPings: state.unansweredPings + 1 };
  return only(next, { kind: "ping", nonce }, set("heartbeat", state.heartbeatMs));
}

function message(state: LinkState, received: Message, atMs: number, nonce: string): LinkStep {
  switch (received.t) {
    case "challenge": {
      if (state.phase !== "challenged" && state.phase !== "dialling") return only(state);
      const { majors, spreadMs, hub, nonce: challenge } = received.body;
      if (!majors.includes(MAJOR))
        return only(state, { kind: "close", why: "the hub speaks no version that we speak" });
      const next: LinkState = {
        ...state,
        phase: "greeting",
        spreadMs: Math.min(Math.max(0, spreadMs), RECONNECT_MAX_MS),
      };
      return only(next, { kind: "greet", hub, nonce: challenge, re: received.id });
    }
    case "welcome":
      return state.phase === "greeting" ? welcome(state, received.body, atMs, nonce) : only(state);
    case "ack":
      return acknowledged(state, received.body.epoch, received.body.upTo);
    case "logged":
      return logged(state, received.body);
    case "checkpoint":
      return state.phase === "welcomed"
        ? only(state, { kind: "witness", shown: received.body, re: received.id })
        : only(state);
    case "timestamp":
      return timestamp(state, received.body, atMs);
    case "goaway":
      // Full jitter does the rest: the hub's own figure becomes the spread of the first attempt.
      return only(
        { ...state, attempts: 0, spreadMs: Math.min(Math.max(0, received.body.retryAfterMs), RECONNECT_MAX_MS) },
        { kind: "close", why: `the hub asked us to go: ${received.body.reason}` },
      );
    case "bye":
      return only(state, { kind: "close", why: `the hub said goodbye: ${received.body.reason}` });
    case "error":
      return errorFrame(state, received.body.code, received.body.message);
    default:
      // `desired` comes as an event of its own, with what is missing on this disk; the others go the other way.
      return only(state, {
        kind: "refuse",
        code: "unknown-type",
        message: `a node takes no ${received.t}`,
        re: received.id,
      });
  }
}

function errorFrame(state: LinkState, code: string, said: string): LinkStep {
  if (code === "revoked")
    return only(
      { ...state, hubSays: said, restMs: REVOKED_RETRY_MS },
      { kind: "close", why: `the hub refuses this node: ${said}` },
    );
  if (code === "gap") return only(state, { kind: "close", why: "the hub misses records: start over" });
  if (code === "unauthenticated" || code === "unsupported-major" || code === "duplicate-session")
    return only(state, { kind: "close", why: `the hub refuses this node: ${code}` });
  return only(state);
}

function welcome(state: LinkState, body: Welcome, atMs: number, nonce: string): LinkStep {
  if (body.ackedSeq > state.spool.spooledSeq) {
    // The hub holds records of this epoch that we never wrote: this disk is an older copy of itself.
    return only(state, { kind: "renew-epoch", why: "the hub holds later records of this epoch" });
  }
  if (body.ackedSeq < state.spool.ackedSeq) {
    // It acknowledged more than it holds now: it is an older copy of itself, and what it lacks is pruned here.
    return only(state, { kind: "renew-epoch", why: "the hub lost records of this epoch" });
  }
  const heartbeatMs = Math.min(Math.max(100, body.heartbeatMs), RECONNECT_MAX_MS);
  const ackedSeq = Math.max(state.spool.ackedSeq, body.ackedSeq);
  const next: LinkState = {
    ...state,
    phase: "welcomed",
    hubSays: body.quarantined ?? null,
    welcomedAtMs: atMs,
    heartbeatMs,
    unansweredPings: 1,
    ping: { nonce, sentAtMs: atMs },
    spool: { ...state.spool, ackedSeq, ...NOTHING_SENT, credits: Math.min(body.credits, MAX_BATCHES_UNDER_WAY) },
    log: { ...NO_LOG, archived: body.logSize ?? null },
  };
  const sent = sendAlerts(next);
  return only(
    sent.state,
    ...(next.log.archived === null ? [] : [set("log", LOG_INTERVAL_MS)]),
    clear("handshake"),
    { kind: "session", session: body.session },
    { kind: "prune", upTo: ackedSeq },
    ...(body.behind === true ? remind(state) : []),
    { kind: "ping", nonce },
    set("heartbeat", heartbeatMs),
    ...sent.effects,
  );
}

/** What a hub that was restored has forgotten: which metadata it signed, and what runs here. It sends no set that would be answered. */
function remind({ durable, effective }: LinkState): readonly LinkEffect[] {
  const runs = durable === null ? [] : [said(durable, { phase: effective ? "effective" : "activated" })];
  return [{ kind: "prove" }, ...runs];
}

/** The next batch, where there is something to send and the hub lets another be under way. */
function sendAlerts(state: LinkState): LinkStep {
  const { spooledSeq, ackedSeq, inFlight, isBatching, credits } = state.spool;
  const sentSeq = inFlight.at(-1) ?? ackedSeq;
  if (state.phase !== "welcomed" || isBatching || inFlight.length >= credits || spooledSeq <= sentSeq)
    return only(state);
  const upTo = Math.min(spooledSeq, sentSeq + RECORDS_PER_FRAME);
  return only(
    { ...state, spool: { ...state.spool, isBatching: true } },
    { kind: "send-alerts", afterSeq: sentSeq, upTo },
  );
}

function batched(state: LinkState, upTo: number): LinkStep {
  const { spool } = state;
  // Cut off in between: what was sent goes out again in the next session.
  if (!spool.isBatching) return only(state);
  const sent = sendAlerts({ ...state, spool: { ...spool, inFlight: [...spool.inFlight, upTo], isBatching: false } });
  const patience = spool.inFlight.length > 0 ? [] : [ackTimer(state)];
  return only(sent.state, ...patience, ...sent.effects);
}

const ackTimer = ({ heartbeatMs }: LinkState): LinkEffect => set("ack", heartbeatMs * MISSED_HEARTBEATS);

function acknowledged(state: LinkState, epoch: string, upTo: number): LinkStep {
  const { spool } = state;
  // An ack of another epoch, an old one, or one of records that do not exist says nothing about ours.
  if (epoch !== spool.epoch || upTo <= spool.ackedSeq || upTo > spool.spooledSeq) return only(state);
  const [first] = spool.inFlight;
  // A batch that was taken in part is over as well, and what came behind it: the rest goes out again.
  const inFlight = first !== undefined && upTo < first ? [] : spool.inFlight.filter((last) => last > upTo);
  const sent = sendAlerts({ ...state, spool: { ...spool, ackedSeq: upTo, inFlight } });
  const patience = inFlight.length > 0 ? ackTimer(state) : clear("ack");
  return only(sent.state, patience, { kind: "prune", upTo }, ...sent.effects);
}

/** Alerts go first: where the hub has not taken all of them the ledger waits, once, so that it comes even beside a flood. */
function sendLog(state: LinkState): LinkStep {
  const { archived, inFlight, hasWaited } = state.log;
  if (state.phase !== "welcomed" || archived === null || inFlight !== null) return only(state);
  if (state.spool.ackedSeq < state.spool.spooledSeq && !hasWaited)
    return only({ ...state, log: { ...state.log, hasWaited: true } }, set("log", LOG_INTERVAL_MS));
  return only({ ...state, log: { ...state.log, hasWaited: false } }, { kind: "send-log", from: archived });
}

function logSent(state: LinkState, upTo: number): LinkStep {
  const { archived } = state.log;
  if (state.phase !== "welcomed" || archived === null) return only(state);
  if (upTo <= archived) return only(state, set("log", LOG_INTERVAL_MS));
  const patience = set("logged", state.heartbeatMs * MISSED_HEARTBEATS);
  return only({ ...state, log: { ...state.log, inFlight: upTo } }, patience);
}

/** What the hub holds is where the next batch begins, whether it is more than before or less than was sent. */
function logged(state: LinkState, { size, refused, retryAfterMs }: Logged): LinkStep {
  const { inFlight } = state.log;
  if (inFlight === null) return only(state);
  if (refused !== undefined) return only({ ...state, hubSays: refused, log: NO_LOG }, clear("logged"));
  // One that was taken whole may have more behind it; one that was not is not tried again at once.
  const waitMs = size >= inFlight ? 0 : LOG_INTERVAL_MS;
  const next = { ...state, log: { ...NO_LOG, archived: size } };
  return only(next, clear("logged"), set("log", Math.max(waitMs, Math.min(retryAfterMs ?? 0, RECONNECT_MAX_MS))));
}

/** Another major version is said no to, and nothing else of it is read. */
function badFrame(
  state: LinkState,
  { code, message, re }: Extract<LinkEvent, { readonly kind: "bad-frame" }>,
): LinkStep {
  const refused: LinkEffect = { kind: "refuse", code, message, re };
  if (code !== "unsupported-major") return only(state, refused);
  return only(state, refused, { kind: "close", why: `the hub speaks another version: ${message}` });
}

function timestamp(
  state: LinkState,
  frame: { readonly nonce: string; readonly hubTimeMs: number; readonly keyId: string; readonly signature: string },
  atMs: number,
): LinkStep {
  const { ping } = state;
  if (ping === null || frame.nonce !== ping.nonce) return only(state);
  const next = { ...state, ping: null, unansweredPings: 0 };
  // A reply that was held back would set the clock back by as long as it was held.
  if (atMs - ping.sentAtMs > TIME_ROUND_TRIP_MAX_MS || atMs < ping.sentAtMs) return only(next);
  return only(next, { kind: "attest", frame, sentAtMs: ping.sentAtMs, receivedAtMs: atMs });
}

const rejectedReport = (set: Desired, reason: RejectionReason, detail: string): LinkEffect => ({
  kind: "report",
  desired: set,
  outcome: { phase: "rejected", reason, detail },
});

const isAwaited = (state: LinkState, digest: Digest): boolean =>
  state.target.kind === "fetching" && state.target.missing.includes(digest);

function desired(state: LinkState, signed: SignedDesired, missing: readonly Digest[]): LinkStep {
  if (state.phase !== "welcomed") return only(state);
  if (state.target.kind === "attempting") return only({ ...state, target: { ...state.target, next: signed } });
  const unique = [...new Set(missing)];
  if (unique.length === 0) return attempt(state, signed);
  const next: LinkState = { ...state, target: { kind: "fetching", signed, missing: unique } };
  return only(next, { kind: "want", digests: unique }, set("fetch", PHASE_DEADLINE_MS));
}

function attempt(state: LinkState, signed: SignedDesired): LinkStep {
  return only(
    { ...state, target: { kind: "attempting", signed, next: null } },
    clear("fetch"),
    { kind: "report", desired: signed.desired, outcome: { phase: "received" } },
    { kind: "attempt", signed },
  );
}

function blobKept(state: LinkState, digest: Digest): LinkStep {
  const { target } = state;
  if (target.kind !== "fetching") return only(state);
  const missing = target.missing.filter((awaited) => awaited !== digest);
  return missing.length === 0 ? attempt(state, target.signed) : only({ ...state, target: { ...target, missing } });
}

/** Bytes that cannot be kept end the set they belong to. */
function giveUp(state: LinkState, reason: RejectionReason, detail: string): LinkStep {
  if (state.target.kind !== "fetching") return only(state);
  const { desired } = state.target.signed;
  const refused = { ...state, target: { kind: "none" } } as const;
  return only(refused, clear("fetch"), rejectedReport(desired, reason, detail), { kind: "raise", reason, detail });
}

function attempted(state: LinkState, generation: number, outcome: AttemptOutcome): LinkStep {
  const { target } = state;
  assert(target.kind === "attempting", "an attempt ends that nobody began");
  assert(target.signed.desired.generation === generation, "the attempt that ended is not the one under way");
  const { desired: set } = target.signed;
  const ended = outcomeOf({ ...state, target: { kind: "none" } }, set, outcome);
  const reconsider: readonly LinkEffect[] = target.next === null ? [] : [{ kind: "reconsider", signed: target.next }];
  return only(ended.state, ...ended.effects, ...reconsider);
}

function outcomeOf(state: LinkState, set: Desired, outcome: AttemptOutcome): LinkStep {
  switch (outcome.kind) {
    case "rejected":
      return only(state, rejectedReport(set, outcome.reason, outcome.detail));
    // What is in force besides was accepted earlier and has nothing to add.
    case "scheduled":
      return only({ ...state, durable: null }, clear("health"), said(set, { phase: "scheduled" }));
    case "rolledback":
      return only(
        { ...state, durable: null },
        clear("health"),
        said(set, { phase: "rolledback", detail: outcome.detail }),
      );
    case "unchanged":
      return only(state, said(set, { phase: state.effective ? "effective" : "activated" }));
    case "activated":
      return inForce({ ...state, durable: set, effective: false }, set);
  }
}

const said = (desired: Desired, outcome: ReportedOutcome): LinkEffect => ({ kind: "report", desired, outcome });

/** From here on it is watched: a first decision makes it effective, or that nothing went wrong for a while. */
const inForce = (state: LinkState, desired: Desired): LinkStep =>
  only(state, said(desired, { phase: "activated" }), set("health", HEALTH_WINDOW_MS));

/** Without a session the report is not lost: the next set that comes, the same one, is answered with it. */
function decided(state: LinkState): LinkStep {
  if (state.durable === null || state.effective) return only(state);
  const next = { ...state, effective: true };
  if (state.phase !== "welcomed") return only(next, clear("health"));
  return only(next, clear("health"), { kind: "report", desired: state.durable, outcome: { phase: "effective" } });
}
