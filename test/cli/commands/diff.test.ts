import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { runCommandLine } from "../../../src/cli/program.ts";

const contract = (clause: string, more = "", scope = "every station"): string =>
  [
    'contract UV-DAILY "UV-A, each day" {',
    `  for ${scope}`,
    '  meter is a radiometer, by default "LM-1"',
    "  uv is measured in uW/cm2, plausible from 0 to 100000",
    "  warm is measured in degC",
    "  cold is measured in degC",
    "  rise is warm minus cold",
    "  before every test {",
    "    named:",
    "      each day, rise must be at most 50 degC",
    ...clause.split("\n").map((line) => `      ${line}`),
    "    calibrated:",
    "      the meter must be calibrated every 12 months",
    "  }",
    `  ${more}`,
    "}",
    "",
  ].join("\n");

const BASE = "each day, uv read with the meter must be at least 1000 uW/cm2";
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "maint-diff-"));
});

interface Run {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

async function maint(...args: string[]): Promise<Run> {
  const [out, err] = [[] as string[], [] as string[]];
  const write = (list: string[]) => (chunk: unknown) => list.push(String(chunk)) > 0;
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation(write(out)),
    vi.spyOn(process.stderr, "write").mockImplementation(write(err)),
  ];
  try {
    const exit = await runCommandLine(args);
    return { exit, out: out.join(""), err: err.join("") };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.exitCode = 0;
  }
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

interface Compared {
  readonly contract: string;
  readonly verdict: string;
  readonly changes: readonly { direction: string; kind: string; subject: string; words: string; line: object }[];
  readonly counterexample: { at: string; facts: object; blockedBy: readonly string[]; line: number | null } | null;
}

async function compared(older: string, newer: string): Promise<{ readonly exit: number; readonly one: Compared }> {
  const { exit, out } = await maint("diff", await file("old.maint", older), await file("new.maint", newer), "--json");
  const { contracts } = JSON.parse(out) as { contracts: Compared[] };
  return { exit, one: contracts[0] as Compared };
}

const cases: readonly (readonly [
  title: string,
  older: string,
  newer: string,
  verdict: string,
  changes: readonly string[],
])[] = [
  ["nothing", contract(BASE), contract(BASE), "equal", []],
  [
    "another unit, another because",
    contract(BASE),
    contract(`${BASE.replace("1000 uW/cm2", "1 mW/cm2")}\n  because "ASTM E1417"`),
    "never-looser",
    ["changed reading uv", "changed reading uv"],
  ],
  ["a tighter limit", contract(BASE), contract(BASE.replace("1000", "1200")), "never-looser", ["tighter reading uv"]],
  ["a looser limit", contract(BASE), contract(BASE.replace("1000", "999.99")), "looser", ["looser reading uv"]],
  [
    "an older reading",
    contract(BASE),
    contract(BASE.replace("each day", "each week")),
    "looser",
    ["looser reading uv"],
  ],
  ["a must that warns", contract(BASE), contract(BASE.replace("must", "should")), "looser", ["looser reading uv"]],
  ["never overridable", contract(BASE), contract(`${BASE}, never overridable`), "never-looser", ["tighter reading uv"]],
  [
    "two clauses that say what one said",
    contract("each day, uv must be between 1000 and 2000 uW/cm2"),
    contract("each day, uv must be at least 1000 uW/cm2\nfrom the latest readings, uv must be at most 2000 uW/cm2"),
    "never-looser",
    ["looser reading uv", "added reading uv"],
  ],
  [
    "a difference that its sides imply",
    contract(BASE),
    contract(BASE).replace(
      "each day, rise must be at most 50 degC",
      "each day, warm must be at most 60 degC\n      each day, cold must be at least 10 degC",
    ),
    "never-looser",
    ["added reading warm", "added reading cold", "removed reading rise"],
  ],
  [
    "a wider plausible range",
    contract(BASE),
    contract(BASE).replace("to 100000", "to 200000"),
    "looser",
    ["looser quantity uv"],
  ],
  ["another default", contract(BASE), contract(BASE).replace("LM-1", "LM-2"), "looser", ["changed equipment meter"]],
  [
    "fewer stations",
    contract(BASE),
    contract(BASE, "", "every penetrant station"),
    "looser",
    ["looser scope UV-DAILY"],
  ],
  [
    "more stations",
    contract(BASE, "", "every penetrant station"),
    contract(BASE),
    "never-looser",
    ["tighter scope UV-DAILY"],
  ],
  [
    "an override",
    contract(BASE),
    contract(BASE, "QA may override reading.out-of-limits for at most 8 hours"),
    "looser",
    ["looser override reading.out-of-limits"],
  ],
  [
    "a shorter override",
    contract(BASE, "QA may override reading.stale for at most 8 hours"),
    contract(BASE, "QA and Supervisor together may override reading.stale for at most 4 hours"),
    "never-looser",
    ["tighter override reading.stale"],
  ],
  [
    "who is told",
    contract(BASE),
    contract(BASE, "when blocked, tell supervisor with severity high"),
    "never-looser",
    ["changed when-blocked UV-DAILY"],
  ],
  [
    "a clause less",
    contract(`${BASE}\nthe meter must be in service`),
    contract(BASE),
    "looser",
    ["removed service-state meter"],
  ],
];

describe("maint diff --json", () => {
  for (const [title, older, newer, verdict, changes] of cases) {
    test(title, async () => {
      const { exit, one } = await compared(older, newer);
      expect(one.changes.map(({ direction, kind, subject }) => `${direction} ${kind} ${subject}`)).toEqual(changes);
      expect(one.verdict).toBe(verdict);
      expect(exit).toBe(verdict === "looser" ? 1 : 0);
      expect(one.counterexample === null).toBe(verdict !== "looser");
    });
  }

  test("a counterexample decides as it says", async () => {
    const [older, newer] = [contract(BASE), contract(BASE.replace("12 months", "13 months").replace("1000", "900"))];
    const { one } = await compared(older, newer);
    const { at, facts, blockedBy } = one.counterexample ?? { at: "", facts: {}, blockedBy: [] };
    const path = await file("facts.json", JSON.stringify(facts));
    const decide = async (text: string): Promise<{ allow: boolean; reasons: readonly string[] }> => {
      const { out } = await maint(
        "eval",
        "--contract",
        await file("x.maint", text),
        "--facts",
        path,
        "--at",
        at,
        "--json",
      );
      return JSON.parse(out) as { allow: boolean; reasons: readonly string[] };
    };
    expect((await decide(newer)).allow).toBe(true);
    expect((await decide(older)).reasons).toEqual(blockedBy);
    expect(blockedBy).toEqual(["reading.out-of-limits:uv"]);
  });

  test("a contract that is gone is looser, a new one never", async () => {
    const [a, b] = [contract(BASE), contract(BASE).replace("UV-DAILY", "UV-WEEKLY")];
    const { out, exit } = await maint("diff", await file("a.maint", a), await file("b.maint", b), "--json");
    const { contracts } = JSON.parse(out) as { contracts: Compared[] };
    expect(contracts.map((one) => `${one.contract} ${one.verdict}`)).toEqual([
      "UV-DAILY looser",
      "UV-WEEKLY never-looser",
    ]);
    expect(exit).toBe(1);
  });
});

describe("maint diff as text", () => {
  test("says the direction, the change and the proof", async () => {
    const older = await file("old.maint", contract(BASE));
    const newer = await file("new.maint", contract(BASE.replace("1000", "1200")));
    const { out, exit } = await maint("diff", older, newer);
    expect(out).toContain("UV-DAILY: never looser");
    expect(out).toContain("tighter  named: reading uv  line 11 → 11");
    expect(out).toContain("limit: at least 1000 uW/cm2 → at least 1200 uW/cm2");
    expect(exit).toBe(0);
  });
});

describe("bad input", () => {
  test("a file that does not compile", async () => {
    const bad = await file("bad.maint", contract("uv must be at least 3 fc"));
    const { exit, err } = await maint("diff", bad, bad);
    expect(exit).toBe(2);
    expect(err).toContain("the contract does not compile");
  });

  test("no such file, no such zone, one argument", async () => {
    const good = await file("good.maint", contract(BASE));
    expect((await maint("diff", good, join(folder, "none.maint"))).exit).toBe(2);
    expect((await maint("diff", good, good, "--zone", "Moon/Tycho")).exit).toBe(2);
    expect((await maint("diff", good)).exit).toBe(2);
  });
});
