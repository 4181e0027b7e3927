import { dirname, join } from "node:path";
import type { SigningKey } from "../disk/key-file.ts";
import { openLedgerDesk } from "../disk/ledger-desk.ts";
import type { LedgerFile } from "../disk/ledger-file.ts";
import { PHASE_DEADLINE_MS } from "../model/limits.ts";
import { createAlertRetention } from "./alerts/alert-retention.ts";
import { createAlertService } from "./alerts/alert-service.ts";
import { createArchiveDesk } from "./archive/archive-desk.ts";
import type { ArchiveFile } from "./archive/archive-file.ts";
import { createArchiveService } from "./archive/archive-service.ts";
import { createContractService } from "./contracts/contract-service.ts";
import { contractTools, textTools } from "./contracts/contract-tools.ts";
import { createImpactBudgets } from "./contracts/impact-budgets.ts";
import { createImpactGate } from "./contracts/impact-gate.ts";
import { createStagingService } from "./contracts/staging-service.ts";
import { createStoreService } from "./contracts/store-service.ts";
import type { HubServices } from "./hub-services.ts";
import { impactRows } from "./impact/impact-rows.ts";
import { createImpactService } from "./impact/impact-service.ts";
import { createNodeService } from "./nodes/node-service.ts";
import { createNoticeService } from "./notices/notice-service.ts";
import type { NoticesConfig } from "./notices/notices-file.ts";
import { createOrderService } from "./orders/order-service.ts";
import { createPatternService } from "./patterns/pattern-service.ts";
import { createOidc } from "./people/oidc.ts";
import type { OidcOptions } from "./people/oidc-options.ts";
import { createPeopleService, rolesIn, type SeedPerson } from "./people/people-service.ts";
import { openForgotten } from "./policy-central/forgotten.ts";
import type { PolicyCentral } from "./policy-central/policy-central.ts";
import type { Clock, Random } from "./ports.ts";
import { createProposalService } from "./proposals/proposal-service.ts";
import { createReplayService } from "./replay/replay-service.ts";
import { createReportService } from "./reports/report-service.ts";
import { openRolloutBook } from "./rollout/rollout-book.ts";
import { createRolloutService, type RolloutService } from "./rollout/rollout-service.ts";
import { createBlobShelf } from "./session/blob-shelf.ts";
import { openRefusalBook, type Refusal } from "./session/refusal-book.ts";
import { createSessionServer, type SessionServer } from "./session/session-server.ts";
import { type FloorQuery, floorStatus } from "./standing/floor-status.ts";
import { createStandingService } from "./standing/standing-service.ts";
import { alertTables } from "./store/alerts-tables.ts";
import { contractTables } from "./store/contract-tables.ts";
import type { HubDatabase, StoreArea } from "./store/database.ts";
import { impactTables } from "./store/impact-tables.ts";
import { type Journal, openJournal } from "./store/journal.ts";
import { nodeTables } from "./store/node-tables.ts";
import { noticeTables } from "./store/notice-tables.ts";
import { orderTables } from "./store/orders-tables.ts";
import { patternTables } from "./store/patterns-tables.ts";
import { personTables } from "./store/person-tables.ts";
import { proposalTables } from "./store/proposals-tables.ts";
import { recordTables } from "./store/record-tables.ts";
import { rolloutTables } from "./store/rollout-tables.ts";
import { seenTables } from "./store/seen-tables.ts";
import { stagedTables } from "./store/staged-tables.ts";
import { standingTables } from "./store/standing-tables.ts";
import { witnessTables } from "./store/witness-tables.ts";
import { openWitnessService, type WitnessService } from "./witness/witness-service.ts";

/** The tables of hub.db, area by area. */
export const hubAreas: readonly StoreArea[] = [
  recordTables,
  personTables,
  nodeTables,
  contractTables,
  alertTables,
  noticeTables,
  patternTables,
  proposalTables,
  orderTables,
  standingTables,
  stagedTables,
  rolloutTables,
  seenTables,
  witnessTables,
  impactTables,
];

export interface Foundations {
  readonly db: HubDatabase;
  readonly ledger: LedgerFile;
  readonly archive: ArchiveFile;
  readonly policy: PolicyCentral;
  /** Where PolicyCentral's files lie. */
  readonly policyFolder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly onlineKey: SigningKey;
  readonly hubId: string;
  readonly soakMs: number;
  readonly failed: (error: unknown) => void;
  readonly log: (line: string) => void;
  readonly seed: readonly SeedPerson[];
  readonly oidc?: OidcOptions | undefined;
  readonly notices: NoticesConfig;
}

/** Wires the hub's services to each other and finishes what a crash left over. */
export async function composeServices(
  base: Foundations,
): Promise<{ readonly services: HubServices; readonly sessions: SessionServer }> {
  const { db, ledger, policy, clock, hubId, onlineKey, failed } = base;
  const journal = openJournal(db, ledger);
  await journal.recover();
  // Several services have the desired sets made anew, and the one that does it comes last.
  const late: { rollout?: RolloutService; sessions?: SessionServer } = {};
  const refresh = async (): Promise<void> => late.rollout?.refresh();
  const records = composeRecords(base, journal, refresh, {
    drop: (node, why) => late.sessions?.drop(node, why),
    recall: (node, why) => late.sessions?.recall(node, why),
  });
  const { nodes, people, alerts, orders } = records;
  await people.seed(base.seed);
  const shelf = createBlobShelf((digest) => policy.blob(digest));
  const changed = (): void => void refresh().catch(failed);
  const forgotten = openForgotten({ db, journal, clock, policy, changed, log: base.log });
  await forgotten.recall();
  const standing = createStandingService({ db, clock, failed });
  const archive = createArchiveService({ file: base.archive, journal, hubId, quarantine: nodes.quarantine });
  const { refusals, witnesses } = await openWatch(base, journal);
  const sessions = createSessionServer({
    ...{ hubId, onlineKey, clock, random: base.random, blobs: shelf, inbox: alerts, failed, witnesses },
    keyOf: nodes.keyOf,
    monotonicMs: () => performance.now(),
    quarantine: nodes.quarantine,
    isAhead: forgotten.isAhead,
    learn: forgotten.learn,
    arrived: async (node, hello) => late.rollout?.arrived(node, hello),
    left: archive.forget,
    ledgers: archive,
    standing: standing.take,
    report: (node, report) => rollout.report(node, report),
    refused: refusals.note,
  });
  const rollout = createRolloutService({
    ...{ db, journal, clock, hubId, policy, shelf, nodes, soakMs: base.soakMs, onlineKey },
    book: await openRolloutBook(db, journal, hubId, base.log),
    people: people.document,
    orders: orders.document,
    push: sessions.push,
    isLive: sessions.isLive,
    hasLost: forgotten.isAhead,
    ahead: new Map(),
    phaseDeadlineMs: PHASE_DEADLINE_MS,
    failed,
  });
  late.rollout = rollout;
  late.sessions = sessions;
  const store = createStoreService({
    ...{ db, journal, clock, policy, tools: contractTools, nodeIds: nodes.ids },
    targetsOf: rollout.targetsOf,
    push: refresh,
    rollout,
    stored: (contract, version, by) => records.proposals.noteStored(contract, version, by),
  });
  const { contracts, replays, impactBudgets: budgets } = records;
  const staging = createStagingService({
    ...{ db, journal, clock, policy, store, contracts },
    impact: createImpactGate({ replays, archive: base.archive, contracts, clock, budgets }),
    leftWithout: rollout.leftWithout,
  });
  await store.reconcile();
  await staging.reconcile();
  await rollout.refresh();
  const status = (query: FloorQuery) => floorStatus({ db, isLive: sessions.isLive }, query);
  const own = { archive: base.archive, hubId, rollout, store, staging, standing, status, clock, policy, ledger };
  return { services: { ...records, ...own, refusals, witnesses: shownBy(witnesses, sessions) }, sessions };
}

/** Who looks at the hub's ledger, and what is written there of those it was not shown to. */
async function openWatch({ db, ledger, clock, hubId, failed, log }: Foundations, { append }: Journal) {
  const refusals = openRefusalBook({ hubId, append, monotonicMs: () => performance.now() });
  const disagreed = async (refusal: Refusal): Promise<void> => {
    if ((await refusals.note(refusal)) === "news") log(refusal.details);
  };
  const witnesses = await openWitnessService({
    ...{ db, ledger, clock },
    disagreed: (refusal) => void disagreed(refusal).catch(failed),
  });
  return { refusals, witnesses };
}

const shownBy = (witnesses: WitnessService, { show }: SessionServer): HubServices["witnesses"] => ({
  ...witnesses,
  round: () => witnesses.round(show),
});

type Records = Pick<
  HubServices,
  | "people"
  | "oidc"
  | "nodes"
  | "contracts"
  | "alerts"
  | "alertRetention"
  | "notices"
  | "patterns"
  | "proposals"
  | "orders"
  | "reports"
  | "archiveDesk"
  | "ledgerDesk"
  | "replays"
  | "impacts"
  | "impactBudgets"
>;

/** The services that keep hub.db and ask nobody on the wire. */
function composeRecords(
  base: Foundations,
  journal: Journal,
  refresh: () => Promise<void>,
  live: Pick<SessionServer, "drop" | "recall">,
): Records {
  const { db, ledger, clock, policy, random, onlineKey, failed } = base;
  const changed = (): void => void refresh().catch(failed);
  const people = createPeopleService({ db, journal, clock, changed });
  const { rolesOf } = people;
  const oidc = base.oidc === undefined ? null : createOidc(base.oidc, { clock, fetch, rolesOf });
  const nodes = createNodeService({
    ...{ db, journal, clock, random, changed, ...live },
    forgiveLedger: base.archive.forgive,
  });
  const contracts = createContractService({
    ...{ db, journal, clock, policy, tools: contractTools, changed: refresh },
    usersOf: async (contract, version) =>
      (await nodes.list()).filter(({ report }) => report?.active[contract]?.version === version).map(({ id }) => id),
  });
  const notices = createNoticeService({
    ...{ db, journal, clock, hubId: base.hubId, failed, config: base.notices, log: base.log },
    peopleWith: rolesIn(db),
    chance: Math.random,
  });
  const alerts = createAlertService({
    ...{ db, journal, ledger, clock, contracts, hubId: base.hubId },
    post: notices.post,
  });
  const { archive } = base;
  const evolution = composeEvolution(base, journal, { nodes, people, contracts, alerts });
  const orders = createOrderService({ db, journal, clock, contracts, changed: refresh, archive });
  const impacts = createImpactService({ db, journal, clock, contracts, nodes, archive: base.archive });
  const reports = createReportService({
    ...{
      archive,
      alerts,
      notices,
      contracts,
      policy,
      ledger,
      nodes,
      journal,
      clock,
      hubId: base.hubId,
      key: base.onlineKey,
    },
    impacts: (of) => impactRows(impacts, of),
  });
  const archiveDesk = createArchiveDesk({ file: base.archive, nodes, journal, clock, hubId: base.hubId });
  const ledgerDesk = openLedgerDesk(ledger, onlineKey, clock.nowMs);
  return {
    people,
    reports,
    impacts,
    impactBudgets: createImpactBudgets({ db, journal, clock }),
    ...evolution,
    archiveDesk,
    ledgerDesk,
    oidc,
    nodes,
    contracts,
    alerts,
    notices,
    orders,
  };
}

/** What alerts and archived decisions lead to: patterns, and the versions that are proposed; and what of alerts is kept for it. */
function composeEvolution(
  { db, ledger, clock, policy, archive, policyFolder, failed, hubId }: Foundations,
  journal: Journal,
  { nodes, people, contracts, alerts }: Pick<HubServices, "nodes" | "people" | "contracts" | "alerts">,
): Pick<HubServices, "patterns" | "replays" | "proposals" | "alertRetention"> {
  const registers = async () => (await nodes.list()).map(({ register }) => register);
  const patterns = createPatternService({
    ...{ db, journal, clock, alerts, nodes, archive },
    floor: {
      registers,
      people: people.list,
      bundle: async (contract) => (await contracts.current(contract))?.bundle ?? undefined,
    },
  });
  const { path } = archive;
  const places = { archive: path, projection: join(dirname(path), "replay-cache.db"), policy: policyFolder };
  const replays = createReplayService({ policy, clock, places });
  const proposals = createProposalService({
    ...{
      db,
      journal,
      clock,
      contracts,
      alerts,
      patterns,
      archive,
      registers,
      replay: replays,
      failed,
      tools: textTools,
    },
  });
  // What patterns and proposals look at stays.
  const alertRetention = createAlertRetention({
    ...{ db, journal, ledger, clock, alerts, hubId },
    ...{ followed: patterns.followed, cited: proposals.citedAlerts },
  });
  return { patterns, replays, proposals, alertRetention };
}
