import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { randomOf } from "../fuzz/gate-random.ts";
import { killAgent } from "./kill-agent.ts";
import { killHub, type Running } from "./kill-hub.ts";

// A few kills each; `npm run faults` does a hundred.

test("a hub that is killed loses nothing that it acknowledged", async () => {
  const { acknowledged, findings } = await killHub({ kills: 5, random: randomOf(7, 0) });
  expect(findings).toEqual([]);
  expect(acknowledged).toBeGreaterThan(0);
});

test("an agent that is killed loses nothing that it answered", async () => {
  const { acknowledged, findings } = await killAgent({ kills: 4, random: randomOf(7, 1) });
  expect(findings).toEqual([]);
  expect(acknowledged).toBeGreaterThan(0);
});

async function startPlanted(data: string, what: string): Promise<Running> {
  const child = fork(join(import.meta.dirname, "planted-hub.ts"), [data, what], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [said] = (await once(child, "message")) as [{ readonly url: string }];
  return {
    url: said.url,
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

test.each([
  ["alerts", /was acknowledged, the hub knows/],
  ["log", /entries were archived/],
  ["counts", /was acknowledged, the hub knows|alerts are stored, \d+ are counted/],
])(
  "control: a hub that acknowledges before it writes, or counts not what it wrote, is found out (%s)",
  async (what, words) => {
    const { findings } = await killHub({
      kills: 5,
      random: randomOf(7, 0),
      start: ({ data }) => startPlanted(data, what),
    });
    expect(findings.join("\n")).toMatch(words);
  },
);

test("control: an answer whose entry is not there is found out", async () => {
  const { findings } = await killAgent({
    kills: 1,
    random: randomOf(7, 2),
    forget: ({ ledgerSeq }) => ledgerSeq % 5 === 0,
  });
  expect(findings.join("\n")).toMatch(/was acknowledged as entry \d+ and is not in the ledger/);
});
