import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { makeFleet, readFleet } from "../../src/cli/simulate/fleet-file.ts";
import { runFleet } from "../../src/cli/simulate/run-fleet.ts";
import { createSetCheck } from "../../src/cli/simulate/set-check.ts";
import { hubBench, until } from "../hub/hub-fixture.ts";

const COUNT = 150;
const NO_FAULTS = { drop: 0, slowMs: 0 };

async function fleetAtHub() {
  const bench = await hubBench();
  onTestFinished(() => bench.close());
  const file = join(bench.keys, "fleet.json");
  const enrolled: number[] = [];
  await makeFleet(file, bench.admin(), {
    ...{ prefix: "SIM", count: COUNT, stationType: "penetrant", plantZone: "UTC" },
    enrolled: (count) => enrolled.push(count),
  });
  expect(enrolled.at(-1)).toBe(COUNT);
  return { bench, file };
}

test("a simulated fleet verifies and answers its sets, comes back when it is cut, and again in another run", async () => {
  const { bench, file } = await fleetAtHub();
  const start = () => runFleet({ hubUrl: bench.hub().url, fleet: readFleet(file), lean: false, ...RUN });
  const fleet = start();
  await until(fleet.counts, ({ converged }) => converged === COUNT);
  fleet.recount();
  fleet.cutAll();
  await until(fleet.counts, ({ live, converged }) => live === COUNT && converged === COUNT);
  expect(fleet.counts().refused).toEqual({});
  fleet.stop();
  await until(
    () => readFleet(file).nodes.filter(({ id }) => bench.hub().services.rollout.isLive(id)).length,
    (live) => live === 0,
  );
  const again = start();
  onTestFinished(() => again.stop());
  await until(again.counts, ({ converged }) => converged === COUNT);
  // The hub took every report: its counter grew over the run before.
  const known = await until(
    () => bench.hub().services.nodes.list(),
    (nodes) => nodes.every(({ report, generation }) => report?.observedGeneration === generation),
  );
  expect(known.length).toBe(COUNT);
  expect(again.counts().refused).toEqual({});
});

const RUN = { faults: NO_FAULTS, spreadMs: 100, flapMs: null };

test("planted: a blob with a byte changed, and a root that is not the hub's, are refused", async () => {
  const { bench, file } = await fleetAtHub();
  const { root } = readFleet(file);
  const check = createSetCheck(root, false);
  expect(check.keep(Buffer.concat([Buffer.alloc(32), gzipSync("x")]))).toBeUndefined();
  const other = await hubBench();
  onTestFinished(() => other.close());
  const strange = join(bench.keys, "strange.json");
  const text = readFileSync(file, "utf8");
  const foreign = readFileSync(join(other.data, "policy", "metadata", "1.root.json"), "utf8");
  writeFileSync(strange, JSON.stringify({ ...JSON.parse(text), root: foreign }), { mode: 0o600 });
  const fleet = runFleet({ hubUrl: bench.hub().url, fleet: readFleet(strange), lean: false, ...RUN });
  onTestFinished(() => fleet.stop());
  await until(fleet.counts, ({ refused }) => Object.keys(refused).length > 0);
  expect(fleet.counts().converged).toBe(0);
});

test("a file that is no fleet is refused without quoting it", async () => {
  const { bench } = await fleetAtHub();
  const path = join(bench.keys, "no.json");
  writeFileSync(path, "secret words", { mode: 0o600 });
  expect(() => readFleet(path)).toThrow(/is no fleet/);
});
