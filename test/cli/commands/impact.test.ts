import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { batchOf, ledgerOf } from "../../hub/archive/written-ledger.ts";
import { type HubBench, hubBench } from "../../hub/hub-fixture.ts";
import { calibrationRecord, decisionWith, evidenceLedgerRecord } from "../../hub/impact/impact-fixture.ts";
import { oneCommand, type Said } from "../one-command.ts";

let bench: HubBench;
let token = "";
beforeAll(async () => {
  bench = await hubBench();
  await bench.enrol("LP-1");
  const made = (await bench.admin().post("/v1/people", { id: "QA-1", roles: ["QA"] })) as { token: string };
  token = join(bench.data, "..", "qa.token");
  writeFileSync(token, `${made.token}\n`, { mode: 0o600 });
  const found = { performedOn: "2026-11-23", asFound: "out-of-tolerance", certificate: "C-2" };
  const ledger = ledgerOf("LP-1", [
    evidenceLedgerRecord(calibrationRecord(0, "LM-1", { performedOn: "2026-05-01" })),
    decisionWith("LP-1", "LM-1", "P-1"),
    evidenceLedgerRecord(calibrationRecord(2, "LM-1", found)),
  ]);
  bench.hub().services.archive.append([batchOf(ledger, 0)]);
});
afterAll(() => bench.close());

const maint = (words: string, ...more: readonly string[]): Promise<Said> =>
  oneCommand("impact", ...words.split(" "), ...more, "--data", bench.data, "--token", token);

test("from a finding to its end", async () => {
  const named = await maint("list");
  expect(named.code).toBe(1);
  expect(named.out).toBe(
    'NOT OPENED  LM-1 was found out of tolerance on 2026-11-23, certificate C-2 (E2 at LP-1): maint impact open --asset LM-1 --certificate C-2 --note "…"\n',
  );
  const opened = await maint("open --asset LM-1 --certificate C-2", "--note", "8 % low");
  expect(opened).toMatchObject({ code: 0, err: "" });
  expect(opened.out).toContain("suspect: LM-1 from 2026-05-01T05:00:00.000Z to 2026-11-24T06:00:00.000Z");
  expect(opened.out).toContain("rested on it: 1 allowed decisions (0 more blocked), 1 tests, 0 orders, 1 parts");
  expect(opened.out).toMatch(/part:P-1 {2}1 decisions at LP-1, last \S+ {2}\(tests T-1\) {2}NO DISPOSITION/);
  expect(opened.out).toContain(
    "at LP-1: until this is recorded there it warns: maint record impact --node LP-1 --asset LM-1 --certificate C-2",
  );
  expect((await maint("show impact-1")).code).toBe(1);
  expect((await maint("close impact-1", "--note", "done")).err).toContain("1 of 1 have no disposition yet");
  const disposed = await maint("dispose impact-1 --part P-1 --as retest", "--note", "on Monday");
  expect(disposed.out).toContain("retest by QA-1: on Monday");
  expect((await maint("close impact-1", "--note", "tested again")).out).toContain("closed by QA-1");
  expect(await maint("show impact-1")).toMatchObject({ code: 0 });
  expect(await maint("list")).toMatchObject({ code: 0 });
  const written = bench.hub().services.ledger.list({ actionType: "impact" });
  expect(written.map(({ action, user_id }) => `${action} ${user_id}`)).toEqual([
    "opened QA-1",
    "disposed QA-1",
    "closed QA-1",
  ]);
});

const refused: readonly (readonly [words: string, code: number, why: string])[] = [
  ["show impact-9", 2, "MAINT_ERR_NOT_FOUND"],
  ["open --asset LM-9 --note x", 2, "MAINT_ERR_BAD_REQUEST"],
  ["open --asset LM-1 --since yesterday --note x", 2, "MAINT_ERR_USAGE"],
  ["dispose impact-1 --as retest --note x", 2, "MAINT_ERR_USAGE"],
  ["dispose impact-1 --all --as forget --note x", 2, "MAINT_ERR_USAGE"],
  ["dispose impact-1 --all --part P-1 --as retest --note x", 2, "MAINT_ERR_USAGE"],
];
test.each(refused)("%s is refused", async (words, code, why) => {
  const said = await maint(words, "--json");
  expect(said.code).toBe(code);
  expect(said.err).toContain(why);
});
