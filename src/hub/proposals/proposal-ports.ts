import type { Bundle } from "../../model/bundle.ts";
import type { StationRegister } from "../../model/documents.ts";
import type { AlertService } from "../alerts/alert-service.ts";
import type { NodeArchive } from "../archive/archived.ts";
import type { HistoryEntry } from "../contracts/contract-records.ts";
import type { TestOutcome } from "../contracts/validate-contract.ts";
import type { PatternService } from "../patterns/pattern-service.ts";
import type { Clock, ContractSource, KnownContract } from "../ports.ts";
import { conflict } from "../refusals.ts";
import type { ReplayService } from "../replay/replay-service.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import type { TextTools } from "./draft-proposal.ts";

export interface ProposalPorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
  readonly contracts: Pick<ContractSource, "current" | "at" | "ids" | "createDraft"> & {
    readonly history: (contract: string) => Promise<readonly HistoryEntry[]>;
  };
  readonly alerts: Pick<AlertService, "list" | "removed">;
  readonly patterns: Pick<PatternService, "find">;
  /** Null for a hub that archives no ledgers: then proposals rest on alerts alone. */
  readonly archive: NodeArchive | null;
  readonly registers: () => Promise<readonly StationRegister[]>;
  /** Null where recorded decisions cannot be decided again. */
  readonly replay: Pick<ReplayService, "summarize"> | null;
  readonly tools: ProposalTools;
  /** Our own mistakes in what goes on after an answer was given. */
  readonly failed: (error: unknown) => void;
}

export interface ProposalTools extends TextTools {
  readonly runTests: (bundle: Bundle) => Promise<readonly TestOutcome[]>;
}

/** A contract's version in force, which is what a proposal improves. */
export interface InForce extends KnownContract {
  readonly version: string;
  readonly bundle: Bundle;
}

/** @throws MaintError CONFLICT where none is in force */
export async function inForce({ contracts }: Pick<ProposalPorts, "contracts">, contract: string): Promise<InForce> {
  const current = await contracts.current(contract);
  if (current?.bundle == null || current.version === null) throw conflict(`${contract} has no version in force`);
  return { ...current, version: current.version, bundle: current.bundle };
}
