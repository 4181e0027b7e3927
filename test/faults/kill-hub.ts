import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Floor, layOutFloor } from "../../src/cli/story/floor.ts";
import { runMaint } from "../../src/cli/story/processes.ts";
import { CONTRACT } from "../../src/cli/story/uv-story.ts";
import { makeSigningKey, type SigningKey } from "../../src/disk/key-file.ts";
import { readLedgerFile } from "../../src/disk/ledger-file.ts";
import { readTokenFile } from "../../src/disk/read-token.ts";
import { compareVersions, type Version } from "../../src/model/ids.ts";
import type { LedgerEntry } from "../../src/model/ledger-entry.ts";
import { atHub } from "../e2e/lp-floor.ts";
import { below, type Random } from "../fuzz/gate-random.ts";
import { alertOf, EPOCH, scriptedNode } from "../hub/hub-fixture.ts";
import type { KillReport } from "./kill-agent.ts";
import { checkArchive, type HandingIn, handIn, handingIn } from "./kill-hub-log.ts";
import { nextVersionFile } from "./next-version.ts";

/**
 * A hub that is killed over and over while a node sends alerts, an administrator adds people and an author stores versions:
 * whatever it acknowledged must be there afterwards, once, and no version or generation may be handed out a second time.
 */
export interface KillHubPlan {
  readonly kills: number;
  readonly random: Random;
  readonly say?: (line: string) => void;
  /** Another program that serves a data folder as a hub does; the planted one acknowledges too early. */
  readonly start?: (floor: Floor) => Promise<Running>;
}

export interface Running {
  readonly url: string;
  readonly kill: () => Promise<void>;
}

const NODE = "KILL-01";
const LONGEST_LIFE_MS = 500;
const STORE_EVERY = 5;
const MAX_BATCH = 8;

interface State {
  readonly floor: Floor;
  readonly key: SigningKey;
  readonly findings: string[];
  /** Highest alert that was acknowledged, and that was ever sent. */
  acked: number;
  sent: number;
  generation: number;
  /** Set for version, as nodes were told: one version has one digest for ever. */
  readonly digests: Map<Version, string>;
  readonly people: string[];
  asked: number;
  /** A second node, which hands in its ledger. */
  readonly log: HandingIn;
}

export async function killHub(plan: KillHubPlan): Promise<KillReport> {
  const folder = mkdtempSync(join(tmpdir(), "maint-kill-hub-"));
  const floor = await layOutFloor(folder);
  const start = plan.start ?? ((one: Floor) => one.startHub());
  const findings: string[] = [];
  const state: State = {
    ...{
      floor,
      key: makeSigningKey(),
      findings,
      log: handingIn("KILL-02", findings),
      acked: 0,
      sent: 0,
      generation: 0,
      digests: new Map(),
      people: [],
      asked: 0,
    },
  };
  let hub = await start(floor);
  try {
    await enrol(floor, hub.url, NODE, state.key);
    await enrol(floor, hub.url, state.log.node, state.log.key);
    for (let kill = 1; kill <= plan.kills; kill += 1) {
      await oneLife(state, hub, plan.random, kill);
      checkChain(state, kill);
      checkArchive(state.log, floor.data);
      plan.say?.(`hub: ${kill} kills, ${state.acked} alerts and ${state.people.length} people acknowledged`);
      if (state.findings.length > 0) break;
      hub = await start(floor);
      await checkWelcome(state, hub.url);
    }
    return {
      kills: plan.kills,
      acknowledged: state.acked + state.people.length + state.log.archived,
      findings: state.findings,
    };
  } finally {
    await hub.kill();
    await floor.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function enrol(floor: Floor, url: string, node: string, key: SigningKey): Promise<void> {
  const register = { station: { id: node, type: "penetrant" }, plantZone: "America/Chicago" };
  const { token } = (await asAdmin(floor, url, "/v1/nodes", { id: node, ...register })) as { readonly token: string };
  const answer = await fetch(`${url}/v1/enrol`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, node, publicKey: key.publicHex }),
  });
  if (!answer.ok) throw new Error(`not enrolled: ${await answer.text()}`);
}

async function asAdmin(floor: Floor, url: string, path: string, body: object): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${readTokenFile(floor.tokenOf("admin"))}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

async function asked(floor: Floor, url: string, path: string): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, {
    headers: { authorization: `Bearer ${readTokenFile(floor.tokenOf("admin"))}` },
  });
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

async function oneLife(state: State, hub: Running, random: Random, kill: number): Promise<void> {
  const life = { over: false };
  const work = [
    alerting(state, hub.url, random, life),
    adding(state, hub.url, life),
    handIn(state.log, hub.url, random, life),
  ];
  if (kill % STORE_EVERY === 0) work.push(storing(state, kill));
  await new Promise((resolve) => setTimeout(resolve, random() * LONGEST_LIFE_MS * (kill % STORE_EVERY === 0 ? 4 : 1)));
  life.over = true;
  await hub.kill();
  await Promise.all(work);
}

/** Sends batch after batch, each after the acknowledgement of the one before, until the hub is gone. */
async function alerting(state: State, url: string, random: Random, life: { readonly over: boolean }): Promise<void> {
  const node = scriptedNode(url, NODE, state.key);
  const gone = node.closed.then(() => undefined);
  await Promise.race([gone, node.hello()]).catch(() => undefined);
  const welcome = await Promise.race([gone, node.next("welcome").catch(() => undefined)]);
  if (welcome === undefined) return;
  let from = welcome.ackedSeq;
  while (!life.over) {
    const seqs = Array.from({ length: 1 + below(random, MAX_BATCH) }, (_, index) => from + 1 + index);
    state.sent = Math.max(state.sent, seqs.at(-1) ?? 0);
    node.send("alert", { epoch: EPOCH, alerts: seqs.map((seq) => alertOf(NODE, seq)) });
    const ack = await Promise.race([gone, node.next("ack").catch(() => undefined)]);
    if (ack === undefined) return;
    from = ack.upTo;
    state.acked = Math.max(state.acked, ack.upTo);
  }
  node.end();
}

async function adding(state: State, url: string, life: { readonly over: boolean }): Promise<void> {
  while (!life.over) {
    state.asked += 1;
    const id = `P-${state.asked}`;
    const added = await asAdmin(state.floor, url, "/v1/people", { id, roles: ["operator"] }).then(
      () => true,
      (error: unknown) => {
        if (!life.over) state.findings.push(`${id} could not be added: ${String(error)}`);
        return false;
      },
    );
    if (!added) return;
    state.people.push(id);
  }
}

/** The author's three steps; the hub may die in any of them, and the next attempt goes on from what is there. */
async function storing({ floor }: State, kill: number): Promise<void> {
  const file = nextVersionFile(floor, kill);
  for (const words of [
    ["create", file, "--domain", "penetrant"],
    ["validate", CONTRACT],
    ["store", CONTRACT],
  ])
    if ((await runMaint(["contract", ...words, ...atHub(floor)])).exitCode === 69) return;
}

/** Read while the hub is dead: nothing mends the files before they are looked at. */
function checkChain(state: State, kill: number): void {
  const ledger = readLedgerFile(join(state.floor.data, "hub", "ledger.db"));
  try {
    const { finding } = ledger.verify();
    if (finding !== null)
      state.findings.push(`kill ${kill}: the hub's ledger does not hold: ${JSON.stringify(finding)}`);
  } finally {
    ledger.close();
  }
}

async function checkWelcome(state: State, url: string): Promise<void> {
  const { findings, floor } = state;
  const node = scriptedNode(url, NODE, state.key);
  await node.hello();
  const { ackedSeq } = await node.next("welcome");
  if (ackedSeq < state.acked) findings.push(`alert ${state.acked} was acknowledged, the hub knows ${ackedSeq}`);
  const { groups } = (await asked(floor, url, `/v1/alerts?limit=100&node=${NODE}`)) as {
    readonly groups: readonly { readonly count: number }[];
  };
  const counted = groups.reduce((sum, { count }) => sum + count, 0);
  if (counted !== ackedSeq) findings.push(`${ackedSeq} alerts are stored, ${counted} are counted`);
  const { desired } = await node.next("desired");
  if (desired.generation < state.generation)
    findings.push(`generation ${desired.generation} came after ${state.generation}`);
  state.generation = Math.max(state.generation, desired.generation);
  const given = desired.contracts[CONTRACT];
  if (given !== undefined) {
    const before = state.digests.get(given.version);
    if (before !== undefined && before !== given.digest) findings.push(`${given.version} has two contents`);
    const newest = [...state.digests.keys()].sort(compareVersions).at(-1);
    if (newest !== undefined && compareVersions(given.version, newest) < 0)
      findings.push(`${given.version} was given after ${newest}`);
    state.digests.set(given.version, given.digest);
  }
  node.end();
  await node.closed;
  checkLedger(state);
  const verified = await runMaint(["release", "verify", "--all", "--data", floor.data]);
  if (verified.exitCode !== 0) findings.push(`PolicyCentral does not hold: ${verified.stdout}`);
}

function seqsIn({ batches }: LedgerEntry["metadata"]): readonly number[] {
  return (batches as readonly { readonly from_seq: number; readonly count: number }[]).flatMap(({ from_seq, count }) =>
    Array.from({ length: count }, (_, index) => from_seq + index),
  );
}

/** Every acknowledged alert stands once in the ledger, in its order; every person that was added is there. */
function checkLedger({ floor, people, acked, findings }: State): void {
  const ledger = readLedgerFile(join(floor.data, "hub", "ledger.db"));
  try {
    const seqs: number[] = [];
    const added = new Set<string>();
    for (let from = 0; ; ) {
      const page = ledger.list({ from, limit: 10_000 });
      for (const { action_type, metadata, target } of page) {
        if (action_type === "alert_raised") seqs.push(...seqsIn(metadata));
        if (people.includes(target)) added.add(target);
      }
      const last = page.at(-1);
      if (last === undefined) break;
      from = last.seq + 1;
    }
    const wrong = seqs.findIndex((seq, index) => seq !== index + 1);
    if (wrong !== -1) findings.push(`alert ${seqs[wrong]} stands where ${wrong + 1} belongs`);
    if (seqs.length < acked) findings.push(`${acked} alerts were acknowledged, ${seqs.length} are in the ledger`);
    for (const id of people) if (!added.has(id)) findings.push(`${id} was added and is not in the ledger`);
  } finally {
    ledger.close();
  }
}
