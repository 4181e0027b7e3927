import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Agent, enrolNode, startAgent } from "../../../agent/index.ts";
import { MaintError } from "../../../base/maint-error.ts";
import { readTokenFile } from "../../../disk/read-token.ts";
import { createHub, type Hub } from "../../../hub/index.ts";
import { initPolicy } from "../../../hub/policy-central/init-policy.ts";
import { type CommandOutcome, REMOVE_RETRIES, runMaint } from "../processes.ts";
import type { SimTime } from "./sim-time.ts";

/** A hub and its agents in one process, all on the story's clock, over real sockets and files. */
export interface Plant {
  readonly data: string;
  readonly keys: string;
  readonly hub: Hub;
  readonly stations: readonly RunningStation[];
  readonly time: SimTime;
  /** Runs `maint <words> --json` as a process of its own against this plant. @throws MaintError where its exit code is another */
  readonly maint: (
    words: readonly string[],
    expected?: readonly number[],
  ) => Promise<CommandOutcome & { json: unknown }>;
  readonly stop: () => Promise<void>;
}

export interface RunningStation {
  readonly id: string;
  readonly agent: Agent;
  /** Asks the agent as a person. Answers its JSON whatever the status: a blocked test is an answer. */
  readonly ask: (person: Person, path: string, body: object) => Promise<unknown>;
}

export type Person = "STF-1" | "QA-1" | "SUP-1" | "AUD-1";
const ROLES: { readonly [person in Person]: string } = {
  "STF-1": "operator",
  "QA-1": "QA",
  "SUP-1": "supervisor",
  "AUD-1": "auditor",
};

export const PLANT_ZONE = "America/Chicago";

/** What every light meter of the plant is calibrated against. */
export const STANDARD = { asset: "STD-RAD-1", certificate: "NMI-2026-0117" } as const;

export interface StationPlan {
  readonly id: string;
  readonly lampModel: string;
  readonly meter: string;
}

/** @param folder where data and keys are kept; null takes a temporary one that `stop` removes */
export async function openPlant(plans: readonly StationPlan[], time: SimTime, folder: string | null): Promise<Plant> {
  const place = folder ?? mkdtempSync(join(tmpdir(), "maint-month-"));
  const [data, keys] = [join(place, "data"), join(place, "keys")];
  const undo: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
    if (folder === null) rmSync(place, { recursive: true, force: true, maxRetries: REMOVE_RETRIES });
  };
  const maint = async (words: readonly string[], expected: readonly number[] = [0]) => {
    const outcome = await runMaint([...words, "--data", data, "--keys", keys, "--json"]);
    if (!expected.includes(outcome.exitCode))
      throw new MaintError("MAINT_ERR_STEP", `maint ${words.join(" ")}: ${outcome.stderr || outcome.stdout}`, {
        exitCode: 1,
      });
    return { ...outcome, json: JSON.parse(outcome.stdout) as unknown };
  };
  try {
    mkdirSync(place, { recursive: true });
    initPolicy(keys, data, time.nowMs());
    const hub = await createHub({ dataFolder: data, clock: { nowMs: time.nowMs } });
    undo.push(() => hub.stop());
    for (const [person, role] of Object.entries(ROLES)) await maint(["person", "add", person, "--role", role]);
    const stations: RunningStation[] = [];
    for (const plan of plans) stations.push(await startStation(plan, { hub, data, keys, time, undo }));
    return { data, keys, hub, stations, time, maint, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Ground {
  readonly hub: Hub;
  readonly data: string;
  readonly keys: string;
  readonly time: SimTime;
  readonly undo: (() => unknown)[];
}

const ADMIN = { id: "admin", roles: ["admin"] };

async function startStation({ id, lampModel, meter }: StationPlan, ground: Ground): Promise<RunningStation> {
  const { hub, data, keys, time, undo } = ground;
  const register = {
    id,
    station: { id, type: "penetrant", attributes: [], orderRequired: false },
    ...{
      plantZone: PLANT_ZONE,
      shifts: ["06:00", "14:00", "22:00"],
      roles: { lamp: `UV-${id}`, "light-meter": meter },
    },
    assets: [
      { id: `UV-${id}`, serial: `${lampModel}-${id}`, type: "uv-a-lamp", attributes: [lampModel.toLowerCase()] },
      { id: STANDARD.asset, serial: "NMI-7", type: "radiometric-standard", attributes: [] },
      { id: meter, serial: `SN-${meter}`, type: "radiometer", attributes: [] },
    ],
  };
  const { token } = await hub.services.nodes.register(register, ADMIN);
  await enrolNode({ dataFolder: data, node: id, hubUrl: hub.url, token });
  const agent = await startAgent({ dataFolder: data, node: id, time: time.sources, hubUrl: hub.url });
  undo.push(() => agent.stop());
  const tokens = new Map(Object.keys(ROLES).map((person) => [person, readTokenFile(join(keys, `${person}.token`))]));
  const ask = async (person: Person, path: string, body: object): Promise<unknown> => {
    const response = await fetch(new URL(path, agent.url), {
      ...{ method: "POST", body: JSON.stringify(body) },
      headers: { authorization: `Bearer ${tokens.get(person)}`, "content-type": "application/json" },
    });
    const answer = (await response.json()) as { readonly error?: { readonly message: string } };
    if (answer.error !== undefined)
      throw new MaintError("MAINT_ERR_STEP", `${id} ${path}: ${answer.error.message}`, { exitCode: 1 });
    return answer;
  };
  return { id, agent, ask };
}
