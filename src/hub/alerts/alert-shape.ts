import { type Alert, SEVERITIES, type ShadowDecision } from "../../model/alert.ts";
import { isContractId, isDigest, isTestNodeId, isVersion } from "../../model/ids.ts";
import { RECORDS_PER_FRAME } from "../../model/limits.ts";
import type { AlertBatch } from "../../model/message.ts";
import { ALERT_KINDS, DECIMAL, EPOCH, MAX_LIST, MAX_REASON, MAX_TEXT, MAX_WORD } from "./alert-schema.ts";

/**
 * Whether a value is certainly what `alertBatchSchema` lets pass, with no field beside. Written by hand, because ten thousand nodes
 * are read through it; whatever it does not take the schema reads, and says what is wrong. A test holds the two to each other.
 */
export function isPlainBatch(value: unknown): value is AlertBatch {
  if (!isRecord(value) || sizeOf(value) !== 2) return false;
  const { epoch, alerts } = value as { readonly epoch?: unknown; readonly alerts?: unknown };
  if (typeof epoch !== "string" || !EPOCH.test(epoch)) return false;
  return Array.isArray(alerts) && alerts.length <= RECORDS_PER_FRAME && alerts.every(isPlainAlert);
}

const FIELDS = 20;
const KINDS: ReadonlySet<unknown> = new Set(ALERT_KINDS);
const KNOWN_SEVERITIES: ReadonlySet<unknown> = new Set(SEVERITIES);

function isPlainAlert(value: unknown): value is Alert {
  if (!isRecord(value)) return false;
  const alert = value as { readonly [field in keyof Alert]?: unknown };
  return (
    sizeOf(value) === (alert.shadow === undefined ? FIELDS : FIELDS + 1) &&
    (alert.shadow === undefined || isShadow(alert.shadow)) &&
    isPlace(alert) &&
    isSaid(alert) &&
    isTextOrNull(alert.condition) &&
    isTextOrNull(alert.testId) &&
    isTextOrNull(alert.stationId) &&
    isTextOrNull(alert.stationType) &&
    isTexts(alert.assets, MAX_TEXT) &&
    isTexts(alert.tell, MAX_WORD) &&
    (alert.reading === null || isReading(alert.reading)) &&
    (alert.ledgerSeq === null || isCount(alert.ledgerSeq))
  );
}

type Fields = { readonly [field in keyof Alert]?: unknown };

const isPlace = ({ node, epoch, seq, atMs, contract, version, bundleDigest }: Fields): boolean =>
  isTestNodeId(node) &&
  typeof epoch === "string" &&
  EPOCH.test(epoch) &&
  isCount(seq) &&
  seq > 0 &&
  isCount(atMs) &&
  (contract === null || isContractId(contract)) &&
  (version === null || isVersion(version)) &&
  (bundleDigest === null || isDigest(bundleDigest));

const isSaid = ({ kind, severity, reason, subject, text }: Fields): boolean =>
  KINDS.has(kind) &&
  KNOWN_SEVERITIES.has(severity) &&
  isText(reason, MAX_REASON) &&
  reason !== "" &&
  isText(subject) &&
  isText(text);

function isReading(value: unknown): boolean {
  if (!isRecord(value) || sizeOf(value) !== 3) return false;
  const reading = value as { readonly [field in keyof NonNullable<Alert["reading"]>]?: unknown };
  return (
    isText(reading.quantity) &&
    typeof reading.value === "string" &&
    DECIMAL.test(reading.value) &&
    isText(reading.unit, MAX_WORD)
  );
}

function isShadow(value: unknown): value is ShadowDecision {
  if (!isRecord(value) || sizeOf(value) !== 4) return false;
  const { allow, enforcedAllow, reasons, enforcedReasons } = value as {
    readonly [field in keyof ShadowDecision]?: unknown;
  };
  return (
    typeof allow === "boolean" &&
    typeof enforcedAllow === "boolean" &&
    isTexts(reasons, MAX_TEXT) &&
    isTexts(enforcedReasons, MAX_TEXT)
  );
}

const isRecord = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Own keys; a value that came from JSON has no others. */
function sizeOf(value: object): number {
  let size = 0;
  for (const _ in value) size += 1;
  return size;
}

const isText = (value: unknown, longest = MAX_TEXT): boolean =>
  typeof value === "string" && value.length <= longest && value.isWellFormed();

const isTextOrNull = (value: unknown): boolean => value === null || isText(value);

const isTexts = (value: unknown, longest: number): boolean =>
  Array.isArray(value) && value.length <= MAX_LIST && value.every((text) => isText(text, longest));

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
