import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Floor } from "../../src/cli/story/floor.ts";
import { CONTRACT } from "../../src/cli/story/uv-story.ts";
import { readLedgerFile } from "../../src/disk/ledger-file.ts";
import { readTokenFile } from "../../src/disk/read-token.ts";
import { compareVersions, type Version } from "../../src/model/ids.ts";
import { startLpFloor, storeVersion } from "../e2e/lp-floor.ts";
import type { Random } from "../fuzz/gate-random.ts";
import { nextVersionFile } from "./next-version.ts";

/**
 * An agent that is killed over and over while a test program asks it and an operator records: whatever it answered must be in
 * its ledger afterwards, and it must answer from the last reading that it took, under a version that never goes back.
 */
export interface KillReport {
  readonly kills: number;
  /** Answers that were given, each of which promised a durable entry. */
  readonly acknowledged: number;
  readonly findings: readonly string[];
}

export interface KillPlan {
  readonly kills: number;
  readonly random: Random;
  readonly say?: (line: string) => void;
  /** Planted in the test: what an agent that answers too early would leave behind. */
  readonly forget?: (answered: Answered) => boolean;
}

export interface Answered {
  readonly ledgerSeq: number;
  readonly what: string;
}

const NODE = "LP-01";
const LONGEST_LIFE_MS = 700;
const STORE_EVERY = 10;

/** Readings alternate between one that is good and one that is not. */
const LAMP = [
  { value: "1180", allow: true },
  { value: "940", allow: false },
] as const;

interface State {
  readonly answered: Answered[];
  readonly findings: string[];
  /** What the gate may say now: a reading on its way when the agent died may or may not have been taken. */
  possible: Set<boolean>;
  version: Version;
  asked: number;
}

export async function killAgent(plan: KillPlan): Promise<KillReport> {
  const floor = await startLpFloor(1);
  const state: State = { answered: [], findings: [], possible: new Set([false]), version: "v1.0", asked: 0 };
  try {
    for (let kill = 1; kill <= plan.kills; kill += 1) {
      if (kill % STORE_EVERY === 0) await storeVersion(floor, nextVersionFile(floor, kill));
      await oneLife(floor, state, plan.random() * LONGEST_LIFE_MS);
      checkLedger(floor, state, plan);
      plan.say?.(`agent: ${kill} kills, ${state.answered.length} answers`);
      if (state.findings.length > 0) break;
      await floor.startAgent(NODE);
    }
    return { kills: plan.kills, acknowledged: state.answered.length, findings: state.findings };
  } finally {
    await floor.end();
  }
}

/** Records and asks, one after the other, until the agent is gone. */
async function oneLife(floor: Floor, state: State, lifeMs: number): Promise<void> {
  const life = { over: false };
  const asking = untilGone(life, () => recordAndAsk(floor, state));
  await new Promise((resolve) => setTimeout(resolve, lifeMs));
  life.over = true;
  await floor.agent(NODE).kill();
  await asking;
}

async function untilGone(life: { readonly over: boolean }, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work();
    } catch (error) {
      // Before its end a failed request is the agent's fault; after it, it is the kill.
      if (!life.over) throw error;
      return;
    }
  }
}

async function recordAndAsk(floor: Floor, state: State): Promise<void> {
  const lamp = LAMP[state.asked % LAMP.length] ?? LAMP[0];
  state.asked += 1;
  state.possible.add(lamp.allow);
  const reading = {
    kind: "reading",
    quantity: "uv-intensity",
    value: lamp.value,
    unit: "uW/cm2",
    takenWith: "light-meter",
  };
  const recorded = await post(floor, "/v1/evidence", reading, readTokenFile(floor.tokenOf("STF-1")));
  state.answered.push({ ledgerSeq: recorded["ledgerSeq"] as number, what: `reading ${lamp.value}` });
  state.possible = new Set([lamp.allow]);
  const test = `T-${state.asked}`;
  const decision = await post(floor, "/v1/gate", { test }, readTokenFile(floor.tokenOf("STF-1")));
  state.answered.push({ ledgerSeq: decision["ledgerSeq"] as number, what: test });
  judge(decision, state);
}

function judge(decision: { readonly [key: string]: unknown }, state: State): void {
  const allow = decision["allow"] as boolean;
  if (!state.possible.has(allow))
    state.findings.push(
      `T-${state.asked} was ${allow ? "allowed" : "blocked"} against the last reading: ${JSON.stringify(decision["reasons"])}`,
    );
  const contracts = decision["contracts"] as readonly { readonly contract: string; readonly version: Version }[];
  const version = contracts.find(({ contract }) => contract === CONTRACT)?.version;
  if (version === undefined || compareVersions(version, state.version) < 0)
    state.findings.push(`T-${state.asked} was decided under ${version}, after ${state.version}`);
  else state.version = version;
}

async function post(
  floor: Floor,
  path: string,
  body: object,
  token: string,
): Promise<{ readonly [key: string]: unknown }> {
  const { url } = JSON.parse(readFileSync(join(floor.data, "nodes", NODE, "address.json"), "utf8")) as { url: string };
  const answer = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${path} was answered ${answer.status}: ${text}`);
  return JSON.parse(text) as { readonly [key: string]: unknown };
}

/** Read from outside while the agent is dead: nothing mends the file before it is looked at. */
function checkLedger(floor: Floor, { answered, findings }: State, { forget }: KillPlan): void {
  const ledger = readLedgerFile(join(floor.data, "nodes", NODE, "ledger.db"));
  try {
    const { finding, head } = ledger.verify();
    if (finding !== null) findings.push(`the ledger does not hold: ${JSON.stringify(finding)}`);
    for (const answer of answered) {
      const gone = answer.ledgerSeq >= head.size || forget?.(answer) === true;
      if (gone) findings.push(`${answer.what} was acknowledged as entry ${answer.ledgerSeq} and is not in the ledger`);
    }
  } finally {
    ledger.close();
  }
}
