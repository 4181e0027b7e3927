import { type Alert, SEVERITIES, type Severity } from "../../model/alert.ts";
import { isContractId, isTestNodeId, isVersion } from "../../model/ids.ts";
import { RECORDS_PER_FRAME } from "../../model/limits.ts";
import { severityRank } from "./alert-record.ts";
import { ALERT_KINDS, DECIMAL, EPOCH, MAX_LIST, MAX_REASON, MAX_TEXT, MAX_WORD } from "./alert-schema.ts";

/** What the text of a batch says without being parsed: all that is counted of alerts. One node's, of one epoch, without a gap. */
export interface PlainAlerts {
  /** The list, as it came. */
  readonly text: string;
  readonly node: string;
  readonly epoch: string;
  readonly firstSeq: number;
  readonly count: number;
  /** The alerts that say the same about the same thing, in the order of the first of each. */
  readonly runs: readonly PlainRun[];
}

export interface PlainRun {
  /** Of its first alert. */
  readonly sample: Pick<Alert, "node" | "contract" | "version" | "condition" | "reason" | "subject">;
  count: number;
  /** `severityRank` of the worst. */
  rank: number;
  firstAtMs: number;
  lastAtMs: number;
  /** Places of its first and its last alert in the batch, from 0. */
  readonly firstIndex: number;
  lastIndex: number;
}

/** What JSON.stringify writes between quotes without an escape, if all of it is well-formed. */
const CHARACTER = '[^\\x00-\\x1f"\\\\]';
const textOf = (longest: number, least = 0): string => `"${CHARACTER}{${least},${longest}}"`;
const TEXT = textOf(MAX_TEXT);
const captured = (quoted: string): string => `"(${quoted.slice(1, -1)})"`;
const orNull = (pattern: string): string => `(?:null|${pattern})`;
const listOf = (item: string): string => `\\[(?:${item}(?:,${item}){0,${MAX_LIST - 1}})?\\]`;
const inner = ({ source }: RegExp): string => source.slice(1, -1);
/** Fewer digits than the largest safe integer has; whatever is longer is read by others. */
const COUNT = "(?:0|[1-9]\\d{0,14})";
const NAME = "[A-Za-z0-9._-]{1,64}";
/** Trials come with fields of their own. */
const KIND = ALERT_KINDS.filter((kind) => kind !== "shadow-decision").join("|");

/**
 * One alert as JSON.stringify writes it in the order of its type. It is `alertSchema` but for the names, whose patterns it widens:
 * those are looked at where they change. A test holds the two to each other.
 */
const ALERT = new RegExp(
  [
    `\\{"node":"(${NAME})","epoch":"(${inner(EPOCH)})","seq":(${COUNT}),"kind":"(?:${KIND})"`,
    `"severity":"(${SEVERITIES.join("|")})","atMs":(${COUNT}),"contract":${orNull(`"(${NAME})"`)}`,
    `"version":${orNull(`"(${NAME})"`)},"bundleDigest":${orNull('"sha256:[0-9a-f]{64}"')}`,
    `"condition":${orNull(captured(TEXT))},"reason":${captured(textOf(MAX_REASON, 1))},"subject":${captured(TEXT)}`,
    `"text":${TEXT},"testId":${orNull(TEXT)},"stationId":${orNull(TEXT)},"stationType":${orNull(TEXT)}`,
    `"assets":${listOf(TEXT)}`,
    `"reading":${orNull(`\\{"quantity":${TEXT},"value":"${inner(DECIMAL)}","unit":${textOf(MAX_WORD)}\\}`)}`,
    `"tell":${listOf(textOf(MAX_WORD))},"ledgerSeq":${orNull(COUNT)}\\}`,
  ].join(","),
  "y",
);

/** What the pattern takes out of one alert, in the order of its groups; a null leaves its place empty. */
type Taken = readonly [
  all: string,
  ...place: [node: string, epoch: string, seq: string],
  ...when: [severity: Severity, atMs: string],
  ...by: [contract: string | undefined, version: string | undefined],
  ...said: [condition: string | undefined, reason: string, subject: string],
];

/**
 * Reads a list of alerts out of `frame`, whose `[` is at `start`, by one pattern an alert: a tenth of what it costs to parse them,
 * check them and write them again to see that nothing was hidden. Answers what it says, and where it ends. Undefined is no
 * refusal: the list may be fine, and whoever parses it says what is not.
 */
export function readPlainAlerts(
  frame: string,
  start: number,
): { readonly plain: PlainAlerts; readonly end: number } | undefined {
  if (!frame.isWellFormed() || frame[start] !== "[") return undefined;
  const runs: PlainRun[] = [];
  let first: { readonly node: string; readonly epoch: string; readonly seq: number } | undefined;
  let run: PlainRun | undefined;
  let at = start;
  for (let index = 0; index < RECORDS_PER_FRAME; index += 1) {
    ALERT.lastIndex = at + 1;
    const taken = ALERT.exec(frame) as Taken | null;
    if (taken === null) return undefined;
    at = ALERT.lastIndex;
    const [, node, epoch, seq] = taken;
    first ??= isTestNodeId(node) ? { node, epoch, seq: Number(seq) } : undefined;
    if (first === undefined || node !== first.node || epoch !== first.epoch) return undefined;
    if (first.seq === 0 || Number(seq) !== first.seq + index) return undefined;
    run = runOf(runs, run, taken, index);
    if (run === undefined) return undefined;
    count(run, taken, index);
    if (frame[at] === "]") {
      const { node, epoch, seq: firstSeq } = first;
      const text = frame.slice(start, at + 1);
      return { plain: { text, node, epoch, firstSeq, count: index + 1, runs }, end: at + 1 };
    }
    if (frame[at] !== ",") return undefined;
  }
  return undefined;
}

/** The run that the alert belongs to; undefined where what it names can be no contract or no version. */
function runOf(runs: PlainRun[], before: PlainRun | undefined, taken: Taken, index: number): PlainRun | undefined {
  const [, node, , , , , contract = null, version = null, condition = null, reason, subject] = taken;
  const isOf = ({ sample }: PlainRun): boolean =>
    sample.contract === contract &&
    sample.condition === condition &&
    sample.reason === reason &&
    sample.subject === subject;
  const found = before !== undefined && isOf(before) ? before : runs.find(isOf);
  if (found?.sample.version !== version && version !== null && !isVersion(version)) return undefined;
  if (found !== undefined) return found;
  if (contract !== null && !isContractId(contract)) return undefined;
  const sample = { node, contract, version, condition, reason, subject };
  const run = { sample, count: 0, rank: 0, firstAtMs: Infinity, lastAtMs: 0, firstIndex: index, lastIndex: index };
  runs.push(run);
  return run;
}

function count(run: PlainRun, [, , , , severity, atMs]: Taken, index: number): void {
  const ms = Number(atMs);
  run.count += 1;
  run.rank = Math.max(run.rank, severityRank[severity]);
  run.firstAtMs = Math.min(run.firstAtMs, ms);
  run.lastAtMs = Math.max(run.lastAtMs, ms);
  run.lastIndex = index;
}
