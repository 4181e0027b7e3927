import { expect, test } from "vitest";
import { startOfLink, step } from "../../../src/agent/core/link.ts";
import type { LinkEffect, LinkEvent, LinkState } from "../../../src/agent/core/link-state.ts";
import { LOG_INTERVAL_MS } from "../../../src/model/limits.ts";
import type { Message } from "../../../src/model/message.ts";

const say = (t: Message["t"], body: unknown): LinkEvent => ({
  ...{ kind: "message", atMs: 1_000, nonce: "nonce" },
  message: { v: 1, t, id: "h1", seq: 1, body } as unknown as Message,
});
const challenge = say("challenge", { nonce: "n", hub: "hub-1", hubTimeMs: 0, majors: [1], spreadMs: 2_000 });
const welcomed = (logSize?: number | null): readonly LinkEvent[] => [
  ...([{ kind: "start", random: 0.5 }, { kind: "opened" }, challenge] as const),
  say("welcome", { session: "s1", heartbeatMs: 1_000, ackedSeq: 0, credits: 1, logSize }),
];
const look: LinkEvent = { kind: "timer", timer: "log", atMs: 2_000, nonce: "x" };
const sent = (upTo: number): LinkEvent => ({ kind: "log-sent", upTo });
const logged = (size: number, more: object = {}): LinkEvent => say("logged", { size, ...more });

const words = (effects: readonly LinkEffect[]): readonly string[] =>
  effects.flatMap((effect) => {
    if (effect.kind === "send-log") return [`send from ${effect.from}`];
    if (effect.kind === "close") return [`close: ${effect.why}`];
    const isOurs = "timer" in effect && ["log", "logged"].includes(effect.timer);
    if (effect.kind === "set-timer" && isOurs) return [`${effect.timer} in ${effect.delayMs}`];
    return effect.kind === "clear-timer" && isOurs ? [`no ${effect.timer}`] : [];
  });

function play(events: readonly LinkEvent[]): { readonly state: LinkState; readonly does: readonly string[] } {
  let state = startOfLink({ epoch: "e1", spooledSeq: 0, ackedSeq: 0, durable: null });
  let does: readonly string[] = [];
  for (const event of events) {
    const done = step(state, event);
    state = done.state;
    does = words(done.effects);
  }
  return { state, does };
}

const rows: readonly {
  readonly what: string;
  readonly events: readonly LinkEvent[];
  readonly does: readonly string[];
}[] = [
  { what: "a hub that takes none is sent none", events: [...welcomed(null), look], does: [] },
  { what: "an older hub says nothing of it", events: [...welcomed(), look], does: [] },
  { what: "a hub that takes it", events: welcomed(7), does: [`log in ${LOG_INTERVAL_MS}`] },
  { what: "it goes on from there", events: [...welcomed(7), look], does: ["send from 7"] },
  { what: "nothing new", events: [...welcomed(7), look, sent(7)], does: [`log in ${LOG_INTERVAL_MS}`] },
  { what: "one batch is waited for", events: [...welcomed(7), look, sent(20)], does: ["logged in 3000"] },
  { what: "not two", events: [...welcomed(7), look, sent(20), look], does: [] },
  {
    what: "what was archived goes on at once",
    events: [...welcomed(7), look, sent(20), logged(20)],
    does: ["no logged", "log in 0"],
  },
  { what: "from there", events: [...welcomed(7), look, sent(20), logged(20), look], does: ["send from 20"] },
  {
    what: "a gap is sent again, and not at once",
    events: [...welcomed(7), look, sent(20), logged(3)],
    does: ["no logged", `log in ${LOG_INTERVAL_MS}`],
  },
  { what: "from the gap", events: [...welcomed(7), look, sent(20), logged(3), look], does: ["send from 3"] },
  {
    what: "a hub that is busy says for how long",
    events: [...welcomed(7), look, sent(20), logged(7, { retryAfterMs: 9_000 })],
    does: ["no logged", "log in 9000"],
  },
  {
    what: "a ledger that is refused is sent no more",
    events: [...welcomed(7), look, sent(20), logged(7, { refused: "forked" }), look],
    does: [],
  },
  { what: "an answer to nothing", events: [...welcomed(7), logged(99), look], does: ["send from 7"] },
  {
    what: "a hub that never answers",
    events: [...welcomed(7), look, sent(20), { kind: "timer", timer: "logged", atMs: 9_000, nonce: "x" }],
    does: ["close: the hub archived nothing"],
  },
  {
    what: "alerts go first",
    events: [...welcomed(7), { kind: "spooled", seq: 1 }, look],
    does: [`log in ${LOG_INTERVAL_MS}`],
  },
  {
    what: "but a flood of them does not keep the ledger back for ever",
    events: [...welcomed(7), { kind: "spooled", seq: 1 }, look, { kind: "spooled", seq: 2 }, look],
    does: ["send from 7"],
  },
  {
    what: "the end of a session ends what was under way",
    events: [...welcomed(7), look, sent(20), { kind: "closed", atMs: 3_000, random: 0.5 }, look],
    does: [],
  },
];
test.each(rows)("$what", ({ events, does }) => {
  expect(play(events).does).toEqual(does);
});

test("what the hub refuses is said to whoever asks the node", () => {
  const { state } = play([...welcomed(7), look, sent(20), logged(7, { refused: "its ledger forked" })]);
  expect(state.hubSays).toBe("its ledger forked");
});
