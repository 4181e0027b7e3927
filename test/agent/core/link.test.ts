import fc from "fast-check";
import { expect, test } from "vitest";
import { reconnectDelayMs } from "../../../src/agent/core/backoff.ts";
import { startOfLink, step } from "../../../src/agent/core/link.ts";
import type { AttemptOutcome, LinkEffect, LinkEvent, LinkState } from "../../../src/agent/core/link-state.ts";
import { RECONNECT_MAX_MS, RECORDS_PER_FRAME, TIME_ROUND_TRIP_MAX_MS } from "../../../src/model/limits.ts";
import type { Message, SignedDesired } from "../../../src/model/message.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const set = (generation: number): SignedDesired => ({
  desired: {
    node: "Pen-1",
    generation,
    contracts: {},
    documents: { register: null, people: null, orders: null, zone: null },
    metadata: { root: [], timestamp: digest("a"), snapshot: digest("b"), targets: digest("c") },
  },
  keyId: "k",
  signature: "s",
});
const frame = (t: Message["t"], body: unknown): Message => ({ v: 1, t, id: "h1", seq: 1, body }) as unknown as Message;
const say = (t: Message["t"], body: unknown, atMs = 1_000): LinkEvent => ({
  kind: "message",
  message: frame(t, body),
  atMs,
  nonce: "nonce",
});

const challenge = say("challenge", { nonce: "n", hub: "hub-1", hubTimeMs: 0, majors: [1], spreadMs: 2_000 });
const welcome = (ackedSeq = 0, credits = 1) => say("welcome", { session: "s1", heartbeatMs: 1_000, ackedSeq, credits });
const greeting: readonly LinkEvent[] = [{ kind: "start", random: 0.5 }, { kind: "opened" }, challenge];
const welcomed: readonly LinkEvent[] = [...greeting, welcome()];

const fresh = (spooledSeq = 0): LinkState => startOfLink({ epoch: "e1", spooledSeq, ackedSeq: 0, durable: null });

/** As the driver does: a batch that is asked for goes out at once, all of it unless it is larger than `fits`. */
function play(events: readonly LinkEvent[], from: LinkState = fresh(), fits = RECORDS_PER_FRAME) {
  let state = from;
  let effects: readonly LinkEffect[] = [];
  for (const event of events) {
    effects = [];
    for (const queue: LinkEvent[] = [event]; queue.length > 0; ) {
      const done = step(state, queue.shift() as LinkEvent);
      state = done.state;
      effects = [...effects, ...done.effects];
      for (const effect of done.effects)
        if (effect.kind === "send-alerts")
          queue.push({ kind: "batched", upTo: Math.min(effect.upTo, effect.afterSeq + fits) });
    }
  }
  return { state, effects };
}

/** What is done, in words short enough for a table. */
const words = (effects: readonly LinkEffect[]): readonly string[] =>
  effects.flatMap((effect) => {
    if (effect.kind === "set-timer" || effect.kind === "clear-timer") return [];
    if (effect.kind === "report") return [`report ${effect.desired.generation} ${effect.outcome.phase}`];
    if (effect.kind === "close") return [`close: ${effect.why}`];
    if (effect.kind === "want") return [`want ${effect.digests.length}`];
    if (effect.kind === "send-alerts") return [`alerts ${effect.afterSeq + 1}-${effect.upTo}`];
    if (effect.kind === "prune") return [`prune ${effect.upTo}`];
    return [effect.kind];
  });

const desired = (generation: number, ...missing: readonly string[]): LinkEvent => ({
  kind: "desired",
  signed: set(generation),
  missing,
});
const kept = (letter: string): LinkEvent => ({ kind: "blob-kept", digest: digest(letter) });
const activated = (generation: number): LinkEvent => ({
  kind: "attempted",
  generation,
  outcome: { kind: "activated" },
});
const ended = (generation: number, outcome: AttemptOutcome): LinkEvent => ({ kind: "attempted", generation, outcome });
const spooled = (seq: number): LinkEvent => ({ kind: "spooled", seq });
const ack = (upTo: number, epoch = "e1") => say("ack", { epoch, upTo });

interface Row {
  readonly what: string;
  readonly events: readonly LinkEvent[];
  readonly from?: LinkState;
  /** Effects of the last event, timers left out. */
  readonly does: readonly string[];
}

const rows: readonly Row[] = [
  {
    what: "a set that waits for its hour is scheduled, and is not what decisions prove",
    events: [...welcomed, desired(5), ended(5, { kind: "scheduled" })],
    does: ["report 5 scheduled"],
  },
  {
    what: "a decision meanwhile proves nothing of it",
    events: [...welcomed, desired(5), ended(5, { kind: "scheduled" }), { kind: "decided" }],
    does: [],
  },
  {
    what: "its hour comes",
    events: [...welcomed, desired(5), ended(5, { kind: "scheduled" }), { kind: "took-over", desired: set(5).desired }],
    does: ["report 5 activated"],
  },
  {
    what: "the first decision under it makes it effective",
    events: [...welcomed, desired(5), activated(5), { kind: "decided" }],
    does: ["report 5 effective"],
  },
  {
    what: "so does a while without a fault",
    events: [...welcomed, desired(5), activated(5), { kind: "timer", timer: "health", atMs: 9, nonce: "x" }],
    does: ["report 5 effective"],
  },
  {
    what: "what was taken back is said, and decisions prove nothing of it",
    events: [
      ...welcomed,
      desired(5),
      activated(5),
      { kind: "took-back", desired: set(5).desired, detail: "runtime.error" },
    ],
    does: ["report 5 rolledback"],
  },
  {
    what: "an attempt that takes its time says how far it is",
    events: [...welcomed, desired(5), { kind: "progress", phase: "selftested" }],
    does: ["report 5 selftested"],
  },
  { what: "start dials", events: [{ kind: "start", random: 0 }], does: ["dial"] },
  { what: "a second start does nothing", events: [greeting[0], greeting[0]] as LinkEvent[], does: [] },
  { what: "a challenge is answered", events: greeting, does: ["greet"] },
  {
    what: "a challenge of another major version ends it",
    events: [
      ...greeting.slice(0, 2),
      say("challenge", { nonce: "n", hub: "h", hubTimeMs: 0, majors: [2], spreadMs: 1 }),
    ],
    does: ["close: the hub speaks no version that we speak"],
  },
  { what: "a second challenge is ignored", events: [...greeting, challenge], does: [] },
  { what: "welcome begins the session", events: welcomed, does: ["session", "prune 0", "ping"] },
  { what: "a welcome out of turn is ignored", events: [{ kind: "start", random: 0 }, welcome()], does: [] },
  {
    what: "what was spooled goes out at once",
    events: welcomed,
    from: fresh(3),
    does: ["session", "prune 0", "ping", "alerts 1-3"],
  },
  {
    what: "what the hub already holds does not",
    events: [...greeting, welcome(2)],
    from: fresh(3),
    does: ["session", "prune 2", "ping", "alerts 3-3"],
  },
  {
    what: "a hub that holds more than was spooled starts a new epoch",
    events: [...greeting, welcome(9)],
    from: fresh(3),
    does: ["renew-epoch"],
  },
  {
    what: "a hub that lost what it had acknowledged gets the rest in a new epoch",
    events: [...greeting, welcome(1)],
    from: startOfLink({ epoch: "e1", spooledSeq: 5, ackedSeq: 3, durable: null }),
    does: ["renew-epoch"],
  },
  {
    what: "a hub with older metadata is shown what this node rests on",
    events: [...greeting, say("welcome", { session: "s1", heartbeatMs: 1_000, ackedSeq: 0, credits: 1, behind: true })],
    does: ["session", "prune 0", "prove", "ping"],
  },
  {
    what: "and hears what runs here, since it sends no set that would be answered",
    events: [...greeting, say("welcome", { session: "s1", heartbeatMs: 1_000, ackedSeq: 0, credits: 1, behind: true })],
    from: startOfLink({ epoch: "e1", spooledSeq: 0, ackedSeq: 0, durable: set(7).desired }),
    does: ["session", "prune 0", "prove", "report 7 activated", "ping"],
  },
  {
    what: "a desired set asks for what is missing",
    events: [...welcomed, desired(1, digest("a"), digest("b"))],
    does: ["want 2"],
  },
  { what: "a desired set before the welcome is ignored", events: [...greeting, desired(1)], does: [] },
  {
    what: "a set whose bytes are all here is tried at once",
    events: [...welcomed, desired(1)],
    does: ["report 1 received", "attempt"],
  },
  {
    what: "bytes that nobody asked for are not kept",
    events: [...welcomed, { kind: "blob", digest: digest("f"), bytes: new Uint8Array() }],
    does: [],
  },
  { what: "one of two is not all", events: [...welcomed, desired(1, digest("a"), digest("b")), kept("a")], does: [] },
  {
    what: "all bytes here: tried",
    events: [...welcomed, desired(1, digest("a"), digest("b")), kept("a"), kept("b")],
    does: ["report 1 received", "attempt"],
  },
  {
    what: "activated is reported after it is durable",
    events: [...welcomed, desired(1), activated(1)],
    does: ["report 1 activated"],
  },
  {
    what: "a refusal is reported",
    events: [
      ...welcomed,
      desired(1),
      { kind: "attempted", generation: 1, outcome: { kind: "rejected", reason: "expired", detail: "x" } },
    ],
    does: ["report 1 rejected"],
  },
  {
    what: "bytes that cannot be kept refuse the set",
    events: [
      ...welcomed,
      desired(1, digest("a")),
      { kind: "blob-refused", digest: digest("a"), reason: "disk", detail: "full" },
    ],
    does: ["report 1 rejected", "raise"],
  },
  {
    what: "AB-10: a hub that answers, and does not send what was asked for, is left",
    events: [...welcomed, desired(1, digest("a")), { kind: "timer", timer: "fetch", atMs: 31_000, nonce: "nonce" }],
    does: ["close: the hub did not send what was asked for"],
  },
  {
    what: "a newer set replaces one that is fetched",
    events: [...welcomed, desired(1, digest("a")), desired(2)],
    does: ["report 2 received", "attempt"],
  },
  { what: "a newer set waits while one is tried", events: [...welcomed, desired(1), desired(2)], does: [] },
  {
    what: "and follows it",
    events: [...welcomed, desired(1), desired(2), activated(1)],
    does: ["report 1 activated", "reconsider"],
  },
  {
    what: "the first decision is reported",
    events: [...welcomed, desired(1), activated(1), { kind: "decided" }],
    does: ["report 1 effective"],
  },
  {
    what: "the second one is not",
    events: [...welcomed, desired(1), activated(1), { kind: "decided" }, { kind: "decided" }],
    does: [],
  },
  { what: "a decision without a set is not", events: [...welcomed, { kind: "decided" }], does: [] },
  { what: "an alert goes out", events: [...welcomed, spooled(1)], does: ["alerts 1-1"] },
  {
    what: "a hub that gives no credits gets no records",
    events: [...greeting, welcome(0, 0), spooled(3)],
    does: [],
  },
  {
    what: "a hub that gives four gets four batches, one behind the other",
    events: [...greeting, welcome(0, 4), spooled(1_000)],
    does: ["alerts 1-100", "alerts 101-200", "alerts 201-300", "alerts 301-400"],
  },
  {
    what: "each acknowledgement lets another go",
    events: [...greeting, welcome(0, 2), spooled(1_000), ack(100)],
    does: ["prune 100", "alerts 201-300"],
  },
  {
    what: "one for two batches lets two go",
    events: [...greeting, welcome(0, 2), spooled(1_000), ack(200)],
    does: ["prune 200", "alerts 201-300", "alerts 301-400"],
  },
  {
    what: "one for a part of a batch sends the rest of it again, and what came behind",
    events: [...greeting, welcome(0, 2), spooled(1_000), ack(40)],
    does: ["prune 40", "alerts 41-140", "alerts 141-240"],
  },
  {
    what: "a hub of another major version is said no to, and left",
    events: [...greeting, { kind: "bad-frame", code: "unsupported-major", message: "major 2", re: "h1" }],
    does: ["refuse", "close: the hub speaks another version: major 2"],
  },
  {
    what: "a batch that is not for us to name after the connection went",
    events: [...welcomed, { kind: "batched", upTo: 3 }],
    does: [],
  },
  { what: "one batch with one credit", events: [...welcomed, spooled(1), spooled(2)], does: [] },
  {
    what: "the next after the acknowledgement",
    events: [...welcomed, spooled(1), spooled(2), ack(1)],
    does: ["prune 1", "alerts 2-2"],
  },
  { what: "no larger than a frame", events: [...welcomed, spooled(1_000)], does: [`alerts 1-${RECORDS_PER_FRAME}`] },
  { what: "an acknowledgement of another epoch is ignored", events: [...welcomed, spooled(1), ack(1, "e0")], does: [] },
  { what: "one of what was never sent is ignored", events: [...welcomed, spooled(1), ack(2)], does: [] },
  { what: "one that comes twice is ignored", events: [...welcomed, spooled(1), ack(1), ack(1)], does: [] },
  {
    what: "no acknowledgement ends the session",
    events: [...welcomed, spooled(1), { kind: "timer", timer: "ack", atMs: 9_000, nonce: "x" }],
    does: ["close: the hub acknowledged nothing"],
  },
  {
    what: "AB-20: control: signed time with our nonce attests",
    events: [...welcomed, say("timestamp", { nonce: "nonce", hubTimeMs: 5, keyId: "k", signature: "s" }, 1_200)],
    does: ["attest"],
  },
  {
    what: "another nonce does not",
    events: [...welcomed, say("timestamp", { nonce: "other", hubTimeMs: 5, keyId: "k", signature: "s" }, 1_200)],
    does: [],
  },
  {
    what: "AB-20: a time that was held back for more than 5 s attests nothing",
    events: [
      ...welcomed,
      say("timestamp", { nonce: "nonce", hubTimeMs: 5, keyId: "k", signature: "s" }, 1_001 + TIME_ROUND_TRIP_MAX_MS),
    ],
    does: [],
  },
  {
    what: "AB-20: one that comes twice counts once",
    events: [
      ...welcomed,
      ...[1_100, 1_200].map((at) => say("timestamp", { nonce: "nonce", hubTimeMs: 5, keyId: "k", signature: "s" }, at)),
    ],
    does: [],
  },
  {
    what: "a silent hub is left",
    events: [
      ...welcomed,
      ...[1, 2, 3].map((n): LinkEvent => ({ kind: "timer", timer: "heartbeat", atMs: n, nonce: `n${n}` })),
    ],
    does: ["close: the hub answers no ping"],
  },
  { what: "a closed socket waits", events: [...welcomed, { kind: "closed", atMs: 2_000, random: 0.5 }], does: [] },
  {
    what: "then dials",
    events: [
      ...welcomed,
      { kind: "closed", atMs: 2_000, random: 0.5 },
      { kind: "timer", timer: "dial", atMs: 3_000, nonce: "" },
    ],
    does: ["dial"],
  },
  {
    what: "a stopped link stays closed",
    events: [...welcomed, { kind: "stop" }, { kind: "closed", atMs: 2_000, random: 0.5 }],
    does: [],
  },
  {
    what: "goaway closes",
    events: [...welcomed, say("goaway", { retryAfterMs: 100, reason: "drain" })],
    does: ["close: the hub asked us to go: drain"],
  },
  { what: "a frame for hubs is refused", events: [...welcomed, say("want", { digests: [] })], does: ["refuse"] },
];

test.each(rows)("$what", ({ events, from, does }) => expect(words(play(events, from).effects)).toEqual(does));

test("where large records leave less in a frame, the next batch begins behind what went out", () => {
  const { effects } = play([...greeting, welcome(0, 3), spooled(1_000)], fresh(), 30);
  expect(words(effects)).toEqual(["alerts 1-100", "alerts 31-130", "alerts 61-160"]);
});

test("activation under way survives a lost connection, its report waits for the next one", () => {
  const events: readonly LinkEvent[] = [
    ...welcomed,
    desired(1),
    { kind: "closed", atMs: 2_000, random: 0 },
    activated(1),
  ];
  const { state, effects } = play(events);
  expect(words(effects)).toEqual(["report 1 activated"]);
  expect(state.durable?.generation).toBe(1);
});

test("reconnects: spread first, then full jitter up to the cap", () => {
  expect(reconnectDelayMs(0, 2_000, 0.5)).toBe(1_000);
  expect(reconnectDelayMs(1, 2_000, 0.999)).toBeLessThan(1_000);
  for (let attempts = 1; attempts < 100; attempts++) {
    expect(reconnectDelayMs(attempts, 2_000, 0.999_999)).toBeLessThanOrEqual(RECONNECT_MAX_MS);
  }
  expect(reconnectDelayMs(50, 2_000, 0.5)).toBe(RECONNECT_MAX_MS / 2);
});

test("a short session counts as a failure, a stable one starts over", () => {
  const after = (atMs: number) => play([...welcomed, { kind: "closed", atMs, random: 0.5 }]).state.attempts;
  expect(after(2_000)).toBe(1);
  const again = play(
    [...greeting.slice(1), challenge],
    play([...welcomed, { kind: "closed", atMs: 2_000, random: 0.5 }]).state,
  ).state;
  expect(again.attempts).toBe(1);
});

const events: fc.Arbitrary<LinkEvent> = fc.oneof(
  fc.constantFrom<LinkEvent>(...greeting, { kind: "stop" }, { kind: "decided" }, challenge),
  fc.tuple(fc.nat(5), fc.nat(5)).map(([seq, credits]) => welcome(seq, credits)),
  fc.nat(9).map((upTo): LinkEvent => ({ kind: "batched", upTo })),
  fc.nat(9).map(spooled),
  fc.nat(9).map((upTo) => ack(upTo)),
  fc.tuple(fc.nat(5), fc.subarray([digest("a"), digest("b")])).map(([g, missing]) => desired(g, ...missing)),
  fc.constantFrom("a", "b").map(kept),
  fc
    .constantFrom("dial", "handshake", "heartbeat", "fetch", "ack")
    .map((timer): LinkEvent => ({ kind: "timer", timer, atMs: 5_000, nonce: "n" })),
  fc.constant<LinkEvent>({ kind: "closed", atMs: 6_000, random: 0.3 }),
);

/** Any order of events: no assertion breaks, and nothing is called activated that no disk said. */
function explore(run: typeof step): void {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 60 }), (sequence) => {
      let { state } = play(welcomed);
      let durable = -1;
      for (const event of sequence) {
        const attempting = state.target.kind === "attempting" ? state.target.signed.desired.generation : null;
        const taken: LinkEvent = attempting !== null && event.kind === "decided" ? activated(attempting) : event;
        if (taken.kind === "attempted") durable = taken.generation;
        const result = run(state, taken);
        for (const effect of result.effects) {
          if (effect.kind === "report" && effect.outcome.phase === "activated")
            expect(effect.desired.generation).toBe(durable);
          if (effect.kind === "prune") expect(effect.upTo).toBeLessThanOrEqual(result.state.spool.ackedSeq);
        }
        state = result.state;
      }
    }),
    { numRuns: 2_000, seed: 7 },
  );
}

test("any order of events keeps the promises", () => explore(step));

test("control: a link that reports activated on receipt is caught", () => {
  const early: typeof step = (state, event) => {
    const { state: next, effects } = step(state, event);
    return {
      state: next,
      effects: effects.map((effect) =>
        effect.kind === "report" && effect.outcome.phase === "received"
          ? { ...effect, outcome: { phase: "activated" } }
          : effect,
      ),
    };
  };
  expect(() => explore(early)).toThrow();
});

test("a hub without a place is not dialled before the time it said", () => {
  const closed: LinkEvent = { kind: "closed", atMs: 1, random: 0 };
  const delay = (events: readonly LinkEvent[]) =>
    play(events).effects.flatMap((one) => (one.kind === "set-timer" && one.timer === "dial" ? [one.delayMs] : []))[0];
  const dialled: LinkEvent = { kind: "start", random: 0 };
  expect(delay([dialled, closed])).toBe(0);
  expect(delay([dialled, { kind: "sent-away", retryAfterMs: 7_000 }, closed])).toBe(7_000);
  expect(delay([dialled, { kind: "sent-away", retryAfterMs: 9_999_999 }, closed])).toBe(RECONNECT_MAX_MS);
});
