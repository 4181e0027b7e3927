import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { nodeFolder, startAgent } from "../../src/agent/index.ts";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { ok } from "../../src/base/result.ts";
import { compile } from "../../src/compiler/index.ts";
import { createKeyFile } from "../../src/disk/key-file.ts";
import { readTokenFile } from "../../src/disk/read-token.ts";
import { zoneFromIntl } from "../../src/disk/zone-from-intl.ts";
import { createBlobShelf } from "../../src/hub/session/blob-shelf.ts";
import { createSessionServer } from "../../src/hub/session/session-server.ts";
import type { AlertBatch, Report } from "../../src/model/message.ts";
import { silentArchive } from "../hub/silent-archive.ts";
import { silentWitnesses } from "../hub/silent-witnesses.ts";
import { desiredOf, makeRepository } from "./repository.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const text = `contract UV-DAILY "UV each day" {
  for every station

  uv-intensity is measured in uW/cm2

  before every test {
    uv-each-day:
      each day, uv-intensity must be at least 1000 uW/cm2
  }
}
`;

/** Both ends of the wire as they ship; what lies behind the hub's end is this test. */
test("the agent and the hub's own sessions understand each other", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hub-session-"));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const repository = makeRepository();
  const shelf = createBlobShelf((digest) => repository.blobs.get(digest));
  const paths = nodeFolder(folder, "Pen-1");
  mkdirSync(paths.path, { recursive: true, mode: 0o700 });
  const key = createKeyFile(paths.key);
  writeFileSync(paths.root, repository.root);
  const station = { id: "LP-1", type: "penetrant", attributes: [], orderRequired: false };
  const register = {
    format: "maint-station/1",
    node: "Pen-1",
    station,
    plantZone: "Etc/UTC",
    shifts: [],
    roles: {},
    assets: [],
  };
  const documents = {
    register: shelf.put(Buffer.from(canonicalJson(register))),
    people: shelf.put(Buffer.from(canonicalJson({ format: "maint-people/1", people: [] }))),
    orders: null,
    zone: shelf.put(Buffer.from(canonicalJson(zoneFromIntl("Etc/UTC")))),
  };
  const bundle = compile([{ name: "UV-DAILY.maint", text }]).contracts[0]?.bytes ?? "";
  const contracts = { "UV-DAILY": repository.release("UV-DAILY", "v1.0", bundle) };
  const signed = repository.sign(desiredOf(repository.publish(Date.now()), contracts, 1, documents));

  const reports: Report[] = [];
  const alerts: AlertBatch["alerts"][number][] = [];
  const faults: unknown[] = [];
  const sessions = createSessionServer({
    hubId: "hub-1",
    onlineKey: repository.keys.online,
    clock: { nowMs: () => Date.now() },
    monotonicMs: () => performance.now(),
    ledgers: silentArchive,
    witnesses: silentWitnesses,
    random: (size) => randomBytes(size),
    blobs: shelf,
    inbox: {
      ackedUpTo: async () => alerts.length,
      receive: async (_, batch) => {
        alerts.push(...batch.alerts.filter(({ seq }) => seq === alerts.length + 1));
        return ok({ upTo: alerts.length });
      },
    },
    keyOf: async () => ({ ...key, isRevoked: false, quarantined: null, reportCounter: 0, ledgerSize: 0 }),
    isAhead: () => false,
    learn: async () => ok(undefined),
    quarantine: async (_node, why) => {
      throw new Error(why);
    },
    arrived: async () => signed,
    left: () => undefined,
    standing: () => undefined,
    report: async (_, report) => {
      reports.push(report);
      return ok(undefined);
    },
    refused: async () => "news",
    failed: (error) => faults.push(error),
  });
  const server = createServer();
  server.on("upgrade", sessions.upgrade);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  closers.push(sessions.stop);
  const hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(paths.enrolment, canonicalJson({ node: "Pen-1", hub: "hub-1", hubUrl }));

  const agent = await startAgent({ dataFolder: folder, node: "Pen-1" });
  closers.push(agent.stop);
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    for (let waited = 0; waited < 400 && !holds(); waited++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect([what, holds()]).toEqual([what, true]);
  };
  await until("activated", () => reports.some(({ attempted }) => attempted["UV-DAILY"]?.phase === "activated"));
  expect(reports.map(({ counter }) => counter)).toEqual([1, 2]);
  await until("attested", () => agent.status().clock.source === "attested");
  const headers = { authorization: `Bearer ${readTokenFile(paths.token)}` };
  await fetch(`${agent.url}/v1/gate`, { method: "POST", headers, body: '{"test":"T-1"}' });
  await until("alert", () => alerts.length === 1 && agent.status().alerts.ackedSeq === 1);
  expect(alerts[0]).toMatchObject({ reason: "reading.missing", contract: "UV-DAILY", version: "v1.0", testId: "T-1" });
  await until("effective", () => reports.at(-1)?.attempted["UV-DAILY"]?.phase === "effective");
  expect(faults).toEqual([]);
});
