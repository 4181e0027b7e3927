import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { DAY_MS, printUtc } from "../../../src/base/civil-time.ts";
import type { SigningKey } from "../../../src/disk/key-file.ts";
import type { Proposal, ProposalEffect } from "../../../src/hub/proposals/proposal.ts";
import type { ContractStudy } from "../../../src/hub/proposals/proposal-study.ts";
import { batchOf, ledgerOf } from "../../hub/archive/written-ledger.ts";
import { type HubBench, hubBench, scriptedNode } from "../../hub/hub-fixture.ts";
import { calibrationRecord, evidenceLedgerRecord } from "../../hub/impact/impact-fixture.ts";
import { oneCommand, type Said } from "../one-command.ts";

// What a person types about proposals, against a real hub.

const CONTRACT = `contract TORQUE "Wrenches" {
  for every torque station

  wrench is a torque-wrench, by default "W-1"

  before every test {
    calibrated:
      the wrench must be calibrated every 12 months
  }

  test "never calibrated" {
    at 2026-11-24 09:00 in UTC
    expect blocked by calibrated
  }
}
`;
const WRONG = "MAINT_ERR_BAD_REQUEST";

let bench: HubBench;
let key: SigningKey;
const folder = mkdtempSync(join(tmpdir(), "proposal-cli-"));
const fileOf = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
beforeAll(async () => {
  bench = await hubBench();
  const admin = bench.admin();
  key = await bench.enrol("T-1", "torque");
  await admin.post("/v1/contracts", { text: CONTRACT, domain: "general" });
  await admin.post("/v1/contracts/TORQUE/validate", {});
  await bench.store("TORQUE");
  const day = (yearsAgo: number): string => printUtc(Date.now() - yearsAgo * 365 * DAY_MS).slice(0, 10);
  const found = [3, 2, 1].map((years, seq) => {
    const asFound = years === 3 ? "in-tolerance" : "out-of-tolerance";
    return evidenceLedgerRecord(calibrationRecord(seq, "W-1", { performedOn: day(years), asFound }));
  });
  bench.hub().services.archive.append([batchOf(ledgerOf("T-0", found), 0)]);
});
afterAll(async () => {
  await bench.close();
  rmSync(folder, { recursive: true });
});
afterEach(() => vi.unstubAllEnvs());

const maint = (words: string, ...more: readonly string[]): Promise<Said> =>
  oneCommand("proposal", ...words.split(" "), ...more, "--hub", bench.hub().url, "--keys", bench.keys);
const json = async <T>(words: string, ...more: readonly string[]): Promise<T> =>
  JSON.parse((await maint(words, ...more, "--json")).out) as T;

test("a study says what calibrations ask for, and proposes nothing", async () => {
  const said = await maint("study TORQUE");
  expect(said).toMatchObject({ code: 0, err: "" });
  expect(said.out).toContain("3 findings of 1 of 1 instruments, 2 out of tolerance");
  expect(said.out).toMatch(/staircase +0\.50 times +W-1: found out of tolerance 2 times in a row/);
  expect(said.out).toContain("maint proposal create --contract TORQUE --kind shorter-interval --equipment wrench");
  const { intervals } = await json<ContractStudy>("study TORQUE");
  expect(intervals).toMatchObject([{ equipment: "wrench", since: null, shorter: { interval: { count: 6 } } }]);
  expect((await maint("list")).out).toBe("no proposals\n");
});

test("an edit from a file and from an editor, each with its reason", async () => {
  await maint("create --contract TORQUE --kind shorter-interval");
  const { text } = await json<Proposal>("show proposal-1");
  expect(text).toContain("calibrated every 6 months");
  const four = fileOf("four.maint", text.replace("6 months", "4 months"));
  const edited = await maint("edit proposal-1 --file", four, "--reason", "the line runs in two shifts");
  expect(edited).toMatchObject({ code: 0, err: "" });
  expect(edited.out).toContain("+      the wrench must be calibrated every 4 months");
  vi.stubEnv("VISUAL", "");
  vi.stubEnv("EDITOR", "sed -i 's/4 months/3 months/'");
  expect(await maint("edit proposal-1 --reason", "three shifts")).toMatchObject({ code: 0, err: "" });
  const { edits, clause } = await json<Proposal>("show proposal-1");
  expect(clause).toBe("the wrench must be calibrated every 3 months");
  expect(edits.map(({ reason }) => reason)).toEqual(["the line runs in two shifts", "three shifts"]);
  expect(edits[1]?.before).toBe(readFileSync(four, "utf8"));
});

test.each([
  [
    "a text that loosens",
    () => fileOf("looser.maint", CONTRACT.replace("12 months", "13 months")),
    WRONG,
    /does not hold/,
  ],
  ["a text that does not compile", () => fileOf("broken.maint", "contract TORQUE {"), WRONG, /does not hold/],
  [
    "another contract",
    () => fileOf("other.maint", CONTRACT.replace("TORQUE", "OTHER")),
    WRONG,
    /no longer holds TORQUE/,
  ],
  ["no file", () => join(folder, "nowhere.maint"), "ENOENT|MAINT_ERR_", /nowhere\.maint/],
])("an edit with %s is refused, and nothing is changed", async (_what, file, code, why) => {
  const before = await json<Proposal>("show proposal-1");
  const said = await maint("edit proposal-1 --reason x --file", file(), "--json");
  expect(said.code).toBe(2);
  expect(said.err).toMatch(new RegExp(code));
  expect(said.err).toMatch(why);
  expect(await json<Proposal>("show proposal-1")).toEqual(before);
});

test("an editor that is not set, or gives up, changes nothing", async () => {
  vi.stubEnv("VISUAL", "");
  vi.stubEnv("EDITOR", "");
  expect((await maint("edit proposal-1 --reason x")).err).toContain("no editor is set");
  vi.stubEnv("EDITOR", "false");
  const given = await maint("edit proposal-1 --reason x");
  expect([given.code, given.err]).toEqual([2, expect.stringContaining("nothing was changed")]);
  vi.stubEnv("EDITOR", "true");
  expect((await maint("edit proposal-1 --reason x")).err).toContain("is proposed already");
});

test.each([
  ["study", 2, /missing required argument/],
  ["study NOBODY", 2, /NOBODY has no version in force/],
  ["study no-id", 2, /is no contract id/],
  ["edit proposal-1", 2, /--reason/],
  ["edit proposal-9 --reason x", 2, /proposal-9/],
  ["effect proposal-9", 2, /proposal-9/],
  ["effect proposal-1", 2, /only a deployed one has an effect/],
  ["effect", 2, /missing required argument/],
  ["create", 2, /say what to draft against/],
  ["create --contract TORQUE --kind longer-interval", 2, /Allowed choices/],
])("maint proposal %s: exit code %i", async (words, code, why) => {
  const said = await maint(words);
  expect([said.code, said.err]).toEqual([code, expect.stringMatching(why)]);
  expect(said.err).not.toMatch(/\n\s+at /);
});

test("once it is in force, its effect", async () => {
  const accepted = await maint("accept proposal-1 --reason", "the wrenches wear");
  expect(accepted).toMatchObject({ code: 0, err: "" });
  expect((await maint("effect proposal-1")).err).toContain("is not in force at its nodes yet");
  const node = scriptedNode(bench.hub().url, "T-1", key);
  await node.hello();
  const { desired } = await node.next("desired");
  node.report(desired, 1, "effective");
  await vi.waitFor(async () => expect((await maint("effect proposal-1")).code).toBe(0), {
    timeout: 15_000,
    interval: 100,
  });
  node.end();
  const said = await maint("effect proposal-1");
  expect(said.out).toMatch(/^proposal-1: TORQUE@v1\.1, in force since \S+: no difference is sure yet\n/);
  const effect = await json<ProposalEffect>("effect proposal-1");
  expect(effect).toMatchObject({ version: "v1.1", verdict: "unclear", isWhole: true });
  // The same findings do not shorten it again.
  const { intervals } = await json<ContractStudy>("study TORQUE");
  expect(intervals).toMatchObject([{ since: printUtc(Date.now()).slice(0, 10), findings: 0, shorter: null }]);
});

test("a domain's impact budget is shown, set with a reason, and taken back", async () => {
  const budget = (...more: readonly string[]) =>
    oneCommand("contract", "budget", ...more, "--hub", bench.hub().url, "--keys", bench.keys);
  expect((await budget("general")).out).toBe("general: at most 2 % (the hub's own)\n");
  expect((await budget("general", "0.5%", "--reason", "in series")).out).toMatch(
    /^general: at most 0\.5 % \(\S+, .*: in series\)\n$/,
  );
  expect((await budget("general", "default", "--reason", "as all")).out).toBe("general: at most 2 % (the hub's own)\n");
  for (const [more, why] of [
    [["general", "3%"], /say why/],
    [["general", "much", "--reason", "x"], /share/],
    [["No Domain"], /is no domain/],
  ] as const) {
    const said = await budget(...more);
    expect([said.code, said.err]).toEqual([2, expect.stringMatching(why)]);
  }
});
