import { median } from "../p5/median.ts";
import { type BenchFloor, benchFloor, storeVersion, when } from "../p9/floor.ts";
import { bigContract, CONTRACT } from "./big-contract.ts";
import type { FanOut } from "./run-peer.ts";

/** Our own figures: the bundle on the wire, and the whole way of a version. */
export interface HubFanOut {
  /** Every node asks for the bundle and has it: what the peers do, over real sessions. */
  readonly bytes: FanOut;
  /** A held version is let go: signed sets, wants, blobs, signed reports verified and on the disk. Null where it took too long. */
  readonly version: FanOut | null;
  readonly bundleBytes: number;
}

const ROUNDS = 5;
const PATIENCE_MS = 120_000;
const SETTLE_MS = 1_000;
const LIMIT = 1_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function runHub(count: number, bytes: number): Promise<HubFanOut> {
  const floor = await benchFloor(count);
  try {
    const sinceMs = Date.now();
    await floor.startNodes(2_000);
    if ((await when(() => floor.durable(sinceMs) === count, PATIENCE_MS)) === null)
      throw new Error(`${count} nodes did not come`);
    const stored = await storeVersion(floor, CONTRACT, bigContract(bytes, LIMIT), true);
    await pause(SETTLE_MS);
    const version = await measured(floor, async () => {
      const begunMs = Date.now();
      await floor.admin.post("/v1/rollouts", { contract: CONTRACT, version: "v1.0" });
      return (await when(() => floor.durable(begunMs) === count, PATIENCE_MS)) !== null;
    });
    await pause(SETTLE_MS);
    const rounds: FanOut[] = [];
    for (let round = 0; round < ROUNDS && version !== null; round++) {
      const { fetched } = await floor.nodes();
      const done = await measured(floor, async () => {
        floor.tellNodes({ kind: "refetch", digest: stored.digest });
        return (await when(async () => (await floor.nodes()).fetched >= fetched + count, PATIENCE_MS)) !== null;
      });
      if (done !== null) rounds.push(done);
      await pause(SETTLE_MS);
    }
    const of = (pick: (one: FanOut) => number): number => median(rounds.map(pick));
    const stallMs = Math.max(...rounds.map((one) => one.stallMs ?? 0));
    return {
      bytes: { cpuS: of(({ cpuS }) => cpuS), ms: of(({ ms }) => ms), stallMs },
      version,
      bundleBytes: stored.bytes,
    };
  } finally {
    await floor.end();
  }
}

/** Without a collection that is forced before: it throws compiled code away, and the peers are measured without one, too. */
async function measured(floor: BenchFloor, work: () => Promise<boolean>): Promise<FanOut | null> {
  floor.tellHub("reset");
  const before = await floor.hub();
  const begun = performance.now();
  if (!(await work())) return null;
  const ms = performance.now() - begun;
  const after = await floor.hub();
  return { cpuS: after.cpuS - before.cpuS, ms, stallMs: after.stallMs };
}
