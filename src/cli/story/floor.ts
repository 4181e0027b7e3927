import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MaintError } from "../../base/maint-error.ts";
import { type CommandOutcome, runMaint, type Service, startService } from "./processes.ts";

/** One station of the small floor, as the hub registers it. */
export interface Station {
  readonly id: string;
  readonly lamp: string;
  readonly lightMeter: string;
}

/** A hub and its agents, each a process of its own, in one data folder; keys and tokens lie in another. */
export interface Floor {
  readonly data: string;
  readonly keys: string;
  readonly hub: () => Service;
  readonly agent: (node: string) => Service;
  readonly startHub: (extra?: readonly string[]) => Promise<Service>;
  readonly startAgent: (node: string, extra?: readonly string[]) => Promise<Service>;
  readonly enrol: (station: Station) => Promise<void>;
  readonly addPerson: (id: string, role: string) => Promise<void>;
  readonly tokenOf: (person: string) => string;
  /** Runs `maint <words> --json` and answers what it printed. Fails unless the exit code is one of `expected`. */
  readonly maint: (words: readonly string[], expected?: readonly number[]) => Promise<CommandJson>;
  readonly stop: () => Promise<void>;
}

export interface CommandJson extends CommandOutcome {
  readonly json: unknown;
}

/** Lays out an empty floor in `folder`: keys made, nothing started. */
export async function layOutFloor(folder: string): Promise<Floor> {
  const data = join(folder, "data");
  const keys = join(folder, "keys");
  mkdirSync(data, { recursive: true });
  const services = new Map<string, Service>();
  const running = (name: string): Service => {
    const service = services.get(name);
    if (service === undefined) throw new MaintError("MAINT_ERR_SERVICE", `${name} is not running`, { exitCode: 69 });
    return service;
  };
  const start = async (name: string, words: readonly string[]): Promise<Service> => {
    const service = await startService(name, words);
    services.set(name, service);
    return service;
  };
  const tokenOf = (person: string): string => join(keys, `${person}.token`);
  await maint(["keys", "init", "--keys", keys, "--data", data]);
  const atHub = ["--data", data, "--keys", keys] as const;
  return {
    data,
    keys,
    hub: () => running("hub"),
    agent: running,
    startHub: (extra = []) => start("hub", ["hub", "start", "--data", data, ...extra]),
    startAgent: (node, extra = []) => start(node, ["node", "start", node, "--data", data, ...extra]),
    enrol: async (station) => {
      const file = join(folder, `${station.id}.json`);
      writeFileSync(file, `${JSON.stringify(registerOf(station), null, 2)}\n`);
      const tokenFile = join(keys, `${station.id}.enrol`);
      await maint(["hub", "register-node", file, "--out", tokenFile, ...atHub]);
      await maint(["node", "enrol", station.id, "--token-file", tokenFile, "--data", data]);
    },
    addPerson: async (id, role) => void (await maint(["person", "add", id, "--role", role, ...atHub])),
    tokenOf,
    maint,
    stop: async () => {
      // Agents first: a hub that goes first would have them log a lost connection that is none.
      for (const [name, service] of services) if (name !== "hub") await service.stop();
      await services.get("hub")?.stop();
      services.clear();
    },
  };
}

const PLANT_ZONES = ["America/Chicago", "Europe/Berlin", "Asia/Singapore", "Pacific/Auckland"] as const;

/** A plant where it is now some hours away from midnight: today's readings must not grow stale in mid-story. */
function plantZoneAwayFromMidnight(nowMs: number): string {
  const hourIn = (zone: string) =>
    Number(new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", hourCycle: "h23" }).format(nowMs));
  return PLANT_ZONES.find((zone) => hourIn(zone) >= 2 && hourIn(zone) < 22) ?? PLANT_ZONES[0];
}

/** A penetrant station whose register binds its own lamp and light meter to the contract's roles. */
function registerOf({ id, lamp, lightMeter }: Station): unknown {
  return {
    id,
    station: { id, type: "penetrant", attributes: [], orderRequired: false },
    plantZone: plantZoneAwayFromMidnight(Date.now()),
    // A shift that lasts all day, so that the story plays the same at any hour.
    shifts: ["00:00"],
    roles: { lamp, "light-meter": lightMeter },
    assets: [
      { id: lamp, serial: `${lamp}-SN`, type: "uv-a-lamp", attributes: [] },
      { id: lightMeter, serial: `${lightMeter}-SN`, type: "radiometer", attributes: [] },
    ],
  };
}

async function maint(words: readonly string[], expected: readonly number[] = [0]): Promise<CommandJson> {
  const outcome = await runMaint([...words, "--json"]);
  if (!expected.includes(outcome.exitCode)) {
    const said = outcome.stderr.trim() || outcome.stdout.trim();
    throw new MaintError("MAINT_ERR_STEP", `\`maint ${words.join(" ")}\` ended with ${outcome.exitCode}: ${said}`, {
      exitCode: 1,
    });
  }
  return { ...outcome, json: parsed(outcome.stdout) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not every command prints one document (a stream prints lines); its reader takes `stdout` instead.
    return undefined;
  }
}
