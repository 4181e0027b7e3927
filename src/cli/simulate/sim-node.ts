import { randomBytes } from "node:crypto";
import { WebSocket } from "ws";
import { reconnectDelayMs } from "../../agent/core/backoff.ts";
import { parseFrame } from "../../agent/frames.ts";
import { canonicalJson } from "../../base/canonical-json.ts";
import { signBase64Url, signHex } from "../../disk/key-file.ts";
import { digestsOf } from "../../model/desired-digests.ts";
import type { Digest } from "../../model/ids.ts";
import { AUTH_TIMEOUT_MS, HEARTBEAT_MS, NODE_MAX_FRAME_BYTES, RECONNECT_SPREAD_MS } from "../../model/limits.ts";
import {
  type Desired,
  type Hello,
  helloBytes,
  type Message,
  type RejectionReason,
  type Report,
  type SignedDesired,
  SUBPROTOCOL,
} from "../../model/message.ts";
import { PRODUCT_VERSION } from "../../model/product-version.ts";
import type { FleetNode } from "./fleet-file.ts";
import type { SetCheck } from "./set-check.ts";

const SOCKET = { maxPayload: NODE_MAX_FRAME_BYTES, perMessageDeflate: false, followRedirects: false } as const;

/** Faults to order. */
export interface SimFaults {
  /** Share of sets, 0 to 1, at which the node is cut off instead of answering. */
  readonly drop: number;
  /** A node answers a set after up to this long. */
  readonly slowMs: number;
}

export interface SimWorld {
  readonly url: string;
  readonly hub: string;
  readonly check: SetCheck;
  readonly faults: SimFaults;
  readonly after: (delayMs: number, act: () => void) => () => void;
  /** A session began or ended, or one side said no. */
  readonly note: (what: "welcomed" | "closed" | "refused", detail?: string) => void;
  /** Called for each blob that came and is what its frame says. */
  readonly fetched: () => void;
  /** Called for each answered set: whose it was and its generation. */
  readonly answered: (node: string, desired: Desired) => void;
}

const EMPTY_HEAD = { size: 0, hash: `sha256:${"0".repeat(64)}` };

/** One node: the real protocol with a real key, and nothing on a disk. It has no evidence, so it decides nothing. */
export class SimNode {
  readonly #self: FleetNode;
  readonly #world: SimWorld;
  readonly #epoch = randomBytes(8).toString("hex");
  readonly #had = new Set<Digest>();
  #seq = 0;
  #attempts = 0;
  #spreadMs = RECONNECT_SPREAD_MS;
  #counter = 0;
  #live = false;
  #ended = false;
  #socket: WebSocket | undefined;
  #target: SignedDesired | undefined;
  #active: Desired | undefined;
  /** Of the one timer that a node has: dial, handshake or heartbeat. */
  #cancel = (): void => undefined;

  constructor(self: FleetNode, world: SimWorld) {
    this.#self = self;
    this.#world = world;
  }

  start(delayMs: number): void {
    this.#cancel = this.#world.after(delayMs, () => this.#dial());
  }

  /** Cuts the connection as a pulled cable does; the node comes back by itself. */
  cut(): void {
    this.#socket?.terminate();
  }

  /** Asks for a blob, whether it had it or not. */
  refetch(digest: Digest): void {
    if (this.#live) this.#send("want", { digests: [digest] });
  }

  stop(): void {
    this.#ended = true;
    this.#cancel();
    this.#socket?.terminate();
  }

  #dial(): void {
    const { world, ws } = { world: this.#world, ws: new WebSocket(this.#world.url, SUBPROTOCOL, SOCKET) };
    this.#socket = ws;
    this.#seq = 0;
    this.#cancel = world.after(AUTH_TIMEOUT_MS + HEARTBEAT_MS, () => ws.terminate());
    ws.on("message", (data, binary) => (binary ? this.#keep(data as Buffer) : this.#read((data as Buffer).toString())));
    // A refused upgrade and a broken connection both end in a close.
    ws.on("error", () => undefined);
    ws.on("close", () => {
      this.#cancel();
      if (this.#live) world.note("closed");
      this.#live = false;
      this.#target = undefined;
      if (this.#ended) return;
      this.start(reconnectDelayMs(this.#attempts, this.#spreadMs, Math.random()));
      this.#attempts += 1;
    });
  }

  #read(text: string): void {
    const frame = parseFrame(text);
    if (frame.ok) this.#take(frame.value);
    else this.#world.note("refused", frame.error.code);
  }

  #keep(frame: Buffer): void {
    const digest = this.#world.check.keep(frame);
    if (digest === undefined) this.#world.note("refused", "digest-mismatch");
    else {
      this.#had.add(digest);
      this.#world.fetched();
    }
    this.#consider();
  }

  #take(message: Message): void {
    switch (message.t) {
      case "challenge":
        this.#spreadMs = message.body.spreadMs;
        this.#send("hello", helloOf(this.#self, this.#world.hub, message.body.nonce, this.#epoch, this.#active));
        break;
      case "welcome":
        this.#cancel();
        this.#live = true;
        this.#attempts = 0;
        this.#world.note("welcomed");
        this.#beat(message.body.heartbeatMs);
        break;
      case "desired": {
        this.#target = message.body;
        const digests = digestsOf(message.body).filter((digest) => !this.#had.has(digest));
        if (digests.length > 0) this.#send("want", { digests });
        this.#consider();
        break;
      }
      case "goaway":
        this.#spreadMs = message.body.retryAfterMs;
        break;
      case "error":
        this.#world.note("refused", message.body.code);
        break;
      default:
        break;
    }
  }

  #consider(): void {
    const signed = this.#target;
    if (signed === undefined || digestsOf(signed).some((digest) => !this.#had.has(digest))) return;
    this.#target = undefined;
    const { faults, check, after } = this.#world;
    if (Math.random() < faults.drop) {
      this.cut();
      return;
    }
    const answer = (): void => this.#report(signed.desired, check.refusal(signed, Date.now()) ?? null);
    if (faults.slowMs > 0) after(Math.random() * faults.slowMs, answer);
    else answer();
  }

  #report(desired: Desired, reason: RejectionReason | null): void {
    // The clock keeps it growing across runs of the same fleet without a file of its own.
    this.#counter = Math.max(this.#counter + 1, Date.now());
    if (reason === null) this.#active = desired;
    const { id, key } = this.#self;
    const report = reportOf(id, this.#counter, desired, this.#active, reason);
    this.#send("report", { report, signature: signHex(key, canonicalJson(report)) });
    if (reason !== null) this.#world.note("refused", reason);
    else this.#world.answered(id, desired);
  }

  #beat(everyMs: number): void {
    this.#cancel = this.#world.after(everyMs, () => {
      this.#send("ping", { nonce: randomBytes(32).toString("base64url") });
      this.#beat(everyMs);
    });
  }

  #send(t: Message["t"], body: unknown): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#seq += 1;
    this.#socket.send(JSON.stringify({ v: 1, t, id: `n${this.#seq}`, seq: this.#seq, body }));
  }
}

function helloOf(
  { id, key }: FleetNode,
  hub: string,
  nonce: string,
  epoch: string,
  active: Desired | undefined,
): Hello {
  const said = helloSaid(id, key.keyId, epoch, active);
  return { ...said, signature: signBase64Url(key, helloBytes(hub, nonce, said)) };
}

const helloSaid = (
  node: string,
  keyId: string,
  epoch: string,
  active: Desired | undefined,
): Omit<Hello, "signature"> => ({
  node,
  keyId,
  runtimeVersion: PRODUCT_VERSION,
  bundleFormats: ["maint-bundle/1"],
  capabilities: [],
  registerDigest: active?.documents.register ?? null,
  clockMs: Date.now(),
  rootVersion: 1,
  generation: active?.generation ?? 0,
  active: Object.fromEntries(Object.entries(active?.contracts ?? {}).map(([name, { digest }]) => [name, digest])),
  kept: [],
  ledgerHead: EMPTY_HEAD,
  epoch,
});

function reportOf(
  node: string,
  counter: number,
  desired: Desired,
  active: Desired | undefined,
  reason: RejectionReason | null,
): Report {
  const phase = reason === null ? ("effective" as const) : ("rejected" as const);
  const runs = (set: Desired | undefined) =>
    Object.entries(set?.contracts ?? {}).map(([name, { version, digest }]) => [name, { version, digest }] as const);
  return {
    node,
    counter,
    observedGeneration: desired.generation,
    attempted: Object.fromEntries(
      runs(desired).map(([name, release]) => [name, { ...release, phase, reason, detail: null }]),
    ),
    active: Object.fromEntries(runs(active)),
    documents: active?.documents ?? { register: null, people: null, orders: null, zone: null },
    ledgerHead: EMPTY_HEAD,
  };
}
