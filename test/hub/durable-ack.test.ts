import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { ok } from "../../src/base/result.ts";
import { makeSigningKey } from "../../src/disk/key-file.ts";
import { openDatabase } from "../../src/disk/sqlite.ts";
import { startHttpServer } from "../../src/hub/http/server.ts";
import type { HubServices } from "../../src/hub/hub-services.ts";
import type { AlertInbox } from "../../src/hub/ports.ts";
import { createBlobShelf } from "../../src/hub/session/blob-shelf.ts";
import { createSessionServer } from "../../src/hub/session/session-server.ts";
import { alertOf, EPOCH, hubBench, scriptedNode } from "./hub-fixture.ts";
import { silentArchive } from "./silent-archive.ts";
import { silentWitnesses } from "./silent-witnesses.ts";

const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const batchOf = (node: string, ...seqs: readonly number[]) => ({
  epoch: EPOCH,
  alerts: seqs.map((seq) => alertOf(node, seq)),
});

/** What another connection to hub.db sees the moment the acknowledgement is on the wire. */
const storedIn = (data: string): readonly number[] => {
  const db = openDatabase(join(data, "hub", "hub.db"), { readOnly: true });
  const rows = db.prepare("SELECT body FROM alert_batch ORDER BY first_seq").all();
  db.close();
  return rows.flatMap(({ body }) => (JSON.parse(String(body)) as { seq: number }[]).map(({ seq }) => seq));
};

test("what is acknowledged is on the disk, in hub.db and in the ledger", async () => {
  const bench = await hubBench();
  closers.push(() => bench.close());
  const key = await bench.enrol("LP-01");
  const node = scriptedNode(bench.hub().url, "LP-01", key);
  await node.hello();
  expect(await node.next("welcome")).toMatchObject({ ackedSeq: 0 });
  for (const seqs of [[1, 2], [3], [2, 3, 4]]) {
    node.send("alert", batchOf("LP-01", ...seqs));
    const { upTo } = await node.next("ack");
    expect(storedIn(bench.data)).toEqual(Array.from({ length: upTo }, (_, index) => index + 1));
    const raised = bench.hub().services.ledger.list({ actionType: "alert_raised" });
    const first = raised.flatMap(({ metadata }) => metadata["first"] as { seq: number }[]);
    expect(first.map(({ seq }) => seq)).toEqual(storedIn(bench.data));
  }
  node.send("alert", batchOf("LP-01", 9));
  expect(await node.next("error")).toMatchObject({ code: "gap" });
  node.end();
  await bench.start();
  const again = scriptedNode(bench.hub().url, "LP-01", key);
  await again.hello();
  expect(await again.next("welcome")).toMatchObject({ ackedSeq: 4 });
  again.end();
});

/** Sessions over a real socket with an inbox whose commit the test holds back. */
async function withInbox(inbox: AlertInbox) {
  const key = makeSigningKey();
  const failures: unknown[] = [];
  const sessions = createSessionServer({
    hubId: "hub-test",
    onlineKey: makeSigningKey(),
    clock: { nowMs: () => Date.now() },
    monotonicMs: () => performance.now(),
    ledgers: silentArchive,
    witnesses: silentWitnesses,
    random: (count) => new Uint8Array(count).fill(7),
    blobs: createBlobShelf(() => undefined),
    inbox,
    keyOf: async () => ({ ...key, isRevoked: false, quarantined: null, reportCounter: 0, ledgerSize: 0 }),
    isAhead: () => false,
    learn: async () => ok(undefined),
    quarantine: async (_node, why) => {
      throw new Error(why);
    },
    arrived: async () => undefined,
    left: () => undefined,
    standing: () => undefined,
    report: async () => ok(undefined),
    refused: async () => "news",
    failed: (error) => failures.push(error),
  });
  const services = { hubId: "hub-test" } as HubServices;
  const server = await startHttpServer({ services, sessions, host: "127.0.0.1", port: 0, failed: () => undefined });
  closers.push(
    () => server.stop(),
    () => sessions.stop(),
  );
  const node = scriptedNode(server.url, "LP-01", key);
  await node.hello();
  await node.next("welcome");
  return { node, failures };
}

/** Whether an acknowledgement went out before the commit was done, or without one. */
async function acknowledgesEarly(inboxOf: (commit: Promise<void>) => AlertInbox["receive"]): Promise<boolean> {
  const commit = Promise.withResolvers<void>();
  const { node } = await withInbox({ receive: inboxOf(commit.promise), ackedUpTo: async () => 0 });
  node.send("alert", batchOf("LP-01", 1));
  node.send("ping", { nonce: "p".repeat(22) });
  // The answer to the ping comes behind whatever was said before it.
  await node.next("timestamp");
  const early = node.heard.some(({ t }) => t === "ack");
  commit.resolve();
  if (!early) await node.next("ack");
  return early;
}

test("no acknowledgement goes out while the commit is under way", async () => {
  expect(
    await acknowledgesEarly((commit) => async () => {
      await commit;
      return ok({ upTo: 1 });
    }),
  ).toBe(false);
});

test("a commit that fails is never acknowledged, and the hub hears of it", async () => {
  const { node, failures } = await withInbox({
    receive: () => Promise.reject(new Error("disk full")),
    ackedUpTo: async () => 0,
  });
  node.send("alert", batchOf("LP-01", 1));
  node.send("ping", { nonce: "p".repeat(22) });
  await node.next("timestamp");
  expect(node.heard.some(({ t }) => t === "ack")).toBe(false);
  expect(failures).toHaveLength(1);
});

test("control: an inbox that answers before its commit is found out", async () => {
  expect(await acknowledgesEarly(() => async () => ok({ upTo: 1 }))).toBe(true);
});
