import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { layOutFloor } from "../../src/cli/story/floor.ts";
import { type Service, startService } from "../../src/cli/story/processes.ts";
import { rawFrame, rawPeer } from "../abuse/raw-peer.ts";

// Abuse cases 32 and 33 again, for what the outcomes in test/abuse/rude-peers.test.ts cannot show: what they cost in memory,
// looked at from outside. `/proc` says how much a process had at the most.

const hasProc = existsSync("/proc/self/clear_refs");
const skipped = hasProc ? "" : " (skipped: this system has no /proc)";
const PEERS = 32;
const MAX_GROWTH_KIB = 16 << 10;

let folder = "";
let hub: Service;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "maint-rude-"));
  const floor = await layOutFloor(folder);
  hub = await startService("hub", ["hub", "start", "--data", floor.data]);
});
afterAll(async () => {
  await hub.stop();
  rmSync(folder, { recursive: true, force: true });
});

const kibOf = (pid: number, field: "VmRSS" | "VmHWM"): number =>
  Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

/** By how much a process grew at the most while `work` ran, over what it had before. */
async function growthKib(pid: number, work: () => Promise<void>): Promise<number> {
  const before = kibOf(pid, "VmRSS");
  // Source: proc_pid_clear_refs(5), 5 resets the peak.
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  await work();
  return kibOf(pid, "VmHWM") - before;
}

const chunk = Buffer.alloc(1 << 20, "x");

const attacks: { readonly [what: string]: (url: string) => Promise<void> } = {
  "AB-32: frames of 8 MiB": (url) =>
    all(url, (say) => {
      say(rawFrame({ claims: 8 << 20 }));
      for (let sent = 0; sent < 7; sent++) say(chunk);
    }),
  "AB-33: peers that do not read": (url) =>
    all(url, (say, socket) => {
      socket.pause();
      const texts = Buffer.concat(Array.from({ length: 16 }, () => rawFrame({ payload: Buffer.alloc(60_000, "x") })));
      for (let sent = 0; sent < 4; sent++) say(texts);
    }),
};

/** All at once: each says what it has to say, and is there until nobody listens, or for half a second. */
async function all(
  url: string,
  act: (say: (bytes: Buffer) => void, socket: Awaited<ReturnType<typeof rawPeer>>["socket"]) => void,
): Promise<void> {
  const peers = await Promise.all(Array.from({ length: PEERS }, () => rawPeer(url)));
  for (const { socket } of peers) act((bytes) => void socket.write(bytes), socket);
  const waited = new Promise((resolve) => setTimeout(resolve, 500));
  await Promise.race([Promise.all(peers.map(({ gone }) => gone)), waited]);
  for (const { socket } of peers) socket.destroy();
}

test.skipIf(!hasProc).each(Object.entries(attacks))(`%s cost the hub less than 16 MiB${skipped}`, async (_, attack) => {
  // The first time is also the first time that its code runs.
  await attack(hub.url);
  expect(await growthKib(hub.pid, () => attack(hub.url))).toBeLessThan(MAX_GROWTH_KIB);
  expect((await fetch(`${hub.url}/v1/health`)).status).toBe(200);
});

test.skipIf(!hasProc).each(Object.entries(attacks))(
  `control: a server without limits fails: %s${skipped}`,
  async (_, attack) => {
    const naive = fork(join(import.meta.dirname, "../abuse/naive-socket.ts"));
    onTestFinished(() => void naive.kill());
    const [{ url }] = (await once(naive, "message")) as [{ readonly url: string }];
    expect(await growthKib(naive.pid as number, () => attack(url))).toBeGreaterThan(MAX_GROWTH_KIB);
  },
);
