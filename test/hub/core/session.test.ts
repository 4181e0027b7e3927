import { expect, test } from "vitest";
import { AssertionFailed } from "../../../src/base/assert.ts";
import { canonicalJson } from "../../../src/base/canonical-json.ts";
import { makeSigningKey, type SigningKey, signBase64Url, signHex } from "../../../src/disk/key-file.ts";
import {
  type NodeForSession,
  type SessionEffect,
  type SessionEvent,
  type SessionState,
  startOfSession,
  stepSession,
} from "../../../src/hub/core/session.ts";
import { EMPTY_HEAD } from "../../../src/ledger/entry.ts";
import { HEARTBEAT_MS, MISSED_HEARTBEATS } from "../../../src/model/limits.ts";
import { type Hello, helloBytes } from "../../../src/model/message.ts";
import { alertOf, EPOCH } from "../hub-fixture.ts";

const key = makeSigningKey();
const NONCE = "n".repeat(43);

/** Words for effects, so that a row of the table reads as what the hub does. */
const said = (effect: SessionEffect): string => {
  if (effect.kind === "send") {
    const { t, body } = effect.message;
    return t === "error" ? `error ${body.code}` : t;
  }
  return effect.kind === "close" ? `close ${effect.code}` : effect.kind;
};

function helloOf(signer: SigningKey, nonce = NONCE, change: Partial<Hello> = {}): Hello {
  const said = { ...HELLO, keyId: signer.keyId, ...change };
  return { ...said, signature: signBase64Url(signer, helloBytes("hub-1", nonce, said)) };
}

const HELLO = {
  node: "LP-01",
  runtimeVersion: "0.1.0",
  bundleFormats: [],
  capabilities: [],
  registerDigest: null,
  clockMs: 0,
  rootVersion: 1,
  generation: 0,
  active: {},
  kept: [],
  ledgerHead: { size: 0, hash: "" },
  epoch: EPOCH,
};

const frame = (seq: number, t: string, body: unknown): SessionEvent => ({
  kind: "text",
  text: JSON.stringify({ v: 1, t, id: `n${seq}`, seq, body }),
  nowMs: 1,
});

const known = (change: Partial<NodeForSession> = {}): NodeForSession => ({
  publicHex: key.publicHex,
  keyId: key.keyId,
  isRevoked: false,
  isAhead: false,
  archived: { head: EMPTY_HEAD, fork: null, mayRestart: false },
  quarantined: null,
  reportCounter: 0,
  ledgerSize: 0,
  liveElsewhere: false,
  ackedSeq: 7,
  ...change,
});

const lookedUp = (node: NodeForSession | undefined, hello = helloOf(key)): SessionEvent => ({
  kind: "looked-up",
  hello,
  re: "n1",
  node,
  nowMs: 1,
});

const greeting: readonly SessionEvent[] = [
  { kind: "connected", hubTimeMs: 5 },
  frame(1, "hello", helloOf(key)),
  lookedUp(known()),
];

interface Played {
  readonly state: SessionState;
  readonly log: readonly string[];
  readonly effects: readonly SessionEffect[];
}

function play(events: readonly SessionEvent[]): Played {
  let state = startOfSession("hub-1", "s1", NONCE, 0);
  const log: string[] = [];
  const effects: SessionEffect[] = [];
  for (const event of events) {
    const step = stepSession(state, event);
    state = step.state;
    log.push(...step.effects.map(said));
    effects.push(...step.effects);
  }
  return { state, log, effects };
}

const signedReport = (node: string, signer: SigningKey) => {
  const report = {
    node,
    counter: 1,
    observedGeneration: 1,
    attempted: {},
    active: {},
    documents: { register: null, people: null, orders: null, zone: null },
    ledgerHead: { size: 0, hash: "" },
    // A field of a later minor version: unknown here, and signed all the same.
    later: true,
  };
  return { report, signature: signHex(signer, canonicalJson(report)) };
};

const batch = (...seqs: readonly number[]) => ({ epoch: EPOCH, alerts: seqs.map((seq) => alertOf("LP-01", seq)) });
const refusedAs = (code: string): readonly string[] => [`error ${code}`, "close 1008"];
const stranger = makeSigningKey();

const rows: readonly {
  readonly what: string;
  readonly events: readonly SessionEvent[];
  readonly log: readonly string[];
}[] = [
  { what: "a known key is welcomed", events: [], log: [] },
  {
    what: "a want brings each blob once",
    events: [frame(2, "want", { digests: [`sha256:${"a".repeat(64)}`, `sha256:${"a".repeat(64)}`] })],
    log: ["send-blob"],
  },
  {
    what: "a ping is answered with signed time",
    events: [
      frame(2, "ping", { nonce: "p".repeat(22) }),
      { kind: "time-signed", nonce: "p", hubTimeMs: 1, keyId: "k", signature: "s", re: "n2" },
    ],
    log: ["sign-time", "timestamp"],
  },
  {
    what: "a report of the node's key is taken",
    events: [frame(2, "report", signedReport("LP-01", key))],
    log: ["take-report"],
  },
  {
    what: "a report of another key ends the session",
    events: [frame(2, "report", signedReport("LP-01", stranger))],
    log: ["note", ...refusedAs("unauthenticated")],
  },
  {
    what: "a report of another node ends the session",
    events: [frame(2, "report", signedReport("LP-02", key))],
    log: refusedAs("unauthenticated"),
  },
  { what: "alerts are committed, not yet acknowledged", events: [frame(2, "alert", batch(8))], log: ["commit-alerts"] },
  {
    what: "the acknowledgement follows the commit",
    events: [frame(2, "alert", batch(8)), { kind: "committed", epoch: EPOCH, upTo: 8, re: "n2" }],
    log: ["commit-alerts", "ack"],
  },
  {
    what: "a commit of another epoch acknowledges nothing",
    events: [{ kind: "committed", epoch: "f".repeat(16), upTo: 8, re: "n2" }],
    log: [],
  },
  {
    what: "alerts of another epoch end the session",
    events: [frame(2, "alert", { ...batch(8), epoch: "f".repeat(16) })],
    log: refusedAs("bad-frame"),
  },
  {
    what: "too many alerts a frame end the session",
    events: [frame(2, "alert", batch(...Array.from({ length: 101 }, (_, i) => i + 8)))],
    log: refusedAs("bad-frame"),
  },
  {
    what: "an unknown type is answered and the session goes on",
    events: [frame(2, "novel", {}), frame(3, "ping", { nonce: "p".repeat(22) })],
    log: ["error unknown-type", "sign-time"],
  },
  {
    what: "a frame that was left out ends the session",
    events: [frame(3, "ping", { nonce: "p".repeat(22) })],
    log: refusedAs("gap"),
  },
  {
    what: "a doubled frame ends the session",
    events: [frame(2, "ping", { nonce: "p".repeat(22) }), frame(2, "ping", { nonce: "p".repeat(22) })],
    log: ["sign-time", ...refusedAs("gap")],
  },
  {
    what: "another major is refused",
    events: [{ kind: "text", text: JSON.stringify({ v: 2, t: "ping", id: "x", seq: 2, body: {} }), nowMs: 1 }],
    log: refusedAs("unsupported-major"),
  },
  {
    what: "a second hello ends the session",
    events: [frame(2, "hello", helloOf(key))],
    log: refusedAs("unauthenticated"),
  },
  { what: "a binary frame ends the session", events: [{ kind: "binary" }], log: refusedAs("bad-frame") },
  { what: "a node that left is let go", events: [frame(2, "bye", { reason: "stopping" })], log: ["close 1000"] },
  {
    what: "a silent node is let go",
    events: [{ kind: "tick", nowMs: 2 + HEARTBEAT_MS * MISSED_HEARTBEATS }],
    log: ["close 1001"],
  },
  {
    what: "a hub that stops says when to come back",
    events: [{ kind: "stopping", retryAfterMs: 2_000, why: "the hub stops" }],
    log: ["goaway", "bye", "close 1001"],
  },
  { what: "the time to say hello does not run out later", events: [{ kind: "auth-timeout" }], log: [] },
];
test.each(rows)("$what", ({ events, log }) => {
  expect(play([...greeting, ...events]).log).toEqual(["challenge", "look-up", "welcome", "admit", ...log]);
});

const doors: readonly {
  readonly what: string;
  readonly events: readonly SessionEvent[];
  readonly log: readonly string[];
}[] = [
  {
    what: "an unknown node",
    events: [frame(1, "hello", helloOf(key)), lookedUp(undefined)],
    log: ["look-up", "note", ...refusedAs("unauthenticated")],
  },
  {
    what: "a wrong key under a known name",
    events: [frame(1, "hello", helloOf(stranger)), lookedUp(known(), helloOf(stranger))],
    log: ["look-up", "note", ...refusedAs("unauthenticated")],
  },
  {
    what: "a signature over another nonce",
    events: [frame(1, "hello", helloOf(key, "m".repeat(43))), lookedUp(known(), helloOf(key, "m".repeat(43)))],
    log: ["look-up", "note", ...refusedAs("unauthenticated")],
  },
  {
    what: "a second live session",
    events: [frame(1, "hello", helloOf(key)), lookedUp(known({ liveElsewhere: true }))],
    log: ["look-up", "note", ...refusedAs("duplicate-session"), "probe-rival"],
  },
  { what: "alerts before hello", events: [frame(1, "alert", batch(1))], log: refusedAs("unauthenticated") },
  {
    what: "a frame while the key is looked up",
    events: [frame(1, "hello", helloOf(key)), frame(2, "ping", { nonce: "p".repeat(22) })],
    log: ["look-up", ...refusedAs("unauthenticated")],
  },
  { what: "silence", events: [{ kind: "auth-timeout" }], log: refusedAs("unauthenticated") },
  { what: "no JSON", events: [{ kind: "text", text: "{", nowMs: 1 }], log: refusedAs("bad-frame") },
  { what: "a doubled key", events: [{ kind: "text", text: '{"v":1,"v":1}', nowMs: 1 }], log: refusedAs("bad-frame") },
  { what: "deep nesting", events: [{ kind: "text", text: "[".repeat(100), nowMs: 1 }], log: refusedAs("bad-frame") },
];
test.each(doors)("$what is turned away", ({ events, log }) => {
  const { state, log: heard } = play([{ kind: "connected", hubTimeMs: 5 }, ...events]);
  expect(heard).toEqual(["challenge", ...log]);
  expect(state.phase).toBe("closed");
});

const archivedAt = (size: number, change: Partial<NodeForSession["archived"]> = {}): NodeForSession["archived"] => ({
  head: { size, hash: `sha256:${String(size).padStart(64, "0")}` },
  ...{ fork: null, mayRestart: false, ...change },
});
const ledgers: readonly {
  readonly what: string;
  readonly archived: NodeForSession["archived"];
  readonly said: Hello["ledgerHead"];
  readonly logSize: number | null;
  readonly isMet?: boolean;
}[] = [
  { what: "a first ledger", archived: archivedAt(0), said: { size: 0, hash: "" }, logSize: 0 },
  { what: "one that grew", archived: archivedAt(5), said: { size: 9, hash: "any" }, logSize: 5 },
  { what: "one that did not", archived: archivedAt(5), said: archivedAt(5).head, logSize: 5 },
  { what: "a shorter one", archived: archivedAt(5), said: { size: 4, hash: "any" }, logSize: null, isMet: true },
  { what: "one with another end", archived: archivedAt(5), said: { size: 5, hash: "x" }, logSize: null, isMet: true },
  {
    what: "one that forked before",
    archived: archivedAt(5, { fork: "it forked" }),
    said: archivedAt(5).head,
    logSize: null,
    isMet: true,
  },
  {
    what: "a shorter one that a person let go on",
    archived: archivedAt(5, { mayRestart: true }),
    said: { size: 4, hash: "any" },
    logSize: 0,
    isMet: true,
  },
];
test.each(ledgers)("$what against what is archived", ({ archived, said: ledgerHead, logSize, isMet = false }) => {
  const hello = helloOf(key, NONCE, { ledgerHead });
  const events = [frame(1, "hello", hello), lookedUp(known({ archived }), hello)];
  const { log, effects } = play([{ kind: "connected", hubTimeMs: 5 }, ...events]);
  expect(log).toEqual(["challenge", "look-up", ...(isMet ? ["meet-ledger"] : []), "welcome", "admit"]);
  const welcomed = effects.find((effect) => effect.kind === "send" && effect.message.t === "welcome");
  const quarantined = logSize === null ? expect.any(String) : null;
  expect(welcomed).toMatchObject({ message: { body: { logSize, quarantined } } });
});

const other: { readonly [member in keyof Omit<Hello, "signature">]: unknown } = {
  ...{ node: "LP-02", keyId: "another", runtimeVersion: "0.0.1", bundleFormats: ["maint-bundle/9"] },
  ...{ capabilities: ["more"], registerDigest: `sha256:${"1".repeat(64)}`, clockMs: 1, rootVersion: 2, generation: 1 },
  ...{ active: { "UV-DAILY": `sha256:${"1".repeat(64)}` }, kept: [`sha256:${"1".repeat(64)}`], epoch: "f".repeat(16) },
  ...{ ledgerHead: { size: 4, hash: "any" }, counter: 1, hubCheckpointSize: 1 },
  restsOn: {
    timestamp: { version: 1, digest: `sha256:${"1".repeat(64)}` },
    snapshot: { version: 1, digest: `sha256:${"1".repeat(64)}` },
  },
};
test.each(Object.entries(other))("AB-14: a hello whose %s was changed on its way proves nothing", (member, value) => {
  const said = helloOf(key, NONCE, { counter: 9, ledgerHead: { size: 9, hash: "own" } });
  const changed = { ...said, [member]: value };
  const node = known({ reportCounter: 8, archived: archivedAt(5) });
  const { log } = play([
    { kind: "connected", hubTimeMs: 5 },
    frame(1, "hello", changed),
    lookedUp(node, changed as Hello),
  ]);
  expect(log).toEqual(["challenge", "look-up", "note", ...refusedAs("unauthenticated")]);
});

test("what comes after the end is not heard", () => {
  const { log } = play([...greeting, { kind: "disconnected" }, { kind: "committed", epoch: EPOCH, upTo: 99, re: "n" }]);
  expect(log).toEqual(["challenge", "look-up", "welcome", "admit"]);
});

test("control: an acknowledgement beyond what is durable is our own mistake", () => {
  const open = play(greeting).state;
  // A planted bug: the commit's event is applied to a state that forgets it.
  const forgetful = new Proxy(open, {
    get: (state, name) => (name === "durableSeq" ? Number.NaN : Reflect.get(state, name)),
  });
  expect(() => stepSession(forgetful, { kind: "committed", epoch: EPOCH, upTo: 8, re: "n2" })).toThrow(AssertionFailed);
});
