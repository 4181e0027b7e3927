import type { SigningKey } from "../../disk/key-file.ts";
import type { OrdersDocument, PeopleDocument } from "../../model/documents.ts";
import type { RestsOn, SignedDesired } from "../../model/message.ts";
import type { NodeService } from "../nodes/node-service.ts";
import type { PolicyCentral } from "../policy-central/policy-central.ts";
import type { Clock } from "../ports.ts";
import type { BlobShelf } from "../session/blob-shelf.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import type { RolloutBook } from "./rollout-book.ts";

/** What rollouts ask of the rest of the hub. */
export interface RolloutPorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
  readonly hubId: string;
  readonly onlineKey: SigningKey;
  readonly policy: PolicyCentral;
  readonly book: RolloutBook;
  readonly shelf: BlobShelf;
  readonly nodes: Pick<NodeService, "get" | "allIds">;
  readonly people: () => Promise<PeopleDocument>;
  readonly orders: () => Promise<OrdersDocument>;
  readonly push: (node: string, signed: SignedDesired) => void;
  readonly isLive: (node: string) => boolean;
  /** Whether a node that rests on this has what this hub lost when it was restored: until it is learnt it refuses every set. */
  readonly hasLost: (rests: RestsOn | undefined) => boolean;
  /** What those nodes rest on that came with more than this hub had; see `isAhead`. */
  readonly ahead: Map<string, RestsOn>;
  /** How long a release is active before it is monitored. */
  readonly soakMs: number;
  readonly phaseDeadlineMs: number;
  /** Our own mistakes and disk errors in what nobody waits for. */
  readonly failed: (error: unknown) => void;
}
