import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as plainConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { Primitive, Sequence } from "asn1js";
import * as pkijs from "pkijs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { layOutFloor } from "../../src/cli/story/floor.ts";
import { runMaint, type Service, startService } from "../../src/cli/story/processes.ts";
import { holder } from "../import/laboratory.ts";
import { until } from "./lp-floor.ts";

// A hub with a certificate of the plant's own authority: command line and agent reach it by that, and by nothing else.

let folder = "";
let [ca, cert, key] = ["", "", ""];
const running: Service[] = [];

/** `localhost` as the name that the certificate is for. */
const forLocalhost = new pkijs.Extension({
  extnID: "2.5.29.17",
  extnValue: new Sequence({
    value: [
      new Primitive({ idBlock: { tagClass: 3, tagNumber: 2 }, valueHex: new TextEncoder().encode("localhost").buffer }),
    ],
  }).toBER(),
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "maint-tls-"));
  const authority = await holder("Plant CA", { ca: true });
  const hub = await holder("localhost", { issuer: authority, extensions: [forLocalhost] });
  [ca, cert, key] = [join(folder, "ca.pem"), join(folder, "hub.pem"), join(folder, "hub.key")];
  writeFileSync(ca, authority.certificate.toString());
  writeFileSync(cert, hub.certificate.toString());
  writeFileSync(key, String(hub.key.export({ format: "pem", type: "pkcs8" })), { mode: 0o600 });
});
afterAll(async () => {
  for (const service of running.reverse()) await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

const tls = () => ["--tls-cert", cert, "--tls-key", key, "--name", "localhost"];

test("hub, command line and agent speak TLS 1.3 under the plant's own authority", async () => {
  const floor = await layOutFloor(folder);
  const hub = await startService("hub", ["hub", "start", "--data", floor.data, ...tls()]);
  running.push(hub);
  expect(hub.url).toMatch(/^https:\/\/localhost:\d+$/);
  const at = ["--hub", hub.url, "--keys", floor.keys];
  expect((await runMaint(["hub", "nodes", ...at])).exitCode).toBe(69);
  expect(await runMaint(["hub", "nodes", ...at, "--ca", ca])).toMatchObject({ exitCode: 0 });
  const register = join(folder, "station.json");
  writeFileSync(
    register,
    JSON.stringify({ id: "LP-01", station: { id: "LP-01", type: "penetrant" }, plantZone: "Etc/UTC" }),
  );
  const token = join(floor.keys, "LP-01.enrol");
  const registered = await runMaint(["hub", "register-node", register, "--out", token, ...at, "--ca", ca]);
  expect(registered.exitCode, registered.stderr).toBe(0);
  const enrol = ["node", "enrol", "LP-01", "--token-file", token, "--hub", hub.url, "--data", floor.data];
  expect((await runMaint(enrol)).exitCode).toBe(69);
  const enrolled = await runMaint([...enrol, "--ca", ca]);
  expect(enrolled.exitCode, enrolled.stderr).toBe(0);
  running.push(await startService("LP-01", ["node", "start", "LP-01", "--data", floor.data, "--ca", ca]));
  await until("the agent is connected", async () =>
    /1 of 1 nodes connected/.test((await runMaint(["status", ...at, "--ca", ca])).stdout),
  );
  const { port } = new URL(hub.url);
  const old = await new Promise<string>((resolve) => {
    const socket = connect({ host: "localhost", port: Number(port), maxVersion: "TLSv1.2", rejectUnauthorized: false });
    socket.on("secureConnect", () => resolve("connected"));
    socket.on("error", (error) => resolve(error.message));
  });
  expect(old).toMatch(/protocol version|alert/);
});

/** The hub gives it 4 s; the rest is for a machine that is busy. */
const PATIENCE_MS = 15_000;

test("AB-31: a TLS handshake that never begins is closed", async () => {
  const [hub] = running;
  const socket = plainConnect(Number(new URL(hub?.url ?? "").port), "localhost");
  socket.on("error", () => undefined).resume();
  const late = AbortSignal.timeout(PATIENCE_MS);
  await once(socket, "close", { signal: late });
});

test("a hub does not listen beyond its machine in the clear, nor with a key that others may read", async () => {
  const bare = await layOutFloor(join(folder, "bare"));
  const start = (...words: readonly string[]) => runMaint(["hub", "start", "--data", bare.data, ...words]);
  expect(await start("--host", "0.0.0.0")).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/--insecure/) });
  expect(await start("--tls-cert", cert)).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/go together/) });
  const other = await holder("other");
  const wrong = join(folder, "other.key");
  writeFileSync(wrong, String(other.key.export({ format: "pem", type: "pkcs8" })), { mode: 0o600 });
  expect(await start("--tls-cert", cert, "--tls-key", wrong)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/no certificate and its key/),
  });
  chmodSync(key, 0o644);
  expect(await start(...tls())).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/others may read it/) });
  expect(existsSync(join(bare.data, "hub", "address.json"))).toBe(false);
});
