/**
 * Bench P10: `maint gate` as a process, asked of a real agent, against `node -e 0`: what a shell script or a test sequencer waits.
 * `node bench/p10/p10.ts [--json]`; writes bench/results/p10.json and p10.svg. Exit code 1 where the target is missed.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "../../src/cli/package-root.ts";
import { STATIONS } from "../../src/cli/story/uv-story.ts";
import { readLamp, startLpFloor } from "../../test/e2e/lp-floor.ts";
import { quantile, showNs, table } from "../measure.ts";
import { report } from "../results.ts";

const RUNS = 41;
const TARGET = 2;
const maint = join(packageRoot(), "bin", "maint.js");

interface Times {
  readonly what: string;
  readonly p50Ns: number;
  readonly bestNs: number;
}

function times(what: string, words: readonly string[], exitCode = 0): Times {
  const taken: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const begun = process.hrtime.bigint();
    const { status } = spawnSync(process.execPath, [...words], { stdio: "ignore" });
    taken.push(Number(process.hrtime.bigint() - begun));
    if (status !== exitCode) throw new Error(`${what} ended with ${status}`);
  }
  return { what, p50Ns: quantile(taken, 0.5), bestNs: Math.min(...taken) };
}

const floor = await startLpFloor(1);
const node = STATIONS[0]?.id ?? "";
const measured: Times[] = [];
try {
  await readLamp(floor, node, "1180");
  const asked = ["--node", node, "--data", floor.data, "--token", floor.tokenOf("STF-1")];
  measured.push(times("node -e 0", ["-e", "0"]));
  measured.push(times("maint gate, allowed", [maint, "gate", "--test", "T-1", ...asked]));
  measured.push(times("maint gate, no agent", [maint, "gate", "--node", "Pen-9", "--data", floor.data], 69));
  measured.push(times("maint --version", [maint, "--version"]));
} finally {
  await floor.end();
}

const [empty, gate] = measured as [Times, Times, Times, Times];
const ratio = gate.p50Ns / empty.p50Ns;
report(
  "p10",
  [
    `P10  whole processes, ${RUNS} each, one after the other`,
    table([
      ["", "p50", "best", "x node -e 0"],
      ...measured.map((one) => [one.what, showNs(one.p50Ns), showNs(one.bestNs), (one.p50Ns / empty.p50Ns).toFixed(2)]),
    ]),
  ].join("\n"),
  { runs: RUNS, processes: measured, ratio },
  [{ what: `maint gate at most ${TARGET} x node -e 0`, reached: ratio <= TARGET, measured: `${ratio.toFixed(2)} x` }],
  {
    title: "maint gate as a process",
    text: "From the start of the process to its end, p50. Less is better.",
    axis: "milliseconds",
    bars: measured.map((one, index) => ({
      name: one.what,
      value: one.p50Ns / 1e6,
      label: showNs(one.p50Ns),
      ours: index > 0,
    })),
    target: { value: (empty.p50Ns / 1e6) * TARGET, label: `target: ${TARGET} x node -e 0` },
  },
);
