import type { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Agent } from "../../src/agent/index.ts";
import { makeSigningKey } from "../../src/disk/key-file.ts";
import { ask, bundleOf, inForce, openWorld, operator, until, type World } from "../agent/agent-world.ts";
import type { Answer } from "../agent/fake-hub.ts";
import { nonceOf, saysTime } from "../agent/signed-time.ts";
import { rawFrame } from "./raw-peer.ts";

// Abuse cases 10, 14, 16 and 20 as a node meets them: a hub, or somebody on the way to it, that does not do as the protocol says.
// Whatever it does, the gate goes on by the set that was in force.

const contract = (least: number): string => `contract UV-DAILY "UV each day" {
  for every penetrant station

  uv-intensity is measured in uW/cm2

  before every test {
    uv-intensity-each-day:
      each day, uv-intensity must be at least ${least} uW/cm2
  }
}
`;

/** A node with v1.0 in force, and a hub that from now on has something else for it. */
async function floor(): Promise<{ readonly w: World; readonly agent: Agent; readonly next: () => void }> {
  const w = await openWorld();
  w.set(1, { "UV-DAILY": w.repository.release("UV-DAILY", "v1.0", bundleOf(contract(1000))) });
  const agent = await w.start();
  await inForce(agent, 1);
  const next = (): void => {
    w.set(2, { "UV-DAILY": w.repository.release("UV-DAILY", "v1.1", bundleOf(contract(1100))) });
    w.hub.push();
  };
  return { w, agent, next };
}

async function gateGoesOn(agent: Agent): Promise<void> {
  const { json } = await ask(agent, "/v1/gate", { test: "T-1" }, operator.token);
  expect(json).toMatchObject({ reasons: ["reading.missing:uv-intensity"], contracts: [{ version: "v1.0" }] });
}

const blobHead = (claims: number): Buffer => rawFrame({ opcode: 2, claims, isMasked: false });
const part = Buffer.alloc(64 << 10);

/** Writes on as fast as it is taken. */
function endless(wire: Duplex, piece: Buffer): void {
  wire.on("error", () => undefined);
  const write = (): void => void (wire.writable && wire.write(piece, write));
  write();
}

/** Writes byte after byte, so that nothing else comes through. */
function drop(wire: Duplex, bytes: Buffer, everyMs: number): void {
  wire.on("error", () => undefined);
  let at = 0;
  const timer = setInterval(() => {
    if (!wire.writable || at === bytes.length) return clearInterval(timer);
    wire.write(bytes.subarray(at, at + 1));
    at += 1;
  }, everyMs);
}

const dribbling: readonly { readonly what: string; readonly want: Answer; readonly code: number }[] = [
  {
    what: "a blob that claims to be 10 GiB is not begun",
    want: (_say, _body, wire) => void wire.write(blobHead(10 * 2 ** 30)),
    code: 1009,
  },
  {
    what: "a message without an end is left at 4 MiB",
    want: (_say, _body, wire) => {
      wire.write(rawFrame({ isLast: false, opcode: 2, payload: part, isMasked: false }));
      endless(wire, rawFrame({ isLast: false, opcode: 0, payload: part, isMasked: false }));
    },
    code: 1009,
  },
  {
    what: "a message in parts without an end is left at the 256th",
    want: (_say, _body, wire) => {
      wire.write(rawFrame({ isLast: false, opcode: 2, payload: Buffer.from("x"), isMasked: false }));
      const more = rawFrame({ isLast: false, opcode: 0, payload: Buffer.from("x"), isMasked: false });
      endless(wire, Buffer.alloc(more.length * 64, more));
    },
    code: 1008,
  },
  {
    // The design counts heartbeats, not bytes: behind a blob that does not end no answer to a ping comes through.
    what: "a blob that comes byte by byte is left after three heartbeats",
    want: (_say, _body, wire) => drop(wire, Buffer.concat([blobHead(4_000), Buffer.alloc(4_000)]), 10),
    code: 1000,
  },
];

describe("AB-10: endless or slow data", () => {
  test.each(dribbling)("$what", async ({ want, code }) => {
    const { w, agent, next } = await floor();
    w.hub.answers = { want };
    next();
    await until("the node leaves", () => w.hub.closes.length > 0);
    expect(w.hub.closes[0]).toBe(code);
    await gateGoesOn(agent);
    expect(agent.status().generation).toBe(1);
    // It comes back, and to a hub that behaves it is a node like any other.
    w.hub.answers = {};
    await inForce(agent, 2);
  });
});

test("AB-14: a node whose key has a copy is told so, and its gate goes on; nothing new reaches it", async () => {
  const { w, agent } = await floor();
  const hubSays = "two sessions of its key were live at once: it has a copy";
  w.hub.answers = {
    hello: (say) => say("welcome", { session: "s", heartbeatMs: 200, ackedSeq: 0, credits: 1, quarantined: hubSays }),
  };
  w.hub.dropAll();
  await until("the hub's word", () => agent.status().hub.says === hubSays);
  await gateGoesOn(agent);
});

describe("AB-16: a hub that is another one", () => {
  test("it gets no signature, whatever challenge it relays", async () => {
    const w = await openWorld();
    w.hub.id = "hub-of-somebody-else";
    const agent = await w.start();
    await until("the node leaves", () => w.hub.closes.length > 0);
    expect(w.hub.hellos).toEqual([]);
    // Control: the hub that enrolled it gets one.
    w.hub.id = "hub-test";
    await until("a session", () => w.hub.hellos.length === 1);
    await until("signed time", () => agent.status().clock.source === "attested");
  });
});

const clocks: readonly {
  readonly what: string;
  readonly ping: (w: World, earlier: string[]) => Answer;
}[] = [
  { what: "signed by another key", ping: (w) => saysTime(w, { key: makeSigningKey() }) },
  { what: "signed for another node", ping: (w) => saysTime(w, { node: "Pen-2" }) },
  { what: "with a nonce of its own", ping: (w) => saysTime(w, { nonce: "m".repeat(43) }) },
  { what: "changed on the way", ping: (w) => saysTime(w, { laterMs: 3_600_000 }) },
  {
    what: "that answered the ping before",
    ping: (w, earlier) => (say, body) => {
      const [before] = earlier.splice(0, 1, nonceOf(body));
      if (before !== undefined) saysTime(w, { nonce: before })(say, body, undefined as never);
    },
  },
];

describe("AB-20: time that was not signed for this node, now", () => {
  test.each(clocks)("a time $what attests nothing", async ({ ping }) => {
    const w = await openWorld();
    let pings = 0;
    const answer = ping(w, []);
    w.hub.answers = {
      ping: (say, body, wire) => {
        pings += 1;
        answer(say, body, wire);
      },
    };
    const agent = await w.start();
    await until("two pings", () => pings >= 2);
    expect(agent.status().clock.source).toBe("wall");
  });

  test("control: one that was does", async () => {
    const w = await openWorld();
    const aheadMs = 3_600_000;
    w.hub.answers = { ping: saysTime(w, { aheadMs }) };
    const agent = await w.start();
    await until("attested", () => agent.status().clock.source === "attested");
    expect(agent.status().clock.nowMs).toBeGreaterThan(Date.now() + aheadMs / 2);
  });
});
