import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { gzipSync } from "node:zlib";
import { type WebSocket, WebSocketServer } from "ws";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { signHex, verifyBase64Url, verifyHex } from "../../src/disk/key-file.ts";
import type { Alert } from "../../src/model/alert.ts";
import type { Digest } from "../../src/model/ids.ts";
import { type Hello, helloBytes, type Report, type SignedDesired, SUBPROTOCOL } from "../../src/model/message.ts";
import type { Repository } from "./repository.ts";

/** A hub of few words over a real socket: it shows what a hostile or clumsy one could do, which the real one will not. */
export interface FakeHub {
  readonly url: string;
  readonly hellos: Hello[];
  readonly reports: Report[];
  readonly alerts: Map<number, Alert>;
  /** What every node that comes is given. */
  desired: SignedDesired | null;
  /** Whether records are acknowledged. */
  acknowledges: boolean;
  /** Who it says it is in its challenge. */
  id: string;
  /** Instead of its own answer to a frame of this type, what a test has it do. */
  answers: { [type: string]: Answer };
  /** The codes with which nodes closed their sessions. */
  readonly closes: number[];
  readonly push: () => void;
  readonly dropAll: () => void;
  readonly close: () => Promise<void>;
}

/** `wire` is the bare socket below, for what no library would send. */
export type Answer = (say: (t: string, body: unknown) => void, body: never, wire: Duplex) => void;

const HUB_ID = "hub-test";
const NONCE = "n".repeat(43);

export async function openFakeHub(repository: Repository): Promise<FakeHub> {
  const sockets = new Set<WebSocket>();
  let publicKey = "";
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      publicKey = (JSON.parse(text) as { publicKey: string }).publicKey;
      response.end(JSON.stringify({ hub: HUB_ID, root: repository.root }));
    });
  });
  const wss = new WebSocketServer({ noServer: true, handleProtocols: () => SUBPROTOCOL });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hub: FakeHub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hellos: [],
    reports: [],
    alerts: new Map(),
    desired: null,
    ...{ acknowledges: true, id: HUB_ID, answers: {}, closes: [] },
    push: () => {
      for (const socket of sockets) send(socket, "desired", hub.desired);
    },
    dropAll: () => {
      for (const socket of sockets) socket.terminate();
    },
    close: async () => {
      hub.dropAll();
      wss.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on("upgrade", (request, wire, head) =>
    wss.handleUpgrade(request, wire, head, (socket) => {
      sockets.add(socket);
      socket.on("close", (code) => {
        sockets.delete(socket);
        hub.closes.push(code);
      });
      socket.on("message", (data) => {
        const { t, body } = JSON.parse(String(data)) as Frame;
        const answer = hub.answers[t];
        if (answer === undefined) take(socket, { t, body }, hub, repository, publicKey);
        else answer((type, said) => send(socket, type, said), body, wire);
      });
      send(socket, "challenge", { nonce: NONCE, hub: hub.id, hubTimeMs: Date.now(), majors: [1], spreadMs: 20 });
    }),
  );
  return hub;
}

interface Frame {
  readonly t: string;
  readonly body: never;
}

const send = (socket: WebSocket, t: string, body: unknown): void =>
  socket.send(JSON.stringify({ v: 1, t, id: "h", seq: 1, body }));

function take(socket: WebSocket, { t, body }: Frame, hub: FakeHub, repository: Repository, publicKey: string): void {
  const takers: { readonly [type: string]: () => void } = {
    hello: () => {
      const hello = body as Hello;
      if (!verifyBase64Url(publicKey, helloBytes(HUB_ID, NONCE, hello), hello.signature)) return socket.terminate();
      hub.hellos.push(hello);
      send(socket, "welcome", {
        session: `s${hub.hellos.length}`,
        heartbeatMs: 200,
        ackedSeq: hub.alerts.size,
        credits: 100,
      });
      if (hub.desired !== null) send(socket, "desired", hub.desired);
    },
    want: () => {
      for (const digest of (body as { digests: Digest[] }).digests) {
        const bytes = repository.blobs.get(digest);
        const name = Buffer.from(digest.slice("sha256:".length), "hex");
        if (bytes !== undefined) socket.send(Buffer.concat([name, gzipSync(bytes)]));
      }
    },
    report: () => {
      const { report, signature } = body as { report: Report; signature: string };
      if (verifyHex(publicKey, canonicalJson(report), signature)) hub.reports.push(report);
    },
    alert: () => {
      const { epoch, alerts } = body as { epoch: string; alerts: Alert[] };
      if (!hub.acknowledges) return;
      for (const alert of alerts) hub.alerts.set(alert.seq, alert);
      send(socket, "ack", { epoch, upTo: alerts.at(-1)?.seq ?? 0 });
    },
    ping: () => {
      const { online } = repository.keys;
      const { nonce } = body as { nonce: string };
      const hubTimeMs = Date.now();
      const signature = signHex(online, canonicalJson({ hubTimeMs, node: "Pen-1", nonce }));
      send(socket, "timestamp", { nonce, hubTimeMs, keyId: online.keyId, signature });
    },
  };
  takers[t]?.();
}
