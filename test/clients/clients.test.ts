import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LpFloor, readLamp, startLpFloor } from "../e2e/lp-floor.ts";
import { root } from "../tidy/source-files.ts";

const FOLDER = join(root, "test", "clients");
const SLOW_MS = 120_000;

interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs a program to its end, with what it writes in one text. */
function run(command: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, {
      cwd: FOLDER,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: SLOW_MS,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, output }));
  });
}

/** A Python process that holds one Gate; `ask` writes a line and answers the one it writes. */
function lineByLine(environment: NodeJS.ProcessEnv) {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...environment };
  const child = spawn("python3", ["line_by_line.py"], { cwd: FOLDER, env, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async (line: string): Promise<string> => {
      child.stdin.write(`${line}\n`);
      return (await lines.next()).value ?? "";
    },
    end: () => child.kill(),
  };
}

const says = (command: string, words: readonly string[]): boolean => spawnSync(command, words).status === 0;

/** Why a part of the tests cannot run on this machine, or undefined; said once, so that a skip is never silent. */
function missing(what: string, isThere: boolean): string | undefined {
  if (isThere) return undefined;
  const why = `${what} is not on this machine: its client is not tested here`;
  process.stderr.write(`test/clients: ${why}\n`);
  return why;
}

const noPython = missing(
  "Python 3.8 or later (python3)",
  says("python3", ["-c", "import sys; assert sys.version_info >= (3, 8)"]),
);
const noPytest = noPython ?? missing("pytest", says("python3", ["-c", "import pytest"]));
const noMono = noPython ?? missing("Mono with System.Net.Http (mcs and mono)", compilesCSharp());

/** Debian has the compiler, the runtime and the library in packages of their own. */
function compilesCSharp(): boolean {
  if (!says("mono", ["--version"])) return false;
  const folder = mkdtempSync(join(tmpdir(), "maint-csharp-"));
  try {
    const source = join(folder, "try.cs");
    writeFileSync(source, "class Try { static void Main() { new System.Net.Http.HttpClient(); } }\n");
    const words = ["-r:System.Net.Http.dll", `-out:${join(folder, "try.exe")}`, source];
    return says("mcs", words) && says("mono", [join(folder, "try.exe")]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A file of Python tests passes, and did run some. */
async function passes(file: string, environment: NodeJS.ProcessEnv = {}): Promise<void> {
  const { exitCode, output } = await run("python3", [file], environment);
  expect(exitCode, output).toBe(0);
  expect(output).toMatch(/^Ran [1-9]\d* tests? in /m);
}

test("every error code the clients give is documented", () => {
  const files = ["clients/python/maint_gate.py", "clients/csharp/MaintGate.cs", "docs/errors.md"];
  const [python, csharp, page] = files.map((file) => readFileSync(join(root, file), "utf8"));
  const codes = new Set(`${python}${csharp}`.match(/\bMAINT_ERR_[A-Z]+(_[A-Z]+)*\b(?!_)/g));
  expect(codes.size).toBeGreaterThan(5);
  expect([...codes].filter((code) => !page?.includes(code))).toEqual([]);
});

describe.skipIf(noPython !== undefined)("the Python client without an agent", () => {
  test("takes nothing strange for an agent that allows", () => passes("test_hostile.py"), SLOW_MS);
  test("control: a weakened copy is caught", () => passes("test_planted.py"), SLOW_MS);
});

describe.skipIf(noPython !== undefined)("the clients with a real agent", () => {
  let floor: LpFloor;
  let environment: NodeJS.ProcessEnv = {};

  beforeAll(async () => {
    floor = await startLpFloor(1);
    await readLamp(floor, "LP-01", "1180");
    const folder = join(floor.folder, "clients");
    mkdirSync(folder);
    const operator = floor.tokenOf("STF-1");
    environment = { MAINT_DATA: floor.data, MAINT_TEST_OPERATOR: operator, MAINT_TEST_FOLDER: folder };
  }, SLOW_MS);
  afterAll(() => floor?.end(), SLOW_MS);

  test("Python asks, starts, ends and records", () => passes("test_agent.py", environment), SLOW_MS);
  test(
    "an agent that dies blocks, and one that came back is found by the same Gate",
    async () => {
      const { ask, end } = lineByLine({ ...environment });
      try {
        expect(await ask("check T-1")).toBe("ALLOW");
        expect(await ask("start T-1")).toBe("STARTED");
        await floor.agent("LP-01").kill();
        expect(await ask("check T-1")).toBe("BLOCK runtime.unavailable:node");
        expect(await ask("start T-2")).toBe("BLOCKED runtime.unavailable:node");
        expect(await ask("end T-1")).toBe("ERROR MAINT_ERR_AGENT_UNREACHABLE");
        await floor.startAgent("LP-01");
        expect(await ask("check T-1")).toBe("ALLOW");
        expect(await ask("end T-1")).toBe("ENDED");
        expect(await ask("end T-1")).toBe("ERROR MAINT_ERR_CONFLICT");
      } finally {
        end();
      }
    },
    SLOW_MS,
  );
  test.skipIf(noPytest !== undefined)("pytest", () => passes("test_plugin.py", environment), SLOW_MS);
  test("what README and examples show", () => passes("test_examples.py", environment), SLOW_MS);
  test.skipIf(noMono !== undefined)("C#", () => passes("test_csharp.py", environment), SLOW_MS);
  test("OpenHTF, or what stands in for it", () => passes("test_openhtf.py", environment), SLOW_MS);
});
