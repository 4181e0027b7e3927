import { join } from "node:path";
import { MaintError } from "../../base/maint-error.ts";
import { packageRoot } from "../package-root.ts";
import type { Floor, Station } from "./floor.ts";
import type { Say } from "./telling.ts";

/** The UV story, a step a function. What a step cannot show to have happened, it throws. */

export const STATIONS: readonly Station[] = [
  { id: "LP-01", lamp: "UV-LAMP-01", lightMeter: "LM-01" },
  { id: "LP-02", lamp: "UV-LAMP-02", lightMeter: "LM-02" },
  { id: "LP-03", lamp: "UV-LAMP-03", lightMeter: "LM-03" },
];
export const CONTRACT = "MAIN-PEN-CHECK-001";
const OPERATOR = "STF-1";
const WAIT_MS = 20_000;
const POLL_MS = 100;

export interface StoryStep {
  readonly title: string;
  readonly play: (floor: Floor, say: Say) => Promise<void>;
}

const hubWords = ({ data, keys }: Floor): readonly string[] => ["--data", data, "--keys", keys];

function must(condition: boolean, why: string): asserts condition {
  if (!condition) throw new MaintError("MAINT_ERR_STEP", why, { exitCode: 1 });
}

/** Asks again until `done` answers something, at most 20 s. */
async function until<T>(what: string, done: () => Promise<T | undefined>): Promise<T> {
  const endMs = Date.now() + WAIT_MS;
  for (;;) {
    const answer = await done();
    if (answer !== undefined) return answer;
    must(Date.now() < endMs, `${what} did not happen within ${WAIT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

interface Version {
  readonly version: string | null;
  readonly status: string;
  readonly digest: string | null;
  readonly sourceDigest: string;
}

async function create(floor: Floor, say: Say): Promise<void> {
  const file = join(packageRoot(), "contracts", "penetrant", "lp-station.maint");
  const { json } = await floor.maint(["contract", "create", file, "--domain", "penetrant", ...hubWords(floor)]);
  const draft = json as Version;
  must(draft.status === "draft", `the contract is ${draft.status}, not a draft`);
  say(`contracts/penetrant/lp-station.maint → ${CONTRACT}, ${draft.status}, text ${draft.sourceDigest.slice(0, 19)}`);
}

interface Outcome {
  readonly passed: boolean;
  readonly status: string;
  readonly tests: { readonly outcomes: readonly { readonly name: string; readonly passed: boolean }[] };
}

async function validate(floor: Floor, say: Say): Promise<void> {
  const { json } = await floor.maint(["contract", "validate", CONTRACT, ...hubWords(floor)]);
  const { passed, status, tests } = json as Outcome;
  must(passed && status === "validated", `validation ended as ${status}`);
  say(`structure, logic, conditions: passed; ${tests.outcomes.length} of its own tests passed`);
  for (const { name } of tests.outcomes) say(`  test "${name}"`);
}

async function store(floor: Floor, say: Say): Promise<void> {
  const { json } = await floor.maint(["contract", "store", CONTRACT, ...hubWords(floor)]);
  const stored = json as Version;
  must(stored.version === "v1.0", `it was stored as ${stored.version}`);
  say(`penetrant/maintenance-contracts/v1.0/${CONTRACT}.maint, signed by the author's key outside the hub`);
  say(`bundle ${stored.digest}`);
}

interface Deployment {
  readonly node: string;
  readonly version: string;
  readonly state: string;
  readonly phase: string | null;
}

async function deploymentsOf(floor: Floor, version: string): Promise<readonly Deployment[]> {
  const { json } = await floor.maint(["contract", "deployments", CONTRACT, ...hubWords(floor)]);
  return (json as { readonly deployments: readonly Deployment[] }).deployments.filter((one) => one.version === version);
}

async function deployed(floor: Floor, say: Say): Promise<void> {
  const pushed = await until("the push", async () => {
    const known = await deploymentsOf(floor, "v1.0");
    return known.length === STATIONS.length ? known : undefined;
  });
  say(`storing it started the push by itself: ${pushed.map(({ node }) => node).join(", ")}`);
}

/** Waits until every node says so in a report it signed. */
async function activated(floor: Floor, say: Say, version: string): Promise<void> {
  const done = await until(`activation of ${version}`, async () => {
    const known = await deploymentsOf(floor, version);
    return known.length === STATIONS.length && known.every(({ state }) => state === "activated") ? known : undefined;
  });
  for (const { node, phase } of done)
    say(`${node} verified, self-tested and activated ${CONTRACT}@${version} (${phase})`);
}

async function statusOf(floor: Floor, version: string): Promise<string> {
  const { json } = await floor.maint(["contract", "history", CONTRACT, ...hubWords(floor)]);
  const { history } = json as { readonly history: readonly Version[] };
  return history.find((entry) => entry.version === version)?.status ?? "unknown";
}

/** Everything the contract asks for but the lamp's reading: calibration, warm-up, ambient light, acknowledgement. */
async function prepare(floor: Floor, { id, lightMeter }: Station): Promise<void> {
  const calibrated = new Date(Date.now() - 60 * 86_400_000).toISOString().slice(0, 10);
  const certificate = ["--certificate", `CERT-${lightMeter}`, "--performed-on", calibrated, "--result", "pass"];
  await record(floor, id, ["calibration", "--asset", "light-meter", ...certificate]);
  await record(floor, id, ["on", "--asset", "lamp", "--for-minutes", "15"]);
  await record(floor, id, ["ack", "--step", "materials checked"]);
  await record(floor, id, [
    "reading",
    "--quantity",
    "ambient-light",
    "--value",
    "1.2",
    "--unit",
    "fc",
    "--with",
    "light-meter",
  ]);
}

const record = (floor: Floor, node: string, words: readonly string[]) =>
  floor.maint(["record", ...words, "--node", node, "--data", floor.data, "--token", floor.tokenOf(OPERATOR)]);

interface Decision {
  readonly allow: boolean;
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
  readonly details: readonly { readonly severity: string; readonly line: number | null; readonly text: string }[];
  readonly getToGreen: readonly { readonly text: string; readonly who: string }[];
  readonly ledgerSeq: number | null;
}

/** The lamp is read, then the test asks the gate. */
async function readAndGate(floor: Floor, node: string, value: string, test: string): Promise<Decision> {
  const reading = ["--quantity", "uv-intensity", "--value", value, "--unit", "uW/cm2", "--with", "light-meter"];
  await record(floor, node, ["reading", ...reading]);
  const words = ["gate", "--node", node, "--test", test, "--data", floor.data, "--token", floor.tokenOf(OPERATOR)];
  return (await floor.maint(words, [0, 10])).json as Decision;
}

function sayDecision(say: Say, node: string, value: string, test: string, decision: Decision): void {
  const verdict = decision.allow ? "ALLOWED" : "BLOCKED";
  say(`${node} ${test}: lamp at ${value} uW/cm2 → ${verdict} (ledger entry ${decision.ledgerSeq})`);
  for (const { severity, line, text } of decision.details)
    say(`  ${severity === "reason" ? "because" : "warning"}: ${text}${line === null ? "" : ` [line ${line}]`}`);
  for (const { text, who } of decision.getToGreen) say(`  to do (${who}): ${text}`);
}

/** Two lamps fade below the limit, the third stays. */
const READINGS: readonly (readonly [node: string, value: string, test: string, allowed: boolean])[] = [
  ["LP-01", "1180", "T-101", true],
  ["LP-02", "1210", "T-201", true],
  ["LP-03", "1350", "T-301", true],
  ["LP-01", "1040", "T-102", true],
  ["LP-01", "940", "T-103", false],
  ["LP-02", "960", "T-202", false],
  ["LP-01", "920", "T-104", false],
  ["LP-03", "1310", "T-302", true],
];

async function lampsFade(floor: Floor, say: Say): Promise<void> {
  for (const station of STATIONS) await prepare(floor, station);
  for (const [node, value, test, allowed] of READINGS) {
    const decision = await readAndGate(floor, node, value, test);
    sayDecision(say, node, value, test, decision);
    must(
      decision.allow === allowed,
      `${test} should be ${allowed ? "allowed" : "blocked"}: ${decision.reasons.join(", ")}`,
    );
    const expected = "reading.out-of-limits:uv-intensity";
    must(allowed || decision.reasons.join() === expected, `${test} is blocked by ${decision.reasons.join(", ")}`);
  }
}

const NEW_LAMPS: readonly (readonly [node: string, value: string, test: string])[] = [
  ["LP-01", "1420", "T-110"],
  ["LP-02", "1390", "T-210"],
];

interface Patterns {
  readonly total_alerts: number;
  readonly unique_patterns: number;
  readonly critical_patterns: number;
  readonly recommended_updates: number;
  readonly patterns: readonly { readonly id: string; readonly nodes: readonly string[]; readonly reason: string }[];
}

async function findPattern(floor: Floor, say: Say): Promise<string> {
  const blocked = READINGS.filter(([, , , allowed]) => !allowed).length;
  const analysis = await until("the arrival of the alerts", async () => {
    const { json } = await floor.maint(["pattern", "list", ...hubWords(floor)]);
    const found = json as Patterns;
    return found.total_alerts >= blocked && found.patterns.length > 0 ? found : undefined;
  });
  const { total_alerts, unique_patterns, critical_patterns, recommended_updates } = analysis;
  say(
    `${total_alerts} alerts, ${unique_patterns} pattern, ${critical_patterns} critical, ${recommended_updates} update recommended`,
  );
  const [pattern] = analysis.patterns;
  must(pattern !== undefined, "no pattern was found");
  say(`${pattern.id}: ${pattern.reason} on ${pattern.nodes.join(" and ")}`);
  return pattern.id;
}

interface Proposal {
  readonly id: string;
  readonly clause: string;
  readonly reason: string;
  readonly diff: string;
  readonly state: string;
}

async function propose(floor: Floor, say: Say): Promise<void> {
  const { json: found } = await floor.maint(["pattern", "list", ...hubWords(floor)]);
  const [pattern] = (found as Patterns).patterns;
  must(pattern !== undefined, "no pattern was found");
  const { json } = await floor.maint(["proposal", "create", pattern.id, ...hubWords(floor)]);
  const proposal = json as Proposal;
  say(`${proposal.id} from ${pattern.id}: ${proposal.reason}`);
  for (const line of proposal.diff.trimEnd().split("\n")) say(`  ${line}`);
}

async function acceptAndReplace(floor: Floor, say: Say): Promise<void> {
  const { json: listed } = await floor.maint(["proposal", "list", ...hubWords(floor)]);
  const [open] = (listed as { readonly proposals: readonly Proposal[] }).proposals;
  must(open !== undefined, "there is no proposal");
  await floor.maint(["proposal", "accept", open.id, "--reason", "order lamps before they fail", ...hubWords(floor)]);
  say(`${open.id} accepted by a person, validated, signed and stored as v1.1`);
  await activated(floor, say, "v1.1");
  // A first decision under it at every station shows that it works there; until then v1.0 stays to go back to.
  for (const [node, value, test] of NEW_LAMPS)
    sayDecision(say, node, value, test, await readAndGate(floor, node, value, test));
  const decision = await readAndGate(floor, "LP-03", "1020", "T-303");
  sayDecision(say, "LP-03", "1020", "T-303", decision);
  must(decision.allow && decision.warnings.length > 0, "v1.1 should warn at 1020 uW/cm2 and still allow");
  const status = await until("the end of v1.0", async () => {
    const known = await statusOf(floor, "v1.0");
    return known === "deprecated" ? known : undefined;
  });
  say(`v1.0 is ${status}, v1.1 is ${await statusOf(floor, "v1.1")}`);
}

async function verifyLedgers(floor: Floor, say: Say): Promise<void> {
  const ledgers = [[] as string[], ...STATIONS.map(({ id }) => ["--node", id])];
  for (const words of ledgers) {
    const { json } = await floor.maint(["ledger", "verify", "--data", floor.data, ...words]);
    const { ok, head } = json as {
      readonly ok: boolean;
      readonly head: { readonly size: number; readonly hash: string };
    };
    must(ok, `the ledger of ${words[1] ?? "the hub"} does not hold`);
    say(
      `${words[1] ?? "hub  "}: ${head.size} entries, every one chained to the one before; head ${head.hash.slice(0, 19)}`,
    );
  }
  await floor.maint(["release", "verify", "--all", "--data", floor.data]);
  say("PolicyCentral: every file is the one that was signed");
}

export const uvStory: readonly StoryStep[] = [
  { title: "An engineer creates the contract", play: create },
  { title: "It is validated: structure, logic, conditions, its own tests", play: validate },
  { title: "It is stored in PolicyCentral under v1.0", play: store },
  { title: "It is deployed", play: deployed },
  { title: "The nodes acknowledge", play: (floor, say) => activated(floor, say, "v1.0") },
  { title: "UV falls below 1000 uW/cm2 at two nodes: their tests are blocked", play: lampsFade },
  {
    title: "Alerts reach the hub, the pattern is found",
    play: async (floor, say) => void (await findPattern(floor, say)),
  },
  { title: "An improved version is drafted, with its reason", play: propose },
  { title: "A person accepts it: deployed, the old one deprecated", play: acceptAndReplace },
  { title: "The ledgers of hub and nodes are verified", play: verifyLedgers },
];
