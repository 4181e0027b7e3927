import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Primitive, Sequence } from "asn1js";
import * as pkijs from "pkijs";
import { SMTPServer } from "smtp-server";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openChannel } from "../../src/hub/notices/channels/open-channel.ts";
import type { Message, Outcome } from "../../src/hub/notices/notice.ts";
import { type ChannelConfig, readNoticesFile } from "../../src/hub/notices/notices-file.ts";
import { type Holder, holder } from "../import/laboratory.ts";

// Notices over TLS to real servers under a plant's own authority: let through by its certificate, and by nothing else.

let folder = "";
let localhost: Holder;
let elsewhere: Holder;
let expired: Holder;

const forName = (name: string): pkijs.Extension =>
  new pkijs.Extension({
    extnID: "2.5.29.17",
    extnValue: new Sequence({
      value: [
        new Primitive({ idBlock: { tagClass: 3, tagNumber: 2 }, valueHex: new TextEncoder().encode(name).buffer }),
      ],
    }).toBER(),
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "notices-tls-"));
  const plant = await holder("Plant CA", { ca: true });
  const stranger = await holder("Another CA", { ca: true });
  const issued = { issuer: plant, extensions: [forName("localhost")] };
  localhost = await holder("localhost", issued);
  expired = await holder("localhost", { ...issued, from: "2020-01-01", to: "2021-01-01" });
  elsewhere = await holder("other.plant.example", { issuer: plant, extensions: [forName("other.plant.example")] });
  writeFileSync(join(folder, "plant.pem"), plant.certificate.toString());
  writeFileSync(join(folder, "stranger.pem"), stranger.certificate.toString());
  writeFileSync(join(folder, "empty.pem"), "this is no certificate\n");
  writeFileSync(join(folder, "password"), "a password\n", { mode: 0o600 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const identity = ({ certificate, key }: Holder) => ({
  ...{ cert: certificate.toString(), key: String(key.export({ format: "pem", type: "pkcs8" })) },
});

interface Listener {
  readonly listen: (port: number, host: string, done: () => void) => unknown;
}
const listening = (server: Listener): Promise<number> =>
  new Promise((resolve) => {
    const bound = server.listen(0, "127.0.0.1", () => resolve(((bound as Server).address() as AddressInfo).port));
  });

/** What was posted to it, through TLS alone. */
async function webServer(as: Holder): Promise<{ readonly port: number; readonly posts: string[] }> {
  const posts: string[] = [];
  const server = createServer({ ...identity(as), minVersion: "TLSv1.2" }, (request, response) => {
    posts.push(String(request.headers["webhook-id"]));
    request.resume().on("end", () => response.writeHead(204).end());
  });
  server.on("tlsClientError", () => undefined);
  onTestFinished(() => void server.close());
  return { port: await listening(server), posts };
}

interface SmtpSession {
  readonly secure: boolean;
}

/** What it took, and whether the connection was secure by then. `offers`: STARTTLS, or TLS from the first byte, or neither. */
async function mailServer(as: Holder, offers: "tls" | "starttls" | "nothing") {
  const mails: { readonly secure: boolean; readonly user: unknown }[] = [];
  const users: { readonly secure: boolean }[] = [];
  const server = new SMTPServer({
    ...{ ...identity(as), secure: offers === "tls", logger: false, authMethods: ["PLAIN"], allowInsecureAuth: true },
    ...(offers === "nothing" ? { disabledCommands: ["STARTTLS"], hideSTARTTLS: true } : {}),
    onAuth: (auth: { username: string }, session: SmtpSession, done: (error: null, answer: object) => void) => {
      users.push({ secure: session.secure });
      done(null, { user: auth.username });
    },
    onData: (stream: NodeJS.ReadableStream, session: SmtpSession & { user: unknown }, done: () => void) => {
      stream.resume();
      stream.on("end", () => {
        mails.push({ secure: session.secure, user: session.user });
        done();
      });
    },
  } as object);
  server.on("error", () => undefined);
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: await listening(server), mails, users };
}

const message: Message = {
  ...{ id: "notice-1", hub: "hub-1", kind: "first", recipient: "anna@plant.example", role: "supervisor" },
  ...{ atMs: Date.UTC(2026, 10, 24, 15), alerts: 1 },
  body: {
    ...{ text: "LM-01 is overdue", severity: "high", node: "LP-01", station: "LP-01", contract: "UV-DAILY" },
    ...{ condition: "must-calibrate", reason: "calibration.overdue:LM-01", alert: "alert-1", incident: "incident-1" },
    ...{ count: 1, sinceMs: null },
  },
};

/** Through the notices file, as a hub reads it. */
function configured(channel: object): ChannelConfig {
  const file = join(folder, "notices.json");
  writeFileSync(file, JSON.stringify({ channels: { one: channel }, routes: [{ role: "*", channels: ["one"] }] }));
  return readNoticesFile(file).channels["one"] as ChannelConfig;
}

async function sent(channel: object): Promise<Outcome> {
  const open = openChannel(configured(channel), { log: () => undefined, nowMs: () => Date.UTC(2026, 10, 24, 15) });
  try {
    return await open.send(message);
  } finally {
    open.close();
  }
}

const web = (port: number, caFile?: string) => ({ kind: "webhook", url: `https://localhost:${port}/alerts`, caFile });
const mail = (port: number, security: string, caFile?: string) => ({
  ...{ kind: "email", host: "localhost", port, security, from: "hub@plant.example", caFile },
  ...{ user: "hub", passwordFile: "password" },
});
const refused = (...words: readonly string[]) => ({
  ...{ kind: "failed", isFinal: false },
  message: expect.stringMatching(new RegExp(words.join(".*"))),
});

test("a webhook under the plant's own authority is delivered by its file, and by no other", async () => {
  const { port, posts } = await webServer(localhost);
  expect(await sent(web(port, "plant.pem"))).toEqual({ kind: "delivered" });
  expect(await sent(web(port, "stranger.pem"))).toMatchObject(refused("certificate of localhost", "caFile"));
  expect(await sent(web(port))).toMatchObject(refused("certificate of localhost", "caFile"));
  expect(posts).toEqual(["notice-1"]);
});

test("a certificate for another name, or from another time, is refused", async () => {
  const named = await webServer(elsewhere);
  expect(await sent(web(named.port, "plant.pem"))).toMatchObject(refused("certificate of localhost", "other.plant"));
  const old = await webServer(expired);
  expect(await sent(web(old.port, "plant.pem"))).toMatchObject(refused("certificate of localhost", "expired"));
  expect([...named.posts, ...old.posts]).toEqual([]);
});

test.each(["tls", "starttls"] as const)("mail over %s goes out secure, password included", async (security) => {
  const { port, mails, users } = await mailServer(localhost, security);
  expect(await sent(mail(port, security, "plant.pem"))).toEqual({ kind: "delivered" });
  expect([mails, users]).toEqual([[{ secure: true, user: "hub" }], [{ secure: true }]]);
});

test.each(["tls", "starttls"] as const)(
  "mail over %s to a server of another authority is not sent",
  async (security) => {
    const { port, mails, users } = await mailServer(localhost, security);
    expect(await sent(mail(port, security, "stranger.pem"))).toMatchObject(
      refused("certificate of localhost", "caFile"),
    );
    expect(await sent(mail(port, security))).toMatchObject(refused("certificate of localhost", "caFile"));
    const other = await mailServer(elsewhere, security);
    expect(await sent(mail(other.port, security, "plant.pem"))).toMatchObject(refused("certificate of localhost"));
    expect([...mails, ...users, ...other.mails, ...other.users]).toEqual([]);
  },
);

test("a mail server that offers no STARTTLS gets neither mail nor password", async () => {
  const { port, mails, users } = await mailServer(localhost, "nothing");
  expect(await sent(mail(port, "starttls", "plant.pem"))).toMatchObject({ kind: "failed" });
  expect([mails, users]).toEqual([[], []]);
});

test.each([web(1, "empty.pem"), mail(1, "tls", "empty.pem")])(
  "a file that holds no certificate is found at the start: $kind",
  async (channel) => {
    await expect(sent(channel)).rejects.toMatchObject({
      ...{ code: "MAINT_ERR_TLS", message: expect.stringContaining("empty.pem: holds no certificate") },
    });
  },
);
