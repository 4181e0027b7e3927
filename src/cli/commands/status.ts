import { Command, InvalidArgumentError } from "commander";
import { printUtc } from "../../base/civil-time.ts";
import type { FloorCounts, FloorStatus, StationStatus } from "../../hub/index.ts";
import type { StandingTest } from "../../model/message.ts";
import { agentToken, agentUrl, askAgent } from "../agent-client.ts";
import { type HubClient, type HubOptions, hubClient, printAnswer, withHubOptions } from "../hub-client.ts";

interface StatusOptions extends HubOptions {
  readonly node?: string;
  readonly nodeUrl?: string;
  readonly station?: string;
  readonly blocked?: boolean;
  readonly limit?: number;
}

/** `maint status`: which stations may test now, which not, and why; with `--node`, one agent as it sees itself, hub or no hub. */
export function command(): Command {
  return withHubOptions(new Command("status").description("say which stations may test now, which not, and why"))
    .option("--node <id>", "ask the agent of this node instead of the hub")
    .option("--node-url <url>", "where that agent listens (else the address in its folder)")
    .option("--station <id>", "only this station")
    .option("--blocked", "only stations that may not test, or of which nobody knows")
    .option("--limit <count>", `how many stations are shown; ${STATIONS_SHOWN} unless told`, countOf)
    .addHelpText("after", "\nExample:\n  maint status\n  maint status --blocked\n  maint status --node LP-01")
    .action((options: StatusOptions) =>
      options.node === undefined ? hubStatus(options) : agentStatus({ ...options, node: options.node }),
    );
}

interface HubContract {
  readonly contract: string;
  readonly version: string | null;
  readonly status: string;
}

type Page = FloorStatus & { readonly hub: string };

/** Asks the hub for the floor, a page of its stations at a time, and for its contracts. */
export async function hubStatus(
  options: HubOptions & Pick<StatusOptions, "station" | "blocked" | "limit">,
): Promise<void> {
  const hub = hubClient(options);
  const { first, stations, isWhole } = await pagesOf(hub, options, options.limit ?? STATIONS_SHOWN);
  const { contracts } = (await hub.get("/v1/contracts")) as { readonly contracts: readonly HubContract[] };
  const released = contracts.map(({ contract, version, status }) => ({ contract, version, status }));
  const { counts } = first;
  const nowMs = Date.now();
  printAnswer(options, { hub: first.hub, url: hub.url, counts, nodes: stations, contracts: released, isWhole }, [
    `${first.hub} at ${hub.url}: ${counts.connected} of ${counts.nodes} nodes connected; ${countWords(counts)}`,
    ...stations.flatMap((station) => stationLines(station, nowMs)),
    ...(isWhole ? [] : [`the first ${stations.length} are shown: --limit shows more, --blocked only those to look at`]),
    ...released
      .filter(({ status }) => status !== "archived")
      .map(({ contract, version, status }) => `${contract}${version === null ? "" : `@${version}`}  ${status}`),
  ]);
}

const STATIONS_SHOWN = 200;
const STATIONS_A_PAGE = 500;

const countWords = ({ mayTest, blocked, unknown }: FloorCounts): string =>
  [
    `${mayTest} ${mayTest === 1 ? "station" : "stations"} may test`,
    ...(blocked > 0 ? [`${blocked} blocked`] : []),
    ...(unknown > 0 ? [`${unknown} unknown`] : []),
  ].join(", ");

async function pagesOf(
  hub: HubClient,
  { station, blocked }: Pick<StatusOptions, "station" | "blocked">,
  limit: number,
): Promise<{ readonly first: Page; readonly stations: readonly StationStatus[]; readonly isWhole: boolean }> {
  const ask = (after: string, count: number): Promise<unknown> => {
    const query = new URLSearchParams({
      limit: String(Math.min(count, STATIONS_A_PAGE)),
      blocked: String(blocked === true),
    });
    if (station !== undefined) query.set("station", station);
    if (after !== "") query.set("after", after);
    return hub.get(`/v1/status?${query}`);
  };
  const first = (await ask("", limit)) as Page;
  const stations = [...first.stations];
  let next = first.next;
  while (next !== null && stations.length < limit) {
    const page = (await ask(next, limit - stations.length)) as Page;
    stations.push(...page.stations);
    next = page.next;
  }
  return { first, stations, isWhole: next === null };
}

const VERDICTS = { "may-test": "MAY TEST", blocked: "BLOCKED ", unknown: "UNKNOWN " } as const;

function stationLines(known: StationStatus, nowMs: number): readonly string[] {
  const { id, station, verdict, enrolledAtMs, live, lastSeenMs, generation, active, standing, quarantined } = known;
  const runs = Object.entries(active).map(([contract, { version }]) => `${contract}@${version}`);
  const away = lastSeenMs === null ? "away" : `away for ${ago(lastSeenMs, nowMs)}`;
  const there = enrolledAtMs === null ? "not enrolled yet" : live ? "connected" : away;
  const said = standing === null || live ? "" : `, as of ${ago(standing.receivedAtMs, nowMs)} ago`;
  return [
    `${VERDICTS[verdict]}  ${id}  ${station.type} station ${station.id}  ${there}, generation ${generation}: ${runs.join(", ") || "no contract"}${said}`,
    ...(quarantined === null ? [] : [`          quarantined: ${quarantined}; maint hub release-node or revoke-node`]),
    ...(standing?.tests ?? []).filter(({ allow }) => !allow).flatMap(blockedLines),
  ];
}

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("It is a whole number from 1.");
  return count;
}

function blockedLines({ kind, reasons, toDo }: StandingTest): readonly string[] {
  const what = kind === null ? "" : `${kind}: `;
  return [`          ${what}${reasons.join(", ")}`, ...(toDo === null ? [] : [`          to do: ${toDo}`])];
}

function ago(thenMs: number, nowMs: number): string {
  const minutes = Math.max(0, Math.floor((nowMs - thenMs) / 60_000));
  if (minutes < 1) return "less than a minute";
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} hours` : `${Math.floor(minutes / 1_440)} days`;
}

interface OwnStatus {
  readonly standing: string;
  readonly rejection: { readonly reason: string; readonly detail: string } | null;
  readonly generation: number | null;
  readonly freshUntilMs: number | null;
  readonly hub: { readonly id: string; readonly link: string };
  readonly contracts: readonly { readonly contract: string; readonly version: string }[];
  readonly station: { readonly id: string; readonly type: string } | null;
  readonly key: { readonly publicHex: string };
  readonly clock: { readonly source: string; readonly nowMs: number };
  readonly alerts: { readonly lastSeq: number; readonly ackedSeq: number };
}

/** A node without a hub is as good as before; a person should know since when nobody vouched for its contracts. */
const staleLine = ({ freshUntilMs, clock }: OwnStatus): readonly string[] =>
  freshUntilMs === null || clock.nowMs <= freshUntilMs
    ? []
    : [
        `the hub vouched for them until ${printUtc(freshUntilMs)}, ${ago(freshUntilMs, clock.nowMs)} ago; they stay in force`,
      ];

async function agentStatus(options: StatusOptions & { readonly node: string }): Promise<void> {
  const url = agentUrl(options);
  const token = agentToken(options, "machine");
  const status = (await askAgent({ method: "GET", path: "/v1/status", url, token })).body as OwnStatus;
  const { station, contracts, alerts, hub, rejection } = status;
  const runs = contracts.map(({ contract, version }) => `${contract}@${version}`).join(", ") || "no contract";
  printAnswer(options, status, [
    `${options.node} at ${url}: ${status.standing}, generation ${status.generation ?? "none"}: ${runs}`,
    ...(station === null ? [] : [`${station.type} station ${station.id}`]),
    ...(rejection === null ? [] : [`refused: ${rejection.reason}, ${rejection.detail}`]),
    ...staleLine(status),
    `public key ${status.key.publicHex}`,
    `hub ${hub.id}: ${hub.link === "none" ? "not asked, started with --no-hub" : hub.link}; clock ${status.clock.source}; ${alerts.lastSeq - alerts.ackedSeq} alerts waiting`,
  ]);
}
