import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { hubClient, printAnswer } from "../../src/cli/hub-client.ts";
import { runCommandLine } from "../../src/cli/program.ts";

function printed(lines: readonly string[]): string {
  const write = vi.spyOn(process.stdout, "write").mockImplementation(() => true);
  try {
    printAnswer({}, null, lines);
    return write.mock.calls.map(([chunk]) => String(chunk)).join("");
  } finally {
    write.mockRestore();
  }
}

test("what nodes and people wrote does not steer a terminal; our own colours stay", () => {
  expect(printed(["\u001b[1mbold\u001b[22m"])).toBe("\u001b[1mbold\u001b[22m\n");
  expect(printed(["a\u001b[2J\u001b]0;title\u0007b\rc\u009bd"])).toBe("a [2J ]0;title b c d\n");
  expect(printed(["\tindented"])).toBe("\tindented\n");
  expect(printed(["contract UV {\n  for every station\n}"])).toBe("contract UV {\n  for every station\n}\n");
});

test("a hub that is there and does not answer in time is not said to be away", async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const folder = mkdtempSync(join(tmpdir(), "hub-client-"));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const token = join(folder, "token");
  writeFileSync(token, `STF-1:${"a".repeat(43)}\n`, { mode: 0o600 });
  const { port } = server.address() as AddressInfo;
  const client = hubClient({ hub: `http://127.0.0.1:${port}`, token });
  await expect(client.get("/v1/alerts", { patienceMs: 100 })).rejects.toMatchObject({
    ...{ code: "MAINT_ERR_HUB_UNREACHABLE", exitCode: 69, message: expect.stringContaining("did not answer within") },
    help: expect.stringContaining("ask again"),
  });
});

test.each([
  ["replay", "UV-DAILY", "--examples", "many"],
  ["replay", "UV-DAILY", "--examples", "-1"],
  ["rollout", "plan", "UV-DAILY@v1.1", "--days", "x"],
])("a number that is none is bad usage: %s %s %s %s", async (...words) => {
  const write = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  try {
    expect(await runCommandLine(words)).toBe(2);
    expect(write.mock.calls.map(([chunk]) => String(chunk)).join("")).toContain("whole number");
  } finally {
    write.mockRestore();
    process.exitCode = 0;
  }
});
