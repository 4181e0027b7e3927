import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SMTPServer } from "smtp-server";
import { afterEach, expect, test } from "vitest";
import { webhookSecret, webhookSignature } from "../../src/hub/notices/channels/webhook.ts";
import type { Message } from "../../src/hub/notices/notice.ts";
import { readNoticesFile } from "../../src/hub/notices/notices-file.ts";
import { alertOf, EPOCH, hubBench, until } from "../hub/hub-fixture.ts";

// A whole hub whose notices go over real sockets to a web server, a mail server and a wall.

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const SECRET = `whsec_${Buffer.from("a secret of thirty-two bytes ....").toString("base64")}`;
interface Listener {
  readonly listen: (port: number, host: string, done: () => void) => unknown;
}

const listening = (server: Listener): Promise<number> =>
  new Promise((resolve) => {
    // A mail server hands out the socket that it listens on; the others are it themselves.
    const bound = server.listen(0, "127.0.0.1", () => resolve(((bound as Server).address() as AddressInfo).port));
  });

interface Posted {
  readonly id: string;
  readonly signed: boolean;
  readonly message: Message;
}

/** A receiver that answers as it is told: a status, or a place to go to. */
async function receiver(answer: (post: number) => number | string) {
  const posts: Posted[] = [];
  const server: Server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      const header = (name: string): string => String(request.headers[name]);
      const expected = webhookSignature(
        webhookSecret(SECRET),
        header("webhook-id"),
        Number(header("webhook-timestamp")),
        body,
      );
      const signed = header("webhook-signature") === expected && header("idempotency-key") === header("webhook-id");
      posts.push({ id: header("webhook-id"), signed, message: JSON.parse(body) as Message });
      const said = answer(posts.length);
      if (typeof said === "string") response.writeHead(302, { location: said }).end();
      else response.writeHead(said).end("seen");
    });
  });
  const port = await listening(server);
  closers.push(() => server.close());
  return { posts, url: `http://127.0.0.1:${port}/alerts` };
}

interface Mail {
  readonly to: readonly string[];
  readonly text: string;
}

async function mailServer() {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ["STARTTLS"], hideSTARTTLS: true, logger: false },
    onRcptTo: (address: { readonly address: string }, _session: unknown, done: (error?: Error) => void) =>
      address.address.startsWith("gone@")
        ? done(Object.assign(new Error("no such mailbox"), { responseCode: 550 }))
        : done(),
    onData(stream: NodeJS.ReadableStream, session: { envelope: { rcptTo: { address: string }[] } }, done: () => void) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        mails.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString(),
        });
        done();
      });
    },
  } as object);
  const port = await listening(server);
  closers.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { mails, port };
}

/** Takes connections and says nothing, ever. */
async function wall(): Promise<number> {
  const sockets = new Set<{ destroy: () => void }>();
  const server = createTcpServer((socket) => sockets.add(socket.on("error", () => undefined)));
  const port = await listening(server);
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return port;
}

async function floor(channels: object, routes: readonly object[], people: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), "notices-"));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "secret"), SECRET);
  chmodSync(join(folder, "secret"), 0o600);
  writeFileSync(join(folder, "notices.json"), JSON.stringify({ channels, routes, people }));
  const lines: string[] = [];
  const bench = await hubBench({
    notices: readNoticesFile(join(folder, "notices.json")),
    log: (line) => lines.push(line),
  });
  closers.push(() => bench.close());
  const alarm = async (seq: number, change = {}) =>
    expect(
      await bench.hub().receiveAlert("LP-01", { epoch: EPOCH, alerts: [{ ...alertOf("LP-01", seq), ...change }] }),
    ).toMatchObject({ ok: true });
  return { bench, alarm, lines };
}

test("a webhook is signed, tried again under the same id, and follows no redirect", async () => {
  const elsewhere = await receiver(() => 200);
  const { posts, url } = await receiver((post) => [500, elsewhere.url, 200][post - 1] ?? 200);
  const { bench, alarm, lines } = await floor({ desk: { kind: "webhook", url, secretFile: "secret" } }, [
    { role: "*", channels: ["desk"] },
  ]);
  await alarm(1);
  await until(
    () => posts.length,
    (count) => count === 3,
  );
  expect(posts.map(({ id, signed }) => `${id} ${signed}`)).toEqual(Array.from({ length: 3 }, () => "notice-1 true"));
  expect(posts[0]?.message).toMatchObject({
    kind: "first",
    role: "supervisor",
    body: { node: "LP-01", alert: "alert-1" },
  });
  expect(elsewhere.posts).toEqual([]);
  await until(
    () => bench.hub().services.notices.list({ limit: 9 }),
    ([notice]) => notice?.state === "delivered",
  );
  expect(lines.join("\n") + JSON.stringify(bench.hub().services.ledger.list({ limit: 100 }))).not.toContain(
    SECRET.slice(6, 30),
  );
});

test("a mail reaches everybody with the role, in words, and a mailbox that is not there is given up", async () => {
  const { mails, port } = await mailServer();
  const mail = { kind: "email", host: "127.0.0.1", port, security: "none", from: "hub@plant.example" };
  const { bench, alarm } = await floor(
    { mail },
    [
      { role: "supervisor", channels: ["mail"], to: ["gone@plant.example"] },
      { role: "*", channels: ["mail"], to: ["box@plant.example"] },
    ],
    {
      "SUP-1": "anna@plant.example",
    },
  );
  await bench.admin().post("/v1/people", { id: "SUP-1", roles: ["supervisor"] });
  await alarm(1, { text: "lamp out\r\nBcc: everybody@plant.example" });
  const ended = await until(
    () => bench.hub().services.notices.list({ limit: 9 }),
    (notices) => notices.length === 2 && notices.every(({ state }) => state !== "waiting"),
  );
  expect(ended.map(({ recipient, state }) => `${recipient} ${state}`).sort()).toEqual([
    "anna@plant.example delivered",
    "gone@plant.example dead",
  ]);
  expect(mails.map(({ to }) => to)).toEqual([["anna@plant.example"]]);
  expect(mails[0]?.text).toMatch(/^Subject: HIGH LP-01: lamp out {2}Bcc: everybody/m);
  expect(mails[0]?.text).not.toMatch(/^Bcc:/m);
  expect(mails[0]?.text).toMatch(/maint alert ack alert-1/);
  expect(mails[0]?.text).toMatch(/^Message-ID: <notice-\d+\./im);
  const trial = (await bench.admin().post("/v1/alerts/trial", { to: "mail", address: "box@plant.example" })) as {
    notices: { state: string }[];
  };
  expect(trial.notices).toMatchObject([{ state: "delivered" }]);
});

test("a receiver that never answers holds up neither alerts nor another channel", async () => {
  const port = await wall();
  const { posts, url } = await receiver(() => 200);
  const dead = { kind: "webhook", url: `http://127.0.0.1:${port}/`, timeoutMs: 60_000 };
  const { bench, alarm } = await floor({ dead, desk: { kind: "webhook", url } }, [
    { role: "*", channels: ["dead", "desk"] },
  ]);
  for (let seq = 1; seq <= 30; seq++) await alarm(seq, { subject: `q-${seq}` });
  await until(
    () => posts.reduce((sum, { message }) => sum + message.alerts, 0),
    (count) => count === 30,
  );
  expect(bench.hub().services.notices.list({ state: "waiting", limit: 99 }).length).toBeGreaterThan(0);
});

test("what could not be said before the hub stopped is said after it starts again", async () => {
  let isUp = false;
  const { posts, url } = await receiver(() => (isUp ? 200 : 503));
  const { bench, alarm } = await floor({ desk: { kind: "webhook", url } }, [{ role: "*", channels: ["desk"] }]);
  await alarm(1);
  await until(
    () => posts.length,
    (count) => count > 0,
  );
  isUp = true;
  await bench.start();
  await until(
    () => bench.hub().services.notices.list({ limit: 9 }),
    ([notice]) => notice?.state === "delivered",
  );
  expect(new Set(posts.map(({ id }) => id))).toEqual(new Set(["notice-1"]));
});
