import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MaintError } from "../base/maint-error.ts";
import { removeFile, sweepTemporary, writeAtomically } from "../disk/atomic-write.ts";
import { lockFolder } from "../disk/folder-lock.ts";
import { loadKeyFile } from "../disk/key-file.ts";
import { keepSigned, type LedgerFile, openLedgerFile } from "../disk/ledger-file.ts";
import { openDatabase } from "../disk/sqlite.ts";
import type { LedgerRecord } from "../model/ledger-entry.ts";
import type { AlertService } from "./alerts/alert-service.ts";
import { openArchiveFile } from "./archive/archive-file.ts";
import type { ContractService } from "./contracts/contract-service.ts";
import type { StoreService } from "./contracts/store-service.ts";
import { type HubTls, type ListeningServer, startHttpServer } from "./http/server.ts";
import type { HubServices } from "./hub-services.ts";
import { LOG_ONLY, type NoticesConfig } from "./notices/notices-file.ts";
import type { PatternService } from "./patterns/pattern-service.ts";
import type { OidcOptions } from "./people/oidc-options.ts";
import type { SeedPerson } from "./people/people-service.ts";
import { hubIdIn } from "./policy-central/hub-id.ts";
import { openPolicyCentral, type PolicyCentral } from "./policy-central/policy-central.ts";
import { strayKeys } from "./policy-central/stray-keys.ts";
import type { Clock, Random } from "./ports.ts";
import type { ProposalService } from "./proposals/proposal-service.ts";
import { composeServices, hubAreas } from "./services.ts";
import { openHubDatabase } from "./store/database.ts";

export interface HubOptions {
  /** The data folder: `policy/` and `hub/` lie in it. */
  readonly dataFolder: string;
  /** 0 takes a free port. */
  readonly port?: number;
  /** Loopback unless told. */
  readonly host?: string;
  /** Without it only this machine reaches the hub, unless `insecure` says that something else protects the way to it. */
  readonly tls?: HubTls;
  readonly insecure?: boolean;
  /** People may come by tokens of this identity provider as well. */
  readonly oidc?: OidcOptions;
  /** Who is told of alerts over which channel; without it they go to the log. */
  readonly notices?: NoticesConfig | undefined;
  readonly clock?: Clock;
  readonly random?: Random;
  /** How long a release is active before it is monitored. */
  readonly soakMs?: number;
  /** The hub can no longer keep its promises (disk, our own mistake): end the process. */
  readonly onFatal?: (error: unknown) => void;
  readonly log?: (line: string) => void;
}

/** A running hub. The named methods are the SMART hub's own; command line and HTTP are thin over the same services. */
export interface Hub {
  readonly id: string;
  readonly url: string;
  readonly services: HubServices;
  readonly createMaintenanceContract: ContractService["createDraft"];
  readonly validateContractLogic: ContractService["validate"];
  readonly deployContractToNodes: StoreService["deploy"];
  readonly receiveAlert: AlertService["receive"];
  readonly analyzeAlertPatterns: PatternService["analyse"];
  readonly createContractVersion: ProposalService["accept"];
  readonly getContractHistory: ContractService["history"];
  readonly retireContract: ContractService["retire"];
  readonly stop: () => Promise<void>;
}

const SOAK_MS = 2_000;
/** A batch of alerts has about 6 KiB. */
const HUB_PAGE_BYTES = 16_384;
/** Of a damaged PolicyCentral, in the ledger; the command lists all. */
const MAX_FINDINGS = 100;
const TICK_MS = 500;
/** How often what was archived is read for replays. */
const CATCH_UP_MS = 10 * 60_000;
const DEFAULT_HOST = "127.0.0.1";

/**
 * Opens a data folder and serves it. One hub owns a folder; what a crash left half done is finished first.
 * @throws MaintError MAINT_ERR_POLICY_MISSING before `maint keys init`, MAINT_ERR_STRAY_KEY when it could sign releases itself,
 * MAINT_ERR_FOLDER_LOCKED when another hub runs there; a port in use comes as Node's own EADDRINUSE
 */
export async function createHub(options: HubOptions): Promise<Hub> {
  const folder = join(options.dataFolder, "hub");
  if (!existsSync(join(folder, "key"))) {
    throw new MaintError("MAINT_ERR_POLICY_MISSING", `${options.dataFolder}: no hub was made here yet`, {
      help: `maint keys init --data ${options.dataFolder}`,
    });
  }
  refuseStrayKeys(options.dataFolder);
  refuseOpenAddress(options);
  const lock = lockFolder(folder, "hub");
  const opened: (() => unknown)[] = [() => lock.release()];
  try {
    sweepTemporary(folder);
    return await openHub(options, folder, opened);
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
}

function refuseStrayKeys(dataFolder: string): void {
  const [stray] = strayKeys(dataFolder, join(dataFolder, "policy"));
  if (stray === undefined) return;
  throw new MaintError("MAINT_ERR_STRAY_KEY", `${stray}: a key that signs releases lies where the hub can read it`, {
    help: "move it out of the data folder; the hub hands out releases, it must not be able to make one",
  });
}

const LOOPBACK = ["127.0.0.1", "::1", "localhost"];

/** Tokens of people travel over this socket. */
function refuseOpenAddress({ host = DEFAULT_HOST, tls, insecure }: HubOptions): void {
  if (LOOPBACK.includes(host) || tls !== undefined || insecure === true) return;
  throw new MaintError(
    "MAINT_ERR_INSECURE",
    `${host} can be reached from other machines, and everybody could read along`,
    {
      help: "give a certificate (--tls-cert, --tls-key), or --insecure where something else protects the way",
    },
  );
}

async function openHub(options: HubOptions, folder: string, opened: (() => unknown)[]): Promise<Hub> {
  const clock = options.clock ?? { nowMs: () => Date.now() };
  const onlineKey = loadKeyFile(join(folder, "key"));
  const hubId = hubIdIn(folder, onlineKey);
  const ledger = openLedgerFile(join(folder, "ledger.db"), {
    owner: hubId,
    key: onlineKey,
    clock: () => ({ timeMs: clock.nowMs(), timeSource: "wall" }),
  });
  opened.push(() => ledger.close());
  const db = await openHubDatabase(openDatabase(join(folder, "hub.db"), { pageBytes: HUB_PAGE_BYTES }), hubAreas);
  opened.push(() => db.close());
  const archive = openArchiveFile(join(folder, "archive.db"));
  opened.push(() => archive.close());
  const policy = openPolicyCentral({ folder: join(options.dataFolder, "policy"), onlineKey, clock });
  reportDamage(policy, ledger, hubId, options.log);
  let stopped: Promise<void> | undefined;
  const failed = (error: unknown): void => {
    // What is cut off by closing was acknowledged to nobody; it comes again.
    if (stopped !== undefined) return;
    options.log?.(`stops: ${error instanceof Error ? error.message : String(error)}`);
    options.onFatal?.(error);
  };
  opened.push(keepSigned(ledger, failed));
  const { services, sessions } = await composeServices({
    ...{ db, ledger, archive, policy, clock, onlineKey, hubId, failed, oidc: options.oidc },
    policyFolder: join(options.dataFolder, "policy"),
    random: options.random ?? ((count) => randomBytes(count)),
    soakMs: options.soakMs ?? SOAK_MS,
    notices: options.notices ?? LOG_ONLY,
    log: options.log ?? (() => undefined),
    seed: JSON.parse(readFileSync(join(folder, "people.json"), "utf8")) as SeedPerson[],
  });
  const server = await startHttpServer({
    services,
    sessions,
    host: options.host ?? DEFAULT_HOST,
    port: options.port ?? 0,
    tls: options.tls,
    failed: (error) =>
      options.log?.(`request failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  });
  const address = join(folder, "address.json");
  writeAtomically(address, `${JSON.stringify({ url: server.url, pid: process.pid })}\n`);
  ledger.append([processRecord(hubId, "started", `hub started, listens on ${server.url}`)]);
  const ticking = startTicking(services, clock, failed);
  const stop = async (): Promise<void> => {
    await ticking.stop();
    await services.replays.stop();
    removeFile(address);
    await sessions.stop();
    await services.notices.stop();
    await server.stop();
    // Behind everything the rollout still has to write.
    await services.standing.flush().catch((error) => options.log?.(`while stopping: ${String(error)}`));
    await services.rollout.evaluate().catch((error) => options.log?.(`while stopping: ${String(error)}`));
    await services.refusals.close().catch((error) => options.log?.(`while stopping: ${String(error)}`));
    ledger.append([processRecord(hubId, "stopped", "hub stopped")]);
    for (const close of opened.reverse()) await close();
  };
  return hubOf(services, server, () => {
    stopped ??= stop();
    return stopped;
  });
}

/** Looked through at every start. What is damaged is not handed out, so that the rest of the floor goes on. */
function reportDamage(policy: PolicyCentral, ledger: LedgerFile, hub: string, log: HubOptions["log"]): void {
  const findings = policy.verifyAll();
  for (const { path, message } of findings) log?.(`PolicyCentral does not hold: ${path} ${message}`);
  if (findings.length === 0) return;
  const details = `${findings.length} findings in PolicyCentral; maint release verify --all lists them`;
  const record = {
    action_type: "process",
    action: "damaged",
    target: "policy",
    details,
    user_id: hub,
    smart_id: null,
  } as const;
  ledger.append([{ ...record, metadata: { findings: findings.slice(0, MAX_FINDINGS).map((one) => ({ ...one })) } }]);
}

const processRecord = (hub: string, action: "started" | "stopped", details: string): LedgerRecord => ({
  ...{ action_type: "process", action, target: hub, details, user_id: hub, smart_id: null },
  metadata: {},
});

function hubOf(services: HubServices, server: ListeningServer, stop: () => Promise<void>): Hub {
  const { contracts, store, alerts, patterns, proposals } = services;
  return {
    id: services.hubId,
    url: server.url,
    services,
    createMaintenanceContract: contracts.createDraft,
    validateContractLogic: contracts.validate,
    deployContractToNodes: store.deploy,
    receiveAlert: alerts.receive,
    analyzeAlertPatterns: patterns.analyse,
    createContractVersion: proposals.accept,
    getContractHistory: contracts.history,
    retireContract: contracts.retire,
    stop,
  };
}

/** What time alone brings about: releases soak, phases run out, alerts escalate, signed times are renewed. */
function startTicking(
  services: HubServices,
  clock: Clock,
  failed: (error: unknown) => void,
): { readonly stop: () => Promise<void> } {
  const { rollout, alerts, alertRetention, notices, patterns, policy, archiveDesk } = services;
  const tick = async (): Promise<void> => {
    if (policy.refreshTimestamp(clock.nowMs())) await rollout.refresh();
    await rollout.evaluate();
    await alerts.escalate();
    notices.work();
    await notices.tidy();
    await patterns.follow();
    await services.witnesses.round();
    await services.refusals.flush();
    await archiveDesk.tidy();
    await alertRetention.tidy();
  };
  let under: Promise<void> = Promise.resolve();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    under = tick()
      .catch(failed)
      .finally(() => {
        busy = false;
      });
  }, TICK_MS);
  const reading = setInterval(() => void services.replays.catchUp().catch(failed), CATCH_UP_MS);
  let isLooking = false;
  // Beside the rest: a look may read for minutes, and no alert waits for it.
  const looking = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    const ended = () => {
      isLooking = false;
    };
    services.impacts.revisit().catch(failed).finally(ended);
  }, CATCH_UP_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      clearInterval(reading);
      clearInterval(looking);
      await under;
    },
  };
}
