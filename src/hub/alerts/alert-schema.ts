import { z } from "zod";
import { SEVERITIES } from "../../model/alert.ts";
import { isContractId, isDigest, isTestNodeId, isVersion } from "../../model/ids.ts";
import { RECORDS_PER_FRAME } from "../../model/limits.ts";

/** What a node may send is checked word by word: its key proves who speaks, not that it speaks sense. */
export const MAX_TEXT = 2_000;
export const MAX_WORD = 64;
export const MAX_REASON = 128;
export const MAX_LIST = 64;
export const EPOCH = /^[0-9a-f]{16}$/;
export const DECIMAL = /^-?\d{1,40}(?:\.\d{1,40})?$/;
export const ALERT_KINDS = [
  "decision-blocked",
  "when-blocked",
  "runtime-fault",
  "release-rejected",
  "shadow-decision",
] as const;

/** Half a character has no UTF-8, and could not be written to a ledger. */
const words = (longest: number) =>
  z
    .string()
    .max(longest)
    .refine((said) => said.isWellFormed(), "no text");
const text = words(MAX_TEXT);
const count = z.int().nonnegative();
const decimal = z.string().regex(DECIMAL, "no decimal");

const alertSchema = z.object({
  node: z.string().refine(isTestNodeId, "no node id"),
  epoch: z.string().regex(EPOCH, "no epoch"),
  seq: z.int().positive(),
  kind: z.enum(ALERT_KINDS),
  severity: z.enum(SEVERITIES),
  atMs: count,
  contract: z.string().refine(isContractId, "no contract id").nullable(),
  version: z.string().refine(isVersion, "no version").nullable(),
  bundleDigest: z.string().refine(isDigest, "no digest").nullable(),
  condition: text.nullable(),
  reason: words(MAX_REASON).min(1),
  subject: text,
  text,
  testId: text.nullable(),
  stationId: text.nullable(),
  stationType: text.nullable(),
  assets: z.array(text).max(MAX_LIST),
  reading: z.object({ quantity: text, value: decimal, unit: words(MAX_WORD) }).nullable(),
  tell: z.array(words(MAX_WORD)).max(MAX_LIST),
  ledgerSeq: count.nullable(),
  shadow: z
    .object({
      ...{ allow: z.boolean(), reasons: z.array(text).max(MAX_LIST) },
      ...{ enforcedAllow: z.boolean(), enforcedReasons: z.array(text).max(MAX_LIST) },
    })
    .optional(),
});

/** `AlertBatch` of model/message.ts. */
export const alertBatchSchema = z.object({
  epoch: z.string().regex(EPOCH, "no epoch"),
  alerts: z.array(alertSchema).max(RECORDS_PER_FRAME),
});
