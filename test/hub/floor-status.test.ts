import { afterAll, beforeAll, expect, test } from "vitest";
import type { FloorStatus } from "../../src/hub/standing/floor-status.ts";
import type { Standing } from "../../src/model/message.ts";
import { type HubBench, hubBench, scriptedNode, until } from "./hub-fixture.ts";

// The floor in one answer: counts of all, stations a page at a time.

let bench: HubBench;
beforeAll(async () => {
  bench = await hubBench();
  for (const id of ["LP-01", "LP-02", "LP-03", "LP-04", "LP-05"]) await bench.enrol(id);
});
afterAll(() => bench.close());

const standing = (allow: boolean): Standing => ({
  ...{ atMs: Date.now(), operator: null, due: [] },
  tests: [{ kind: null, allow, reasons: allow ? [] : ["reading.missing:uv"], warnings: [], toDo: null }],
});
const ask = async (query = ""): Promise<FloorStatus> => (await bench.admin().get(`/v1/status${query}`)) as FloorStatus;
const shown = ({ stations }: FloorStatus) => stations.map(({ id, verdict }) => `${id} ${verdict}`);

test("one may test, one may not, one went away, and of the rest nobody knows", async () => {
  const key = await bench.enrol("LP-06");
  const node = scriptedNode(bench.hub().url, "LP-06", key);
  await node.hello();
  await node.next("welcome");
  node.send("standing", standing(true));
  bench.hub().services.standing.take("LP-01", standing(false));
  bench.hub().services.standing.take("LP-02", standing(true));
  const status = await until(
    () => ask(),
    ({ counts }) => counts.mayTest + counts.blocked === 2,
  );
  expect(status.counts).toEqual({ nodes: 6, connected: 1, mayTest: 1, blocked: 1, unknown: 4 });
  expect(shown(status)).toEqual([
    "LP-01 blocked",
    ...["LP-02", "LP-03", "LP-04", "LP-05"].map((id) => `${id} unknown`),
    "LP-06 may-test",
  ]);
  expect(status.stations[0]).toMatchObject({ live: false, standing: { tests: [{ reasons: ["reading.missing:uv"] }] } });
  expect(shown(await ask("?blocked=true"))).not.toContain("LP-06 may-test");
  node.end();
});

test("pages follow each other without a gap, and count the whole floor", async () => {
  const pages: string[] = [];
  for (let after: string | null = ""; after !== null; ) {
    const page: FloorStatus = await ask(`?limit=2&after=${after}`);
    expect(page.counts.nodes).toBe(6);
    pages.push(page.stations.map(({ id }) => id).join(" "));
    after = page.next;
  }
  expect(pages).toEqual(["LP-01 LP-02", "LP-03 LP-04", "LP-05 LP-06"]);
  expect(shown(await ask("?station=LP-04"))).toEqual(["LP-04 unknown"]);
  expect(await ask("?station=LP-99")).toMatchObject({ stations: [], next: null });
});

test("nodes, deployments and standing come in pages as well", async () => {
  for (const [path, field] of [
    ["/v1/nodes?limit=4", "nodes"],
    ["/v1/standing?limit=2", "standing"],
  ] as const) {
    const first = (await bench.admin().get(path)) as { readonly [field: string]: readonly unknown[] | string };
    expect(first["next"]).not.toBeNull();
    const second = (await bench.admin().get(`${path}&after=${first["next"]}`)) as typeof first;
    expect(second["next"]).toBeNull();
    expect([...(first[field] ?? []), ...(second[field] ?? [])]).toHaveLength(field === "nodes" ? 6 : 3);
  }
  await expect(bench.admin().get("/v1/nodes?limit=0")).rejects.toThrow(/\?limit=/);
  await expect(bench.admin().get("/v1/nodes?page=2")).rejects.toThrow(/the query .*page/);
});
