import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ServiceRequest, systemdUnit, winswConfig } from "../../src/cli/service-files.ts";
import { runMaint } from "../../src/cli/story/processes.ts";

const request = (change: Partial<ServiceRequest> = {}): ServiceRequest => ({
  name: "maint-node-LP-01",
  description: "gate of LP-01",
  program: "/usr/bin/node",
  args: ["/opt/maint/bin/maint.js", "node", "start", "LP-01", "--data", "/var/lib/maint"],
  dataFolder: "/var/lib/maint",
  user: "maint",
  ...change,
});

const words: readonly (readonly [string, string])[] = [
  ["/var/lib/maint", "/var/lib/maint"],
  ["/var/lib/plant 3", '"/var/lib/plant 3"'],
  ["/var/lib/50%", "/var/lib/50%%"],
  ['/var/"q"', '"/var/\\"q\\""'],
  ["/var/$HOME", '"/var/$$HOME"'],
];
for (const [path, written] of words)
  test(`a path stands in a unit as systemd reads it: ${path}`, () => {
    const unit = systemdUnit(request({ args: ["--data", path], dataFolder: path }));
    expect(unit).toContain(`ExecStart=/usr/bin/node --data ${written}\n`);
    expect(unit).toContain(`ReadWritePaths=${written}\n`);
  });

const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;
test.skipIf(!hasSystemd)("systemd takes the unit without a word", () => {
  const folder = mkdtempSync(join(tmpdir(), "maint-unit-"));
  try {
    const file = join(folder, "maint-node-LP-01.service");
    writeFileSync(file, systemdUnit(request({ program: process.execPath, user: "root" })));
    const said = execFileSync("systemd-analyze", ["verify", file], { encoding: "utf8", stdio: "pipe" });
    expect(said).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a Windows service's arguments are quoted twice: for the program, and for XML", () => {
  const config = winswConfig(request({ args: ["C:\\plant 3\\", 'say "so"', "a&b"] }));
  expect(config).toContain(
    "<arguments>&quot;C:\\plant 3\\\\&quot; &quot;say \\&quot;so\\&quot;&quot; a&amp;b</arguments>",
  );
});

test("the command prints, writes once, and refuses what makes no sense", async () => {
  const folder = mkdtempSync(join(tmpdir(), "maint-install-"));
  try {
    mkdirSync(join(folder, "nodes", "LP-01"), { recursive: true });
    const install = (...more: readonly string[]) => runMaint(["node", "install", ...more, "--data", folder]);
    expect(await install("LP-01", "--for", "systemd", "--port", "7420")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/ExecStart=.*maint\.js node start LP-01 --data .* --port 7420\n/),
    });
    const out = join(folder, "unit.service");
    expect(await install("LP-01", "--out", out)).toMatchObject({ exitCode: 0 });
    const refused: readonly (readonly [readonly string[], RegExp])[] = [
      [["LP-01", "--out", out], /never replaced/],
      [["LP-02"], /not enrolled/],
      [["../x"], /no node id/],
      [["LP-01", "--user", "a b"], /no account/],
      [["LP-01", "--port", "0"], /no port/],
    ];
    for (const [words, says] of refused)
      expect(await install(...words)).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(says) });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
