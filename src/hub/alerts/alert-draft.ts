import { fail, ok, type Result } from "../../base/result.ts";
import type { Alert } from "../../model/alert.ts";
import type { AlertBatch } from "../../model/message.ts";
import { fingerprintOf, groupKey, type PlannedNotice, severityRank } from "./alert-record.ts";
import { alertBatchSchema } from "./alert-schema.ts";
import { isPlainBatch } from "./alert-shape.ts";
import type { GroupState } from "./alert-statements.ts";
import type { PlainAlerts, PlainRun } from "./alert-text.ts";

/** What one node handed in. */
export interface NodeBatch {
  readonly node: string;
  readonly batch: AlertBatch;
  /** `batch.alerts` as their text alone says them, where the caller read it so. */
  readonly plain?: PlainAlerts | undefined;
}

export interface BatchRefused {
  readonly code: "gap" | "bad-frame";
  readonly message: string;
  /** What is durable all the same. */
  readonly upTo: number;
}

export type Received = Result<{ readonly upTo: number }, BatchRefused>;

/** A batch that is to be stored, its records in order and without those that are stored already. */
export interface DraftBatch {
  readonly node: string;
  readonly epoch: string;
  readonly firstAlert: number;
  readonly firstSeq: number;
  /** Records, and those of them that are alerts. */
  readonly count: number;
  readonly alerts: number;
  /** Parsed when they are asked for: of most batches nobody does. */
  readonly records: () => readonly Alert[];
  readonly body: string;
  readonly runs: readonly DraftRun[];
}

/** The alerts of one group in one batch. */
export interface DraftRun {
  readonly group: DraftGroup;
  count: number;
  rank: number;
  firstAtMs: number;
  lastAtMs: number;
}

/** A group that the commit adds to. */
export interface DraftGroup {
  readonly fingerprint: string;
  /** Of the first that came now; what makes a group is the same in all of them. */
  readonly sample: GroupSample;
  readonly before: GroupState | undefined;
  /** `severityRank` of the worst of its incident, so far; -1 where none is open. */
  openRank: number;
  count: number;
  rank: number;
  firstAtMs: number;
  lastAtMs: number;
  firstAlert: number;
  lastAlert: number;
  readonly raises: Raise[];
}

export type GroupSample = Pick<Alert, "node" | "contract" | "version" | "condition" | "reason" | "subject">;

/** An alert that begins an incident, or is worse than all before it: only such a one is told at once. */
export interface Raise {
  readonly alert: Alert;
  readonly number: number;
  plan: readonly PlannedNotice[];
}

/** What was there before a commit. */
export interface KnownState {
  readonly storedUpTo: (node: string, epoch: string) => number;
  readonly lastNumber: () => number;
  readonly group: (key: string, fingerprint: () => string) => GroupState | undefined;
}

/** What a commit is going to write; nothing of it is anywhere yet. */
export interface AlertDraft {
  readonly batches: readonly DraftBatch[];
  readonly groups: ReadonlyMap<string, DraftGroup>;
  /** How far each node's stream then has come: its last batch here decides. */
  readonly streams: ReadonlyMap<string, Stream>;
  readonly add: (batch: NodeBatch) => Received;
}

export interface Stream {
  readonly node: string;
  readonly epoch: string;
  readonly stored: number;
}

export function alertDraft(known: KnownState): AlertDraft {
  const batches: DraftBatch[] = [];
  const groups = new Map<string, DraftGroup>();
  const streams = new Map<string, Stream>();
  let last = known.lastNumber();
  const storedUpTo = (node: string, epoch: string): number =>
    streams.get(`${node}/${epoch}`)?.stored ?? known.storedUpTo(node, epoch);
  const take = (batch: Omit<DraftBatch, "firstAlert">): Received => {
    const { node, epoch, firstSeq, count } = batch;
    const upTo = firstSeq + count - 1;
    batches.push({ ...batch, firstAlert: last + 1 });
    last += count;
    streams.set(`${node}/${epoch}`, { node, epoch, stored: upTo });
    return ok({ upTo });
  };
  const takeQuietly = (node: string, batch: AlertBatch, plain: PlainAlerts): Received | undefined => {
    const { epoch, firstSeq, count, text: body } = plain;
    // What is foreign, old or missing is said of alerts that were parsed.
    if (plain.node !== node || epoch !== batch.epoch || firstSeq !== storedUpTo(node, epoch) + 1) return undefined;
    const runs = quietRuns(plain, last + 1, (sample) => groupOf(groups, known, sample));
    if (runs === undefined) return undefined;
    return take({ node, epoch, firstSeq, count, alerts: count, records: () => batch.alerts, body, runs });
  };
  return {
    batches,
    groups,
    streams,
    add({ node, batch, plain }) {
      const quiet = plain === undefined ? undefined : takeQuietly(node, batch, plain);
      if (quiet !== undefined) return quiet;
      const checked = plain === undefined ? checkedBatch(batch) : ok(batch);
      if (!checked.ok) return checked;
      const { epoch, alerts } = checked.value;
      const stored = storedUpTo(node, epoch);
      const fresh = freshOf(node, checked.value, stored);
      if (!fresh.ok) return fresh;
      const records = fresh.value;
      if (records.length === 0) return ok({ upTo: stored });
      const body = records === alerts && plain !== undefined ? plain.text : JSON.stringify(records);
      const runs = runsOf(records, last + 1, (alert) => groupOf(groups, known, alert));
      const counts = { count: records.length, alerts: runs.reduce((sum, { count }) => sum + count, 0) };
      return take({ node, epoch, firstSeq: stored + 1, ...counts, records: () => records, body, runs });
    },
  };
}

/**
 * The runs of alerts of which none begins an incident nor is worse than all before it: then their words are of no further
 * interest. Undefined where one does; nothing is counted then.
 */
function quietRuns(
  { runs }: PlainAlerts,
  firstAlert: number,
  groupOf: (sample: GroupSample) => DraftGroup,
): readonly DraftRun[] | undefined {
  const groups = runs.map(({ sample }) => groupOf(sample));
  if (!runs.every(({ rank }, index) => rank <= (groups[index]?.openRank ?? -1))) return undefined;
  return runs.map((run, index) => counted(run, groups[index] as DraftGroup, firstAlert));
}

function counted(run: PlainRun, group: DraftGroup, firstAlert: number): DraftRun {
  const { count, rank, firstAtMs, lastAtMs } = run;
  group.count += count;
  group.rank = Math.max(group.rank, rank);
  group.firstAtMs = Math.min(group.firstAtMs, firstAtMs);
  group.lastAtMs = Math.max(group.lastAtMs, lastAtMs);
  if (group.firstAlert === 0) group.firstAlert = firstAlert + run.firstIndex;
  group.lastAlert = firstAlert + run.lastIndex;
  return { group, count, rank, firstAtMs, lastAtMs };
}

function checkedBatch(batch: unknown): Result<AlertBatch, BatchRefused> {
  if (isPlainBatch(batch)) return ok(batch);
  const checked = alertBatchSchema.safeParse(batch);
  if (checked.success) return ok(checked.data);
  const issue = checked.error.issues[0];
  return fail({ code: "bad-frame", message: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`, upTo: 0 });
}

/** Those behind `stored`, in order; the very list where nothing of it is old and all of it is in order. */
function freshOf(node: string, { epoch, alerts }: AlertBatch, stored: number): Result<readonly Alert[], BatchRefused> {
  const foreign = alerts.find((alert) => alert.node !== node || alert.epoch !== epoch);
  if (foreign !== undefined) {
    const message = `alert ${foreign.node}/${foreign.epoch}/${foreign.seq} in a batch of ${node}/${epoch}`;
    return fail({ code: "bad-frame", message, upTo: stored });
  }
  if (alerts.every(({ seq }, index) => seq === stored + 1 + index)) return ok(alerts);
  const fresh = alerts.filter(({ seq }) => seq > stored).sort((a, b) => a.seq - b.seq);
  const wrong = fresh.findIndex(({ seq }, index) => seq !== stored + 1 + index);
  if (wrong === -1) return ok(fresh);
  const message = `after ${stored + wrong} comes ${stored + wrong + 1}, not ${fresh[wrong]?.seq}`;
  return fail({ code: "gap", message, upTo: stored });
}

function groupOf(groups: Map<string, DraftGroup>, known: KnownState, alert: GroupSample): DraftGroup {
  const key = groupKey(alert);
  const drafted = groups.get(key);
  if (drafted !== undefined) return drafted;
  const before = known.group(key, () => fingerprintOf(alert));
  const group: DraftGroup = {
    ...{ fingerprint: before?.fingerprint ?? fingerprintOf(alert), sample: alert, before },
    ...{ openRank: before?.rank ?? -1, count: 0, rank: -1, firstAtMs: Infinity, lastAtMs: 0 },
    ...{ firstAlert: 0, lastAlert: 0, raises: [] },
  };
  groups.set(key, group);
  return group;
}

function runsOf(records: readonly Alert[], firstAlert: number, groupOf: (alert: Alert) => DraftGroup): DraftRun[] {
  const runs: DraftRun[] = [];
  let before: Alert | undefined;
  let run: DraftRun | undefined;
  for (const [index, alert] of records.entries()) {
    if (alert.kind === "shadow-decision") continue;
    if (run === undefined || before === undefined || !saysTheSame(alert, before)) {
      const group = groupOf(alert);
      run = runs.find((one) => one.group === group);
      if (run === undefined) {
        run = { group, count: 0, rank: -1, firstAtMs: alert.atMs, lastAtMs: alert.atMs };
        runs.push(run);
      }
    }
    before = alert;
    count(run, alert, firstAlert + index);
  }
  return runs;
}

/** Of one node's batch: then two alerts are of one group. */
const saysTheSame = (a: Alert, b: Alert): boolean =>
  a.contract === b.contract && a.condition === b.condition && a.reason === b.reason && a.subject === b.subject;

function count(run: DraftRun, alert: Alert, number: number): void {
  const { group } = run;
  const rank = severityRank[alert.severity];
  for (const part of [run, group]) {
    part.count += 1;
    part.rank = Math.max(part.rank, rank);
    part.firstAtMs = Math.min(part.firstAtMs, alert.atMs);
    part.lastAtMs = Math.max(part.lastAtMs, alert.atMs);
  }
  if (group.firstAlert === 0) group.firstAlert = number;
  group.lastAlert = number;
  if (rank <= group.openRank) return;
  group.openRank = rank;
  group.raises.push({ alert, number, plan: [] });
}
