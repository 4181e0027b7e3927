import { afterAll, beforeAll, expect, test } from "vitest";
import type { SigningKey } from "../../src/disk/key-file.ts";
import type { Desired } from "../../src/model/message.ts";
import { contractText, type HubBench, hubBench, type ScriptedNode, scriptedNode, until } from "./hub-fixture.ts";

let bench: HubBench;
const keys = new Map<string, SigningKey>();
beforeAll(async () => {
  bench = await hubBench();
});
afterAll(() => bench.close());

/** A node that runs whatever it is given, but for versions it has something against. */
interface Obedient {
  readonly link: ScriptedNode;
  readonly runs: () => string | undefined;
}
const counters = new Map<string, number>();

async function obedient(node: string, contract: string, refuses: readonly string[] = []): Promise<Obedient> {
  const link = scriptedNode(bench.hub().url, node, keys.get(node) as SigningKey);
  await link.hello();
  let runs: string | undefined;
  const answer = async (): Promise<void> => {
    for (;;) {
      const { desired } = (await link.next("desired")) as { readonly desired: Desired };
      const version = desired.contracts[contract]?.version;
      const refused = version !== undefined && refuses.includes(version);
      if (!refused) runs = version;
      const counter = (counters.get(node) ?? 0) + 1;
      counters.set(node, counter);
      link.report(desired, counter, refused ? "rejected" : "effective");
    }
  };
  // Ends when nothing comes any more, or the link is closed.
  void answer().catch(() => undefined);
  return { link, runs: () => runs };
}

async function floor(names: readonly string[], type: string): Promise<void> {
  for (const name of names) keys.set(name, await bench.enrol(name, type));
}

async function version(contract: string, limit: number, type: string, rollout: object = {}): Promise<void> {
  const text = contractText(contract, limit, type);
  await bench.admin().post("/v1/contracts", { text, domain: "penetrant", changes: ["another limit"] });
  await bench.admin().post(`/v1/contracts/${contract}/validate`, {});
  await bench.store(contract, undefined, rollout);
}

interface Shown {
  readonly status: string;
  readonly because: { readonly reason: string; readonly by: string } | null;
  readonly wave: number;
  readonly waves: readonly { readonly name: string; readonly state: string; readonly nodes: number }[];
  readonly events: readonly { readonly kind: string }[];
}
const rollout = (name: string): Promise<Shown> =>
  bench.admin().get(`/v1/rollouts/${name.replace("@", "/")}`) as Promise<Shown>;
const isStatus =
  (status: string) =>
  (shown: Shown): boolean =>
    shown.status === status;

test("a bad wave is caught, and every node is taken back to what it had", async () => {
  const names = ["RA-1", "RA-2", "RA-3", "RA-4"];
  await floor(names, "wave-a");
  const nodes: Obedient[] = [];
  for (const name of names) nodes.push(await obedient(name, "WAVE-A", name === "RA-3" ? ["v1.1"] : []));
  await version("WAVE-A", 1000, "wave-a");
  await until(() => rollout("WAVE-A@v1.0"), isStatus("finished"));

  const policy = { waves: ["node:RA-1", "node:RA-3", "100%"], errorPercent: 0, soakMs: 50, onBreach: "revert" };
  await version("WAVE-A", 1100, "wave-a", policy);
  const shown = await until(() => rollout("WAVE-A@v1.1"), isStatus("reverted"));
  expect(shown.waves.map(({ name, state, nodes: count }) => `${name} ${state} ${count}`)).toEqual([
    "node:RA-1 passed 1",
    "node:RA-3 open 1",
    "100% closed 2",
  ]);
  expect(shown.because).toMatchObject({
    by: "rollout rules",
    reason: expect.stringMatching(/wave 2 of 3 \(node:RA-3\): 1 of 1/),
  });
  await until(
    () => nodes.map(({ runs }) => runs()),
    (runs) => runs.every((one) => one === "v1.0"),
  );
  // Nobody behind the bad wave has ever been given it.
  for (const { link } of nodes.filter((_, index) => index === 1 || index === 3))
    expect(
      link.heard.filter((frame) => frame.t === "desired" && frame.body.desired.contracts["WAVE-A"]?.version === "v1.1"),
    ).toEqual([]);
  expect(await bench.admin().get("/v1/why-not/RA-4")).toMatchObject({
    contracts: [
      { contract: "WAVE-A", runs: "v1.0", newest: "v1.1", because: expect.stringMatching(/was reverted: wave 2/) },
    ],
  });
  const versions = (await bench.admin().get("/v1/contracts/WAVE-A/history")) as {
    history: { version: string; status: string }[];
  };
  expect(versions.history.map((one) => `${one.version} ${one.status}`)).toEqual(["v1.0 monitoring", "v1.1 deployed"]);
  for (const { link } of nodes) link.end();
});

test("a hub that is started again in the middle of a wave goes on there", async () => {
  const names = ["RB-1", "RB-2", "RB-3"];
  await floor(names, "wave-b");
  const policy = { waves: ["node:RB-1", "100%"], soakMs: 300_000, successPercent: 100 };
  await version("WAVE-B", 1000, "wave-b", policy);
  const first = await obedient("RB-1", "WAVE-B");
  const soaking = (shown: Shown) => shown.waves[0]?.state === "soaking";
  const before = await until(() => rollout("WAVE-B@v1.0"), soaking);
  first.link.end();
  await bench.start();
  expect(await rollout("WAVE-B@v1.0")).toEqual(before);
  const again = await obedient("RB-2", "WAVE-B");
  await again.link.next("welcome");
  expect(await bench.admin().get("/v1/why-not/RB-2?contract=WAVE-B")).toMatchObject({
    contracts: [
      { newest: "v1.0", because: expect.stringMatching(/in wave 2 of 2; wave 1 \(node:RB-1\) is open: 1 of 1/) },
    ],
  });
  const order = (body: object) => bench.admin().post("/v1/rollouts/WAVE-B/v1.0", body);
  await order({ kind: "advance", reason: "the line needs it today" });
  await until(again.runs, (runs) => runs === "v1.0");
  again.link.end();
});

test("pause holds it, resume goes on, abort ends it where it is", async () => {
  const names = ["RC-1", "RC-2"];
  await floor(names, "wave-c");
  await version("WAVE-C", 1000, "wave-c", { waves: ["node:RC-1", "100%"] });
  const order = (body: object) => bench.admin().post("/v1/rollouts/WAVE-C/v1.0", body);
  await order({ kind: "pause", reason: "the auditor is here" });
  const node = await obedient("RC-1", "WAVE-C");
  await until(node.runs, (runs) => runs === "v1.0");
  const other = await obedient("RC-2", "WAVE-C");
  expect(await bench.admin().get("/v1/why-not/RC-2")).toMatchObject({
    contracts: [
      {
        because: expect.stringMatching(/is paused: the auditor is here/),
        toDo: expect.stringMatching(/maint rollout resume/),
      },
    ],
  });
  await expect(order({ kind: "pause", reason: "again" })).rejects.toThrow(/is paused; only one that runs/);
  await expect(order({ kind: "resume", reason: " " })).rejects.toThrow(/say why/);
  await order({ kind: "resume", reason: "he left" });
  await until(other.runs, (runs) => runs === "v1.0");
  await until(() => rollout("WAVE-C@v1.0"), isStatus("finished"));
  await expect(order({ kind: "abort", reason: "too late" })).rejects.toThrow(/is finished/);
  for (const { link } of [node, other]) link.end();
});

test("what is held goes nowhere before somebody starts it; what is started twice is refused", async () => {
  await floor(["RD-1"], "wave-d");
  await version("WAVE-D", 1000, "wave-d", { held: true });
  const node = await obedient("RD-1", "WAVE-D");
  const { rollouts } = (await bench.admin().get("/v1/rollouts")) as {
    rollouts: { contract: string; status: string }[];
  };
  expect(rollouts.find(({ contract }) => contract === "WAVE-D")).toMatchObject({ status: "held" });
  expect(await bench.admin().get("/v1/why-not/RD-1")).toMatchObject({
    contracts: [{ runs: null, because: "the version is stored and held", toDo: "maint rollout start WAVE-D@v1.0" }],
  });
  const named = { contract: "WAVE-D", version: "v1.0" };
  expect(await bench.admin().post("/v1/rollouts/plan", { ...named, policy: { waves: ["1", "100%"] } })).toMatchObject({
    waves: [
      { name: "1", nodes: ["RD-1"] },
      { name: "100%", nodes: [] },
    ],
    withWayBack: 0,
    away: [],
  });
  await bench.admin().post("/v1/rollouts", { ...named, policy: { waves: ["1", "100%"], soakMs: 60_000 } });
  await expect(bench.admin().post("/v1/rollouts", named)).rejects.toThrow(/is running/);
  await until(node.runs, (runs) => runs === "v1.0");
  await bench.admin().post("/v1/rollouts/WAVE-D/v1.0", { kind: "abort", reason: "not today" });
  await expect(
    bench.admin().post("/v1/rollouts/WAVE-D/v1.0", { kind: "abort", revert: true, reason: "x" }),
  ).rejects.toThrow(/is aborted/);
  // Started again, the node that has it keeps it, and is counted at once.
  await bench.admin().post("/v1/rollouts", named);
  const shown = await until(() => rollout("WAVE-D@v1.0"), isStatus("finished"));
  expect(shown.waves[0]).toMatchObject({ name: "already there", nodes: 1 });
  expect(node.runs()).toBe("v1.0");
  node.link.end();
});

test("a late joiner waits for the last wave", async () => {
  await floor(["RE-1"], "wave-e");
  await version("WAVE-E", 1000, "wave-e", { waves: ["node:RE-1", "100%"], soakMs: 60_000 });
  const node = await obedient("RE-1", "WAVE-E");
  await until(
    () => rollout("WAVE-E@v1.0"),
    (shown) => shown.waves[0]?.state === "soaking",
  );
  await floor(["RE-2"], "wave-e");
  const late = await obedient("RE-2", "WAVE-E");
  const shown = await until(
    () => rollout("WAVE-E@v1.0"),
    ({ waves }) => waves[1]?.nodes === 1,
  );
  expect(shown.wave).toBe(1);
  expect(late.runs()).toBe(undefined);
  await bench.admin().post("/v1/rollouts/WAVE-E/v1.0", { kind: "advance", reason: "enough" });
  await until(late.runs, (runs) => runs === "v1.0");
  for (const { link } of [node, late]) link.end();
});

const wrong: readonly { readonly policy: object; readonly says: RegExp }[] = [
  { policy: { waves: ["10"], successPercent: 0 }, says: /successPercent is between 1 and 100/ },
  { policy: { waves: ["101%"] }, says: /at most 100 %/ },
  { policy: { waves: ["50%", "10%"] }, says: /must be above 50%/ },
  { policy: { waves: ["colour:red"] }, says: /is no wave; write 10%, 3, or one of node:NAME/ },
  { policy: { waves: [] }, says: /waves/ },
  { policy: { soakMs: -1 }, says: /soakMs/ },
  { policy: { soakMs: 1.5 }, says: /soakMs/ },
  { policy: { activation: { notBefore: "tomorrow", window: null, idleOnly: false } }, says: /"tomorrow" is no time/ },
  {
    policy: { activation: { notBefore: null, window: { from: "22:00", to: "22:00" }, idleOnly: false } },
    says: /never opens/,
  },
  { policy: { onBreach: "ignore" }, says: /onBreach/ },
];
for (const { policy, says } of wrong)
  test(`a policy that makes no sense is refused: ${JSON.stringify(policy)}`, async () => {
    await expect(bench.admin().put("/v1/rollouts/defaults/oven", policy)).rejects.toThrow(says);
  });

test("a domain's default is used where nobody says otherwise, and a wrong policy stores nothing", async () => {
  await floor(["RF-1", "RF-2"], "wave-f");
  const put = (change: object) => bench.admin().put("/v1/rollouts/defaults/penetrant", change);
  await put({ waves: ["node:RF-2", "100%"], soakMs: 60_000 });
  try {
    await expect(version("WAVE-F", 1000, "wave-f", { errorPercent: 101 })).rejects.toThrow(/errorPercent/);
    expect(bench.hub().services.policy.release("WAVE-F", "v1.0")).toBe(undefined);
    await bench.store("WAVE-F");
    expect((await rollout("WAVE-F@v1.0")).waves.map(({ name, nodes }) => `${name} ${nodes}`)).toEqual([
      "node:RF-2 1",
      "100% 1",
    ]);
  } finally {
    await put({ waves: ["100%"], soakMs: 0 });
  }
});

test("a newer version takes over from one that is still on its way", async () => {
  await floor(["RG-1", "RG-2"], "wave-g");
  await version("WAVE-G", 1000, "wave-g", { waves: ["node:RG-1", "100%"], soakMs: 60_000 });
  await version("WAVE-G", 1100, "wave-g");
  expect(await rollout("WAVE-G@v1.0")).toMatchObject({
    status: "superseded",
    because: { reason: "WAVE-G@v1.1 takes over" },
  });
  const node = await obedient("RG-2", "WAVE-G");
  await until(node.runs, (runs) => runs === "v1.1");
  node.link.end();
});

test("a station of another type is told that it is not meant", async () => {
  await floor(["RH-1"], "wave-h");
  expect(await bench.admin().get("/v1/why-not/RH-1?contract=WAVE-G")).toMatchObject({
    contracts: [{ newest: null, because: "it is for every wave-g station, and RH-1 is a wave-h station" }],
  });
  await expect(bench.admin().get("/v1/why-not/RH-9")).rejects.toThrow(/no node "RH-9"/);
  await expect(bench.admin().get("/v1/why-not/RH-1?contract=WAVE-Z")).rejects.toThrow(/no contract in force "WAVE-Z"/);
});
