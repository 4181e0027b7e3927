import { randomBytes } from "node:crypto";
import { openDatabase, transaction } from "../disk/sqlite.ts";
import type { Alert } from "../model/alert.ts";
import { MAX_SPOOLED_ALERTS } from "../model/limits.ts";

/** An alert before it has its place in the stream. */
export type NewAlert = Omit<Alert, "epoch" | "seq">;

/** Alerts on their way to the hub. What is in here survives a power cut; what the hub acknowledged is pruned. */
export interface AlertSpool {
  readonly epoch: () => string;
  /** The last seq that was ever given out in this epoch; 0 before the first. */
  readonly lastSeq: () => number;
  readonly ackedSeq: () => number;
  /** Durable when it answers the last seq. Beyond MAX_SPOOLED_ALERTS nothing more is taken; `dropped` counts that. */
  readonly append: (alerts: readonly NewAlert[]) => { readonly lastSeq: number; readonly dropped: number };
  readonly read: (afterSeq: number, upTo: number) => readonly Alert[];
  /** Removes what the hub holds durably. */
  readonly prune: (ackedSeq: number) => void;
  /** Gives what is left new numbers, from 1, in a new epoch. */
  readonly renew: () => void;
  readonly close: () => void;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS mark (id INTEGER PRIMARY KEY CHECK (id = 1), epoch TEXT NOT NULL, last_seq INTEGER NOT NULL, acked_seq INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS alert (seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;`;

interface Mark {
  readonly epoch: string;
  readonly last_seq: number;
  readonly acked_seq: number;
}

export function openAlertSpool(path: string): AlertSpool {
  const db = openDatabase(path);
  db.exec(SCHEMA);
  const newEpoch = (): string => randomBytes(8).toString("hex");
  db.prepare("INSERT OR IGNORE INTO mark VALUES (1, ?, 0, 0)").run(newEpoch());
  const readMark = db.prepare("SELECT epoch, last_seq, acked_seq FROM mark");
  const insert = db.prepare("INSERT INTO alert VALUES (?, ?)");
  const setLast = db.prepare("UPDATE mark SET last_seq = ?");
  const select = db.prepare("SELECT seq, body FROM alert WHERE seq > ? AND seq <= ? ORDER BY seq");
  const mark = (): Mark => readMark.get() as unknown as Mark;
  return {
    epoch: () => mark().epoch,
    lastSeq: () => mark().last_seq,
    ackedSeq: () => mark().acked_seq,
    append: (alerts) =>
      transaction(db, () => {
        const { last_seq, acked_seq } = mark();
        const room = Math.max(0, MAX_SPOOLED_ALERTS - (last_seq - acked_seq));
        const taken = alerts.slice(0, room);
        taken.forEach((alert, index) => void insert.run(last_seq + 1 + index, JSON.stringify(alert)));
        setLast.run(last_seq + taken.length);
        return { lastSeq: last_seq + taken.length, dropped: alerts.length - taken.length };
      }),
    read: (afterSeq, upTo) => {
      const { epoch } = mark();
      const rows = select.all(afterSeq, upTo) as unknown as { readonly seq: number; readonly body: string }[];
      return rows.map(({ seq, body }) => placed(JSON.parse(body) as NewAlert, epoch, seq));
    },
    prune: (ackedSeq) =>
      transaction(db, () => {
        db.prepare("UPDATE mark SET acked_seq = max(acked_seq, min(?, last_seq))").run(ackedSeq);
        db.prepare("DELETE FROM alert WHERE seq <= (SELECT acked_seq FROM mark)").run();
      }),
    renew: () =>
      transaction(db, () => {
        const rows = select.all(0, Number.MAX_SAFE_INTEGER) as unknown as { readonly body: string }[];
        db.exec("DELETE FROM alert");
        rows.forEach(({ body }, index) => void insert.run(index + 1, body));
        db.prepare("UPDATE mark SET epoch = ?, last_seq = ?, acked_seq = 0").run(newEpoch(), rows.length);
      }),
    close: () => db.close(),
  };
}

/** In the order of the type, which a hub reads the quickest. */
const placed = ({ node, ...said }: NewAlert, epoch: string, seq: number): Alert => ({ node, epoch, seq, ...said });
