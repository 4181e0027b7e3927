import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DAY_MS } from "../../../src/base/civil-time.ts";
import type { ShownAlertRetention } from "../../../src/hub/alerts/alert-retention.ts";
import { alertOf, EPOCH, type HubBench, hubBench, until } from "../../hub/hub-fixture.ts";
import { oneCommand, type Said } from "../one-command.ts";

let bench: HubBench;
let aheadMs = 0;
beforeAll(async () => {
  bench = await hubBench({ clock: { nowMs: () => Date.now() + aheadMs } });
  const { alerts } = bench.hub().services;
  const raise = async (seqs: readonly number[], subject: string) => {
    const own = seqs.map((seq) => ({ ...alertOf("LP-1", seq), subject }));
    expect(await alerts.receive("LP-1", { epoch: EPOCH, alerts: own })).toMatchObject({ ok: true });
  };
  await raise([1, 2], "done");
  await alerts.acknowledge("alert-1", { id: "SUP-1", roles: [] }, "lamp changed");
  await raise([3], "open");
  await raise([4], "open");
  while (await bench.hub().services.patterns.follow());
  aheadMs = 200 * DAY_MS;
});
afterAll(() => bench.close());

const maint = (...words: readonly string[]): Promise<Said> =>
  oneCommand("alert", ...words, "--data", bench.data, "--keys", bench.keys);
const lines = ({ out }: Said): readonly string[] => out.trimEnd().split("\n");

/** By the hub's own timer. */
const tidied = () =>
  until(
    async () => JSON.parse((await maint("retain", "--json")).out) as ShownAlertRetention,
    ({ going, removed }) => going.batches === 0 && removed.batches > 0,
  );

test("unless somebody says otherwise all is kept, and that is said", async () => {
  const said = await maint("retain");
  expect(said).toMatchObject({ code: 0, err: "" });
  expect(lines(said)).toEqual([
    "kept of alerts: everything",
    expect.stringMatching(/^records: 4, alert-1 and later, since \d{4}-/),
  ]);
});

describe("what is no retention is refused, and changes nothing", () => {
  test.each([
    [["retain", "--days", "400"], 2, "MAINT_ERR_USAGE", "say why: --reason"],
    [["retain", "--forever"], 2, "MAINT_ERR_USAGE", "say why: --reason"],
    [["retain", "--reason", "disk"], 2, "MAINT_ERR_USAGE", "how much is kept"],
    [["retain", "--days", "0", "--reason", "disk"], 2, "MAINT_ERR_USAGE", "whole number"],
    [["retain", "--records", "many", "--reason", "disk"], 2, "MAINT_ERR_USAGE", "whole number"],
    [["retain", "--days", "400", "--forever", "--reason", "disk"], 2, "MAINT_ERR_USAGE", "forever"],
    [["retain", "--days", "40000", "--reason", "disk"], 2, "MAINT_ERR_BAD_REQUEST", "days"],
    [["retain", "--days", "400", "--reason", " "], 2, "MAINT_ERR_BAD_REQUEST", "reason"],
    [["retain", "--hub", "http://127.0.0.1:9"], 69, "MAINT_ERR_HUB_UNREACHABLE", "no hub"],
  ] as const)("%j", async (words, code, error, says) => {
    const said = await maint(...words, "--json");
    expect(said).toMatchObject({ code, out: "" });
    expect(said.err).toContain(error);
    expect(said.err).toContain(says);
    expect(bench.hub().services.ledger.list({ actionType: "alert_retention" })).toEqual([]);
  });
});

test("who sets it is in the ledger; what is beyond goes, what waits for a person stays and is counted", async () => {
  const set = await maint("retain", "--days", "150", "--records", "1000", "--reason", "as the quality manual says");
  expect(set).toMatchObject({ code: 0, err: "" });
  expect(lines(set)[0]).toMatch(
    /^kept of alerts: 150 days, 1000 records \(\S+, \d{4}-.*: as the quality manual says\)$/,
  );
  // Two more are going, or gone by the hub's own timer.
  expect(lines(set).slice(-3)).toEqual([
    expect.stringMatching(/^(beyond that, and going now|removed by retention): 2$/),
    "beyond that and kept: 1, nobody has acknowledged all of their incidents (maint alert list --state open)",
    "what came in the last 91 days stays in any case: patterns and proposals count it",
  ]);
  await tidied();
  const shown = await maint("retain");
  expect(lines(shown).slice(1, 3)).toEqual([
    expect.stringMatching(/^records: 2, alert-3 and later/),
    "removed by retention: 2",
  ]);
  const entries = bench.hub().services.ledger.list({ actionType: "alert_retention" });
  expect(entries.map(({ action, user_id, target }) => `${action} ${user_id} ${target}`)).toEqual([
    expect.stringMatching(/^retention-set \S+ alerts$/),
    `removed ${bench.hub().id} alert-1`,
  ]);
  const [, removed] = entries;
  const gone = await maint("show", "alert-2");
  expect(gone).toMatchObject({ code: 2, out: "" });
  expect(gone.err).toContain(`entry ${removed?.seq} of the hub's ledger`);
  expect(gone.err).toContain(`maint ledger show ${removed?.seq}`);
  expect((await maint("list")).out).toContain("alert-3");
  const verified = await maint("verify");
  expect(verified.code).toBe(0);
  expect(lines(verified)).toEqual([
    `removed by retention, entry ${removed?.seq}: 2 records`,
    "all 2 records in 2 batches are those that the ledger names",
  ]);
  const metrics = await maint("metrics", "--since", "2020-01-01T00:00:00Z");
  expect(metrics.out).toContain("up to 1 incidents of that time were removed by retention");
});

test("an audit report of a time of which alerts are gone says so, and one of another time does not", async () => {
  const audit = async (fromMs: number, toMs: number): Promise<string> => {
    const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString());
    const answer = await bench.admin().post("/v1/reports/audit", { scope: { kind: "period" }, from, to });
    return (answer as { readonly html: string }).html;
  };
  const said = "alerts of this time, up to 2 of all nodes, were removed at the hub by retention";
  const raisedMs = alertOf("LP-1", 1).atMs;
  expect(await audit(raisedMs - DAY_MS, raisedMs + DAY_MS)).toContain(said);
  expect(await audit(raisedMs - 9 * DAY_MS, raisedMs - DAY_MS)).not.toContain(said);
});

test("it can be taken back, which brings nothing back", async () => {
  const said = await maint("retain", "--forever", "--reason", "an audit is announced", "--json");
  expect(said.code).toBe(0);
  expect(JSON.parse(said.out)).toMatchObject({
    ...{ days: null, records: null, set: { reason: "an audit is announced" } },
    ...{ removed: { records: 2, incidents: 1 }, kept: { records: 2, first: "alert-3" } },
  });
});

test("only an administrator sets it, and whoever reads alerts sees it", async () => {
  const { token } = (await bench.admin().post("/v1/people", { id: "QA-1", roles: ["QA"] })) as { token: string };
  const ask = (method: string, body?: object) =>
    fetch(`${bench.hub().url}/v1/alerts/retention`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  expect((await ask("GET")).status).toBe(200);
  expect((await ask("PUT", { days: 400, reason: "disk" })).status).toBe(403);
});

test("help says what stays, with an example", async () => {
  const { out } = await maint("retain", "--help");
  expect(out).toMatch(/stays, and so does what came in the last 91 days/);
  expect(out).toMatch(/Example:\n {2}maint alert retain\n {2}maint alert retain --days 400 --reason/);
});
