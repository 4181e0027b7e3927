import { type Command, InvalidArgumentError } from "commander";
import { type HubOptions, hubClient, withHubOptions } from "../hub-client.ts";
import { serving } from "../serving.ts";

interface SimulateOptions extends HubOptions {
  readonly fleet: string;
  readonly count: number;
  readonly prefix: string;
  readonly stationType: string;
  readonly zone: string;
  readonly for?: number;
  readonly spread: number;
  readonly drop: number;
  readonly slow: number;
  readonly flap?: number;
  readonly lean?: boolean;
}

const MAX_NODES = 20_000;
const SHOW_EVERY_MS = 1_000;

const numberWithin =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() !== "" && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`a number from ${least} to ${most} is needed.`);
  };

/** Adds `maint node simulate`: many nodes in this process, for trials of a hub. */
export function addSimulate(node: Command): void {
  withHubOptions(node.command("simulate").description("run many simulated nodes in this process, for trials of a hub"))
    .requiredOption("--fleet <file>", "keys of the nodes; made, registered and enrolled where it is not there")
    .option("--count <n>", "nodes to make", numberWithin(1, MAX_NODES), 100)
    .option("--prefix <id>", "begin of their ids", "SIM")
    .option("--station-type <type>", "type of their stations", "penetrant")
    .option("--zone <zone>", "time zone of their plant", "UTC")
    .option("--for <s>", "end after so many seconds (else when told)", numberWithin(1, 86_400))
    .option("--spread <s>", "first dials fall within so many seconds", numberWithin(0, 600), 2)
    .option("--drop <percent>", "desired sets at which a node is cut off", numberWithin(0, 100), 0)
    .option("--slow <s>", "a node answers after up to so many seconds", numberWithin(0, 600), 0)
    .option("--flap <s>", "each node is cut off about once in so many seconds", numberWithin(1, 86_400))
    .option("--lean", "verify nothing, to spare the machine for the hub; never for trials of trust")
    .addHelpText(
      "after",
      "\nThe nodes speak the real protocol with keys of their own and verify what they get; they keep nothing on a disk\nand run no tests. Use a hub of your own for it: they are registered there for good.\n\nExample:\n  maint node simulate --fleet keys/sim.json --count 1000 --hub http://127.0.0.1:7300 --for 60",
    )
    .action(simulate);
}

async function simulate(options: SimulateOptions): Promise<void> {
  const { fleetExists, makeFleet, readFleet } = await import("../simulate/fleet-file.ts");
  const { runFleet } = await import("../simulate/run-fleet.ts");
  const { hubUrl } = await import("../data-folder.ts");
  const url = hubUrl(options.hub, options.data);
  const { say, tell, untilTold } = serving(options);
  if (!fleetExists(options.fleet)) {
    await makeFleet(options.fleet, hubClient({ ...options, hub: url }), {
      ...{ prefix: options.prefix, count: options.count, stationType: options.stationType, plantZone: options.zone },
      enrolled: (count) => say(`${count} of ${options.count} nodes enrolled`, { kind: "enrolled", count }),
    });
  }
  const fleet = runFleet({
    ...{ hubUrl: url, fleet: readFleet(options.fleet), lean: options.lean === true },
    faults: { drop: options.drop / 100, slowMs: options.slow * 1_000 },
    spreadMs: options.spread * 1_000,
    flapMs: options.flap === undefined ? null : options.flap * 1_000,
  });
  const show = (kind: "progress" | "ended"): void => {
    const counts = fleet.counts();
    const no = Object.entries(counts.refused).map(([word, count]) => `, ${count} x ${word}`);
    const line = `${counts.live} of ${counts.nodes} nodes live, ${counts.converged} converged${no.join("")}`;
    if (kind === "progress" && process.stdout.isTTY && options.json !== true) process.stdout.write(`\r\x1b[2K${line}`);
    else say(line, { kind, ...counts });
  };
  tell({ kind: "started", nodes: fleet.counts().nodes });
  const showing = setInterval(() => show("progress"), SHOW_EVERY_MS);
  const end = options.for === undefined ? undefined : setTimeout(() => process.emit("SIGTERM"), options.for * 1_000);
  await untilTold(async () => {
    clearInterval(showing);
    clearTimeout(end);
    show("ended");
    fleet.stop();
  });
}
