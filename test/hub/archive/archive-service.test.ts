import { expect, test } from "vitest";
import { logParts } from "../../../src/agent/log-parts.ts";
import { createArchiveService } from "../../../src/hub/archive/archive-service.ts";
import { LOG_INTERVAL_MS } from "../../../src/model/limits.ts";
import type { Logged, LogPart } from "../../../src/model/message.ts";
import { archiveBench } from "./archive-fixture.ts";
import { batchOf, ledgerOf, plainRecord } from "./written-ledger.ts";

const KEY = "ab".repeat(32);
const NODES = Array.from({ length: 40 }, (_, index) => `LP-${index}`);

test("batches that wait for the disk are held within a limit, and the rest is asked for later", async () => {
  const { archive } = archiveBench();
  const one = batchOf(ledgerOf("LP-0", [plainRecord(0), plainRecord(1)]), 0);
  const size = one.entries.reduce((sum, bytes) => sum + bytes.length, 0);
  const service = createArchiveService({
    ...{ file: archive(), hubId: "hub-1", maxWaitingBytes: 6 * size },
    journal: { append: async () => [] },
    quarantine: async () => undefined,
  });
  const send = async (node: string): Promise<Logged> => {
    const [part] = logParts(0, batchOf(ledgerOf(node, [plainRecord(0), plainRecord(1)]), 0).entries);
    const taken = await service.take(node, part as LogPart, KEY);
    return taken.ok && taken.value !== undefined ? taken.value : expect.fail(JSON.stringify(taken));
  };
  // All in one turn of the loop: nothing is on the disk before the last of them has come.
  const first = await Promise.all(NODES.map(send));
  const taken = first.filter(({ retryAfterMs }) => retryAfterMs === undefined);
  expect(taken.length).toBeGreaterThan(0);
  expect(taken.length).toBeLessThanOrEqual(6);
  expect(first.filter((logged) => !taken.includes(logged))).toEqual(
    Array.from({ length: NODES.length - taken.length }, () => ({ size: 0, retryAfterMs: LOG_INTERVAL_MS * 10 })),
  );
  // What is on the disk makes room: whoever comes again is taken in the end.
  const left = () =>
    NODES.filter(
      (node) =>
        !archive()
          .nodes()
          .some((known) => known.node === node && known.size === 2),
    );
  for (let round = 0; round < NODES.length; round += 1) await Promise.all(left().map(send));
  expect(
    archive()
      .nodes()
      .map(({ size: archived }) => archived),
  ).toEqual(NODES.map(() => 2));
});

test("a batch that alone is larger than the limit is taken where nothing waits", async () => {
  const { archive } = archiveBench();
  const service = createArchiveService({
    ...{ file: archive(), hubId: "hub-1", maxWaitingBytes: 1 },
    journal: { append: async () => [] },
    quarantine: async () => undefined,
  });
  const [part] = logParts(0, batchOf(ledgerOf("LP-0", [plainRecord(0)]), 0).entries);
  expect(await service.take("LP-0", part as LogPart, KEY)).toEqual({ ok: true, value: { size: 1 } });
});
