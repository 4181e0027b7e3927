import { z } from "zod";
import { SEVERITIES } from "../../model/alert.ts";
import { isContractId, isDigest, isTestNodeId, isVersion } from "../../model/ids.ts";
import { RECORDS_PER_FRAME } from "../../model/limits.ts";

/** What a node may send is checked word by word: its key proves who speaks, not that it speaks sense. */
const MAX_TEXT = 2_000;
const MAX_LIST = 64;

const text = z.string().max(MAX_TEXT);
const count = z.int().nonnegative();
const decimal = z.string().regex(/^-?\d{1,40}(\.\d{1,40})?$/, "no decimal");

const alertSchema = z.object({
  node: z.string().refine(isTestNodeId, "no node id"),
  epoch: z.string().regex(/^[0-9a-f]{16}$/, "no epoch"),
  seq: z.int().positive(),
  kind: z.enum(["decision-blocked", "when-blocked", "runtime-fault", "release-rejected", "shadow-decision"]),
  severity: z.enum(SEVERITIES),
  atMs: count,
  contract: z.string().refine(isContractId, "no contract id").nullable(),
  version: z.string().refine(isVersion, "no version").nullable(),
  bundleDigest: z.string().refine(isDigest, "no digest").nullable(),
  condition: text.nullable(),
  reason: z.string().min(1).max(128),
  subject: text,
  text,
  testId: text.nullable(),
  stationId: text.nullable(),
  stationType: text.nullable(),
  assets: z.array(text).max(MAX_LIST),
  reading: z.object({ quantity: text, value: decimal, unit: z.string().max(64) }).nullable(),
  tell: z.array(z.string().max(64)).max(MAX_LIST),
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
  epoch: z.string().regex(/^[0-9a-f]{16}$/, "no epoch"),
  alerts: z.array(alertSchema).max(RECORDS_PER_FRAME),
});
