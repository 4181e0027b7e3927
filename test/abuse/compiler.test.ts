import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMaint } from "../../src/cli/story/processes.ts";
import { check, compile } from "../../src/compiler/index.ts";
import { isDomain } from "../../src/hub/release/role-name.ts";
import { parseTargetPath, targetPath } from "../../src/hub/release/target-path.ts";
import { isContractId, isTestNodeId, isVersion } from "../../src/model/ids.ts";

// Abuse cases 38 and 39: what a careless or hostile author may write.

const contractNamed = (id: string): string =>
  `contract ${id} "x" {\n  before every test {\n    first:\n      each day, the operator must acknowledge "x"\n  }\n}\n`;

describe("AB-38: ids and versions stay inside their folder", () => {
  const hostile = [
    "../../x",
    "..",
    ".",
    "CON",
    "con",
    "LPT1.txt",
    "a\0b",
    "A\0B",
    "A".repeat(300),
    "Ａ",
    "А-1",
    "A/B",
    "A\\B",
    "A\u200b",
    " A",
    "A ",
    "A\n",
    "",
    "-A",
    "__proto__",
  ];

  test.each(hostile.map((id) => [JSON.stringify(id), id] as const))("%s names nothing", (_, id) => {
    expect([isContractId(id), isVersion(id), isTestNodeId(id), isDomain(id)].filter(Boolean)).toEqual([]);
    expect(parseTargetPath(`penetrant/maintenance-contracts/v1.0/${id}.maint`)).toBeUndefined();
    expect(parseTargetPath(`penetrant/maintenance-contracts/${id}/UV-DAILY.maint`)).toBeUndefined();
    const { contracts, diagnostics } = compile([{ name: "x.maint", text: contractNamed(id) }]);
    // In a text, blanks around an id are the text's.
    expect(contracts.map((contract) => contract.id)).toEqual(id.trim() === "A" ? ["A"] : []);
    expect(diagnostics.some(({ severity }) => severity === "error")).toBe(id.trim() !== "A");
  });

  test("control: a plain id goes through all of them", () => {
    expect(isContractId("UV-DAILY") && isVersion("v1.0") && isTestNodeId("LP-01") && isDomain("penetrant")).toBe(true);
    const name = { domain: "penetrant", version: "v1.0", contract: "UV-DAILY", kind: "source" } as const;
    expect(parseTargetPath(targetPath(name))).toEqual(name);
    expect(compile([{ name: "x.maint", text: contractNamed("UV-DAILY") }]).contracts).toHaveLength(1);
  });

  test("an id has one spelling, so that it has no twin on a disk that knows no case", () => {
    for (const id of ["uv-daily", "Uv-Daily"]) expect(isContractId(id)).toBe(false);
    for (const domain of ["Penetrant", "PENETRANT"]) expect(isDomain(domain)).toBe(false);
  });
});

const NAMES = `contract CONSTRUCTOR "x" {
  constructor is a prototype, by default "LM-1"
  prototype is measured in fc
  before every test {
    constructor:
      the constructor must be calibrated every 12 months
    prototype:
      each day, prototype must be at most 2 fc
  }
  test "both" {
    at 2026-11-24 09:00 in America/Chicago
    constructor was calibrated on 2026-06-01 with result pass
    prototype reads 1 fc at 06:20
    expect allowed
  }
  test "neither" {
    at 2026-11-24 09:00 in America/Chicago
    constructor was calibrated on 2025-06-01 with result pass
    prototype reads 3 fc at 06:20
    expect blocked by constructor
    expect blocked by prototype
    expect reason calibration.overdue of constructor
    expect reason reading.out-of-limits of prototype
  }
}
`;

describe("AB-39: text that is made to break a compiler", () => {
  const clause = (text: string): string =>
    contractNamed("X").replace('each day, the operator must acknowledge "x"', text);
  const hostile: readonly { readonly name: string; readonly text: string }[] = [
    ...["__proto__", "toString"].flatMap((word) => [
      { name: `equipment ${word}`, text: contractNamed("X").replace("before", `${word} is a radiometer\n  before`) },
      { name: `a condition ${word}`, text: contractNamed("X").replace("first:", `${word}:`) },
      { name: `a reading of ${word}`, text: clause(`each day, ${word} must be at least 1 fc`) },
    ]),
    { name: "a hundred thousand open braces", text: "contract X {".repeat(100_000) },
    { name: "a hundred thousand brackets", text: clause("(".repeat(100_000)) },
    { name: "a million blanks", text: `contract X "x" {${" ".repeat(1_000_000)}` },
    { name: "a long run of signs", text: "-".repeat(500_000) },
    { name: "a long number", text: clause(`each day, uv must be at least ${"9".repeat(100_000)} fc`) },
    { name: "a long word and no end", text: "a".repeat(1_000_000) },
    { name: "an unterminated string", text: `contract X "${"x".repeat(900_000)}` },
    { name: "NUL", text: contractNamed("X\0") },
    { name: "a bidi override", text: clause('each day, the operator must acknowledge "x\u202e"') },
    { name: "a lone surrogate", text: clause('each day, the operator must acknowledge "x\ud800"') },
    { name: "control signs", text: clause('each day, the operator must acknowledge "x\u0007"') },
    { name: "more than 1 MiB", text: `// ${"x".repeat(1 << 20)}\n${contractNamed("X")}` },
  ];

  test.each(hostile)("$name: an error with a position", ({ text }) => {
    const { diagnostics } = check([{ name: "x.maint", text }]);
    const error = diagnostics.find(({ severity }) => severity === "error");
    expect(error?.place).toMatchObject({ line: expect.any(Number), column: expect.any(Number) });
    expect(error?.place.line).toBeGreaterThan(0);
    expect(compile([{ name: "x.maint", text }]).contracts).toEqual([]);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  test("words that every object has are names like any other", async () => {
    const folder = mkdtempSync(join(tmpdir(), "maint-abuse-"));
    const file = join(folder, "names.maint");
    writeFileSync(file, NAMES);
    const outcome = await runMaint(["test", file]);
    rmSync(folder, { recursive: true });
    expect(outcome.exitCode, outcome.stdout + outcome.stderr).toBe(0);
  });

  test("control: the text around them is sound", () => {
    expect(check([{ name: "x.maint", text: contractNamed("X") }]).diagnostics).toEqual([]);
  });
});

describe("AB-39: files that are too large to be read", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "maint-abuse-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("1 GiB is refused by its size, in little memory", async () => {
    const file = join(folder, "huge.maint");
    writeFileSync(file, "contract X");
    truncateSync(file, 2 ** 30);
    const outcome = await runMaint(["check", file]);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/more than 1 MiB/) });
    // With a heap of 64 MiB a program that read it would be ended by the engine.
    const small = spawn(process.execPath, ["--max-old-space-size=64", "bin/maint.js", "check", file], {
      stdio: "ignore",
    });
    expect(await once(small, "exit")).toEqual([1, null]);
  });

  test("the same text gives the same bytes in another process, place, language and zone", async () => {
    const text = contractNamed("X");
    const files = [join(folder, "one.maint"), join(folder, "two.maint")];
    for (const file of files) writeFileSync(file, text);
    const here = compile([{ name: "x.maint", text }]).contracts[0]?.bytes;
    const script = `
      import { readFileSync } from "node:fs";
      import { compile } from ${JSON.stringify(new URL("../../src/compiler/index.ts", import.meta.url).href)};
      process.stdout.write(compile([{ name: "elsewhere.maint", text: readFileSync(process.argv[1], "utf8") }]).contracts[0].bytes);`;
    for (const [file, env] of [
      [files[0], { TZ: "Pacific/Apia", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" }],
      [files[1], { TZ: "America/Nuuk", LANG: "C" }],
    ] as const) {
      const child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", script, file ?? ""], {
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "inherit"],
      });
      let said = "";
      child.stdout.on("data", (chunk: Buffer) => {
        said += chunk.toString();
      });
      await once(child, "close");
      expect(said).toBe(here);
    }
  });
});
