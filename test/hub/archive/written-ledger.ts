import { type SigningKey, signHex } from "../../../src/disk/key-file.ts";
import type { LogBatch } from "../../../src/hub/archive/follow.ts";
import { nextEntry } from "../../../src/ledger/append.ts";
import { originOf, signCheckpoint } from "../../../src/ledger/checkpoint.ts";
import { EMPTY_HEAD, type LedgerHead } from "../../../src/ledger/entry.ts";
import { EMPTY_EDGE, growEdge, leafHash, rootOfEdge } from "../../../src/ledger/merkle.ts";
import type { LedgerRecord } from "../../../src/model/ledger-entry.ts";

export const START_MS = Date.parse("2026-11-23T15:00:00.000Z");
export const MINUTE_MS = 60_000;

/** A node's ledger as its own process would write it: one entry a minute. */
export interface WrittenLedger {
  readonly node: string;
  readonly entries: readonly Uint8Array[];
  readonly heads: readonly LedgerHead[];
}

export function ledgerOf(node: string, records: readonly LedgerRecord[], before?: WrittenLedger): WrittenLedger {
  const entries = [...(before?.entries ?? [])];
  const heads = [...(before?.heads ?? [EMPTY_HEAD])];
  for (const record of records) {
    const timeMs = START_MS + entries.length * MINUTE_MS;
    const next = nextEntry(heads.at(-1) ?? EMPTY_HEAD, record, timeMs, "attested");
    entries.push(next.bytes);
    heads.push(next.head);
  }
  return { node, entries, heads };
}

export const cut = ({ node, entries, heads }: WrittenLedger, size: number): WrittenLedger => ({
  node,
  entries: entries.slice(0, size),
  heads: heads.slice(0, size + 1),
});

export const headOf = ({ heads }: WrittenLedger): LedgerHead => heads.at(-1) ?? EMPTY_HEAD;

export const plainRecord = (index: number, change: Partial<LedgerRecord> = {}): LedgerRecord => ({
  ...{ action_type: "evidence_record", action: "recorded", target: `thing-${index}`, details: `the ${index}th` },
  ...{ user_id: "STF-1", smart_id: null, metadata: { index, record: { kind: "reading" } } },
  ...change,
});

/** Where the node signs that its ledger stands at `size`: the root is of `of`, its own unless told. */
export function checkpointOf(ledger: WrittenLedger, key: SigningKey, size = ledger.entries.length, of = ledger) {
  const origin = originOf(ledger.node);
  const root = rootOfEdge(growEdge(EMPTY_EDGE, of.entries.slice(0, size).map(leafHash)));
  const signer = { name: origin, publicHex: key.publicHex, sign: (text: string) => signHex(key, text) };
  return { note: signCheckpoint({ origin, size, root, extensions: [] }, signer), publicHex: key.publicHex };
}

export interface Decided {
  readonly test: string;
  readonly allow?: boolean;
  readonly atMs?: number;
  readonly contracts?: readonly string[];
  readonly part?: string | null;
  readonly order?: string | null;
  readonly user?: string;
  readonly snapshot?: unknown;
}

export function decisionRecord(node: string, given: Decided): LedgerRecord {
  const { test, allow = true, atMs = START_MS, contracts = ["UV-DAILY"], part = null, order = null } = given;
  const decision = {
    ...{ allow, node, order, testId: test, atUtc: new Date(atMs).toISOString() },
    contracts: contracts.map((contract) => ({ contract, version: "v1.0", digest: `sha256:${"0".repeat(64)}` })),
    reasons: allow ? [] : ["reading.out-of-limit:uv-intensity"],
  };
  return {
    ...{ action_type: "gate_decision", action: allow ? "allowed" : "blocked", target: test, details: `test ${test}` },
    ...{ user_id: given.user ?? "STF-1", smart_id: contracts[0] ?? null },
    metadata: { decision, part, facts: { snapshot: null, fields: {} }, snapshot: given.snapshot ?? null },
  };
}

export const batchOf = ({ node, entries }: WrittenLedger, from: number, upTo = entries.length): LogBatch => ({
  ...{ node, from, entries: entries.slice(from, upTo) },
});
