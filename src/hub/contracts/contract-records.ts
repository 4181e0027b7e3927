import type { Selectable } from "kysely";
import type { Bundle } from "../../model/bundle.ts";
import type { LedgerActionType, LedgerRecord } from "../../model/ledger-entry.ts";
import type { ContractStatus } from "../../model/lifecycle.ts";
import type { KnownContract } from "../ports.ts";
import type { ContractVersionRow } from "../store/contract-tables.ts";
import type { ValidationResult } from "./validate-contract.ts";

export type VersionRow = Selectable<ContractVersionRow>;

/** `UV-DAILY@v1.0`, or the bare id while there is no version. */
export const releaseName = (row: { readonly contract: string; readonly version: string | null }): string =>
  row.version === null ? row.contract : `${row.contract}@${row.version}`;

export const knownContract = (row: VersionRow): KnownContract => ({
  contract: row.contract,
  version: row.version,
  status: row.status,
  domain: row.domain,
  text: row.text,
  bundle: row.bundle === null ? null : (JSON.parse(row.bundle) as Bundle),
  bundleDigest: row.bundle_digest,
  parent: row.parent,
  createdAtMs: row.created_at_ms,
});

/** One version of the genealogy. Times are epoch milliseconds. */
export interface HistoryEntry {
  readonly contract: string;
  readonly version: string | null;
  readonly status: ContractStatus;
  readonly domain: string;
  readonly title: string;
  /** The template that its text makes it from; null for one written by itself. */
  readonly template: string | null;
  readonly parent: string | null;
  readonly changes: readonly string[];
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly storedAtMs: number | null;
  readonly activatedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly endReason: string | null;
  readonly digest: string | null;
  readonly sourceDigest: string;
  readonly validation: ValidationResult | null;
}

/** The line that opens a contract names its template; the compiler has read it already, so that this can trust its form. */
const FROM = /^[ \t]*contract[ \t]+([A-Z0-9-]+)[ \t]+"[^"\n]*"[ \t]+from[ \t]+([a-z0-9-]+)/gm;

const templateOf = ({ contract, text }: VersionRow): string | null =>
  [...text.matchAll(FROM)].find(([, id]) => id === contract)?.[2] ?? null;

export const historyEntry = (row: VersionRow): HistoryEntry => ({
  contract: row.contract,
  version: row.version,
  status: row.status,
  domain: row.domain,
  title: row.title,
  template: templateOf(row),
  parent: row.parent,
  changes: JSON.parse(row.changes) as string[],
  createdBy: row.created_by,
  createdAtMs: row.created_at_ms,
  storedAtMs: row.stored_at_ms,
  activatedAtMs: row.activated_at_ms,
  endedAtMs: row.ended_at_ms,
  endReason: row.end_reason,
  digest: row.bundle_digest,
  sourceDigest: row.source_digest,
  validation: row.validation === null ? null : (JSON.parse(row.validation) as ValidationResult),
});

/** What every creation's entry says of the contract; nulls for a text that does not compile. */
export const creationFacts = (bundle: Bundle | null): { readonly [key: string]: unknown } => ({
  equipment_type: bundle === null ? null : [...new Set(bundle.equipment.map(({ type }) => type))].sort().join(", "),
  step_count: bundle === null ? null : bundle.clauses.length,
  station_type: bundle?.scope.stationType ?? null,
});

const DAY_MS = 86_400_000;

/** Days in use with two decimals; 0 for what never was. */
export const activeDays = (row: Pick<VersionRow, "activated_at_ms">, nowMs: number): number =>
  row.activated_at_ms === null ? 0 : Math.round(((nowMs - row.activated_at_ms) / DAY_MS) * 100) / 100;

export const contractRecord = (
  type: LedgerActionType,
  action: string,
  row: { readonly contract: string; readonly version: string | null },
  by: string,
  details: string,
  metadata: { readonly [key: string]: unknown },
): LedgerRecord => ({
  action_type: type,
  action,
  target: releaseName(row),
  details,
  user_id: by,
  smart_id: row.contract,
  metadata: { version: row.version, ...metadata },
});
