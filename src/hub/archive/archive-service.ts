import { fail, ok, type Result } from "../../base/result.ts";
import type { LedgerHead } from "../../ledger/entry.ts";
import { LOG_BATCHES_PER_COMMIT, LOG_INTERVAL_MS } from "../../model/limits.ts";
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
  const { file } = ports;
  const assembly = createLogAssembly();
  const append = createGroups<LogBatch, LogAnswer>(LOG_BATCHES_PER_COMMIT, async (batches) => file.append(batches));
  return {
    take: async (node, part, publicHex) => {
      const taken = assembly.take(node, part, publicHex);
      if (!taken.ok) return fail(taken.error);
      if (taken.value.kind === "more") return ok(undefined);
      const { head, fork } = file.standingOf(node);
      if (taken.value.kind === "busy") return ok({ size: head.size, retryAfterMs: LOG_INTERVAL_MS * 10 });
      const answer = await append(taken.value.batch);
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
