import { fail, ok, type Result } from "../../base/result.ts";
import type { LedgerHead } from "../../ledger/entry.ts";
import { LOG_BATCHES_PER_COMMIT, LOG_INTERVAL_MS, MAX_LOG_WAITING_BYTES } from "../../model/limits.ts";
import type { Logged, LogPart } from "../../model/message.ts";
import { createGroups } from "../session/groups.ts";
import type { Journal } from "../store/journal.ts";
import type { ArchivedStanding, ArchiveFile, LogAnswer, LogBatch } from "./archive-file.ts";
import { createLogAssembly } from "./log-assembly.ts";

export interface ArchivePorts {
  readonly file: ArchiveFile;
  readonly journal: Pick<Journal, "append">;
  readonly hubId: string;
  /** Durable when fulfilled: a node whose ledger is another one now is given nothing new. */
  readonly quarantine: (node: string, why: string) => Promise<void>;
  /** Unpacked batches that may wait for the disk; MAX_LOG_WAITING_BYTES where it is left out. */
  readonly maxWaitingBytes?: number;
}

/** Takes what nodes send of their ledgers. */
export interface ArchiveService {
  /**
   * Undefined while the rest of a batch is awaited. What is answered as archived is on the disk. An error is a sentence for the
   * node. `publicHex` is of the key that the node came with.
   */
  readonly take: (node: string, part: LogPart, publicHex: string) => Promise<Result<Logged | undefined, string>>;
  /** What a node whose key is proven says of its ledger, where it cannot be the one that is archived. Durable when fulfilled. */
  readonly meet: (node: string, said: LedgerHead) => Promise<void>;
  readonly forget: (node: string) => void;
  readonly standingOf: (node: string) => ArchivedStanding;
  /** A person looked at a node that was quarantined, or it has another key: its ledger may go on as another one. Durable. */
  readonly forgive: (node: string) => void;
}

export function createArchiveService(ports: ArchivePorts): ArchiveService {
  const { file, maxWaitingBytes = MAX_LOG_WAITING_BYTES } = ports;
  const assembly = createLogAssembly();
  const append = createGroups<LogBatch, LogAnswer>(LOG_BATCHES_PER_COMMIT, async (batches) => file.append(batches));
  // When a hub comes back all of its nodes hand in at once what they wrote meanwhile.
  let waitingBytes = 0;
  const later = (node: string): Result<Logged, string> =>
    ok({ size: file.standingOf(node).head.size, retryAfterMs: LOG_INTERVAL_MS * 10 });
  const commit = async (batch: LogBatch, bytes: number): Promise<LogAnswer> => {
    waitingBytes += bytes;
    try {
      return await append(batch);
    } finally {
      waitingBytes -= bytes;
    }
  };
  return {
    take: async (node, part, publicHex) => {
      // Before it is unpacked, where that can be said already; the parts behind this one are then not looked at.
      if (part.part === 0 && waitingBytes >= maxWaitingBytes) {
        assembly.forget(node);
        return later(node);
      }
      const taken = assembly.take(node, part, publicHex);
      if (!taken.ok) return fail(taken.error);
      if (taken.value.kind === "more") return ok(undefined);
      if (taken.value.kind === "busy") return later(node);
      const { batch } = taken.value;
      const bytes = batch.entries.reduce((sum, entry) => sum + entry.length, 0);
      if (waitingBytes > 0 && waitingBytes + bytes > maxWaitingBytes) return later(node);
      const { fork } = file.standingOf(node);
      const answer = await commit(batch, bytes);
      if (answer.kind === "stored" || answer.kind === "gap") return ok({ size: answer.size });
      if (answer.kind === "fork") await report(ports, node, answer, fork === null);
      return ok({ size: answer.size, refused: sentence(answer) });
    },
    meet: async (node, said) => {
      const { fork } = file.standingOf(node);
      const answer = file.meet(node, said);
      if (answer.kind === "fork") await report(ports, node, answer, fork === null);
    },
    forget: assembly.forget,
    standingOf: file.standingOf,
    forgive: file.forgive,
  };
}

type Refused = Extract<LogAnswer, { readonly fault: string }>;

const sentence = ({ kind, fault }: Refused): string =>
  kind === "fork" ? `its ledger is not the one it was: ${fault}` : fault;

/** In the hub's ledger once, and the node is quarantined; what a crash cut off here is made good when the node comes again. */
async function report(
  { journal, hubId, quarantine }: ArchivePorts,
  node: string,
  answer: Refused,
  isNews: boolean,
): Promise<void> {
  const why = sentence(answer);
  const evidence = answer.kind === "fork" ? answer.evidence : undefined;
  const metadata = { archived: answer.size, ...(evidence === undefined ? {} : { checkpoint: evidence }) };
  const common = { target: node, details: why, user_id: hubId, smart_id: null, metadata };
  if (isNews) await journal.append([{ action_type: "ledger_archive", action: "forked", ...common }]);
  await quarantine(node, why);
}
