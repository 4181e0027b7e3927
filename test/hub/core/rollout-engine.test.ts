import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  countWave,
  foldRollout,
  type NodeOutcome,
  next,
  type Outcome,
  openNodes,
  type RolloutEvent,
  type RolloutState,
  reaches,
  type StartedEvent,
} from "../../../src/hub/core/rollout-engine.ts";
import { DEFAULT_POLICY, type RolloutPolicy } from "../../../src/hub/core/rollout-policy.ts";
import type { Wave } from "../../../src/hub/core/rollout-waves.ts";

const wave = (name: string, ...nodes: string[]): Wave => ({ name, nodes });
const WAVES = [wave("1", "A"), wave("50%", "B", "C"), wave("rest", "D", "E", "F", "G")];
const started = (change: Partial<RolloutPolicy> = {}, waves: readonly Wave[] = WAVES): StartedEvent => ({
  kind: "started",
  contract: "UV-DAILY",
  version: "v1.1",
  policy: { ...DEFAULT_POLICY, errorPercent: 0, soakMs: 100, ...change },
  waves,
  by: "QA-1",
  atMs: 0,
});
const always = () => true;
const never = () => false;

/** A rollout that is written down event by event, and asked as the hub asks. */
function recorder(first: StartedEvent, wayBack: (node: string) => boolean = always) {
  const events: RolloutEvent[] = [first];
  const state = (): RolloutState => foldRollout(events);
  const settle = (nowMs: number): RolloutState => {
    for (let due = next(state(), nowMs, wayBack); due !== undefined; due = next(state(), nowMs, wayBack))
      events.push(due);
    return state();
  };
  const say = (nowMs: number, said: { readonly [node: string]: Outcome }): RolloutState => {
    const nodes = Object.entries(said).map(
      ([node, outcome]): NodeOutcome => ({ node, outcome, phase: null, reason: null }),
    );
    events.push({ kind: "observed", nodes, atMs: nowMs });
    return settle(nowMs);
  };
  return { events, state, settle, say, push: (event: RolloutEvent) => events.push(event) };
}

const reached = (state: RolloutState): string => {
  const nodes = reaches(state);
  return nodes === "all" ? "all" : [...nodes].sort().join("");
};

test("waves open one behind the other, each after the one before was good for its soak", () => {
  const { settle, say } = recorder(started());
  expect(reached(settle(0))).toBe("A");
  expect(reached(say(10, { A: "succeeded" }))).toBe("A");
  expect(reached(settle(109))).toBe("A");
  expect(reached(settle(110))).toBe("ABC");
  expect(reached(say(120, { B: "succeeded" }))).toBe("ABC");
  expect(reached(settle(999))).toBe("ABC");
  say(1_000, { C: "succeeded" });
  expect(reached(settle(1_100))).toBe("ABCDEFG");
  say(1_200, { D: "succeeded", E: "succeeded", F: "succeeded", G: "succeeded" });
  const done = settle(1_300);
  expect([done.status, reached(done)]).toEqual(["finished", "all"]);
});

const gates: readonly {
  readonly what: string;
  readonly policy?: Partial<RolloutPolicy>;
  readonly wayBack?: (node: string) => boolean;
  readonly said: { readonly [node: string]: Outcome };
  readonly status: string;
  readonly reaches: string;
  readonly because?: RegExp;
}[] = [
  {
    what: "one failure pauses",
    said: { B: "failed" },
    status: "paused",
    reaches: "ABC",
    because: /wave 2 of 3 \(50%\): 1 of 2/,
  },
  {
    what: "one failure may be let pass",
    policy: { errorPercent: 50 },
    said: { B: "failed" },
    status: "running",
    reaches: "ABC",
  },
  {
    what: "half is enough where the policy says so",
    policy: { errorPercent: 50, successPercent: 50 },
    said: { B: "failed", C: "succeeded" },
    status: "running",
    reaches: "ABCDEFG",
  },
  {
    what: "a breach reverts what is open",
    policy: { onBreach: "revert" },
    said: { B: "failed" },
    status: "reverted",
    reaches: "",
  },
  {
    what: "a failure in an earlier wave is one too",
    policy: { onBreach: "revert" },
    said: { A: "failed" },
    status: "reverted",
    reaches: "",
  },
  {
    what: "who has no way back stays",
    policy: { onBreach: "revert" },
    wayBack: (node) => node !== "C",
    said: { B: "failed" },
    status: "reverted",
    reaches: "C",
  },
  {
    what: "with no way back at all it pauses",
    policy: { onBreach: "revert" },
    wayBack: never,
    said: { B: "failed" },
    status: "paused",
    reaches: "ABC",
    because: /no earlier version/,
  },
  { what: "who is away holds nothing up", said: { B: "away", C: "succeeded" }, status: "running", reaches: "ABCDEFG" },
  { what: "a wave that is all away proves nothing", said: { B: "away", C: "away" }, status: "running", reaches: "ABC" },
  { what: "who waits holds it up", said: { B: "waiting", C: "succeeded" }, status: "running", reaches: "ABC" },
];
describe("gates", () => {
  for (const { what, policy, wayBack, said, because, ...ends } of gates)
    test(what, () => {
      const { settle, say } = recorder(started(policy), wayBack);
      settle(0);
      say(0, { A: "succeeded" });
      settle(100);
      say(200, said);
      const state = settle(300);
      expect({ status: state.status, reaches: reached(state) }).toEqual(ends);
      if (because !== undefined) expect(state.because?.reason).toMatch(because);
    });
});

test("what a person went on in spite of is not counted again, what is new is", () => {
  const { settle, say, push } = recorder(started());
  settle(0);
  expect(say(1, { A: "failed" }).status).toBe("paused");
  push({ kind: "resumed", by: "QA-1", reason: "its disk was full", atMs: 2 });
  settle(2);
  expect(reached(settle(200))).toBe("ABC");
  expect(say(201, { C: "failed" }).status).toBe("paused");
});

test("a late joiner enters the last wave, and whoever leaves counts no more", () => {
  const { settle, say, push } = recorder(started());
  settle(0);
  push({ kind: "joined", nodes: ["H"], atMs: 1 });
  push({ kind: "left", nodes: ["B"], atMs: 1 });
  say(1, { A: "succeeded" });
  expect(reached(settle(101))).toBe("AC");
  say(102, { C: "succeeded" });
  expect(reached(settle(202))).toBe("ACDEFGH");
});

test("no nodes, no waiting", () => {
  const { settle } = recorder(started({ soakMs: 0 }, [wave("100%")]));
  expect(settle(0).status).toBe("finished");
});

test("a wave opened by hand skips the gate, and a soak begins anew", () => {
  const { settle, push } = recorder(started());
  settle(0);
  push({ kind: "advanced", wave: 1, by: "QA-1", reason: "A is being moved", atMs: 5 });
  const state = settle(5);
  expect([reached(state), state.soakSinceMs]).toEqual(["ABC", null]);
});

/** What happens to a rollout from outside, at random, bad luck included. */
const nodeNames = ["A", "B", "C", "D", "E", "F", "G", "H", "I"];
const input = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("wait" as const), forMs: fc.integer({ min: 1, max: 300 }) }) },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant("said" as const),
      node: fc.constantFrom(...nodeNames),
      outcome: fc.constantFrom<Outcome>("succeeded", "succeeded", "succeeded", "waiting", "away", "failed"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom("joined" as const, "left" as const),
      node: fc.constantFrom(...nodeNames),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom("paused" as const, "resumed" as const, "resumed" as const, "advanced" as const),
    }),
  },
);
const policies = fc.record({
  errorPercent: fc.constantFrom(0, 25, 50, 100),
  successPercent: fc.constantFrom(1, 50, 100),
  soakMs: fc.constantFrom(0, 100),
  onBreach: fc.constantFrom("pause" as const, "revert" as const),
});
type Input = typeof input extends fc.Arbitrary<infer T> ? T : never;

/** What an input means for a rollout in this state; as the hub's services would, orders that do not fit are refused. */
function eventOf(state: RolloutState, given: Input, atMs: number): RolloutEvent | undefined {
  const isOpen = state.status === "running" || state.status === "paused";
  if (!isOpen || given.kind === "wait") return undefined;
  const members = state.waves.flatMap(({ nodes }) => nodes);
  const said = { by: "QA-1", reason: "because", atMs };
  switch (given.kind) {
    case "said": {
      const isReached = openNodes(state).includes(given.node);
      const nodes = [{ node: given.node, outcome: given.outcome, phase: null, reason: null }];
      return isReached ? { kind: "observed", nodes, atMs } : undefined;
    }
    case "joined":
      return members.includes(given.node) ? undefined : { kind: "joined", nodes: [given.node], atMs };
    case "left":
      return members.includes(given.node) ? { kind: "left", nodes: [given.node], atMs } : undefined;
    case "paused":
      return state.status === "running" ? { kind: "paused", ...said } : undefined;
    case "resumed":
      return state.status === "paused" ? { kind: "resumed", ...said } : undefined;
    case "advanced":
      return state.status === "running" && state.wave + 1 < state.waves.length
        ? { kind: "advanced", wave: state.wave + 1, ...said }
        : undefined;
  }
}

type Next = typeof next;

/**
 * The hub over a log on a disk: it writes one event at a time, and with `crashAt` it dies behind that write, forgets all it
 * knew, reads the log and goes on with the input that it was about.
 */
function run(inputs: readonly Input[], first: StartedEvent, crashAt: number, step: Next = next) {
  const disk: string[] = [JSON.stringify(first)];
  let memory = foldRollout([first]);
  let nowMs = 0;
  const read = (): RolloutState => foldRollout(disk.map((line) => JSON.parse(line) as RolloutEvent));
  const write = (event: RolloutEvent): void => {
    disk.push(JSON.stringify(event));
    memory = foldRollout([...disk.slice(0, -1).map((line) => JSON.parse(line) as RolloutEvent), event]);
    if (disk.length === crashAt) memory = read();
  };
  const settle = (): void => {
    for (let due = step(memory, nowMs, always); due !== undefined; due = step(memory, nowMs, always)) {
      if (disk.length > 500) throw new Error("it does not come to an end");
      write(due);
    }
  };
  settle();
  for (const given of inputs) {
    if (given.kind === "wait") nowMs += given.forMs;
    const event = eventOf(memory, given, nowMs);
    if (event !== undefined) write(event);
    settle();
  }
  return { disk, state: memory };
}

/** The first wave has two nodes, so that one can fail and the other not. */
const PAIRS = [wave("2", "A", "B"), wave("60%", "C", "D"), wave("rest", "E", "F", "G")];
const cases = fc.tuple(fc.array(input, { maxLength: 40 }), policies);

test("a crash behind any event leads to the same record and the same state", () => {
  fc.assert(
    fc.property(cases, ([inputs, policy]) => {
      const whole = run(inputs, started(policy, PAIRS), -1);
      for (let crashAt = 1; crashAt <= whole.disk.length; crashAt += 1) {
        const crashed = run(inputs, started(policy, PAIRS), crashAt);
        expect(crashed.disk).toEqual(whole.disk);
        expect(crashed.state).toEqual(whole.state);
      }
    }),
    { numRuns: 60, seed: 4 },
  );
});

/** What must hold whatever happens. Answers what does not. */
function wrongIn(disk: readonly string[]): string | undefined {
  const events = disk.map((line) => JSON.parse(line) as RolloutEvent);
  let before: RolloutState | undefined;
  for (let count = 1; count <= events.length; count += 1) {
    const state = foldRollout(events.slice(0, count));
    const event = events[count - 1] as RolloutEvent;
    const members = state.waves.flatMap(({ nodes }) => nodes);
    if (new Set(members).size !== members.length) return "a node is in two waves";
    if (before !== undefined && event.kind === "wave-opened") {
      const open = before.waves[before.wave];
      const passed =
        open === undefined ||
        events.slice(0, count).some((one) => one.kind === "wave-passed" && one.wave === before?.wave);
      if (!passed) return "a wave opened before the one before it had passed";
      if (before.status !== "running") return "a wave opened while it did not run";
    }
    if (before !== undefined && event.kind === "wave-passed") {
      const { failed, nodes } = countWave(before, before.waves[event.wave] ?? wave(""));
      if (failed * 100 > nodes * before.policy.errorPercent) return "a wave passed over its failures";
      if (event.atMs - (before.soakSinceMs ?? event.atMs) < before.policy.soakMs)
        return "a wave passed before its soak";
    }
    if (before !== undefined && event.kind === "reverted" && event.nodes.some((node) => reachesNode(state, node)))
      return "a node that went back is still reached";
    before = state;
  }
  return undefined;
}
const reachesNode = (state: RolloutState, node: string): boolean => {
  const nodes = reaches(state);
  return nodes === "all" || nodes.has(node);
};

const judged = (step: Next) =>
  fc.check(
    fc.property(cases, ([inputs, policy]) => {
      const wrong = wrongIn(run(inputs, started(policy, PAIRS), -1, step).disk);
      if (wrong !== undefined) throw new Error(wrong);
    }),
    { numRuns: 1_500, seed: 7 },
  );

test("whatever happens, no wave opens early, passes over failures, or before its soak", () => {
  expect(judged(next).failed).toBe(false);
});

const planted: readonly { readonly what: string; readonly step: Next }[] = [
  {
    what: "failures are not looked at",
    step: (state, nowMs) => next({ ...state, policy: { ...state.policy, errorPercent: 100 } }, nowMs, always),
  },
  {
    what: "the soak is not waited for",
    step: (state, nowMs) => next({ ...state, policy: { ...state.policy, soakMs: 0 } }, nowMs, always),
  },
  {
    what: "a paused one goes on",
    step: (state, nowMs) =>
      next(
        state.status === "paused"
          ? { ...state, status: "running", policy: { ...state.policy, errorPercent: 100 } }
          : state,
        nowMs,
        always,
      ),
  },
  {
    what: "a wave opens without the gate",
    step: (state, nowMs) =>
      state.status === "running" && state.wave + 1 < state.waves.length
        ? { kind: "wave-opened", wave: state.wave + 1, atMs: nowMs }
        : next(state, nowMs, always),
  },
];
for (const { what, step } of planted)
  test(`a planted mistake is caught: ${what}`, () => expect(judged(step).failed).toBe(true));
