import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { runMaint, startService } from "../../src/cli/story/processes.ts";
import { compile } from "../../src/compiler/index.ts";
import { makeToken, writeTokenFile } from "../../src/disk/token-file.ts";
import { zoneFromIntl } from "../../src/disk/zone-from-intl.ts";
import { openFakeHub } from "./fake-hub.ts";
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
        because "the lamp fades"
  }
}
`;

/** A fake hub that has a set for Pen-1, and the folders a command line needs. */
async function floor() {
  const folder = mkdtempSync(join(tmpdir(), "node-process-"));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const repository = makeRepository();
  const hub = await openFakeHub(repository);
  closers.push(hub.close);
  const person = makeToken("STF-1");
  const tokenFile = join(folder, "keys", "STF-1.token");
  writeTokenFile(tokenFile, person.token);
  writeTokenFile(join(folder, "keys", "Pen-1.enrol"), makeToken("Pen-1").token);
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
  const people = {
    format: "maint-people/1",
    people: [{ id: "STF-1", roles: ["operator"], tokenSha256: person.sha256 }],
  };
  const documents = {
    register: repository.put(canonicalJson(register)),
    people: repository.put(canonicalJson(people)),
    orders: null,
    zone: repository.put(canonicalJson(zoneFromIntl("Etc/UTC"))),
  };
  const bundle = compile([{ name: "UV-DAILY.maint", text }]).contracts[0]?.bytes ?? "";
  const contracts = { "UV-DAILY": repository.release("UV-DAILY", "v1.0", bundle) };
  hub.desired = repository.sign(desiredOf(repository.publish(Date.now()), contracts, 1, documents));
  return { folder, hub, data: join(folder, "data"), tokenFile, enrolFile: join(folder, "keys", "Pen-1.enrol") };
}

test("enrol, start, record, gate, stop, as a person would", async () => {
  const { hub, data, tokenFile, enrolFile } = await floor();
  const at = ["--data", data];
  const enrolled = await runMaint(["node", "enrol", "Pen-1", "--hub", hub.url, "--token-file", enrolFile, ...at]);
  expect(enrolled).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^Pen-1 enrolled with hub hub-test; key [0-9a-f]{64}\n$/),
  });
  const twice = await runMaint(["node", "enrol", "Pen-1", "--hub", hub.url, "--token-file", enrolFile, ...at]);
  expect(twice).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/enrolled already/) });

  const nobody = await runMaint(["gate", "--node", "Pen-1", "--json", ...at]);
  expect(nobody).toMatchObject({
    exitCode: 69,
    stdout: expect.stringMatching(/"reasons":\["runtime.unavailable:node"\]/),
  });

  const service = await startService("Pen-1", ["node", "start", "Pen-1", ...at]);
  closers.push(() => service.stop());
  const second = await runMaint(["node", "start", "Pen-1", ...at]);
  expect(second).toMatchObject({
    exitCode: 69,
    stderr: expect.stringMatching(/another node Pen-1 process works there/),
  });
  for (let waited = 0; waited < 200 && !service.lastLines().some((line) => line.includes("in force")); waited++)
    await new Promise((resolve) => setTimeout(resolve, 25));

  const blocked = await runMaint(["gate", "--node", "Pen-1", "--test", "T-1", "--token", tokenFile, ...at]);
  expect(blocked.exitCode).toBe(10);
  expect(blocked.stdout).toMatch(/^BLOCKED {2}test T-1 at Pen-1/);
  expect(blocked.stdout).toMatch(/reading\.missing:uv-intensity/);
  expect(blocked.stdout).toMatch(/UV-DAILY line 8, uv-each-day: each day, uv-intensity must be at least 1000 uW\/cm2/);
  expect(blocked.stdout).toMatch(/because the lamp fades/);

  const reading = [
    "record",
    "reading",
    "--node",
    "Pen-1",
    "--quantity",
    "uv-intensity",
    "--value",
    "1500",
    "--unit",
    "uW/cm2",
    ...at,
  ];
  expect(await runMaint(reading)).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/a person's word/) });
  const recorded = await runMaint([...reading, "--token", tokenFile, "--json"]);
  expect(JSON.parse(recorded.stdout)).toMatchObject({ id: expect.stringMatching(/^E\d+$/) });
  const allowed = await runMaint(["gate", "--node", "Pen-1", "--test", "T-1", "--json", ...at]);
  expect(allowed.exitCode).toBe(0);
  expect(JSON.parse(allowed.stdout)).toMatchObject({
    allow: true,
    operator: null,
    contracts: [{ contract: "UV-DAILY", version: "v1.0" }],
  });

  const started = await runMaint(["gate", "--node", "Pen-1", "--test", "T-7", "--start", "--json", ...at]);
  const { running } = JSON.parse(started.stdout) as { readonly running: { readonly startedAt: string } };
  const socket = join(data, "nodes", "Pen-1", "agent.sock");
  await service.kill();
  expect(statSync(socket).isSocket()).toBe(true);
  expect(await runMaint(["gate", "--node", "Pen-1", ...at])).toMatchObject({
    exitCode: 69,
    stdout: expect.stringMatching(/^BLOCKED/),
  });
  await hub.close();
  const alone = await startService("Pen-1", ["node", "start", "Pen-1", "--no-hub", ...at]);
  closers.push(() => alone.stop());
  expect((await runMaint(["gate", "--node", "Pen-1", ...at])).exitCode).toBe(0);
  const ended = await runMaint(["gate", "--node", "Pen-1", "--test", "T-7", "--end", "--json", ...at]);
  expect(JSON.parse(ended.stdout)).toMatchObject({ test: "T-7", startedAt: running.startedAt, result: null });
  expect(await alone.stop()).toBe(0);
  expect(existsSync(socket)).toBe(false);
});

const bad: readonly { readonly words: readonly string[]; readonly exitCode: number; readonly says: RegExp }[] = [
  { words: ["gate"], exitCode: 2, says: /--node/ },
  { words: ["gate", "--node", "../x"], exitCode: 2, says: /no node id/ },
  { words: ["node", "start", "../x"], exitCode: 2, says: /no node id/ },
  { words: ["node", "start", "Pen-9"], exitCode: 2, says: /not enrolled/ },
  { words: ["node", "start", "Pen-9", "--port", "http"], exitCode: 2, says: /no port/ },
  { words: ["node", "start", "Pen-9", "--engine", "steam"], exitCode: 2, says: /both, fast, reference/ },
  { words: ["node", "enrol", "Pen-9", "--token-file", "absent"], exitCode: 69, says: /no hub runs/ },
  {
    words: ["node", "enrol", "Pen-9", "--hub", "http://127.0.0.1:1", "--token-file", "absent"],
    exitCode: 2,
    says: /no such key or token file/,
  },
  { words: ["record", "reading", "--node", "Pen-9"], exitCode: 2, says: /--quantity/ },
  { words: ["record", "ack", "--node", "Pen-9", "--step", "x"], exitCode: 69, says: /no agent of node Pen-9/ },
];

test.each(bad)("maint $words: exit $exitCode", async ({ words, exitCode, says }) => {
  const folder = mkdtempSync(join(tmpdir(), "node-process-"));
  closers.push(() => rmSync(folder, { recursive: true }));
  const data = words.length > 1 ? ["--data", folder] : [];
  const outcome = await runMaint([...words, ...data]);
  expect(outcome.exitCode, outcome.stderr).toBe(exitCode);
  expect(outcome.stdout + outcome.stderr).toMatch(says);
  expect(outcome.stderr).not.toMatch(/^ {4}at /m);
});

test("an address that is no agent's is not believed", async () => {
  const { hub, data, tokenFile } = await floor();
  const answered = await runMaint([
    "gate",
    "--node",
    "Pen-1",
    "--node-url",
    hub.url,
    "--token",
    tokenFile,
    "--data",
    data,
  ]);
  expect(answered.exitCode).toBe(69);
  expect(answered.stdout).toMatch(/^BLOCKED {2}runtime\.unavailable:node/);
  writeFileSync(join(data, "..", "loose.token"), makeToken("STF-1").token, { mode: 0o644 });
  const loose = await runMaint([
    "gate",
    "--node",
    "Pen-1",
    "--node-url",
    hub.url,
    "--token",
    join(data, "..", "loose.token"),
  ]);
  expect(loose).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/others may read it/) });
});
