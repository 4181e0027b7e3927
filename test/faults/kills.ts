/**
 * Kills hub and agent with SIGKILL at random moments of their work: `node test/faults/kills.ts --hub 100 --agent 100 --seed 1`.
 * Exit code 1 where anything acknowledged was lost, doubled, or handed out a second time.
 */
import { parseArgs } from "node:util";
import { randomOf } from "../fuzz/gate-random.ts";
import { killAgent } from "./kill-agent.ts";
import { killHub } from "./kill-hub.ts";

const { values } = parseArgs({
  options: {
    hub: { type: "string", default: "100" },
    agent: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});

function whole(name: "hub" | "agent" | "seed"): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} takes a whole number, not ${JSON.stringify(values[name])}`);
  process.exit(2);
}

const seed = whole("seed");
const say = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r${line}   `);
};
const started = performance.now();
const hub = await killHub({ kills: whole("hub"), random: randomOf(seed, 0), say });
const agent = await killAgent({ kills: whole("agent"), random: randomOf(seed, 1), say });
const seconds = Math.round((performance.now() - started) / 1000);
if (values.json) console.log(JSON.stringify({ seed, seconds, hub, agent }));
else
  for (const [name, report] of Object.entries({ hub, agent })) {
    console.log(
      `${name}: seed ${seed}, ${report.kills} kills, ${report.acknowledged} acknowledged, ${report.findings.length} lost`,
    );
    for (const finding of report.findings) console.log(`  ${finding}`);
  }
process.exitCode = hub.findings.length + agent.findings.length === 0 ? 0 : 1;
