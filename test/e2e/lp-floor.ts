import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../src/cli/package-root.ts";
import { type Floor, layOutFloor, type Station } from "../../src/cli/story/floor.ts";
import { type CommandOutcome, runMaint } from "../../src/cli/story/processes.ts";
import { CONTRACT, STATIONS } from "../../src/cli/story/uv-story.ts";

/** A hub, some agents and the stored LP contract, each a real process, in a temporary folder. */
export interface LpFloor extends Floor {
  readonly folder: string;
  /** Stops what still runs and removes the folder. */
  readonly end: () => Promise<void>;
}

export interface GateAnswer {
  readonly exitCode: number;
  readonly allow: boolean;
  readonly reasons: readonly string[];
  readonly ledgerSeq: number | null;
  readonly contracts: readonly { readonly contract: string; readonly version: string | null }[];
}

const WAIT_MS = 60_000;
const POLL_MS = 100;

/** Asks again until `done` answers true, at most 60 s. */
export async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + WAIT_MS;
  while (!(await done())) {
    if (Date.now() > endMs) throw new Error(`${what} did not happen within ${WAIT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export const CONTRACT_FILE = join(packageRoot(), "contracts", "penetrant", "lp-station.maint");

/** The hub and the first `count` stations of the story, enrolled, running, with v1.0 in force and everything read but the lamp. */
export async function startLpFloor(count: number): Promise<LpFloor> {
  const folder = mkdtempSync(join(tmpdir(), "maint-e2e-"));
  const floor = await layOutFloor(folder);
  const end = async (): Promise<void> => {
    await floor.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const stations = STATIONS.slice(0, count);
    await floor.startHub();
    await floor.addPerson("STF-1", "operator");
    for (const station of stations) await floor.enrol(station);
    await Promise.all(stations.map(({ id }) => floor.startAgent(id)));
    await storeVersion(floor, CONTRACT_FILE);
    for (const { id } of stations) await inForce(floor, id, "v1.0");
    await Promise.all(stations.map((station) => prepare(floor, station)));
    return { ...floor, folder, end };
  } catch (error) {
    await end();
    throw error;
  }
}

export const atHub = ({ data, keys }: Floor): readonly string[] => ["--data", data, "--keys", keys];

/** Creates, validates and stores what the file says: the author's whole way. */
export async function storeVersion(floor: Floor, file: string): Promise<void> {
  await floor.maint(["contract", "create", file, "--domain", "penetrant", ...atHub(floor)]);
  await floor.maint(["contract", "validate", CONTRACT, ...atHub(floor)]);
  await floor.maint(["contract", "store", CONTRACT, ...atHub(floor)]);
}

interface Deployments {
  readonly deployments: readonly { readonly node: string; readonly version: string; readonly state: string }[];
}

/** Waits until the node said, signed, that this version is in force at it. */
export function inForce(floor: Floor, node: string, version: string): Promise<void> {
  return until(`${version} at ${node}`, async () => {
    const { json } = await floor.maint(["contract", "deployments", CONTRACT, ...atHub(floor)]);
    const { deployments } = json as Deployments;
    return deployments.some((one) => one.node === node && one.version === version && one.state === "activated");
  });
}

/** Everything the contract asks for but the lamp's reading. */
async function prepare(floor: Floor, { id, lightMeter }: Station): Promise<void> {
  const calibrated = new Date(Date.now() - 60 * 86_400_000).toISOString().slice(0, 10);
  const certificate = ["--certificate", `CERT-${lightMeter}`, "--performed-on", calibrated, "--result", "pass"];
  await record(floor, id, ["calibration", "--asset", "light-meter", ...certificate]);
  await record(floor, id, ["on", "--asset", "lamp", "--for-minutes", "15"]);
  await record(floor, id, ["ack", "--step", "materials checked"]);
  const light = ["--quantity", "ambient-light", "--value", "1.2", "--unit", "fc", "--with", "light-meter"];
  await record(floor, id, ["reading", ...light]);
}

const record = (floor: Floor, node: string, words: readonly string[]) =>
  floor.maint(["record", ...words, "--node", node, "--data", floor.data, "--token", floor.tokenOf("STF-1")]);

/** The lamp is read: at 1180 uW/cm2 it is good, at 940 it is not. */
export async function readLamp(floor: Floor, node: string, value: string): Promise<void> {
  const what = ["--quantity", "uv-intensity", "--value", value, "--unit", "uW/cm2", "--with", "light-meter"];
  await record(floor, node, ["reading", ...what]);
}

/**
 * What the gate says, as `maint gate` prints it, with its exit code. The operator asks; with `machine` the test program does,
 * whose token the node knows without any document from the hub.
 */
export async function gate(
  floor: Floor,
  node: string,
  test: string,
  caller: "operator" | "machine" = "operator",
): Promise<GateAnswer> {
  const token = caller === "operator" ? ["--token", floor.tokenOf("STF-1")] : [];
  const words = ["gate", "--node", node, "--test", test, "--data", floor.data, ...token];
  const { exitCode, json } = await floor.maint(words, [0, 10, 69]);
  return { exitCode, ...(json as Omit<GateAnswer, "exitCode">) };
}

/** Waits until the decision on this test lies in the hub's archive: a node hands its ledger in about every second, not with the answer. */
export function archivedDecision(floor: Floor, node: string, test: string): Promise<void> {
  return until(`the decision on ${test} in the archive`, async () => {
    const words = ["archive", "decisions", "--node", node, "--test", test, ...atHub(floor)];
    const { json } = await floor.maint(words);
    return (json as { readonly decisions: readonly unknown[] }).decisions.length > 0;
  });
}

export interface NodeStatus {
  readonly standing: string;
  readonly rejection: { readonly reason: string; readonly detail: string } | null;
  readonly contracts: readonly { readonly contract: string; readonly version: string }[];
  readonly hub: { readonly link: string };
  readonly ledger: { readonly size: number };
  readonly key: { readonly publicHex: string };
}

export async function nodeStatus(floor: Floor, node: string): Promise<NodeStatus> {
  return (await floor.maint(["status", "--node", node, "--data", floor.data])).json as NodeStatus;
}

/** `maint ledger verify` for a node, or for the hub without one. */
export const verifyLedger = (floor: Floor, node?: string): Promise<CommandOutcome> =>
  runMaint(["ledger", "verify", "--data", floor.data, "--json", ...(node === undefined ? [] : ["--node", node])]);
