import type { LedgerReader } from "../../disk/ledger-file.ts";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import type { Clock, ContractSource } from "../ports.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import type { DueNotice } from "./escalation.ts";

/** What AlertBroadcast asks of the rest of the hub. */
export interface AlertPorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  /** The hub's own, to be read. */
  readonly ledger: Pick<LedgerReader, "page">;
  readonly clock: Clock;
  readonly hubId: string;
  /** Where a contract's `when blocked` notices are looked up. */
  readonly contracts: Pick<ContractSource, "at">;
  /**
   * Called inside the transaction that makes the notices due, so that both are kept or neither: it only writes down what is to
   * be told. An error there undoes the transaction.
   */
  readonly post: (notices: readonly DueNotice[], record: (record: LedgerRecord) => void) => void;
}
