import { createHash } from "node:crypto";
import { type ContractId, compareVersions, type Version } from "../../model/ids.ts";
import type { ContractStatus } from "../../model/lifecycle.ts";
import { transition } from "../lifecycle.ts";
import type { PolicyCentral } from "../policy-central/policy-central.ts";
import type { Clock, ContractSource, KnownContract, NewDraft, Principal } from "../ports.ts";
import { badRequest, conflict, forbidden, unknownId } from "../refusals.ts";
import { isDomain } from "../release/role-name.ts";
import type { ContractTables } from "../store/contract-tables.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal, Write } from "../store/journal.ts";
import {
  activeDays,
  contractRecord,
  creationFacts,
  type HistoryEntry,
  historyEntry,
  knownContract,
  releaseName,
  type VersionRow,
} from "./contract-records.ts";
import { type ContractTools, contractIdOf, type ValidationResult, validateContract } from "./validate-contract.ts";

export interface ContractService extends ContractSource {
  readonly validate: (contract: ContractId, by: Principal) => Promise<ValidationOutcome>;
  readonly list: () => Promise<readonly HistoryEntry[]>;
  /** A version, `draft` for the open draft, or the newest in force, else the newest of all. */
  readonly show: (contract: ContractId, version?: Version | "draft") => Promise<KnownContract & HistoryEntry>;
  /** Genealogy: every version, the first one first. */
  readonly history: (contract: ContractId) => Promise<readonly HistoryEntry[]>;
  /**
   * Takes a version out of use. Where it is the last one in force, the contract's signers must have signed that nodes may lose
   * it. @throws MaintError CONFLICT
   */
  readonly retire: (contract: ContractId, end: Retirement, by: Principal) => Promise<HistoryEntry>;
  readonly archive: (
    contract: ContractId,
    end: { readonly version: Version | null; readonly reason: string },
    by: Principal,
  ) => Promise<HistoryEntry>;
}

export interface ValidationOutcome extends ValidationResult {
  readonly contract: ContractId;
  readonly status: ContractStatus;
}

export interface Retirement {
  readonly version: Version;
  readonly reason: string;
}

export interface ContractPorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
  readonly policy: PolicyCentral;
  readonly tools: ContractTools;
  /** Ids of nodes whose last report says that they run this version. */
  readonly usersOf: (contract: ContractId, version: Version) => Promise<readonly string[]>;
  readonly changed: () => Promise<void>;
}

const IN_FORCE: readonly ContractStatus[] = ["deployed", "active", "monitoring"];
const MAX_REASON = 2_000;
const sha256 = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

export function createContractService(ports: ContractPorts): ContractService {
  const all = () => ports.db.tables<ContractTables>().selectFrom("contract_version").selectAll().orderBy("id");
  const rowsOf = async (contract: ContractId): Promise<readonly VersionRow[]> => {
    const rows = await all().where("contract", "=", contract).execute();
    if (rows.length > 0) return rows;
    throw unknownId("contract", contract, await names());
  };
  const names = async () => [...new Set((await all().execute()).map((row) => row.contract))].sort();
  const current = async (contract: ContractId): Promise<KnownContract | undefined> => {
    const rows = await all()
      .where("contract", "=", contract)
      .where("status", "in", [...IN_FORCE])
      .execute();
    const newest = byVersion(rows).at(-1);
    return newest === undefined ? undefined : knownContract(newest);
  };
  const pick = async (contract: ContractId, version: Version | "draft" | null | undefined): Promise<VersionRow> => {
    const rows = await rowsOf(contract);
    if (version === undefined) return byVersion(rows.filter(isInForce)).at(-1) ?? mustBe(rows.at(-1));
    const wanted = version === "draft" || version === null ? undefined : version;
    const found = rows.findLast((row) => (wanted === undefined ? isOpen(row) : row.version === wanted));
    if (found !== undefined) return found;
    if (wanted === undefined) throw conflict(`${contract} has no open draft`, "make one with maint contract create");
    const stored = rows.flatMap((row) => row.version ?? []);
    throw unknownId(
      "version",
      `${contract}@${wanted}`,
      stored.map((one) => `${contract}@${one}`),
    );
  };
  return {
    current,
    at: async (contract, version) => {
      const row = await all().where("contract", "=", contract).where("version", "=", version).executeTakeFirst();
      return row === undefined ? undefined : knownContract(row);
    },
    ids: async () =>
      [
        ...new Set(
          (
            await all()
              .where("status", "in", [...IN_FORCE])
              .execute()
          ).map(({ contract }) => contract),
        ),
      ].sort(),
    createDraft: (draft, by) => createDraft(ports, draft, by, async (id) => all().where("contract", "=", id).execute()),
    validate: async (contract, by) => validate(ports, await pick(contract, "draft"), by),
    list: async () => (await all().execute()).map(historyEntry),
    show: async (contract, version) => {
      const row = await pick(contract, version);
      return { ...historyEntry(row), ...knownContract(row) };
    },
    history: async (contract) => (await rowsOf(contract)).map(historyEntry),
    retire: async (contract, end, by) => retire(ports, await pick(contract, end.version), end, by),
    archive: async (contract, end, by) => archive(ports, await pick(contract, end.version), end.reason, by),
  };
}

const isInForce = (row: VersionRow): boolean => IN_FORCE.includes(row.status);
const isOpen = (row: VersionRow): boolean => row.status === "draft" || row.status === "validated";
const byVersion = (rows: readonly VersionRow[]): readonly VersionRow[] =>
  rows.filter((row) => row.version !== null).sort((a, b) => compareVersions(a.version ?? "", b.version ?? ""));

function mustBe(row: VersionRow | undefined): VersionRow {
  if (row === undefined) throw conflict("this contract has no version");
  return row;
}

/** @throws MaintError CONFLICT or FORBIDDEN where the lifecycle has no such step for this person */
export function mustStep(row: VersionRow, to: ContractStatus, roles: readonly string[]): void {
  const step = transition(row.status, to, { roles });
  if (step.ok) return;
  const message = `${releaseName(row)}: ${step.error.message}`;
  throw step.error.code === "role-missing" ? forbidden(message) : conflict(message);
}

function reasonOf(text: string): string {
  const reason = text.trim();
  if (reason === "" || reason.length > MAX_REASON)
    throw badRequest(`a reason of 1 to ${MAX_REASON} characters is needed`);
  return reason;
}

async function createDraft(
  ports: ContractPorts,
  draft: NewDraft,
  by: Principal,
  versionsOf: (contract: ContractId) => Promise<readonly VersionRow[]>,
): Promise<KnownContract> {
  if (!isDomain(draft.domain)) throw badRequest(`"${draft.domain}" is no domain`, "kebab-case, such as penetrant");
  const { contracts } = ports.tools.compile(draft.text);
  const contract = contractIdOf(draft.text, contracts);
  if (contract === undefined)
    throw badRequest("the text declares no contract, or more than one", "one contract a file: maint check says more");
  const versions = await versionsOf(contract);
  const open = versions.find(isOpen);
  if (open !== undefined)
    throw conflict(
      `${contract} has a ${open.status === "draft" ? "draft" : "validated draft"} already`,
      `validate and store it, or reject it: maint contract archive ${contract} --reason …`,
    );
  const latest = byVersion(versions).at(-1);
  const parent = draft.parent ?? latest?.version ?? null;
  if (parent !== null && !versions.some(({ version }) => version === parent))
    throw badRequest(`${contract} has no version ${parent} to grow from`);
  if (latest !== undefined && latest.domain !== draft.domain)
    throw conflict(`${contract} belongs to the domain ${latest.domain}`, `use --domain ${latest.domain}`);
  const bundle = contracts[0]?.bundle ?? null;
  const bytes = contracts[0]?.bytes ?? null;
  const row = {
    contract,
    version: null,
    status: "draft" as const,
    domain: draft.domain,
    title: bundle?.title ?? contract,
    text: draft.text,
    source_digest: sha256(draft.text),
    bundle: bytes,
    bundle_digest: bytes === null ? null : sha256(bytes),
    parent,
    changes: JSON.stringify(draft.changes),
    created_by: by.id,
    created_at_ms: ports.clock.nowMs(),
    validation: null,
    stored_at_ms: null,
    activated_at_ms: null,
    ended_at_ms: null,
    end_reason: null,
    nodes: null,
  };
  await ports.journal.commit<ContractTables, void>(async ({ tables, record }) => {
    await tables.insertInto("contract_version").values(row).execute();
    const what = parent === null ? "draft of a new contract" : `draft of the version after ${parent}`;
    const facts = {
      domain: row.domain,
      source: row.source_digest,
      parent,
      changes: draft.changes,
      ...creationFacts(bundle),
    };
    record(contractRecord("contract_creation", "created", row, by.id, `${what}: ${row.title}`, facts));
  });
  return { ...row, bundle, bundleDigest: row.bundle_digest, createdAtMs: row.created_at_ms };
}

async function validate(ports: ContractPorts, row: VersionRow, by: Principal): Promise<ValidationOutcome> {
  const { result, bytes } = await validateContract(row.contract, row.text, ports.tools);
  const status: ContractStatus = result.passed ? "validated" : "draft";
  if (result.passed && row.status === "draft") mustStep(row, "validated", by.roles);
  await ports.journal.commit<ContractTables, void>(async ({ tables, record }) => {
    await tables
      .updateTable("contract_version")
      .set({
        status,
        validation: JSON.stringify(result),
        bundle: bytes,
        bundle_digest: bytes === null ? null : sha256(bytes),
      })
      .where("id", "=", row.id)
      .where("status", "in", ["draft", "validated"])
      .execute();
    const tests = result.tests.outcomes;
    const passed = tests.filter((test) => test.passed).length;
    const details = result.passed
      ? `checks and ${tests.length} tests passed`
      : `validation failed: ${failedParts(result).join(", ")}; ${passed} of ${tests.length} tests passed`;
    const action = result.passed ? "validated" : "failed";
    record(
      contractRecord("contract_validation", action, row, by.id, details, { validation: result, parent: row.parent }),
    );
  });
  return { contract: row.contract, status, ...result };
}

const failedParts = (result: ValidationResult): readonly string[] =>
  (["structure", "logic", "conditions", "tests"] as const).filter((part) => !result[part].passed);

async function retire(ports: ContractPorts, row: VersionRow, end: Retirement, by: Principal): Promise<HistoryEntry> {
  const reason = reasonOf(end.reason);
  mustStep(row, "deprecated", by.roles);
  const { drop = false } = ports.policy.assignment(row.contract)?.document ?? {};
  if (!drop && !(await hasSuccessor(ports, row)))
    throw conflict(
      `${releaseName(row)} is the last version in force, and its signers have not signed that nodes may lose it`,
      "maint contract retire signs it; two people have to",
    );
  const nowMs = ports.clock.nowMs();
  await ports.journal.commit<ContractTables, void>((write) =>
    endVersion(write, row, { status: "deprecated", nowMs, by: by.id, reason }),
  );
  await ports.changed();
  return historyEntry({ ...row, status: "deprecated", ended_at_ms: nowMs, end_reason: reason });
}

/** Whether another version of the contract is in force, so that no node is left without it. */
async function hasSuccessor({ db }: ContractPorts, row: VersionRow): Promise<boolean> {
  const others = await db
    .tables<ContractTables>()
    .selectFrom("contract_version")
    .select("id")
    .where("contract", "=", row.contract)
    .where("status", "in", [...IN_FORCE])
    .where("id", "!=", row.id)
    .execute();
  return others.length > 0;
}

/** Marks a version as deprecated, with why and after how many days. */
export async function endVersion(
  { tables, record }: Write<ContractTables>,
  row: Pick<VersionRow, "id" | "contract" | "version" | "parent" | "activated_at_ms">,
  end: { readonly status: "deprecated"; readonly nowMs: number; readonly by: string; readonly reason: string },
): Promise<void> {
  await tables
    .updateTable("contract_version")
    .set({ status: end.status, ended_at_ms: end.nowMs, end_reason: end.reason })
    .where("id", "=", row.id)
    .execute();
  const metadata = { reason: end.reason, active_days: activeDays(row, end.nowMs), parent: row.parent };
  record(contractRecord("contract_deprecation", "deprecated", row, end.by, end.reason, metadata));
}

async function archive(ports: ContractPorts, row: VersionRow, given: string, by: Principal): Promise<HistoryEntry> {
  const reason = reasonOf(given);
  mustStep(row, "archived", by.roles);
  const users = row.version === null ? [] : await ports.usersOf(row.contract, row.version);
  if (users.length > 0)
    throw conflict(
      `${releaseName(row)} is still used by ${users.join(", ")}`,
      "they have to report another version first",
    );
  const nowMs = ports.clock.nowMs();
  // What was retired keeps why it was; a draft that was turned down has only this reason.
  const end = row.ended_at_ms === null ? { ended_at_ms: nowMs, end_reason: reason } : {};
  await ports.journal.commit<ContractTables, void>(async ({ tables, record }) => {
    await tables
      .updateTable("contract_version")
      .set({ status: "archived", ...end })
      .where("id", "=", row.id)
      .execute();
    const metadata = { reason, active_days: activeDays({ ...row }, row.ended_at_ms ?? nowMs), from: row.status };
    record(contractRecord("contract_archival", "archived", row, by.id, reason, metadata));
  });
  return historyEntry({ ...row, ...end, status: "archived" });
}
