import type { Result } from "../../base/result.ts";
import type { SigningKey } from "../../disk/key-file.ts";
import type { Hello, Report, RestsOn, SignedDesired, Standing } from "../../model/message.ts";
import type { ArchiveService } from "../archive/archive-service.ts";
import type { NodeKey } from "../nodes/node-service.ts";
import type { AlertInbox, Clock, Random } from "../ports.ts";
import type { WitnessService } from "../witness/witness-service.ts";
import type { BlobShelf } from "./blob-shelf.ts";
import type { Refusal } from "./refusal-book.ts";
import type { TimerWheel } from "./timer-wheel.ts";

/** What a session asks of the rest of the hub. */
export interface SessionPorts {
  readonly hubId: string;
  readonly onlineKey: SigningKey;
  /** What nodes are told the time by. */
  readonly clock: Clock;
  /** Milliseconds that nobody sets: how long a peer was silent. A wall clock that is put right must end no session. */
  readonly monotonicMs: () => number;
  /** What is to happen later; a wheel of its own where it is left out. */
  readonly wheel?: TimerWheel;
  readonly random: Random;
  readonly blobs: BlobShelf;
  readonly inbox: AlertInbox;
  readonly keyOf: (node: string) => Promise<NodeKey | undefined>;
  /** Whether a node that rests on this has what this hub lost when it was restored. */
  readonly isAhead: (rests: RestsOn | undefined) => boolean;
  /** What a node kept from before this hub was restored. Durable when fulfilled; an error is a sentence for the node's log. */
  readonly learn: (node: string, name: string, text: string) => Promise<Result<undefined, string>>;
  /** Durable when fulfilled. */
  readonly quarantine: (node: string, why: string) => Promise<void>;
  /** The node's key is proven; answers the desired set to push, undefined where there is none. */
  readonly arrived: (node: string, hello: Hello) => Promise<SignedDesired | undefined>;
  readonly left: (node: string) => void;
  /** Durable when fulfilled. An error is a sentence for the node's log. */
  readonly report: (node: string, report: Report) => Promise<Result<undefined, string>>;
  /** Kept soon; the next one replaces it, so nothing is acknowledged. */
  readonly standing: (node: string, standing: Standing) => void;
  /** Where the nodes' own ledgers go. */
  readonly ledgers: Pick<ArchiveService, "take" | "standingOf" | "meet">;
  /** Nodes that keep the hub's checkpoints. */
  readonly witnesses: Pick<WitnessService, "met" | "left" | "cosigned">;
  /** For the hub's ledger. */
  readonly refused: (refusal: Refusal) => Promise<unknown>;
  /** Our own mistakes and disk errors: the hub stops acknowledging. */
  readonly failed: (error: unknown) => void;
}
