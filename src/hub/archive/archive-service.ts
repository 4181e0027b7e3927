import type { Result } from "../../base/result.ts";
import { fail, ok } from "../../base/result.ts";
import { LOG_BATCHES_PER_COMMIT, LOG_INTERVAL_MS } from "../../model/limits.ts";
import type { Logged, LogPart } from "../../model/message.ts";
import { createGroups } from "../session/groups.ts";
import type { Journal } from "../store/journal.ts";
import type { ArchiveFile, LogAnswer, LogBatch } from "./archive-file.ts";
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
   * node.
   */
  readonly take: (node: string, part: LogPart) => Promise<Result<Logged | undefined, string>>;
  readonly forget: (node: string) => void;
  /** Entries archived of a node; null where its ledger forked and nobody has looked yet. */
  readonly sizeOf: (node: string) => number | null;
  /** A person looked at a node that was quarantined: its ledger is taken anew where it had forked. */
  readonly released: (node: string) => void;
}

export function createArchiveService({ file, journal, hubId, quarantine }: ArchivePorts): ArchiveService {
  const assembly = createLogAssembly();
  const append = createGroups<LogBatch, LogAnswer>(LOG_BATCHES_PER_COMMIT, async (batches) => file.append(batches));
  return {
    take: async (node, part) => {
      const taken = assembly.take(node, part);
      if (!taken.ok) return fail(taken.error);
      const { size } = file.headOf(node);
      if (taken.value.kind === "more") return ok(undefined);
      if (taken.value.kind === "busy") return ok({ size, retryAfterMs: LOG_INTERVAL_MS * 10 });
      const answer = await append(taken.value.batch);
      if (answer.kind !== "fork") return ok({ size: answer.size });
      const why = `its ledger is not the one it was: ${answer.fault}`;
      await journal.append([
        {
          ...{
            action_type: "node_session",
            action: "forked",
            target: node,
            details: why,
            user_id: hubId,
            smart_id: null,
          },
          metadata: { archived: answer.size },
        },
      ]);
      await quarantine(node, why);
      return ok({ size: answer.size, refused: why });
    },
    forget: assembly.forget,
    sizeOf: (node) => (file.faultOf(node) === null ? file.headOf(node).size : null),
    released: file.startOver,
  };
}
