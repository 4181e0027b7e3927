import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { ok } from "../../src/base/result.ts";
import { makeSigningKey, type SigningKey } from "../../src/disk/key-file.ts";
import { createBlobShelf } from "../../src/hub/session/blob-shelf.ts";
import type { Refusal } from "../../src/hub/session/refusal-book.ts";
import type { SessionPorts } from "../../src/hub/session/session-ports.ts";
import { createSessionServer } from "../../src/hub/session/session-server.ts";
import type { TimerWheel } from "../../src/hub/session/timer-wheel.ts";
import type { Desired, SignedDesired } from "../../src/model/message.ts";
import { type ScriptedNode, scriptedNode } from "./hub-fixture.ts";
import { silentArchive } from "./silent-archive.ts";
import { silentWitnesses } from "./silent-witnesses.ts";

/** A wheel that a test turns: what was to happen within the time that passes happens, in its order. */
export interface HandWheel extends TimerWheel {
  readonly nowMs: () => number;
  readonly pass: (ms: number) => void;
}

export function handWheel(): HandWheel {
  const waiting = new Set<{ readonly atMs: number; readonly act: () => void }>();
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    after(delayMs, act) {
      const entry = { atMs: nowMs + delayMs, act };
      waiting.add(entry);
      return () => void waiting.delete(entry);
    },
    pass(ms) {
      const endMs = nowMs + ms;
      for (;;) {
        const due = [...waiting].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
        const [first] = due;
        if (first === undefined) break;
        waiting.delete(first);
        nowMs = Math.max(nowMs, first.atMs);
        first.act();
      }
      nowMs = endMs;
    },
    stop: () => waiting.clear(),
  };
}

/** The hub's end of the wire on a real socket. What lies behind it is this file, and time passes when a test says so. */
export interface SessionBench {
  readonly url: string;
  readonly time: HandWheel;
  readonly sessions: ReturnType<typeof createSessionServer>;
  readonly put: SessionPorts["blobs"]["put"];
  readonly noted: Refusal[];
  /** Proves its key and waits for its welcome. */
  readonly arrive: (node: string) => Promise<ScriptedNode>;
  readonly keyOf: (node: string) => SigningKey;
}

const DIGEST = `sha256:${"0".repeat(64)}` as const;

export const setOf = (node: string, generation = 1): SignedDesired => ({
  desired: {
    node,
    generation,
    contracts: {},
    documents: { register: null, people: null, orders: null, zone: null },
    metadata: { root: [], timestamp: DIGEST, snapshot: DIGEST, targets: DIGEST },
  } satisfies Desired,
  keyId: "k",
  signature: "s",
});

export async function sessionBench(): Promise<SessionBench> {
  const time = handWheel();
  const shelf = createBlobShelf(() => undefined);
  const keys = new Map<string, SigningKey>();
  const noted: Refusal[] = [];
  const keyOf = (node: string): SigningKey => {
    const key = keys.get(node) ?? makeSigningKey();
    keys.set(node, key);
    return key;
  };
  const sessions = createSessionServer({
    ...{ hubId: "hub-1", onlineKey: makeSigningKey(), blobs: shelf, wheel: time },
    clock: { nowMs: () => 1_795_000_000_000 + time.nowMs() },
    monotonicMs: time.nowMs,
    random: (size) => randomBytes(size),
    inbox: { ackedUpTo: async () => 0, receive: async (_, batch) => ok({ upTo: batch.alerts.at(-1)?.seq ?? 0 }) },
    ...{ ledgers: silentArchive, witnesses: silentWitnesses },
    keyOf: async (node) => {
      const key = keys.get(node);
      if (key === undefined) return undefined;
      return { ...key, isRevoked: false, quarantined: null, reportCounter: 0, ledgerSize: 0 };
    },
    isAhead: () => false,
    learn: async () => ok(undefined),
    quarantine: async () => undefined,
    arrived: async (node) => setOf(node),
    left: () => undefined,
    standing: () => undefined,
    report: async () => ok(undefined),
    refused: async (refusal) => void noted.push(refusal),
    failed: (error) => {
      throw error;
    },
  });
  const server = createServer();
  server.on("upgrade", sessions.upgrade);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    await sessions.stop();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    ...{ url, time, sessions, noted, keyOf, put: shelf.put },
    arrive: async (node) => {
      const link = scriptedNode(url, node, keyOf(node));
      onTestFinished(link.end);
      await link.hello();
      await link.next("welcome");
      return link;
    },
  };
}
