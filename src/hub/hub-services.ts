import type { LedgerDesk } from "../disk/ledger-desk.ts";
import type { LedgerFile } from "../disk/ledger-file.ts";
import type { AlertRetention } from "./alerts/alert-retention.ts";
import type { AlertService } from "./alerts/alert-service.ts";
import type { ArchiveDesk } from "./archive/archive-desk.ts";
import type { ArchiveFile } from "./archive/archive-file.ts";
import type { ContractService } from "./contracts/contract-service.ts";
import type { ImpactBudgets } from "./contracts/impact-budgets.ts";
import type { StagingService } from "./contracts/staging-service.ts";
import type { StoreService } from "./contracts/store-service.ts";
import type { ImpactService } from "./impact/impact-service.ts";
import type { NodeService } from "./nodes/node-service.ts";
import type { NoticeService } from "./notices/notice-service.ts";
import type { OrderService } from "./orders/order-service.ts";
import type { PatternService } from "./patterns/pattern-service.ts";
import type { Oidc } from "./people/oidc.ts";
import type { PeopleService } from "./people/people-service.ts";
import type { PolicyCentral } from "./policy-central/policy-central.ts";
import type { Clock } from "./ports.ts";
import type { ProposalService } from "./proposals/proposal-service.ts";
import type { ReplayService } from "./replay/replay-service.ts";
import type { ReportService } from "./reports/report-service.ts";
import type { RolloutService } from "./rollout/rollout-service.ts";
import type { RefusalBook } from "./session/refusal-book.ts";
import type { FloorQuery, FloorStatus } from "./standing/floor-status.ts";
import type { StandingService } from "./standing/standing-service.ts";
import type { WitnessService } from "./witness/witness-service.ts";

/** Everything a hub does, by part. HTTP routes and the hub's named methods are thin over these. */
export interface HubServices {
  readonly hubId: string;
  readonly contracts: ContractService;
  readonly staging: StagingService;
  readonly impactBudgets: ImpactBudgets;
  readonly store: StoreService;
  readonly rollout: RolloutService;
  readonly nodes: NodeService;
  readonly standing: StandingService;
  /** The floor in one answer. */
  readonly status: (query: FloorQuery) => Promise<FloorStatus>;
  readonly clock: Clock;
  readonly people: PeopleService;
  /** Null where people come by the hub's own tokens only. */
  readonly oidc: Oidc | null;
  readonly alerts: AlertService;
  /** How much of them is kept. */
  readonly alertRetention: AlertRetention;
  readonly notices: NoticeService;
  readonly patterns: PatternService;
  readonly proposals: ProposalService;
  readonly orders: OrderService;
  readonly impacts: ImpactService;
  readonly reports: ReportService;
  readonly policy: PolicyCentral;
  readonly ledger: LedgerFile;
  readonly replays: ReplayService;
  /** What nodes wrote into their ledgers. */
  readonly archive: ArchiveFile;
  readonly archiveDesk: ArchiveDesk;
  /** Where people read it. */
  readonly ledgerDesk: LedgerDesk;
  /** What nodes were refused; its sums are written at every tick. */
  readonly refusals: Pick<RefusalBook, "flush" | "close">;
  /** Nodes that keep its checkpoints. */
  readonly witnesses: Pick<WitnessService, "cosignedCheckpoint"> & { readonly round: () => Promise<void> };
}
