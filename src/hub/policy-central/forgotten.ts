import { fail, ok, type Result } from "../../base/result.ts";
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
}

export function openForgotten({ db, journal, clock, policy, changed, log }: ForgottenPorts): Forgotten {
  return {
    recall: async () => {
      const rows = await db.tables<SeenTables>().selectFrom("seen_metadata").selectAll().execute();
      for (const { name, text } of rows) policy.learn(name, text, clock.nowMs());
    },
    learn: async (node, name, text) => {
      const nowMs = clock.nowMs();
      const before = policy.metadata();
      const learnt = policy.learn(name, text, nowMs);
      if (!learnt.ok) return fail(`${name}: ${learnt.error}`);
      const own = name === "snapshot" || name === "timestamp" ? before[name] : before.delegated.get(name);
      const known = own?.version ?? 0;
      const version = policy.seen().roles.get(name) ?? 0;
      // What is current here anyway was not forgotten.
      if (!learnt.value || version <= known) return ok(undefined);
      const details = `${node} rests on ${name} ${version}, here it was ${known}: this hub was restored from an older copy`;
      await journal.commit<SeenTables, void>(async ({ tables, record }) => {
        const row = { text, node, at_ms: nowMs };
        await tables
          .insertInto("seen_metadata")
          .values({ name, ...row })
          .onConflict((conflict) => conflict.column("name").doUpdateSet(row))
          .execute();
        record({
          ...{ action_type: "process", action: "forgotten", target: name, user_id: node, smart_id: null },
          ...{ details, metadata: { version, known } },
        });
      });
      log(details);
      changed();
      return ok(undefined);
    },
  };
}
