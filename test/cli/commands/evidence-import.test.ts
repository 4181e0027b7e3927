import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Agent } from "../../../src/agent/index.ts";
import { ask, bundleOf, inForce, NODE, openWorld, qa } from "../../agent/agent-world.ts";
import { type DccFields, dcc, holder, revocationList, signDocument, statement } from "../../import/laboratory.ts";
import { root } from "../../tidy/source-files.ts";

const folder = mkdtempSync(join(tmpdir(), "maint-evidence-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string, content: string | Uint8Array): string => {
  const file = join(folder, name);
  writeFileSync(file, content, { mode: 0o600 });
  return file;
};
const token = at("qa.token", `${qa.token}\n`);

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}
/** Not spawnSync: the agent runs in this process. */
const maint = (...args: readonly string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    const command = [join(root, "bin/maint.js"), "evidence", "import", ...args];
    const child = execFile(process.execPath, command, { cwd: root }, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });

const contract = `contract UV-DAILY "UV each day" {
  for every penetrant station

  lamp is a uv-a-lamp, by default "Lamp-1"

  before every test {
    calibrated:
      the lamp must be calibrated every 12 months
  }
}
`;

/** An agent with a contract in force, and the command that imports into it. */
async function station() {
  const w = await openWorld();
  w.set(1, { "UV-DAILY": w.repository.release("UV-DAILY", "v1.0", bundleOf(contract)) });
  const agent = await w.start();
  await inForce(agent, 1);
  const into = ["--node", NODE, "--node-url", agent.url, "--token", token];
  const reasons = async (): Promise<unknown> =>
    (await ask(agent, "/v1/gate", { test: "T-1", preview: true }, qa.token)).json.reasons ??
    (await ask(agent, "/v1/gate", { test: "T-1", preview: true }, qa.token)).text;
  return { agent, into, reasons };
}

const recorded = async (agent: Agent, kind: string) =>
  (await ask(agent, `/v1/evidence?kind=${kind}`, undefined, qa.token)).json.evidence;

const lampCertificate = (fields: DccFields): string =>
  dcc(fields).replace(">Meter-1<", ">Lamp-1<").replace(">M1<", ">L1<");

/** Calibrated lately, whatever day the test runs on. */
const day = (daysAgo: number): string => new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10);

test("a list of gauges goes in once, and each row that does not is told", async () => {
  const { agent, into, reasons } = await station();
  const text = `code,sn,cal,due\nLamp-1,L1,${day(20)},${day(-200)}\nLamp-1,L1,${day(400)},${day(-1)}\nNobody,1,${day(20)},\nLamp-1,L1,soon,\n`;
  const file = at("gauges.csv", text);
  const columns = "asset=code,serial=sn,performedOn=cal,dueOn=due";
  const args = [file, "--from", "gauge-list", "--map", columns, "--result", "pass"];
  const dry = await maint(...args, "--dry-run");
  expect(dry.stdout).toMatch(/3 would record, 1 rejected\n$/);
  expect(await recorded(agent, "calibration")).toEqual([]);

  const first = await maint(...args, ...into);
  expect(first).toMatchObject({ status: 1, stderr: "" });
  expect(first.stdout).toMatch(/^recorded E\d+: line 2, Lamp-1, calibrated \d/m);
  expect(first.stdout).toMatch(/^refused: line 4, Nobody, .*: unknown asset "Nobody"/m);
  expect(first.stdout).toContain(`rejected: ${file}:5 cal "soon": is no date of the form YYYY-MM-DD`);
  expect(first.stdout).toMatch(/2 recorded, 1 refused, 1 rejected\n$/);
  expect(await reasons()).toEqual([]);

  const again = JSON.parse((await maint(...args, ...into, "--json")).stdout);
  expect(again.rows.map(({ outcome }: { outcome: string }) => outcome)).toEqual(["known", "known", "refused"]);
  expect(again.rejected).toMatchObject([{ line: 5, column: "cal", value: "soon" }]);
  expect(await recorded(agent, "calibration")).toHaveLength(2);
});

test("a certificate is known again, and recorded otherwise only as a correction", async () => {
  const { agent, into, reasons } = await station();
  const [ca, lab] = [await holder("Root CA", { ca: true }), await holder("Lab A")];
  const trusted = await holder("Lab A", { issuer: ca });
  const pem = at("ca.pem", `comment\n${ca.certificate}\n${lab.certificate}\n`);
  const when = { begin: day(10), end: day(10) };
  const signed = signDocument(lampCertificate(when), { signer: trusted, at: `${day(9)}T08:00:00Z` });
  const args = [at("C.xml", signed), "--from", "dcc", "--asset", "lamp", ...into];

  const untrusted = await maint(...args);
  expect(untrusted).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/^signature untrusted: signed by Lab A/),
  });
  expect(await reasons()).toEqual(["calibration.signature-invalid:Lamp-1"]);
  const differs = await maint(...args, "--trust", pem);
  expect(differs.stdout).toMatch(/refused: .*recorded in E\d+ .*signature "untrusted", not "valid".*--correct/);
  const corrected = await maint(...args, "--trust", pem, "--correct");
  expect(corrected).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^corrected E\d+: certificate C-2026-17/m),
  });
  expect(await reasons()).toEqual([]);
  expect((await maint(...args, "--trust", pem)).stdout).toMatch(/1 known\n$/);
  expect(await recorded(agent, "calibration")).toHaveLength(2);
});

test("everything a certificate says arrives as it was written", async () => {
  const { agent, into } = await station();
  const limit = (type: string, value: string): string =>
    `<dcc:quantity refType="basic_validityRange${type}"><si:real><si:value>${value}</si:value><si:unit>\\milli\\watt\\per\\metre\\tothe{2}</si:unit></si:real></dcc:quantity>`;
  const statements = `${statement.conformity("pass")}<dcc:statement refType="basic_validityRange"><dcc:data>${limit("Min", "0.10")}${limit("Max", "2E4")}</dcc:data></dcc:statement><dcc:statement refType="basic_recalibration"><dcc:date>${day(-300)}</dcc:date></dcc:statement>`;
  const before =
    "<dcc:influenceConditions><dcc:influenceCondition><dcc:status>beforeAdjustment</dcc:status><dcc:conformityXMLList>fail</dcc:conformityXMLList></dcc:influenceCondition></dcc:influenceConditions>";
  const used =
    "<dcc:measuringEquipments><dcc:measuringEquipment><dcc:name><dcc:content>STD-4</dcc:content></dcc:name></dcc:measuringEquipment></dcc:measuringEquipments>";
  const results = `<dcc:measurementResult>${used}${before}<dcc:results><dcc:conformityXMLList>pass</dcc:conformityXMLList></dcc:results></dcc:measurementResult>`;
  const file = at("all.xml", lampCertificate({ begin: day(10), end: day(10), statements, results }));
  const args = [file, "--from", "dcc", ...into];
  expect(await maint(...args)).toMatchObject({ status: 0 });
  expect((await recorded(agent, "calibration"))[0]).toMatchObject({
    subject: "Lamp-1",
    by: "QA-1",
    body: {
      ...{ performedOn: day(10), dueOn: day(-300), result: "pass", certificate: "C-2026-17", assetSerial: "L1" },
      ...{ asFound: "out-of-tolerance", asLeft: "in-tolerance" },
      ...{ ranges: [["0.10", "2E4", "mW/m2"]], references: ["STD-4"] },
    },
  });
  expect(await maint(...args)).toMatchObject({ status: 0, stdout: expect.stringMatching(/1 known\n$/) });
});

test("a revocation inside the document is a record of its own, of its own instant", async () => {
  const { agent, into, reasons } = await station();
  const ca = await holder("Root CA", { ca: true });
  const lab = await holder("Lab A", { issuer: ca });
  const revokedAt = `${day(5)}T00:00:00.000Z`;
  const crls = [await revocationList(ca, [lab], revokedAt)];
  const when = { begin: day(10), end: day(10) };
  const signed = signDocument(lampCertificate(when), { signer: lab, chain: [ca], crls, at: `${day(9)}T08:00:00Z` });
  const args = [
    at("R.xml", signed),
    "--from",
    "dcc",
    "--asset",
    "Lamp-1",
    "--trust",
    at("r.pem", `${ca.certificate}`),
    ...into,
  ];
  expect(await maint(...args)).toMatchObject({
    status: 1,
    stdout: expect.stringContaining(`revoked from ${revokedAt}`),
  });
  expect(await maint(...args)).toMatchObject({ status: 1, stdout: expect.stringMatching(/1 known\n$/) });
  expect(await recorded(agent, "revocation")).toMatchObject([
    { subject: "Lamp-1", takenAt: revokedAt, body: { certificate: "C-2026-17" } },
  ]);
  expect(await reasons()).toEqual(["calibration.signature-invalid:Lamp-1"]);
});

test("an agent that goes, or knows nobody, ends the import after telling what is recorded", async () => {
  const { agent, into } = await station();
  const file = at("two.csv", `code,cal\nLamp-1,${day(3)}\n`);
  const args = [file, "--from", "gauge-list", "--map", "asset=code,performedOn=cal", "--result", "pass"];
  const stranger = at("x.token", `${qa.token.slice(0, -1)}${qa.token.endsWith("A") ? "B" : "A"}\n`);
  const unknown = await maint(...args, ...into.slice(0, -1), stranger);
  expect(unknown).toMatchObject({ status: 2, stderr: expect.stringMatching(/MAINT_ERR|token/) });
  await agent.stop();
  const gone = await maint(...args, ...into);
  expect(gone).toMatchObject({ status: 69, stdout: "nothing to record\n" });
});

const csv = () => at("a.csv", "code,cal\nG,2026-01-01\n");
const list = ["--from", "gauge-list", "--dry-run", "--map"];
const pair = "asset=code,performedOn=cal";
test.each<[string, () => readonly string[], RegExp]>([
  ["no node", () => [csv(), "--from", "gauge-list", "--map", pair], /evidence goes to a node/],
  ["no kind", () => [csv(), "--dry-run"], /--from/],
  ["a file that is not there", () => [join(folder, "nope"), "--from", "dcc", "--dry-run"], /no such file/],
  ["no mapping", () => [csv(), "--from", "gauge-list", "--dry-run"], /--map names the columns/],
  ["a field that does not exist", () => [csv(), ...list, `${pair},colour=x`], /no column "cal,colour=x"/],
  ["a field twice", () => [csv(), ...list, `${pair},asset=cal`], /does not take "asset=cal"/],
  ["a form of dates that guesses", () => [csv(), ...list, pair, "--dates", "M/D/YY"], /no form of dates/],
  ["a result nobody knows", () => [csv(), ...list, pair, "--results", "AAA=good"], /does not take "AAA=good"/],
  ["an option of another kind", () => [csv(), ...list, pair, "--zone", "Etc/UTC"], /--zone says nothing/],
  [
    "a form of dates for a certificate",
    () => [at("f.xml", dcc()), "--from", "dcc", "--dates", "D/M/YYYY", "--dry-run"],
    /--dates/,
  ],
  ["no zone", () => [at("s.json", "[]"), "--from", "systemlink", "--dry-run"], /no such zone: ""/],
  ["no JSON", () => [at("t.json", "["), "--from", "systemlink", "--zone", "Etc/UTC", "--dry-run"], /t\.json: line 1/],
  ["no certificate", () => [at("c.xml", "<a/>"), "--from", "dcc", "--dry-run"], /no digital calibration certificate/],
  [
    "no anchor in the file",
    () => [at("d.xml", dcc()), "--from", "dcc", "--trust", csv(), "--dry-run"],
    /no certificate/,
  ],
  ["bytes that are no text", () => [at("e.xml", new Uint8Array([0xff, 0])), "--from", "dcc", "--dry-run"], /UTF-8/],
])("bad input: %s", async (_what, args, says) => {
  const outcome = await maint(...args());
  expect(outcome.stderr).toMatch(says);
  expect(outcome).toMatchObject({ status: 2, stdout: "" });
  expect(outcome.stderr).not.toMatch(/^\s+at |our own mistake/m);
});
