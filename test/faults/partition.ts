import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Floor, layOutFloor } from "../../src/cli/story/floor.ts";
import { runMaint } from "../../src/cli/story/processes.ts";
import { CONTRACT } from "../../src/cli/story/uv-story.ts";
import { readLedgerFile } from "../../src/disk/ledger-file.ts";
import { readTokenFile } from "../../src/disk/read-token.ts";
import { openDatabase } from "../../src/disk/sqlite.ts";
import { type AlertFinding, verifyAlerts } from "../../src/hub/alerts/verify-alerts.ts";
import type { Alert } from "../../src/model/alert.ts";
import { below, type Random } from "../fuzz/gate-random.ts";
import { layTwoMachines, type Process, type TwoMachines } from "./namespaces.ts";
import { nextVersionFile } from "./next-version.ts";

/**
 * Hub and node on two machines whose cable is pulled: the gate answers all the while, versions stored meanwhile arrive when the
 * cable is back, and every alert arrives once.
 */
export interface PartitionReport {
  readonly partitions: number;
  readonly decisions: number;
  /** From the healed cable to the newest version in force, the longest. */
  readonly slowestMs: number;
  readonly findings: readonly string[];
}

export interface PartitionPlan {
  readonly partitions: number;
  readonly random: Random;
  readonly longestMs: number;
  /** Every tenth one: longer than the heartbeats that a session may miss. */
  readonly tenthMs?: number;
  readonly convergeMs?: number;
  /** Planted in the test: a cable that is never put back. */
  readonly staysCut?: boolean;
  /** Planted in the test: a hub that takes alerts and keeps none. */
  readonly losesAlerts?: boolean;
  readonly say?: (line: string) => void;
}

const NODE = "LP-01";
const plantedFile = join(import.meta.dirname, "planted-hub.ts");
/** Source: quality.md, partitions. */
const CONVERGE_MS = 30_000;
const SHORTEST_MS = 200;
const POLL_MS = 100;
const BETWEEN_TESTS_MS = 20;

interface State {
  readonly floor: Floor;
  readonly machines: TwoMachines;
  readonly hub: Process;
  readonly findings: string[];
  blocked: number;
  decisions: number;
  slowestMs: number;
}

/** A sentence where this machine makes no network namespaces. */
export async function partition(plan: PartitionPlan): Promise<PartitionReport | string> {
  const laid = layTwoMachines();
  if ("why" in laid) return laid.why;
  const { machines } = laid;
  const folder = mkdtempSync(join(tmpdir(), "maint-partition-"));
  const running: Process[] = [];
  try {
    const floor = await layOutFloor(folder);
    const honest = ["hub", "start", "--data", floor.data, "--host", machines.hubAddress, "--insecure"];
    const hub =
      plan.losesAlerts === true
        ? await machines.start("hub", [floor.data, "loses", machines.hubAddress], plantedFile)
        : await machines.start("hub", honest);
    running.push(hub);
    const state: State = { floor, machines, hub, findings: [], blocked: 0, decisions: 0, slowestMs: 0 };
    await enrol(state, folder);
    running.unshift(await machines.start("node", ["node", "start", NODE, "--data", floor.data, "--hub", hub.url]));
    await store(state, 1);
    await converged(state, "v1.0");
    for (let round = 1; round <= plan.partitions && state.findings.length === 0; round += 1) {
      await onePartition(state, plan, round);
      plan.say?.(`partition ${round}: ${state.decisions} decisions`);
    }
    const { decisions, slowestMs, findings } = state;
    return { partitions: plan.partitions, decisions, slowestMs, findings };
  } finally {
    for (const one of running) await one.stop();
    machines.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function enrol({ floor, machines, hub }: State, folder: string): Promise<void> {
  const file = join(folder, "station.json");
  writeFileSync(
    file,
    JSON.stringify({ id: NODE, station: { id: NODE, type: "penetrant" }, plantZone: "America/Chicago" }),
  );
  const token = join(floor.keys, `${NODE}.enrol`);
  const at = ["--hub", hub.url, "--keys", floor.keys];
  await machines.maint(["hub", "register-node", file, "--out", token, ...at]);
  await machines.maint(["node", "enrol", NODE, "--token-file", token, "--hub", hub.url, "--data", floor.data]);
}

async function store({ floor, machines, hub }: State, round: number): Promise<void> {
  const at = ["--hub", hub.url, "--keys", floor.keys];
  await machines.maint(["contract", "create", nextVersionFile(floor, round), "--domain", "penetrant", ...at]);
  await machines.maint(["contract", "validate", CONTRACT, ...at]);
  await machines.maint(["contract", "store", CONTRACT, ...at]);
}

/** Asks the gate over its Unix socket, which knows no network. The station has no evidence, so it is blocked, and an alert. */
async function ask(state: State): Promise<string | undefined> {
  const test = `T-${state.decisions + 1}`;
  const { allow, contracts } = await gate(state.floor, test);
  state.decisions += 1;
  if (allow) state.findings.push(`${test} was allowed without any evidence`);
  else state.blocked += 1;
  return contracts.find(({ contract }) => contract === CONTRACT)?.version;
}

interface Answer {
  readonly allow: boolean;
  readonly contracts: readonly { readonly contract: string; readonly version: string }[];
}

function gate({ data }: Floor, test: string): Promise<Answer> {
  const folder = join(data, "nodes", NODE);
  const body = JSON.stringify({ test });
  const headers = {
    authorization: `Bearer ${readTokenFile(join(folder, "token"))}`,
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  };
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath: join(folder, "agent.sock"), path: "/v1/gate", method: "POST", headers },
      (answer) => {
        let text = "";
        answer.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        answer.on("end", () => {
          if (answer.statusCode === 200) resolve(JSON.parse(text) as Answer);
          else reject(new Error(`the gate answered ${answer.statusCode}: ${text}`));
        });
      },
    );
    call.on("error", reject);
    call.end(body);
  });
}

/** Milliseconds until the gate decides under `version`. */
async function converged(state: State, version: string, limitMs = CONVERGE_MS): Promise<number> {
  const startedMs = performance.now();
  while ((await ask(state)) !== version) {
    if (performance.now() - startedMs > limitMs) {
      state.findings.push(`${version} was not in force ${limitMs / 1000} s after the cable was back`);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return performance.now() - startedMs;
}

async function onePartition(state: State, plan: PartitionPlan, round: number): Promise<void> {
  const { machines } = state;
  const tenthMs = round % 10 === 0 ? plan.tenthMs : undefined;
  machines.cut();
  const endMs = performance.now() + (tenthMs ?? SHORTEST_MS + below(plan.random, plan.longestMs));
  const storing = store(state, round + 1);
  while (performance.now() < endMs) {
    await ask(state);
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_TESTS_MS));
  }
  await storing;
  if (plan.staysCut !== true) machines.heal();
  const convergedMs = await converged(state, `v1.${round}`, plan.convergeMs);
  if (state.findings.length > 0) return;
  state.slowestMs = Math.max(state.slowestMs, Math.round(convergedMs));
  await arrived(state, plan.convergeMs);
  const { tests, doubled, findings } = await alertsAtHub(state);
  if (tests.size !== state.blocked)
    state.findings.push(`${state.blocked} tests were blocked, the hub knows ${tests.size}`);
  if (doubled > 0) state.findings.push(`${doubled} alerts stand twice at the hub`);
  for (const { firstAlert, message } of findings) state.findings.push(`${firstAlert}: ${message}`);
  const verified = await runMaint(["ledger", "verify", "--node", NODE, "--data", state.floor.data]);
  if (verified.exitCode !== 0) state.findings.push(`the node's ledger does not hold: ${verified.stdout}`);
}

/** Waits for every alert; those that do not come are counted by whoever asked. */
async function arrived(state: State, limitMs = CONVERGE_MS): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (performance.now() < endMs && (await alertsAtHub(state)).tests.size < state.blocked)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

/** Which tests the hub has alerts of, how often a record is there that is not the first of its number, and what does not hold. */
async function alertsAtHub({ floor }: State): Promise<AlertsAtHub> {
  const ledger = readLedgerFile(join(floor.data, "hub", "ledger.db"));
  const db = openDatabase(join(floor.data, "hub", "hub.db"), { readOnly: true });
  try {
    const batches = db.prepare("SELECT body FROM alert_batch").all() as unknown as readonly { readonly body: string }[];
    const alerts = batches.flatMap(({ body }) => JSON.parse(body) as readonly Alert[]);
    const places = alerts.map(({ epoch, seq }) => `${epoch}/${seq}`);
    const tests = new Set(alerts.map(({ testId }) => testId).filter((test) => test !== null));
    const { findings } = await verifyAlerts(db, ledger);
    return { tests, doubled: places.length - new Set(places).size, findings };
  } finally {
    db.close();
    ledger.close();
  }
}

interface AlertsAtHub {
  readonly tests: ReadonlySet<string>;
  readonly doubled: number;
  readonly findings: readonly AlertFinding[];
}
