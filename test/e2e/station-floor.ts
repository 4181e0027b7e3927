import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layOutFloor } from "../../src/cli/story/floor.ts";
import { STATIONS } from "../../src/cli/story/uv-story.ts";
import { atHub, CONTRACT_FILE, until } from "./lp-floor.ts";

/** What the station of the page's test must show besides the LP contract: a clause for each form. */
const FORMS_CONTRACT = `contract LP-FORMS-002 "Lamp, light meter and penetrant of the line" {
  for every penetrant station

  lamp        is a uv-a-lamp, by default "Lamp-0"
  light-meter is a radiometer, by default "Meter-0"
  penetrant   is a material, by default "penetrant ZP-60D"

  before every test {
    lamp-each-day:
      each day, the lamp must be checked: "glass is whole", "filter is clean", "cable is whole"
        because "a dirty filter hides faint indications"

    penetrant-life:
      the penetrant must be within its shelf life

    lamp-before-and-after:
      the lamp must be checked before and after each use
  }

  before every fluorescent-inspection test {
    meter-service:
      the light-meter must be serviced every 20000 cycles, warn 500 cycles before,
        with enough left for the whole test

    two-people-each-week:
      each week, two people must acknowledge "known flawed part shows every indication"
  }

  test "nothing is known" {
    at 2026-11-24 09:00 in America/Chicago
    operator is "STF-1"
    expect blocked by lamp-each-day, penetrant-life
  }
}
`;

/** An agent of a process of its own with both contracts in force and nothing recorded. */
export interface StationFloor {
  readonly url: string;
  readonly tokens: { readonly operator: string; readonly qa: string; readonly auditor: string };
  readonly tokenFile: string;
  readonly stopAgent: () => Promise<void>;
  readonly stopHub: () => Promise<void>;
  readonly end: () => Promise<void>;
}

export async function startStationFloor(): Promise<StationFloor> {
  const folder = mkdtempSync(join(tmpdir(), "maint-page-"));
  const floor = await layOutFloor(folder);
  const end = async (): Promise<void> => {
    await floor.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [station] = STATIONS;
    if (station === undefined) throw new Error("the story has no station");
    const forms = join(folder, "forms.maint");
    writeFileSync(forms, FORMS_CONTRACT);
    await floor.startHub();
    await floor.addPerson("STF-1", "operator");
    await floor.addPerson("QA-1", "QA");
    await floor.addPerson("AUD-1", "auditor");
    await floor.enrol(station);
    await floor.startAgent(station.id);
    for (const [contract, file] of [
      ["MAIN-PEN-CHECK-001", CONTRACT_FILE],
      ["LP-FORMS-002", forms],
    ] as const) {
      await floor.maint(["contract", "create", file, "--domain", "penetrant", ...atHub(floor)]);
      await floor.maint(["contract", "validate", contract, ...atHub(floor)]);
      await floor.maint(["contract", "store", contract, ...atHub(floor)]);
    }
    const status = ["status", "--node", station.id, "--data", floor.data];
    await until("both contracts in force", async () => {
      const { contracts } = (await floor.maint(status)).json as { readonly contracts: readonly unknown[] };
      return contracts.length === 2;
    });
    const token = (person: string): string => readFileSync(floor.tokenOf(person), "utf8").trim();
    return {
      url: floor.agent(station.id).url,
      tokens: { operator: token("STF-1"), qa: token("QA-1"), auditor: token("AUD-1") },
      tokenFile: floor.tokenOf("QA-1"),
      stopHub: async () => void (await floor.hub().stop()),
      stopAgent: async () => void (await floor.agent(station.id).stop()),
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}
