import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { MaintError } from "../base/maint-error.ts";
import { removeFile, sweepTemporary, writeAtomically } from "../disk/atomic-write.ts";
import { lockFolder } from "../disk/folder-lock.ts";
import { loadKeyFile, type SigningKey } from "../disk/key-file.ts";
import { openLedgerDesk } from "../disk/ledger-desk.ts";
import { keepSigned, type LedgerFile, openLedgerFile } from "../disk/ledger-file.ts";
import { readTokenFile } from "../disk/read-token.ts";
import { openDatabase } from "../disk/sqlite.ts";
import { createTokenFile, tokenSha256 } from "../disk/token-file.ts";
import type { Decision, EngineChoice } from "../model/decision.ts";
import type { LedgerActionType } from "../model/ledger-entry.ts";
import { TAKE_OVER_CHECK_MS } from "../model/limits.ts";
import type { SignedDesired } from "../model/message.ts";
import { loadReference } from "../runtime/reference.ts";
import { type Activation, inForceIn, openActivation } from "./activation.ts";
import { type AgentClock, type Moment, openAgentClock, systemTime, type TimeSources } from "./agent-clock.ts";
import { type AgentStatus, agentRoutes } from "./agent-routes.ts";
import { statusOf } from "./agent-status.ts";
import { type AlertSpool, type NewAlert, openAlertSpool } from "./alert-spool.ts";
import { runtimeCheck } from "./bundle-check.ts";
import { contactOf } from "./caveats.ts";
import type { AttemptOutcome, LinkState } from "./core/link-state.ts";
import { dueRoutes } from "./due-routes.ts";
import { type Enrolment, readEnrolment } from "./enrolment.ts";
import { evidenceRoutes } from "./evidence-routes.ts";
import { openEvidenceService } from "./evidence-service.ts";
import { openEvidenceStore } from "./evidence-store.ts";
import { feedRoutes } from "./feed.ts";
import { watchFreshness } from "./freshness-watch.ts";
import { type GateService, openGateService } from "./gate-service.ts";
import { type ActiveSet, type HubLink, openHubLink } from "./hub-link.ts";
import { type KeptBytes, openKeptBytes } from "./kept-bytes.ts";
import { ledgerBytes } from "./ledger-bytes.ts";
import { ledgerRoutes } from "./ledger-routes.ts";
import { callerOf } from "./local-access.ts";
import { type LocalApi, openLocalApi, type Route } from "./local-api.ts";
import { type Marks, openMarks } from "./marks.ts";
import { type NodeFolder, nodeFolder } from "./node-folder.ts";
import { openApiRoutes } from "./openapi.ts";
import { receiptRoutes } from "./receipt-routes.ts";
import type { Rejection } from "./rejection.ts";
import type { ReleaseSet } from "./release-set.ts";
import { vocabularyInForce } from "./releases-in-force.ts";
import { openStandingWatch } from "./standing-watch.ts";
import { stationRoutes } from "./station-routes.ts";
import { openTestRuns } from "./test-runs.ts";
import { onlineKeysOfRoot } from "./verification.ts";
import { openWitness, type Witness } from "./witness.ts";
import { witnessRoutes } from "./witness-routes.ts";

export interface AgentOptions {
  readonly dataFolder: string;
  readonly node: string;
  /** Instead of the hub's address at enrolment; a function is asked at every dial; null starts without a hub. */
  readonly hubUrl?: string | (() => string) | null;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly engine?: EngineChoice;
  readonly time?: TimeSources;
  /** A generation is durable and in force; called at the start as well, where one was kept. */
  readonly onActivated?: (generation: number) => void;
  /** The agent cannot go on: its ledger takes nothing more. Whoever started it ends it. */
  readonly onFatal?: (error: unknown) => void;
  /** One line for whoever watches the process. */
  readonly log?: (line: string) => void;
}

/** A running agent. */
export interface Agent {
  readonly url: string;
  readonly node: string;
  readonly status: () => AgentStatus;
  /** Ends orderly: socket, API, files, lock. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts the agent of an enrolled node: locks its folder, verifies what it keeps, listens on the loopback interface, and links
 * to the hub. It decides from what it keeps whether or not a hub is there.
 * @throws MaintError MAINT_ERR_NOT_ENROLLED, MAINT_ERR_FOLDER_LOCKED, and what ledger, key and database say when they are damaged
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const folder = nodeFolder(options.dataFolder, options.node);
  const enrolment = readEnrolment(folder, options.node);
  const lock = lockFolder(folder.path, `node ${options.node}`);
  const undo: (() => unknown)[] = [lock.release];
  try {
    sweepTemporary(folder.path);
    return await run(options, folder, enrolment, undo);
  } catch (error) {
    await unwind(undo);
    throw error;
  }
}

/** Closes in the reverse order of opening; one that fails does not keep the others open. */
async function unwind(undo: (() => unknown)[]): Promise<void> {
  for (let close = undo.pop(); close !== undefined; close = undo.pop()) {
    try {
      await close();
    } catch {
      // Closing is the last thing done with it; what was acknowledged is on the disk already.
    }
  }
}

/** What lies in the node's folder, open. */
interface Stores {
  readonly clock: AgentClock;
  readonly ledger: LedgerFile;
  readonly spool: AlertSpool;
  readonly marks: Marks;
  readonly evidence: ReturnType<typeof openEvidenceStore>;
}

function openStores(options: AgentOptions, folder: NodeFolder, key: SigningKey, undo: (() => unknown)[]): Stores {
  const db = openDatabase(folder.evidence);
  undo.push(() => db.close());
  const marks = openMarks(db);
  const clock = openAgentClock(options.time ?? systemTime(), marks.attestation());
  const now = (): { timeMs: number; timeSource: "wall" | "attested" } => {
    const { nowMs, source } = clock.now();
    return { timeMs: nowMs, timeSource: source };
  };
  const ledger = openLedgerFile(folder.ledger, { clock: now, owner: options.node, key });
  undo.push(() => ledger.close());
  const spool = openAlertSpool(folder.spool);
  undo.push(() => spool.close());
  return { clock, ledger, spool, marks, evidence: openEvidenceStore(db) };
}

/** Attested time is judged against attested time only, so that a wall clock once wrong locks nobody out for long. */
const highWater =
  ({ ledger, marks }: Stores) =>
  ({ source }: Moment): number | null => {
    const attested = marks.attestation()?.timeMs ?? null;
    if (source === "attested") return attested === null ? null : Math.trunc(attested);
    const known = [ledger.highWaterMs(), attested].filter((mark) => mark !== null);
    return known.length === 0 ? null : Math.trunc(Math.max(...known));
  };

async function run(
  options: AgentOptions,
  folder: NodeFolder,
  enrolment: Enrolment,
  undo: (() => unknown)[],
): Promise<Agent> {
  const { node } = options;
  const engine = options.engine ?? "both";
  const given = options.hubUrl === undefined ? enrolment.hubUrl : options.hubUrl;
  const hubUrl = typeof given === "string" ? () => given : given;
  const key = loadKeyFile(folder.key);
  const stores = openStores(options, folder, key, undo);
  const { clock, ledger } = stores;
  const enrolledRoot = readFileSync(folder.root);
  const voice = openVoice(options, stores);
  undo.push(keepSigned(ledger, voice.fatal));
  if (engine !== "fast") await loadReference();
  const kept = openKeptBytes(folder.kept);
  const late: { testsRun?: () => boolean } = {};
  const activation = await openActivation({
    ...{ node, key, statePath: folder.state, enrolledRoot, kept, ledger, check: runtimeCheck },
    moment: clock.now,
    testsRun: () => late.testsRun?.() ?? false,
    onRejected: voice.rejected,
  });
  const services = openServices(options, { stores, activation, voice, engine });
  late.testsRun = () => services.runs.running().length > 0;
  ledger.append([record("process", "started", node, `agent started, engine ${engine}`, node)]);
  const status = (): AgentStatus =>
    statusOf({ node, engine, hubUrl, hub: enrolment.hub, activation, stores, key, link: voice.link() });
  const parts = { options, folder, enrolment, stores, key, activation, enrolledRoot, voice };
  const witness = witnessOf(parts);
  const hub = () => contactOf(hubUrl !== null, voice.link()?.state().phase);
  const api = await openApi(options, folder, activation, [
    ...agentRoutes({ ...services, status, onFatal: voice.fatal }),
    ...receiptRoutes({ node, key, ledger }),
    ...ledgerRoutes(openLedgerDesk(ledger, key, () => clock.now().nowMs)),
    ...witnessRoutes(witness),
    ...dueRoutes(services.gate),
    ...evidenceRoutes({ ...services, store: stores.evidence }),
    ...feedRoutes({ kept, attempt: (signed) => takeIn(options, activation, voice, signed) }),
    ...stationRoutes({ ...services, node, clock, store: stores.evidence, standing: activation.standing, hub }),
  ]);
  undo.push(api.close);
  writeAtomically(
    folder.address,
    `${JSON.stringify({ url: api.url, socket: api.socket === null ? null : resolve(api.socket), pid: process.pid })}\n`,
  );
  undo.push(() => removeFile(folder.address));
  const generation = readySet(activation)?.signed.desired.generation;
  if (generation !== undefined) options.onActivated?.(generation);
  const { gate } = services;
  if (hubUrl !== null) undo.push(linkTo(hubUrl, { ...parts, gate, kept, witness }));
  undo.push(watchTheHour(options, activation, voice));
  undo.push(watchFreshness({ node, activation, clock, ledger, voice }));
  let stopping: Promise<void> | undefined;
  return {
    ...{ url: api.url, node, status },
    stop: () => {
      stopping ??= (async () => {
        const ended = [record("process", "stopped", node, "agent stopped", node)];
        if (!voice.hasFailed()) ledger.append(ended);
        voice.hush();
        await unwind(undo);
      })();
      return stopping;
    },
  };
}

/** A set that came by hand; what it changes the hub hears at once, or when there is one. */
async function takeIn(
  options: AgentOptions,
  activation: Activation,
  voice: Voice,
  signed: SignedDesired,
): Promise<AttemptOutcome> {
  const outcome = await activation.attempt(signed);
  if (outcome.kind !== "activated") return outcome;
  options.log?.(`generation ${signed.desired.generation} is in force`);
  voice.link()?.tookOver(signed.desired);
  options.onActivated?.(signed.desired.generation);
  return outcome;
}

/** Lets a set that waits take over when its hour has come, with a hub or without. */
function watchTheHour(options: AgentOptions, activation: Activation, voice: Voice): () => void {
  const timer = setInterval(() => {
    try {
      const desired = activation.takeOver();
      if (desired === undefined) return;
      options.log?.(`generation ${desired.generation} is in force`);
      voice.link()?.tookOver(desired);
      options.onActivated?.(desired.generation);
    } catch (error) {
      voice.fatal(error);
    }
  }, TAKE_OVER_CHECK_MS);
  return () => clearInterval(timer);
}

/** A fault of our own under contracts that are new leads back to those before, where their signers allow it. */
function takeBackIfNew({ log }: AgentOptions, activation: Activation, voice: Voice, decision: Decision): void {
  const fault = decision.reasons.find((reason) => reason.startsWith("runtime.error"));
  if (fault === undefined) return;
  const taken = activation.takeBack(`${fault}: a decision failed under it`);
  if (taken === undefined) return;
  log?.(`generation ${taken.generation} was taken back: ${fault}`);
  voice.link()?.tookBack(taken, fault);
}

interface ServiceParts {
  readonly stores: Stores;
  readonly activation: Activation;
  readonly voice: Voice;
  readonly engine: EngineChoice;
}

/** What evidence, runs of tests and the gate need of each other. */
function openServices(options: AgentOptions, { stores, activation, voice, engine }: ServiceParts) {
  const { node } = options;
  const { clock, ledger } = stores;
  const vocabulary = () => vocabularyInForce(activation.standing());
  const evidence = openEvidenceService({ clock, ledger, store: stores.evidence, vocabulary });
  const runs = openTestRuns(stores.evidence, evidence);
  const gate = openGateService({
    ...{ node, engine, clock, ledger, evidence: stores.evidence, runs, standing: activation.standing },
    highWaterMs: highWater(stores),
    raise: voice.raise,
    onDecided: (decision) => {
      takeBackIfNew(options, activation, voice, decision);
      voice.link()?.decided();
    },
    onFatal: voice.fatal,
  });
  return { evidence, runs, gate, vocabulary };
}

function openApi(
  { node, port = 0, log }: AgentOptions,
  folder: NodeFolder,
  activation: Activation,
  routes: readonly Route[],
): Promise<LocalApi> {
  const tokenSha = tokenSha256(
    existsSync(folder.token) ? readTokenFile(folder.token) : createTokenFile(folder.token, node).token,
  );
  return openLocalApi({
    port,
    routes: [...routes, ...openApiRoutes(routes)],
    socket: hasRoomForSocket(folder.socket) ? folder.socket : null,
    authenticate: (header) => callerOf(header, readySet(activation)?.people ?? null, { node, tokenSha256: tokenSha }),
    whyNobody: () => whyNobody(node, activation),
    onFault: (error) => log?.(`mistake: ${messageOf(error)}`),
  });
}

const MAX_SOCKET_PATH = 100;

/** Windows has no such sockets under a path, and elsewhere a long path is cut off by the system. */
const hasRoomForSocket = (path: string): boolean =>
  process.platform !== "win32" && Buffer.byteLength(path) <= MAX_SOCKET_PATH;

const readySet = (activation: Activation): ReleaseSet | undefined => {
  const standing = activation.standing();
  return standing.kind === "ready" ? standing.set : undefined;
};

const whyNobody = (node: string, activation: Activation): string | undefined =>
  readySet(activation) === undefined
    ? `${node} has no verified release and people list, so it blocks every test; see: maint status --node ${node}`
    : undefined;

/** How the parts of an agent are heard: alerts to the spool, the end of it all to whoever started it. */
interface Voice {
  readonly raise: (alerts: readonly NewAlert[]) => void;
  readonly rejected: (refused: Rejection) => void;
  readonly fatal: (error: unknown) => void;
  readonly hasFailed: () => boolean;
  /** What fails from now on fails because everything is being closed. */
  readonly hush: () => void;
  readonly link: () => HubLink | null;
  readonly setLink: (link: HubLink) => void;
}

function openVoice({ node, log, onFatal }: AgentOptions, { spool, ledger, clock }: Stores): Voice {
  let link: HubLink | null = null;
  let failed = false;
  const raise = (alerts: readonly NewAlert[]): void => {
    if (alerts.length === 0) return;
    const { lastSeq, dropped } = spool.append(alerts);
    if (dropped > 0)
      ledger.append([record("alert_raised", "dropped", node, `${dropped} alerts: the spool is full`, node)]);
    link?.spooled(lastSeq);
  };
  return {
    raise,
    rejected: (refused) => {
      log?.(`refused: ${refused.reason}: ${refused.detail}`);
      raise([rejectionAlert(node, refused, clock.now().nowMs, ledger.head().size - 1)]);
    },
    fatal: (error) => {
      if (failed) return;
      failed = true;
      log?.(`cannot go on: ${messageOf(error)}`);
      onFatal?.(error);
    },
    hasFailed: () => failed,
    hush: () => {
      failed = true;
    },
    link: () => link,
    setLink: (opened) => {
      link = opened;
    },
  };
}

interface LinkParts {
  readonly options: AgentOptions;
  readonly folder: NodeFolder;
  readonly gate: GateService;
  readonly witness: Witness;
  readonly enrolment: Enrolment;
  readonly stores: Stores;
  readonly key: SigningKey;
  readonly kept: KeptBytes;
  readonly activation: Activation;
  readonly enrolledRoot: Uint8Array;
  readonly voice: Voice;
}

/** Opens and starts the link; the answer ends it. */
function linkTo(hubUrl: () => string, parts: LinkParts): () => Promise<void> {
  const { options, enrolment, key, kept, activation, enrolledRoot, voice } = parts;
  const { clock, ledger, spool, marks, evidence } = parts.stores;
  const { node } = options;
  let underWay: Promise<unknown> = Promise.resolve();
  const link = openHubLink({
    ...{ node, key, hubUrl, clock, spool, kept, hubId: enrolment.hub, ledgerHead: ledger.head, onFault: voice.fatal },
    ledgerBytes: (from) => ledgerBytes(ledger, from),
    checkpoint: ledger.checkpoint,
    active: () => activeSet(activation, enrolledRoot),
    nextReportCounter: marks.nextReportCounter,
    reportCounter: marks.reportCounter,
    onState: sayWhatTheHubThinks(options),
    onRefused: voice.rejected,
    witness: parts.witness,
    attempt: async (signed, reached) => {
      const attempting = activation.attempt(signed, reached);
      underWay = attempting.catch(() => undefined);
      const outcome = await attempting;
      if (outcome.kind === "activated") {
        options.log?.(`generation ${signed.desired.generation} is in force`);
        options.onActivated?.(signed.desired.generation);
      }
      return outcome;
    },
    onSession: (session) => {
      ledger.append([record("node_session", "opened", session, `session with hub ${enrolment.hub}`, node)]);
      watch.forget();
    },
    onAttested: () => {
      const attestation = clock.attestation();
      if (attestation !== null) marks.setAttestation(attestation);
    },
  });
  voice.setLink(link);
  const watch = openStandingWatch({
    ...{ gate: parts.gate, clock, ledger, activation, say: link.standing, onFault: voice.fatal },
    operator: () =>
      evidence.recorded({ kind: "acknowledgement", subject: null, beforeSeq: null, limit: 1 })[0]?.by ?? null,
  });
  link.start();
  return async () => {
    watch.stop();
    await link.stop();
    await underWay;
  };
}

type NodeParts = Omit<LinkParts, "gate" | "kept" | "witness">;

const witnessOf = ({ options, folder, enrolment, stores, key, activation, enrolledRoot, voice }: NodeParts): Witness =>
  openWitness({
    ...{ node: options.node, hub: enrolment.hub, key, ledger: stores.ledger, raise: voice.raise },
    ...{ path: folder.hubCheckpoint, splitViews: folder.splitViews, nowMs: () => stores.clock.now().nowMs },
    hubKeys: () => activeSet(activation, enrolledRoot).onlineKeys.values(),
  });

/** Said once for each change: what only the hub can mend, a person has to hear of here too. */
function sayWhatTheHubThinks({ log }: AgentOptions): (state: LinkState) => void {
  let last: string | null = null;
  return ({ hubSays }) => {
    if (hubSays !== last && hubSays !== null) log?.(`the hub says: ${hubSays}; the gate goes on by what is kept here`);
    last = hubSays;
  };
}

const messageOf = (error: unknown): string =>
  error instanceof MaintError || error instanceof Error ? error.message : String(error);

const record = (action_type: LedgerActionType, action: string, target: string, details: string, node: string) => ({
  ...{ action_type, action, target, details },
  user_id: node,
  smart_id: null,
  metadata: {},
});

/** What hello and report say is active. A set that no longer proves itself is not, so that the hub sends its bytes again. */
function activeSet(activation: Activation, enrolledRoot: Uint8Array): ActiveSet {
  const standing = activation.standing();
  if (standing.kind !== "ready")
    return {
      desired: null,
      isInForce: false,
      rootVersion: 1,
      restsOn: undefined,
      onlineKeys: onlineKeysOfRoot(enrolledRoot),
      contracts: {},
      shadows: [],
      shadowFaults: [],
    };
  const { set } = standing;
  const inForce = inForceIn(standing)?.set;
  const releases = inForce?.contracts ?? [];
  const contracts = releases.map(({ contract, version, digest }) => [contract, { version, digest }] as const);
  return {
    desired: set.signed.desired,
    isInForce: inForce === set,
    rootVersion: set.mark.root.version,
    restsOn: { timestamp: set.mark.timestamp, snapshot: set.mark.snapshot },
    onlineKeys: set.onlineKeys,
    contracts: Object.fromEntries(contracts),
    shadows: set.shadows.map(({ digest }) => digest),
    shadowFaults: set.shadowFaults,
  };
}

function rejectionAlert(node: string, refused: Rejection, atMs: number, ledgerSeq: number): NewAlert {
  return {
    ...{ node, atMs, ledgerSeq },
    kind: "release-rejected",
    severity: "high",
    ...{ contract: null, version: null, bundleDigest: null, condition: null },
    reason: `bundle.rejected`,
    subject: refused.reason,
    text: `${refused.reason}: ${refused.detail}`.slice(0, 1_000),
    ...{ testId: null, stationId: null, stationType: null, reading: null },
    assets: [],
    tell: [],
  };
}
