import { randomBytes } from "node:crypto";
import { WebSocket } from "ws";
import { canonicalJson } from "../base/canonical-json.ts";
import { type SigningKey, signBase64Url, signHex, verifyHex } from "../disk/key-file.ts";
import type { LedgerHead } from "../ledger/entry.ts";
import { digestsOf } from "../model/desired-digests.ts";
import type { ContractId, Digest, Version } from "../model/ids.ts";
import {
  CLOSE_GRACE_MS,
  HEADERS_TIMEOUT_MS,
  HUB_MAX_FRAME_BYTES,
  NODE_MAX_FRAGMENTS,
  NODE_MAX_FRAME_BYTES,
} from "../model/limits.ts";
import {
  type AlertBatch,
  type Desired,
  type Hello,
  helloBytes,
  type Message,
  type Report,
  type ReportedContract,
  type RestsOn,
  type SignedDesired,
  type Standing,
  SUBPROTOCOL,
} from "../model/message.ts";
import { PRODUCT_VERSION } from "../model/product-version.ts";
import type { AgentClock } from "./agent-clock.ts";
import type { AlertSpool } from "./alert-spool.ts";
import { startOfLink, step } from "./core/link.ts";
import type {
  AttemptOutcome,
  AttemptPhase,
  LinkEffect,
  LinkEvent,
  LinkState,
  LinkTimer,
  ReportedOutcome,
} from "./core/link-state.ts";
import { parseBlobFrame, parseFrame } from "./frames.ts";
import type { KeptBytes } from "./kept-bytes.ts";
import { logParts } from "./log-parts.ts";
import { type Rejection, rejection } from "./rejection.ts";
import type { ShadowFault } from "./release-set.ts";
import type { Witness } from "./witness.ts";

/** What the link is given: where to dial, as whom, and what the disk knows. */
export interface HubLinkOptions {
  readonly node: string;
  readonly key: SigningKey;
  /** `http://…`; the socket is at /v1/node there. Asked at every dial, because a hub may come back on another port. */
  readonly hubUrl: () => string;
  /** The hub that enrolled this node; null where it is not known yet. */
  readonly hubId: string | null;
  readonly clock: AgentClock;
  readonly spool: AlertSpool;
  readonly kept: KeptBytes;
  readonly active: () => ActiveSet;
  readonly ledgerHead: () => LedgerHead;
  /** The bytes of ledger entries from a seq on: at least one where there is one, and no more than fit a batch. */
  readonly ledgerBytes: (from: number) => readonly Uint8Array[];
  /** Signs where the ledger stands; null where that cannot be. */
  readonly checkpoint: () => string | null;
  /** Verifies, self-tests and activates; durable when fulfilled with `activated`. Never rejects for what the world does. */
  readonly attempt: (signed: SignedDesired, reached: (phase: AttemptPhase) => void) => Promise<AttemptOutcome>;
  /** The next number of the node's reports; only grows, across restarts. */
  readonly nextReportCounter: () => number;
  readonly reportCounter: () => number;
  /** Keeps the hub's checkpoints. */
  readonly witness: Witness;
  readonly onSession: (session: string) => void;
  readonly onAttested: () => void;
  /** A set that was refused before it could be tried; what is tried and refused says so itself. */
  readonly onRefused: (refused: Rejection) => void;
  readonly onFault: (error: unknown) => void;
  readonly onState?: (state: LinkState, why: string | null) => void;
}

export interface ActiveSet {
  /** The set that was accepted last. */
  readonly desired: SignedDesired["desired"] | null;
  /** Its contracts are those in force: they do not wait, and were not taken back. */
  readonly isInForce: boolean;
  readonly rootVersion: number;
  readonly restsOn: RestsOn | undefined;
  readonly onlineKeys: ReadonlyMap<string, string>;
  readonly contracts: { readonly [contract: ContractId]: { readonly version: Version; readonly digest: Digest } };
  /** Digests of what is tried beside them. */
  readonly shadows: readonly Digest[];
  readonly shadowFaults: readonly ShadowFault[];
}

export interface HubLink {
  readonly start: () => void;
  /** Alerts were spooled up to this seq. */
  readonly spooled: (seq: number) => void;
  readonly decided: () => void;
  /** A set that had waited is in force, durably. */
  readonly tookOver: (desired: Desired) => void;
  /** What was before is in force again, durably. */
  readonly tookBack: (desired: Desired, detail: string) => void;
  /** Says how the station stands; false without a session, in which it is to be said again. */
  readonly standing: (standing: Standing) => boolean;
  readonly state: () => LinkState;
  readonly stop: () => Promise<void>;
}

/** UTF-16 units; three quarters of the frame leave room for letters that take more than one byte. */
const MAX_BATCH_BYTES = (HUB_MAX_FRAME_BYTES * 3) / 4 - 512;
const DIGESTS_PER_FRAME = 256;
/** What a hub takes. */
const MAX_DETAIL = 2_000;
/** An attempt that takes longer says how far it is. */
const SLOW_ATTEMPT_MS = 1_000;

/** Turns the effects of core/link.ts into sockets, timers and disk, and what comes of them into its events. */
export function openHubLink(options: HubLinkOptions): HubLink {
  const driver = new LinkDriver(options);
  return {
    start: () => driver.take({ kind: "start", random: Math.random() }),
    spooled: (seq) => driver.take({ kind: "spooled", seq }),
    decided: () => driver.take({ kind: "decided" }),
    tookOver: (desired) => driver.take({ kind: "took-over", desired }),
    tookBack: (desired, detail) => driver.take({ kind: "took-back", desired, detail }),
    standing: (standing) => driver.standing(standing),
    state: () => driver.state,
    stop: () => driver.stop(),
  };
}

class LinkDriver {
  state: LinkState;
  readonly #options: HubLinkOptions;
  readonly #timers = new Map<LinkTimer, NodeJS.Timeout>();
  readonly #queue: LinkEvent[] = [];
  #running = false;
  #socket: WebSocket | null = null;
  #seq = 0;
  #lastWhy: string | null = null;

  readonly #handlers: {
    readonly [K in LinkEffect["kind"]]: (effect: Extract<LinkEffect, { readonly kind: K }>) => void;
  } = {
    dial: () => this.#dial(),
    close: ({ why }) => this.#close(why),
    greet: ({ hub, nonce, re }) => this.#greet(hub, nonce, re),
    session: ({ session }) => this.#options.onSession(session),
    want: ({ digests }) => this.#want(digests),
    keep: ({ digest, bytes }) => this.#keep(digest, bytes),
    attempt: ({ signed }) => this.#attempt(signed),
    reconsider: ({ signed }) => this.#consider(signed),
    report: ({ desired, outcome }) => this.#report(desired, outcome),
    raise: ({ reason, detail }) => this.#options.onRefused(rejection(reason, detail)),
    "send-alerts": ({ afterSeq, upTo }) => this.#sendAlerts(afterSeq, upTo),
    "send-log": ({ from }) => this.#sendLog(from),
    prune: ({ upTo }) => this.#options.spool.prune(upTo),
    "renew-epoch": () => this.#renewEpoch(),
    prove: () => this.#prove(),
    witness: ({ shown, re }) => this.#send("cosignature", this.#options.witness.take(shown), re),
    ping: ({ nonce }) => this.#send("ping", { nonce }),
    attest: (effect) => this.#attest(effect),
    refuse: ({ code, message, re }) => this.#send("error", { code, message }, re ?? undefined),
    "set-timer": ({ timer, delayMs }) => this.#setTimer(timer, delayMs),
    "clear-timer": ({ timer }) => this.#clearTimer(timer),
  };

  constructor(options: HubLinkOptions) {
    this.#options = options;
    const { spool } = options;
    const { desired, isInForce } = options.active();
    this.state = startOfLink({
      epoch: spool.epoch(),
      spooledSeq: spool.lastSeq(),
      ackedSeq: spool.ackedSeq(),
      durable: isInForce ? desired : null,
    });
  }

  /** Events are taken one after the other, also those that an effect causes at once. */
  take(event: LinkEvent): void {
    this.#queue.push(event);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        const { state, effects } = step(this.state, next);
        this.state = state;
        for (const effect of effects) this.#do(effect);
      }
    } catch (error) {
      this.#options.onFault(error);
    } finally {
      this.#running = false;
    }
    this.#options.onState?.(this.state, this.#lastWhy);
  }

  async stop(): Promise<void> {
    const socket = this.#socket;
    if (this.state.phase === "welcomed") this.#send("bye", { reason: "stopping" });
    this.take({ kind: "stop" });
    if (socket === null || socket.readyState === WebSocket.CLOSED) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.terminate(), 500);
      socket.once("close", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  standing(standing: Standing): boolean {
    if (this.state.phase !== "welcomed") return false;
    this.#send("standing", standing);
    return true;
  }

  #do<K extends LinkEffect["kind"]>(effect: Extract<LinkEffect, { readonly kind: K }>): void {
    (this.#handlers[effect.kind] as (effect: Extract<LinkEffect, { readonly kind: K }>) => void)(effect);
  }

  #keep(digest: Digest, bytes: Uint8Array): void {
    const result = this.#options.kept.write(digest, bytes);
    this.take(result.ok ? { kind: "blob-kept", digest } : { ...result.error, kind: "blob-refused", digest });
  }

  #want(digests: readonly Digest[]): void {
    for (let at = 0; at < digests.length; at += DIGESTS_PER_FRAME)
      this.#send("want", { digests: digests.slice(at, at + DIGESTS_PER_FRAME) });
  }

  #sendAlerts(afterSeq: number, upTo: number): void {
    const { spool } = this.#options;
    const alerts = [...spool.read(afterSeq, upTo)];
    // The hub's frames are small; it acknowledges what came, and the rest follows.
    for (let size = JSON.stringify(alerts).length; size > MAX_BATCH_BYTES && alerts.length > 1; ) {
      size -= JSON.stringify(alerts.pop()).length + 1;
    }
    const batch: AlertBatch = { epoch: spool.epoch(), alerts };
    this.#send("alert", batch);
    this.take({ kind: "batched", upTo: alerts.at(-1)?.seq ?? afterSeq });
  }

  #sendLog(from: number): void {
    const entries = this.#options.ledgerBytes(from);
    const upTo = from + entries.length;
    // What goes out alone is signed; a ledger that is far behind is signed with its last batch.
    const isAll = entries.length > 0 && upTo === this.#options.ledgerHead().size;
    const checkpoint = isAll ? this.#options.checkpoint() : null;
    for (const part of logParts(from, entries, checkpoint)) this.#send("log", part);
    this.take({ kind: "log-sent", upTo });
  }

  #renewEpoch(): void {
    const { spool } = this.#options;
    spool.renew();
    this.take({ kind: "epoch-renewed", epoch: spool.epoch(), spooledSeq: spool.lastSeq() });
  }

  #prove(): void {
    const { metadata } = this.#options.active().desired ?? {};
    if (metadata === undefined) return;
    const { timestamp, snapshot, delegated = {} } = metadata;
    for (const [name, digest] of Object.entries({ ...delegated, snapshot, timestamp })) {
      const text = this.#options.kept.read(digest);
      if (text !== undefined) this.#send("proof", { name, text: Buffer.from(text).toString("utf8") });
    }
  }

  #clearTimer(timer: LinkTimer): void {
    clearTimeout(this.#timers.get(timer));
    this.#timers.delete(timer);
  }

  #now(): number {
    return this.#options.clock.sources.monotonicMs();
  }

  #setTimer(timer: LinkTimer, delayMs: number): void {
    clearTimeout(this.#timers.get(timer));
    const handle = setTimeout(() => this.take({ kind: "timer", timer, atMs: this.#now(), nonce: newNonce() }), delayMs);
    this.#timers.set(timer, handle);
  }

  #dial(): void {
    const url = new URL("/v1/node", this.#options.hubUrl());
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, SUBPROTOCOL, {
      maxPayload: NODE_MAX_FRAME_BYTES,
      maxFragments: NODE_MAX_FRAGMENTS,
      perMessageDeflate: false,
      handshakeTimeout: HEADERS_TIMEOUT_MS,
      followRedirects: false,
    });
    this.#socket = socket;
    this.#seq = 0;
    const current = (event: () => void): void => {
      if (this.#socket === socket) event();
    };
    socket.on("open", () => current(() => this.take({ kind: "opened" })));
    socket.on("message", (data, binary) => current(() => this.#receive(data as Buffer, binary)));
    socket.on("unexpected-response", (request, response) =>
      current(() => {
        const seconds = Number(response.headers["retry-after"]);
        if (response.statusCode === 503 && Number.isFinite(seconds))
          this.take({ kind: "sent-away", retryAfterMs: seconds * 1_000 });
        this.#lastWhy = `the hub answers ${response.statusCode}`;
        // With a listener here ws leaves the ending to us; the close event follows.
        request.destroy();
        socket.terminate();
      }),
    );
    // An error is followed by a close, once the hub answers ours; without a listener it would end the process.
    socket.on("error", (error) => {
      this.#lastWhy = error.message;
      cutSoon(socket);
    });
    socket.on("close", () =>
      current(() => {
        this.#socket = null;
        this.take({ kind: "closed", atMs: this.#now(), random: Math.random() });
      }),
    );
  }

  #close(why: string): void {
    this.#lastWhy = why;
    const socket = this.#socket;
    if (socket === null) return;
    if (socket.readyState === WebSocket.OPEN) socket.close(1000);
    else socket.terminate();
    cutSoon(socket);
  }

  #receive(data: Buffer, binary: boolean): void {
    if (binary) {
      const blob = parseBlobFrame(data);
      this.take(blob.ok ? { kind: "blob", ...blob.value } : { kind: "bad-frame", ...blob.error });
      return;
    }
    const frame = parseFrame(data.toString("utf8"));
    if (!frame.ok) this.take({ kind: "bad-frame", ...frame.error });
    else this.#receiveMessage(frame.value);
  }

  #receiveMessage(message: Message): void {
    if (message.t === "desired") this.#consider(message.body);
    else this.take({ kind: "message", message, atMs: this.#now(), nonce: newNonce() });
  }

  #consider(signed: SignedDesired): void {
    const missing = digestsOf(signed).filter((digest) => this.#options.kept.read(digest) === undefined);
    this.take({ kind: "desired", signed, missing });
  }

  #send(t: Message["t"], body: unknown, re?: string): void {
    const socket = this.#socket;
    if (socket === null || socket.readyState !== WebSocket.OPEN) return;
    this.#seq += 1;
    socket.send(
      JSON.stringify({ v: 1, t, id: `n${this.#seq}`, seq: this.#seq, ...(re === undefined ? {} : { re }), body }),
    );
  }

  #greet(hub: string, nonce: string, re: string): void {
    const { node, key, hubId, spool, kept, clock } = this.#options;
    if (hubId !== null && hub !== hubId) {
      this.#close(`this is hub ${hub}, the node is enrolled with ${hubId}`);
      return;
    }
    const active = this.#options.active();
    const digests = Object.entries(active.contracts).map(([contract, { digest }]) => [contract, digest] as const);
    const said: Omit<Hello, "signature"> = {
      node,
      keyId: key.keyId,
      runtimeVersion: PRODUCT_VERSION,
      bundleFormats: ["maint-bundle/1"],
      capabilities: [],
      registerDigest: active.desired?.documents.register ?? null,
      clockMs: clock.now().nowMs,
      rootVersion: active.rootVersion,
      generation: active.desired?.generation ?? 0,
      active: Object.fromEntries(digests),
      kept: kept.list().slice(0, DIGESTS_PER_FRAME),
      ledgerHead: this.#options.ledgerHead(),
      epoch: spool.epoch(),
      counter: this.#options.reportCounter(),
      restsOn: active.restsOn,
      hubCheckpointSize: this.#options.witness.size(),
    };
    const signature = signBase64Url(key, helloBytes(hub, nonce, said));
    this.#send("hello", { ...said, signature } satisfies Hello, re);
  }

  #attempt(signed: SignedDesired): void {
    const { generation } = signed.desired;
    let phase: AttemptPhase | null = null;
    let told: AttemptPhase | null = null;
    // Most attempts are over before anybody could read how far they are.
    const slow = setInterval(() => {
      if (phase === null || phase === told) return;
      told = phase;
      this.take({ kind: "progress", phase });
    }, SLOW_ATTEMPT_MS);
    const attempting = this.#options.attempt(signed, (reached) => {
      phase = reached;
    });
    attempting
      .finally(() => clearInterval(slow))
      .then(
        (outcome) => this.take({ kind: "attempted", generation, outcome }),
        (error: unknown) => {
          this.#options.onFault(error);
          const detail = error instanceof Error ? error.message : String(error);
          this.take({ kind: "attempted", generation, outcome: { kind: "rejected", reason: "internal", detail } });
        },
      );
  }

  #report(desired: SignedDesired["desired"], outcome: ReportedOutcome): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    const { node, key } = this.#options;
    const active = this.#options.active();
    const detail = "detail" in outcome ? outcome.detail.slice(0, MAX_DETAIL) : null;
    const attempted = Object.entries(desired.contracts).map(([contract, { version, digest }]) => {
      const reported: ReportedContract = {
        version,
        digest,
        phase: outcome.phase,
        reason: outcome.phase === "rejected" ? outcome.reason : null,
        detail,
      };
      return [contract, reported] as const;
    });
    const report: Report = {
      node,
      counter: this.#options.nextReportCounter(),
      observedGeneration: desired.generation,
      attempted: Object.fromEntries(attempted),
      active: active.contracts,
      ...shadowReport(desired, active, outcome),
      documents: active.desired?.documents ?? { register: null, people: null, orders: null, zone: null },
      ledgerHead: this.#options.ledgerHead(),
    };
    this.#send("report", { report, signature: signHex(key, canonicalJson(report)) });
  }

  #attest({ frame, sentAtMs, receivedAtMs }: Extract<LinkEffect, { readonly kind: "attest" }>): void {
    const { node, clock } = this.#options;
    const publicHex = this.#options.active().onlineKeys.get(frame.keyId);
    const said = canonicalJson({ hubTimeMs: frame.hubTimeMs, node, nonce: frame.nonce });
    if (publicHex === undefined || !verifyHex(publicHex, said, frame.signature)) return;
    // The reply was signed somewhere within the round trip; the middle is wrong by half of it at most.
    const timeMs = frame.hubTimeMs + (receivedAtMs - sentAtMs) / 2;
    clock.attest({ bootId: clock.sources.bootId, bootMs: clock.sources.bootMs(), timeMs });
    this.#options.onAttested();
  }
}

/** A peer that does not answer the close frame does not hold us. */
function cutSoon(socket: WebSocket): void {
  setTimeout(() => socket.terminate(), CLOSE_GRACE_MS).unref();
}

/** A tried version is as far as the set that brought it, once it is there. */
function shadowReport(
  { shadows = {} }: Desired,
  { shadows: tried, shadowFaults }: ActiveSet,
  outcome: ReportedOutcome,
): Pick<Report, "shadows"> {
  if (Object.keys(shadows).length === 0) return {};
  const reported = Object.entries(shadows).map(([contract, { version, digest }]): [ContractId, ReportedContract] => {
    const fault = shadowFaults.find((one) => one.contract === contract);
    if (tried.includes(digest)) {
      const phase = outcome.phase === "effective" ? "effective" : "activated";
      return [contract, { version, digest, phase, reason: null, detail: null }];
    }
    const { reason = null, detail = null } = fault ?? (outcome.phase === "rejected" ? outcome : {});
    const phase = reason === null ? "received" : "rejected";
    return [contract, { version, digest, phase, reason, detail: detail?.slice(0, MAX_DETAIL) ?? null }];
  });
  return { shadows: Object.fromEntries(reported) };
}

const newNonce = (): string => randomBytes(32).toString("base64url");
