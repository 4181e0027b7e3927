import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { WebSocket } from "ws";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { hubClient } from "../../src/cli/hub-client.ts";
import { storeRelease } from "../../src/cli/store-release.ts";
import { makeSigningKey, type SigningKey, signBase64Url, signHex } from "../../src/disk/key-file.ts";
import type { RolloutPolicy } from "../../src/hub/core/rollout-policy.ts";
import { createHub, type Hub, type HubOptions } from "../../src/hub/index.ts";
import { initPolicy } from "../../src/hub/policy-central/init-policy.ts";
import type { LedgerHead } from "../../src/ledger/entry.ts";
import type { Alert } from "../../src/model/alert.ts";
import { type Desired, helloBytes, type Message, type Report, SUBPROTOCOL } from "../../src/model/message.ts";

/** A real hub on a free port in a fresh folder, with the author's keys outside it. */
export interface HubBench {
  readonly data: string;
  readonly keys: string;
  readonly hub: () => Hub;
  readonly start: (options?: Partial<HubOptions>) => Promise<Hub>;
  readonly admin: () => ReturnType<typeof hubClient>;
  /** Registers and enrols a node whose key the test holds. */
  readonly enrol: (node: string, stationType?: string) => Promise<SigningKey>;
  readonly store: (contract: string, nodes?: readonly string[], rollout?: Partial<RolloutPolicy>) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

export async function hubBench(options: Partial<HubOptions> = {}): Promise<HubBench> {
  const folder = mkdtempSync(join(tmpdir(), "maint-hub-"));
  const [data, keys] = [join(folder, "data"), join(folder, "keys")];
  initPolicy(keys, data, Date.now());
  let running: Hub | undefined;
  const hub = (): Hub => {
    if (running === undefined) throw new Error("no hub runs");
    return running;
  };
  const admin = () => hubClient({ hub: hub().url, keys });
  const start = async (more: Partial<HubOptions> = {}): Promise<Hub> => {
    await running?.stop();
    running = await createHub({ dataFolder: data, soakMs: 100, ...options, ...more });
    return running;
  };
  await start();
  return {
    data,
    keys,
    hub,
    start,
    admin,
    enrol: async (node, stationType = "penetrant") => {
      const register = { station: { id: node, type: stationType }, plantZone: "America/Chicago" };
      const { token } = (await admin().post("/v1/nodes", register)) as { token: string };
      const key = makeSigningKey();
      await hub().services.nodes.enrol({ token, node, publicKey: key.publicHex });
      await hub().services.rollout.refresh();
      return key;
    },
    store: async (contract, nodes, rollout = {}) => {
      const narrowed = nodes === undefined ? {} : { nodes };
      const answer = await storeRelease({ hub: admin(), contract, keys, rollout, ...narrowed });
      if (answer.published) return answer.entry;
      throw new Error(`${contract} waits for a second person`);
    },
    close: async () => {
      await running?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type Frame = Message & { readonly re?: string };

/** A node of few words: it signs what it is told to and keeps all it hears. */
export interface ScriptedNode {
  readonly heard: Frame[];
  readonly blobs: Map<string, Uint8Array>;
  /** The next frame of this type, heard already or still to come. */
  readonly next: <T extends Message["t"]>(type: T) => Promise<Extract<Message, { t: T }>["body"]>;
  readonly send: (type: string, body: unknown) => void;
  readonly sendRaw: (data: string | Uint8Array) => void;
  readonly hello: (change?: {
    readonly node?: string;
    readonly key?: SigningKey;
    readonly nonce?: string;
    readonly ledgerHead?: LedgerHead;
    /** Whom the signature is for. */
    readonly hub?: string;
  }) => Promise<void>;
  readonly report: (desired: Desired, counter: number, phase?: ReportedPhase) => void;
  /** Fulfilled with the close code. */
  readonly closed: Promise<number>;
  /** Whether it reads from its socket; a hung process or a dead machine does not. */
  readonly reads: (does: boolean) => void;
  readonly end: () => void;
}

export type ReportedPhase = "activated" | "effective" | "rejected";

export const EPOCH = "0123456789abcdef";
const PATIENCE_MS = 30_000;

export function scriptedNode(url: string, node: string, key: SigningKey): ScriptedNode {
  const ws = new WebSocket(`${url.replace("http", "ws")}/v1/node`, SUBPROTOCOL);
  const heard: Frame[] = [];
  const taken = new Set<Frame>();
  const blobs = new Map<string, Uint8Array>();
  const waiting = new Set<() => void>();
  let seq = 0;
  ws.on("message", (data, isBinary) => {
    const bytes = data as Buffer;
    if (isBinary) blobs.set(`sha256:${bytes.subarray(0, 32).toString("hex")}`, gunzipSync(bytes.subarray(32)));
    else heard.push(JSON.parse(bytes.toString()) as Frame);
    for (const look of [...waiting]) look();
  });
  ws.on("error", () => undefined);
  const closed = new Promise<number>((resolve) => ws.on("close", resolve));
  const next: ScriptedNode["next"] = (type) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const frame = heard.find((one) => one.t === type && !taken.has(one));
        if (frame === undefined) return;
        taken.add(frame);
        waiting.delete(look);
        clearTimeout(timer);
        resolve(frame.body as never);
      };
      const timer = setTimeout(() => {
        waiting.delete(look);
        reject(new Error(`no ${type}; heard ${heard.map(({ t }) => t).join(" ")}`));
      }, PATIENCE_MS);
      waiting.add(look);
      look();
    });
  const send = (t: string, body: unknown): void => {
    seq += 1;
    ws.send(JSON.stringify({ v: 1, t, id: `n${seq}`, seq, body }));
  };
  return {
    heard,
    blobs,
    next,
    send,
    sendRaw: (data) => ws.send(data),
    hello: async (change = {}) => {
      const challenge = await next("challenge");
      const signer = change.key ?? key;
      const claimed = change.node ?? node;
      const ledgerHead = change.ledgerHead ?? HELLO.ledgerHead;
      const said = { ...HELLO, ledgerHead, node: claimed, keyId: signer.keyId };
      const signed = helloBytes(change.hub ?? challenge.hub, change.nonce ?? challenge.nonce, said);
      send("hello", { ...said, signature: signBase64Url(signer, signed) });
    },
    report: (desired, counter, phase = "activated") => {
      const report = reportOf(node, desired, counter, phase);
      send("report", { report, signature: signHex(key, canonicalJson(report)) });
    },
    closed,
    reads: (does) => (does ? ws.resume() : ws.pause()),
    end: () => ws.terminate(),
  };
}

const HELLO = {
  runtimeVersion: "0.1.0",
  bundleFormats: ["maint-bundle/1"],
  capabilities: [],
  registerDigest: null,
  clockMs: 0,
  rootVersion: 1,
  generation: 0,
  active: {},
  kept: [],
  ledgerHead: { size: 0, hash: `sha256:${"0".repeat(64)}` },
  epoch: EPOCH,
};

export function reportOf(node: string, desired: Desired, counter: number, phase: ReportedPhase): Report {
  const entries = Object.entries(desired.contracts);
  const reason = phase === "rejected" ? ("selftest-failed" as const) : null;
  return {
    node,
    counter,
    observedGeneration: desired.generation,
    attempted: Object.fromEntries(
      entries.map(([id, { version, digest }]) => [id, { version, digest, phase, reason, detail: null }]),
    ),
    active:
      phase === "rejected"
        ? {}
        : Object.fromEntries(entries.map(([id, { version, digest }]) => [id, { version, digest }])),
    documents: desired.documents,
    ledgerHead: HELLO.ledgerHead,
  };
}

export const alertOf = (node: string, seq: number): Alert => ({
  node,
  epoch: EPOCH,
  seq,
  kind: "decision-blocked",
  severity: "high",
  atMs: 1_795_000_000_000,
  contract: null,
  version: null,
  bundleDigest: null,
  condition: null,
  reason: "reading.out-of-limits",
  subject: "uv-intensity",
  text: "uv-intensity is 900 uW/cm2",
  testId: `T-${seq}`,
  stationId: node,
  stationType: "penetrant",
  assets: [],
  reading: null,
  tell: [],
  ledgerSeq: seq,
});

/** A contract with a test of its own, for any id and limit. */
export const contractText = (
  id: string,
  limit: number,
  stationType = "penetrant",
): string => `contract ${id} "UV check" {
  for every ${stationType} station

  light-meter  is a radiometer, by default "Meter-1"
  uv-intensity is measured in uW/cm2

  before every test {
    meter-calibrated:
      the light-meter must be calibrated every 12 months

    uv-each-day:
      each day, uv-intensity must be at least ${limit} uW/cm2
  }
}

test "a weak lamp blocks" of ${id} {
  at 2026-11-24 09:00 in America/Chicago
  light-meter was calibrated on 2026-11-01 with result pass
  uv-intensity reads ${limit - 1} uW/cm2 at 06:20
  expect blocked by uv-each-day
}
`;

/** Asks again until it holds; what a hub does by itself takes a moment. */
export async function until<T>(ask: () => Promise<T> | T, holds: (value: T) => boolean): Promise<T> {
  const endMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    if (Date.now() > endMs) throw new Error(`it did not come about: ${JSON.stringify(value).slice(0, 500)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
