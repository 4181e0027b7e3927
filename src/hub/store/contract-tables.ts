import type { Generated } from "kysely";
import type { ContractStatus } from "../../model/lifecycle.ts";
import type { Phase } from "../../model/message.ts";
import type { StoreArea } from "./database.ts";

export interface ContractTables {
  readonly contract_version: ContractVersionRow;
  readonly deployment: DeploymentRow;
}

/** One version of a contract; while it is a draft or validated its version is null. */
export interface ContractVersionRow {
  id: Generated<number>;
  contract: string;
  version: string | null;
  status: ContractStatus;
  domain: string;
  title: string;
  text: string;
  /** Digest of the `.maint` bytes. */
  source_digest: string;
  /** The compiled bundle, canonical JSON; null for a draft that does not compile. */
  bundle: string | null;
  bundle_digest: string | null;
  parent: string | null;
  /** ContractChange sentences, JSON. */
  changes: string;
  created_by: string;
  created_at_ms: number;
  /** ValidationResult, JSON; null before the first validation. */
  validation: string | null;
  stored_at_ms: number | null;
  activated_at_ms: number | null;
  ended_at_ms: number | null;
  /** Why it was retired, or turned down as a draft. */
  end_reason: string | null;
  /** Node ids it was narrowed to, JSON; null is every node it binds. */
  nodes: string | null;
}

/** What one node did with one stored version, as its own signed reports said. */
export interface DeploymentRow {
  contract: string;
  version: string;
  node: string;
  phase: Phase | null;
  reason: string | null;
  detail: string | null;
  pushed_at_ms: number;
  updated_at_ms: number;
  acknowledged_at_ms: number | null;
}

export const contractTables: StoreArea = {
  name: "contracts",
  steps: [
    [
      `create table contract_version (
        id integer primary key autoincrement,
        contract text not null, version text, status text not null, domain text not null, title text not null,
        text text not null, source_digest text not null, bundle text, bundle_digest text,
        parent text, changes text not null, created_by text not null, created_at_ms integer not null,
        validation text, stored_at_ms integer, activated_at_ms integer, ended_at_ms integer, nodes text,
        unique (contract, version)
      ) strict`,
      // One open draft a contract: a second would leave open which of them becomes the next version.
      `create unique index contract_draft on contract_version (contract) where status in ('draft', 'validated')`,
      `create table deployment (
        contract text not null, version text not null, node text not null,
        phase text, reason text, detail text,
        pushed_at_ms integer not null, updated_at_ms integer not null, acknowledged_at_ms integer,
        primary key (contract, version, node)
      ) strict, without rowid`,
    ],
    ["alter table contract_version add column end_reason text"],
    // A node that arrives or reports is asked for its own, among a million.
    ["create index deployment_by_node on deployment (node)"],
  ],
};
