import { printUtc } from "../../base/civil-time.ts";
import type { LedgerRecord } from "../../model/ledger-entry.ts";
import { RETENTION_CHECK_MS } from "../../model/limits.ts";
import type { KnownNode, NodeService } from "../nodes/node-service.ts";
import type { Clock, Principal } from "../ports.ts";
import { notFound, unknownId } from "../refusals.ts";
import type { Journal } from "../store/journal.ts";
import type { ArchiveFile } from "./archive-file.ts";
import type { ArchivedDecision, ArchivedEntry, ArchivedNode, DecisionFilter, EntryFilter } from "./archived.ts";
import { EVERY_NODE, type Removal, type Retention } from "./retention.ts";

export interface ArchiveDeskPorts {
  readonly file: ArchiveFile;
  readonly nodes: Pick<NodeService, "list">;
  readonly journal: Pick<Journal, "append">;
  readonly clock: Clock;
  readonly hubId: string;
}

/** Where people read the archive of a running hub: who reads entries is written into the hub's ledger before the answer goes out. */
export interface ArchiveDesk {
  readonly overview: () => Promise<ArchiveOverview>;
  readonly entries: (filter: EntryFilter, by: Principal) => Promise<readonly ArchivedEntry[]>;
  /** Without what they were decided on. */
  readonly decisions: (filter: DecisionFilter, by: Principal) => Promise<readonly DecidedThere[]>;
  /** @throws MaintError NOT_FOUND where it is not archived, or not any more */
  readonly entry: (node: string, seq: number, by: Principal) => Promise<ArchivedEntry>;
  /** @throws MaintError NOT_FOUND for an unknown node */
  readonly retain: (retention: Retention, by: Principal) => Promise<Retention>;
  /** Removes what is beyond its retention, at most every RETENTION_CHECK_MS. */
  readonly tidy: () => Promise<void>;
}

export interface ArchiveOverview {
  readonly nodes: readonly OverviewNode[];
  readonly retention: readonly Retention[];
}

export interface OverviewNode extends ArchivedNode {
  /** More than one where the ledger forked and was let go on. */
  readonly strands: number;
  /** Entries that the node had by its last report and that are not archived yet; null where it never reported. */
  readonly behind: number | null;
}

/** One archived decision in a line. */
export interface DecidedThere {
  readonly node: string;
  readonly seq: number;
  readonly at: string;
  readonly test: string | null;
  readonly order: string | null;
  readonly part: string | null;
  readonly allow: boolean;
  readonly operator: string | null;
  readonly contracts: readonly { readonly contract: string; readonly version: string | null }[];
  readonly reasons: readonly string[];
}

export function createArchiveDesk(ports: ArchiveDeskPorts): ArchiveDesk {
  const { file, nodes, journal, clock, hubId } = ports;
  const note = async (by: Principal, target: string, action: string, details: string, asked: object): Promise<void> => {
    const said = { action_type: "ledger_read", action, target, details: `${by.id} ${details}` } as const;
    await journal.append([{ ...said, user_id: by.id, smart_id: null, metadata: { filter: withoutGaps(asked) } }]);
  };
  const ofNodes = ({ nodes: asked }: { readonly nodes?: readonly string[] | undefined }): string =>
    asked?.join(", ") ?? EVERY_NODE;
  let tidiedAtMs = Number.NEGATIVE_INFINITY;
  return {
    overview: async () => ({ nodes: overviewOf(file, await nodes.list()), retention: file.retention() }),
    entries: async (filter, by) => {
      await note(by, ofNodes(filter), "listed", `reads archived entries of ${ofNodes(filter)}`, filter);
      return [...file.entries(filter)];
    },
    decisions: async (filter, by) => {
      await note(by, ofNodes(filter), "listed", `reads archived decisions of ${ofNodes(filter)}`, filter);
      return [...file.decisions(filter)].map(decidedThere);
    },
    entry: async (node, seq, by) => {
      const found = file.entryAt(node, seq);
      if (found === undefined) throw notFound(`entry ${seq} of ${node} is not archived here`);
      await note(by, node, "shown", `reads archived entry ${seq} of ${node}`, { seq });
      return found;
    },
    retain: async (retention, by) => {
      const known = [...(await nodes.list()).map(({ id }) => id), ...file.nodes().map(({ node }) => node)];
      if (retention.node !== EVERY_NODE && !known.includes(retention.node))
        throw unknownId("node", retention.node, known);
      // Written down first: what is removed later was asked for by somebody.
      await journal.append([retentionRecord(retention, by)]);
      file.retain(retention);
      return retention;
    },
    tidy: async () => {
      const nowMs = clock.nowMs();
      if (Math.abs(nowMs - tidiedAtMs) < RETENTION_CHECK_MS) return;
      tidiedAtMs = nowMs;
      await file.removeExpired(nowMs, async (removal) => void (await journal.append([removalRecord(removal, hubId)])));
    },
  };
}

function overviewOf(file: ArchiveFile, known: readonly KnownNode[]): readonly OverviewNode[] {
  const said = new Map(known.map(({ id, report }) => [id, report?.ledgerHead.size ?? null]));
  const strands = file.strands();
  return file.nodes().map((archived) => {
    const size = said.get(archived.node) ?? null;
    const count = strands.filter(({ node }) => node === archived.node).length;
    return { ...archived, strands: count, behind: size === null ? null : Math.max(0, size - archived.size) };
  });
}

export const decidedThere = ({ node, entry, atMs, recorded }: ArchivedDecision): DecidedThere => {
  const { testId: test, order, allow, operator, contracts, reasons } = recorded.decision;
  const of = contracts.map(({ contract, version }) => ({ contract, version }));
  return {
    ...{ node, seq: entry.seq, at: printUtc(atMs), test, order, part: recorded.part, allow, operator },
    ...{ contracts: of, reasons },
  };
};

const retentionRecord = (retention: Retention, by: Principal): LedgerRecord => ({
  ...{ action_type: "ledger_archive", action: "retention-set", target: retention.node, details: wordsOf(retention) },
  ...{ user_id: by.id, smart_id: null, metadata: { ...retention } },
});

export const wordsOf = ({ node, days, entries }: Retention): string => {
  const limits = [days === null ? [] : `${days} days`, entries === null ? [] : `${entries} entries`].flat();
  const of = node === EVERY_NODE ? "every node" : node;
  return `of the ledger of ${of} ${limits.length === 0 ? "everything" : `at most ${limits.join(" and ")}`} is kept`;
};

const removalRecord = ({ node, strand, from, upTo, lastHash }: Removal, hubId: string): LedgerRecord => ({
  ...{ action_type: "ledger_archive", action: "removed", target: node, user_id: hubId, smart_id: null },
  details: `entries ${from} to ${upTo - 1} of ${node} are removed by retention; the last has the hash ${lastHash}`,
  metadata: { strand, from, upTo, lastHash },
});

/** What was not asked is not written down. */
const withoutGaps = (asked: object): { readonly [name: string]: unknown } =>
  Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
