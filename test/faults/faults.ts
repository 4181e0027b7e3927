/**
 * Kills hub and agent with SIGKILL at random moments of their work, and pulls the cable between them:
 * `node test/faults/faults.ts --hub 100 --agent 100 --partitions 20 --seed 1`. Exit code 1 where anything acknowledged was lost,
 * doubled, or handed out a second time.
 */
import { randomOf } from "../fuzz/gate-random.ts";
import { runOptions, wholeOption } from "../fuzz/run-options.ts";
import { killAgent } from "./kill-agent.ts";
import { killHub } from "./kill-hub.ts";
import { partition } from "./partition.ts";

const ABOUT = `Kills hub and agent with SIGKILL at random moments of their work, and pulls the cable between them.
Exit code 1 where anything acknowledged was lost, doubled, or handed out a second time.`;
const values = runOptions(ABOUT, {
  hub: { type: "string", default: "100", is: "kills of the hub" },
  agent: { type: "string", default: "100", is: "kills of the agent" },
  partitions: { type: "string", default: "20", is: "pulls of the cable; needs network namespaces" },
  seed: { type: "string", default: "1", is: "the same moments again" },
  json: { type: "boolean", default: false, is: "print JSON" },
});

const whole = (name: "hub" | "agent" | "partitions" | "seed"): number => wholeOption(values, name, 0);

const seed = whole("seed");
const say = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r${line}   `);
};
const started = performance.now();
const hub = await killHub({ kills: whole("hub"), random: randomOf(seed, 0), say });
const agent = await killAgent({ kills: whole("agent"), random: randomOf(seed, 1), say });
const cut = await partition({
  ...{ partitions: whole("partitions"), random: randomOf(seed, 2), longestMs: 4_000, tenthMs: 40_000, say },
});
const seconds = Math.round((performance.now() - started) / 1000);
if (values.json) console.log(JSON.stringify({ seed, seconds, hub, agent, partition: cut }));
else {
  for (const [name, report] of Object.entries({ hub, agent })) {
    const { kills, acknowledged, findings } = report;
    console.log(`${name}: seed ${seed}, ${kills} kills, ${acknowledged} acknowledged, ${findings.length} findings`);
    for (const finding of findings) console.log(`  ${finding}`);
  }
  if (typeof cut === "string") console.log(`partitions: skipped, ${cut}`);
  else {
    const { partitions, decisions, slowestMs, findings } = cut;
    console.log(
      `partitions: seed ${seed}, ${partitions} of them, ${decisions} decisions, converged within ${slowestMs} ms, ${findings.length} findings`,
    );
    for (const finding of findings) console.log(`  ${finding}`);
  }
  console.log(`${seconds} s`);
}
const found = [hub, agent, ...(typeof cut === "string" ? [] : [cut])].flatMap(({ findings }) => findings);
process.exitCode = found.length === 0 ? 0 : 1;
