import { createHash, createPrivateKey } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocketServer } from "ws";
import { openAgentClock } from "../../src/agent/agent-clock.ts";
import { openAlertSpool } from "../../src/agent/alert-spool.ts";
import { openHubLink } from "../../src/agent/hub-link.ts";
import { openKeptBytes } from "../../src/agent/kept-bytes.ts";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { type SigningKey, signHex, tufKey } from "../../src/disk/key-file.ts";
import { type SessionEffect, type SessionEvent, startOfSession, stepSession } from "../../src/hub/core/session.ts";
import { originOf, signCheckpoint, witnessNameOf } from "../../src/ledger/checkpoint.ts";
import { cosign } from "../../src/ledger/cosignature.ts";
import { leafHash } from "../../src/ledger/merkle.ts";
import { parseNote, signatureLine } from "../../src/ledger/note.ts";
import type { Digest } from "../../src/model/ids.ts";
import type { Desired, HubCheckpoint, Standing } from "../../src/model/message.ts";
import { alertOf, EPOCH } from "../hub/hub-fixture.ts";

// Both ends of the wire with fixed keys and times, so that they say the same in every run. What is drawn by lot is replaced.

export const NODE = "LP-01";
export const HUB = "hub-1";
export const NONCE = "n".repeat(43);
export const NOW_MS = 1_795_000_000_000;

/** A key that is the same in every run, from 32 equal bytes. */
export function fixedKey(byte: number): SigningKey {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, byte)]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return { ...tufKey(privateKey), privateKey };
}
export const nodeKey = fixedKey(1);
export const hubKey = fixedKey(2);

const bytesOf = (name: string): Uint8Array => Buffer.from(`the bytes of ${name}`);
export const digestOf = (name: string): Digest => `sha256:${createHash("sha256").update(bytesOf(name)).digest("hex")}`;

const release = (contract: string, mode: "enforce" | "shadow") => ({
  ...{ version: "v1.0", digest: digestOf(contract), size: 21, mode, from: "2026-11-24" },
  target: `penetrant/maintenance-contracts/v1.0/${contract}.bundle.json`,
});

/** A desired set that has everything one can have. */
export const desired: Desired = {
  node: NODE,
  generation: 7,
  contracts: {
    "UV-DAILY": {
      ...release("UV-DAILY", "enforce"),
      activation: { notBefore: "2026-11-24T22:00:00Z", window: { from: "22:00", to: "06:00" }, idleOnly: true },
    },
  },
  shadows: { "UV-DAILY": { ...release("UV-NEXT", "shadow"), version: "v1.1" } },
  documents: { register: digestOf("register"), people: digestOf("people"), orders: null, zone: digestOf("zone") },
  metadata: {
    ...{ root: [digestOf("root")], timestamp: digestOf("timestamp"), snapshot: digestOf("snapshot") },
    ...{ targets: digestOf("targets"), delegated: { penetrant: digestOf("penetrant") } },
  },
  assignments: {
    "UV-DAILY": { digest: digestOf("assignment"), size: 27, target: "penetrant/assignments/UV-DAILY/3.json" },
  },
};

const standing: Standing = {
  atMs: NOW_MS,
  operator: "STF-1",
  tests: [
    {
      ...{
        kind: "penetrant",
        allow: false,
        reasons: ["calibration.overdue:LM-01"],
        warnings: ["calibration.due-soon:L"],
      },
      toDo: "Calibrate LM-01 and record its certificate",
    },
  ],
  due: [
    {
      ...{ code: "calibration.overdue", subject: "LM-01", severity: "reason", fromMs: NOW_MS, holdsAlready: true },
      ...{ from: "2026-11-18T06:26:40-06:00", text: "LM-01 is overdue", contract: "UV-DAILY", condition: "calibrated" },
      ...{ toDo: "Calibrate LM-01", who: "QA" },
    },
  ],
};

/** Where the hub's ledger stands, and how that goes on from what the node keeps. */
const shown: HubCheckpoint = {
  note: signCheckpoint(
    { origin: originOf(HUB), size: 9, root: Buffer.alloc(32, 9), extensions: [] },
    { name: originOf(HUB), publicHex: hubKey.publicHex, sign: (content) => signHex(hubKey, content) },
  ),
  fromSize: 7,
  proof: [Buffer.alloc(32, 7).toString("base64"), Buffer.alloc(32, 8).toString("base64")],
};

/** What the node of this script says to the given frames of a hub, in its order. */
export async function nodeFrames(hubFrames: { readonly [type: string]: object }): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "maint-frames-"));
  const spool = openAlertSpool(join(folder, "spool.db"));
  const kept = openKeptBytes(join(folder, "kept"));
  kept.write(digestOf("snapshot"), bytesOf("snapshot"));
  const { epoch: _, seq: __, ...alert } = alertOf(NODE, 1);
  spool.append([alert]);
  const time = { wallMs: () => NOW_MS, monotonicMs: () => 0, bootMs: () => 0, bootId: "boot-1" };
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const said: string[] = [];
  const faults: unknown[] = [];
  const { digest, version } = release("UV-DAILY", "enforce");
  const link = openHubLink({
    ...{ node: NODE, key: nodeKey, hubUrl: () => `http://127.0.0.1:${port}`, hubId: HUB, kept },
    // Its hello signs the epoch, so that this one cannot be replaced afterwards.
    spool: { ...spool, epoch: () => EPOCH },
    clock: openAgentClock(time, null),
    active: () => ({
      ...{ desired, isInForce: true, rootVersion: 1, onlineKeys: new Map([[hubKey.keyId, hubKey.publicHex]]) },
      restsOn: {
        timestamp: { version: 9, digest: digestOf("timestamp") },
        snapshot: { version: 4, digest: digestOf("snapshot") },
      },
      ...{ contracts: { "UV-DAILY": { version, digest } }, shadows: [], shadowFaults: [] },
    }),
    ledgerHead: () => ({ size: 13, hash: digestOf("ledger") }),
    witness: {
      size: () => shown.fromSize,
      view: () => ({ hub: HUB, kept: null, other: null }),
      accept: () => ({ size: 0, root: "", checkpoint: "" }),
      take: ({ note }) => {
        const parsed = parseNote(note);
        const text = parsed.ok ? parsed.value.text : "";
        const sign = (content: string): string => signHex(nodeKey, content);
        const line = cosign(text, NOW_MS / 1_000, { name: witnessNameOf(NODE), publicHex: nodeKey.publicHex, sign });
        return { size: 9, line: signatureLine(line), refused: null };
      },
    },
    ledgerBytes: (from) => [bytesOf(`ledger entry ${from}`)],
    checkpoint: () =>
      signCheckpoint(
        { origin: originOf(NODE), size: 13, root: leafHash(bytesOf("ledger entry 12")), extensions: [] },
        { name: originOf(NODE), publicHex: nodeKey.publicHex, sign: (content) => signHex(nodeKey, content) },
      ),
    attempt: async () => ({ kind: "unchanged" }),
    ...{ nextReportCounter: () => 3, reportCounter: () => 2 },
    ...{ onSession: () => undefined, onAttested: () => undefined, onRefused: () => undefined },
    onFault: (error) => void faults.push(error),
  });
  const answers: { readonly [type: string]: readonly string[] } = {
    hello: ["welcome"],
    alert: ["desired", "checkpoint", "hail"],
  };
  const done = new Promise<void>((resolve) => {
    sockets.on("connection", (socket) => {
      const say = (type: string): void =>
        socket.send(JSON.stringify(hubFrames[type] ?? { v: 1, t: type, id: "h9", seq: 9, body: {} }));
      say("challenge");
      socket.on("message", (data) => {
        const text = String(data);
        const { t, body } = JSON.parse(text) as { readonly t: string; readonly body: { readonly nonce?: string } };
        said.push(text.replaceAll(spool.epoch(), EPOCH).replaceAll(body.nonce ?? NONCE, NONCE));
        for (const type of answers[t] ?? []) say(type);
        if (t === "error") link.standing(standing);
        // The ledger comes last: whoever is told of it is in no hurry.
        if (t === "log") void link.stop();
      });
      socket.on("close", () => void link.stop().then(resolve));
    });
  });
  link.start();
  await done;
  sockets.close();
  server.closeAllConnections();
  server.close();
  spool.close();
  rmSync(folder, { recursive: true, force: true });
  if (faults.length > 0) throw faults[0];
  return said;
}

/** What the hub's session says to the given frames of a node, in its order. */
export function hubFrames(nodeFrames: { readonly [type: string]: object }): readonly string[] {
  let state = startOfSession(HUB, "session-1", NONCE, NOW_MS);
  const said: string[] = [];
  const take = (event: SessionEvent): readonly SessionEffect[] => {
    const step = stepSession(state, event);
    state = step.state;
    for (const effect of step.effects) if (effect.kind === "send") said.push(JSON.stringify(effect.message));
    return step.effects;
  };
  const hear = (frame: object | undefined) => {
    for (const effect of take({ kind: "text", text: JSON.stringify(frame), nowMs: NOW_MS })) {
      const next = answerTo(effect);
      if (next !== undefined) take(next);
    }
  };
  take({ kind: "connected", hubTimeMs: NOW_MS });
  const inOrder = Object.entries(nodeFrames).filter(([type]) => type !== "bye");
  for (const [type, frame] of inOrder) {
    hear(frame);
    if (type !== "hello") continue;
    const signature = signHex(hubKey, canonicalJson(desired));
    take({ kind: "desired", signed: { desired, keyId: hubKey.keyId, signature } });
    take({ kind: "shown", checkpoint: shown });
  }
  take({ kind: "stopping", retryAfterMs: 2_000, why: "the hub stops" });
  return said;
}

/** What the rest of a hub does with the effects that something follows from. */
function answerTo(effect: SessionEffect): SessionEvent | undefined {
  switch (effect.kind) {
    case "look-up": {
      const { hello, re } = effect;
      const known = { isRevoked: false, quarantined: null, reportCounter: 2, ledgerSize: 12, ackedSeq: 0 };
      const node = {
        ...known,
        publicHex: nodeKey.publicHex,
        keyId: nodeKey.keyId,
        isAhead: true,
        archived: { head: { size: 12, hash: digestOf("ledger") }, fork: null, mayRestart: false },
        liveElsewhere: false,
      };
      return { kind: "looked-up", hello, re, node, nowMs: NOW_MS };
    }
    case "commit-alerts":
      return { kind: "committed", epoch: effect.batch.epoch, upTo: effect.batch.alerts.length, re: effect.re };
    case "send-blob":
      return effect.digest === digestOf("root")
        ? { kind: "blob-missing", digest: effect.digest, re: effect.re }
        : undefined;
    case "take-log":
      return { kind: "logged", logged: { size: effect.part.from + 1 }, re: effect.re };
    case "sign-time": {
      const { node, nonce, re } = effect;
      const signature = signHex(hubKey, canonicalJson({ hubTimeMs: NOW_MS, node, nonce }));
      return { kind: "time-signed", nonce, hubTimeMs: NOW_MS, keyId: hubKey.keyId, signature, re };
    }
    default:
      return undefined;
  }
}
