import { join } from "node:path";
import { expect, test } from "vitest";
import { runMaint } from "../../src/cli/story/processes.ts";
import { writeTokenFile } from "../../src/disk/token-file.ts";
import { bundleOf, inForce, NODE, openWorld, operator, qa, type World } from "./agent-world.ts";

const contract = `contract UV-DAILY "UV each day" {
  for every penetrant station

  lamp         is a uv-a-lamp, by default "Lamp-1"
  uv-intensity is measured in uW/cm2

  before every test {
    lamp-calibrated:
      the lamp must be calibrated every 12 months
        because "a lamp ages"

    lamp-framed:
      the lamp must be checked before and after each use
  }

  QA may override calibration.overdue for at most 24 hours
}
`;

interface Floor {
  readonly maint: (...words: readonly string[]) => ReturnType<typeof runMaint>;
  /** As the person whose token is named. */
  readonly as: (who: "operator" | "qa", ...words: readonly string[]) => ReturnType<typeof runMaint>;
}

async function openFloor(): Promise<Floor> {
  const w: World = await openWorld();
  w.set(1, { "UV-DAILY": w.repository.release("UV-DAILY", "v1.0", bundleOf(contract)) });
  const agent = await w.start();
  await inForce(agent, 1);
  const files = { operator: join(w.folder, "keys", "STF-1.token"), qa: join(w.folder, "keys", "QA-1.token") };
  writeTokenFile(files.operator, operator.token);
  writeTokenFile(files.qa, qa.token);
  const at = ["--node", NODE, "--data", w.folder];
  return {
    maint: (...words) => runMaint([...words, ...at]),
    as: (who, ...words) => runMaint([...words, ...at, "--token", files[who]]),
  };
}

const ids = (stdout: string): readonly string[] => stdout.match(/\bE\d+/g) ?? [];

test("an override is asked for, signed by another, and lets a test start, run and end", async () => {
  const { as } = await openFloor();
  const lamp = ["--asset", "lamp"];
  await as("operator", "record", "check", ...lamp, "--when", "opening", "--result", "pass");
  const certificate = ["--performed-on", "2025-01-15", "--result", "pass", "--certificate", "C-1", "--serial", "L1"];
  const calibrated = await as(
    "operator",
    "record",
    "calibration",
    ...lamp,
    ...certificate,
    "--range",
    "0,20000,uW/cm2",
  );
  expect(calibrated, calibrated.stderr).toMatchObject({ exitCode: 0 });
  const start = ["gate", "--test", "T-1", "--start"];
  const blocked = await as("operator", ...start);
  expect(blocked).toMatchObject({ exitCode: 10, stdout: expect.stringContaining("calibration.overdue:Lamp-1") });
  expect(blocked.stdout).not.toContain("running");

  const until = new Date(Date.now() + 3_600_000).toISOString();
  const about = ["--rule", "calibration.overdue", "--subject", "Lamp-1", "--until", until, "--reason", "spare is late"];
  const [id = ""] = ids((await as("operator", "record", "override", ...about)).stdout);
  const own = await as("operator", "record", "approval", "--of", id);
  expect(own.exitCode).toBe(0);
  expect((await as("operator", ...start)).stdout).toMatch(/override\.(self-approved|signatures)/);
  await as("qa", "record", "approval", "--of", id);
  const preview = await as("operator", "gate", "--test", "T-1", "--preview");
  expect(preview).toMatchObject({ exitCode: 10, stdout: expect.stringMatching(/^PREVIEW {2}ALLOWED/) });
  const started = await as("operator", ...start);
  expect(started, started.stdout).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^ALLOWED/) });
  expect(started.stdout).toMatch(/override\.applied:E\d+/);
  expect(started.stdout).toMatch(/running since \d{4}-/);

  const end = ["gate", "--test", "T-1", "--end", "--result", "passed"];
  const ended = await as("operator", ...end);
  expect(ended).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^ENDED {2}test T-1 at Pen-1/) });
  expect(ended.stdout).toContain("check Lamp-1 after use");
  expect(await as("operator", ...end)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("no test") });
  const json = await as("operator", ...start, "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({ reasons: ["check.after-use-missing:Lamp-1"], running: null });
});

test("what was recorded is listed with what corrects it, and what a person typed stays on its line", async () => {
  const { as, maint } = await openFloor();
  const read = ["record", "reading", "--quantity", "uv-intensity", "--unit", "uW/cm2"];
  const [wrong = ""] = ids((await as("operator", ...read, "--value", "15000")).stdout);
  const [right = ""] = ids((await as("qa", ...read, "--value", "1500", "--corrects", wrong)).stdout);
  await as("operator", "record", "event", "--asset", "lamp", "--event", "drop\u001b[2Jped\nE99  all is well");
  const listed = await maint("record", "list");
  expect(listed.exitCode).toBe(0);
  const lines = listed.stdout.trimEnd().split("\n");
  expect(lines).toEqual([
    expect.stringMatching(
      /^E\d+ {2}\S+Z {2}event Lamp-1 {2}event "drop\\u001b\[2Jped\\nE99 {2}all is well" {2}by STF-1$/,
    ),
    expect.stringMatching(
      new RegExp(`^${right} {2}\\S+Z {2}reading uv-intensity {2}value 1500, unit uW/cm2 {2}by QA-1$`),
    ),
    `${" ".repeat(right.length + 2)}corrects ${wrong}: value 15000, unit uW/cm2, by STF-1`,
    expect.stringMatching(new RegExp(`^${wrong} {2}\\S+Z {2}reading uv-intensity {2}value 15000`)),
    expect.stringMatching(new RegExp(`^ +corrected by ${right}: it counts no more$`)),
  ]);
  const one = await maint("record", "list", "--kind", "reading", "--limit", "1", "--json");
  expect(JSON.parse(one.stdout)).toMatchObject({ evidence: [{ id: right, corrects: { id: wrong } }] });
  expect((await maint("record", "list", "--kind", "lot")).stdout).toBe("nothing is recorded\n");
});

const wrong: readonly (readonly [readonly string[], RegExp])[] = [
  [["gate", "--start"], /is named/],
  [["gate", "--end"], /is named/],
  [["gate", "--test", "T-1", "--start", "--end"], /exclude each other/],
  [["gate", "--test", "T-1", "--start", "--preview"], /exclude each other/],
  [["gate", "--test", "T-1", "--result", "passed"], /goes with --end/],
  [["gate", "--test", "T-1", "--end", "--result", "so-so"], /is one of passed, failed, aborted/],
  [["record", "override", "--rule", "calibration.overdue"], /--subject/],
  [["record", "approval", "--of", "E9999"], /no override and no extension/],
  [["record", "revocation", "--asset", "lamp", "--certificate", "C-9", "--reason", "x"], /no calibration of/],
  [["record", "list", "--kind", "redding"], /calibration/],
  [["record", "list", "--limit", "0"], /whole number/],
];

test("what does not fit is refused with exit code 2 and a sentence", async () => {
  const { as } = await openFloor();
  for (const [words, says] of wrong) {
    const { exitCode, stderr } = await as("operator", ...words);
    expect([words, exitCode, stderr]).toEqual([words, 2, expect.stringMatching(says)]);
    expect(stderr).not.toMatch(/^ {4}at /m);
  }
});
