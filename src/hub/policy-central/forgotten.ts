import { fail, ok, type Result } from "../../base/result.ts";
import type { RestsOn } from "../../model/message.ts";
import type { Clock } from "../ports.ts";
import type { HubDatabase } from "../store/database.ts";
import type { Journal } from "../store/journal.ts";
import type { SeenTables } from "../store/seen-tables.ts";
import type { PolicyCentral } from "./policy-central.ts";

export interface ForgottenPorts {
  readonly db: HubDatabase;
  readonly journal: Pick<Journal, "commit">;
  readonly clock: Clock;
  readonly policy: PolicyCentral;
  /** Desired sets name other metadata now. */
  readonly changed: () => void;
  readonly log: (line: string) => void;
}

/** What this hub handed out before it was restored from an older copy, learnt back from its nodes, kept across restarts. */
export interface Forgotten {
  /** Reads what was learnt before. Call once at start. */
  readonly recall: () => Promise<void>;
  /** Durable when fulfilled. The error is a sentence. */
  readonly learn: (node: string, name: string, text: string) => Promise<Result<undefined, string>>;
  /**
   * Whether a node that rests on this would refuse what this hub signs: the online key's numbers are below the node's, or equal
   * with other content; or a role is lost until its people sign it anew.
   */
  readonly isAhead: (rests: RestsOn | undefined) => boolean;
}

const ONLINE = ["snapshot", "timestamp"] as const;
type OnlineRole = (typeof ONLINE)[number];
const isOnline = (name: string): name is OnlineRole => name === "snapshot" || name === "timestamp";

export function openForgotten({ db, journal, clock, policy, changed, log }: ForgottenPorts): Forgotten {
  const versionHere = (name: string): number =>
    (isOnline(name) ? policy.metadata()[name] : policy.metadata().delegated.get(name))?.version ?? 0;
  /** With which snapshot this hub came back. */
  let cameBackWith = versionHere("snapshot");
  const lostRoles = (): readonly string[] =>
    [...policy.seen().roles].flatMap(([name, version]) =>
      isOnline(name) || version <= versionHere(name) ? [] : [name],
    );
  return {
    recall: async () => {
      const rows = await db.tables<SeenTables>().selectFrom("seen_metadata").selectAll().execute();
      for (const { name, text, known } of rows) {
        policy.learn(name, text, clock.nowMs());
        if (name === "snapshot") cameBackWith = Math.min(cameBackWith, known);
      }
    },
    isAhead: (rests) => {
      if (rests === undefined) return false;
      const here = policy.metadata();
      const isBelow = (role: OnlineRole): boolean =>
        rests[role].version > here[role].version ||
        (rests[role].version === here[role].version && rests[role].digest !== here[role].digest);
      if (ONLINE.some(isBelow)) return true;
      const { version } = rests.snapshot;
      return version > cameBackWith && version <= (policy.seen().roles.get("snapshot") ?? 0) && lostRoles().length > 0;
    },
    learn: async (node, name, text) => {
      const nowMs = clock.nowMs();
      const known = versionHere(name);
      const learnt = policy.learn(name, text, nowMs);
      if (!learnt.ok) return fail(`${name}: ${learnt.error}`);
      if (!learnt.value) return ok(undefined);
      const version = policy.seen().roles.get(name) ?? 0;
      // What is current here anyway was not forgotten; it may have been signed anew all the same, where two differ in content.
      if (version > known) {
        const details = `${node} rests on ${name} ${version}, here it was ${known}: this hub was restored from an older copy`;
        await remember(journal, { name, text, node, atMs: nowMs, version, known, cameBackWith, details });
        log(isOnline(name) ? details : `${details}; ${LOST_ROLE}`);
      }
      changed();
      return ok(undefined);
    },
  };
}

const LOST_ROLE =
  "nodes that have it take nothing new, people and orders included, until the next version of a contract in it is stored";

interface Learnt {
  readonly name: string;
  readonly text: string;
  readonly node: string;
  readonly atMs: number;
  readonly version: number;
  readonly known: number;
  readonly cameBackWith: number;
  readonly details: string;
}

async function remember(journal: ForgottenPorts["journal"], learnt: Learnt): Promise<void> {
  const { name, text, node, atMs, version, known, cameBackWith, details } = learnt;
  const row = { text, node, at_ms: atMs };
  await journal.commit<SeenTables, void>(async ({ tables, record }) => {
    await tables
      .insertInto("seen_metadata")
      .values({ name, ...row, known: name === "snapshot" ? cameBackWith : known })
      .onConflict((conflict) => conflict.column("name").doUpdateSet(row))
      .execute();
    record({
      ...{ action_type: "process", action: "forgotten", target: name, user_id: node, smart_id: null },
      ...{ details, metadata: { version, known } },
    });
  });
}
