import type { Database } from "../disk/sqlite.ts";
import type { Attestation } from "./agent-clock.ts";

/** Small facts about this node that must survive a restart and are no evidence. */
export interface Marks {
  readonly attestation: () => Attestation | null;
  readonly setAttestation: (attestation: Attestation) => void;
  /** 1, 2, 3 …, never one twice, across restarts. */
  readonly nextReportCounter: () => number;
  /** Of the last report; 0 before the first. */
  readonly reportCounter: () => number;
}

export function openMarks(db: Database): Marks {
  db.exec("CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT");
  const read = db.prepare("SELECT value FROM mark WHERE name = ?");
  const write = db.prepare("INSERT INTO mark VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
  const valueFor = (name: string): string | undefined =>
    (read.get(name) as { readonly value: string } | undefined)?.value;
  // Read at every decision, written once a minute, by this process alone.
  let attestation = JSON.parse(valueFor("attestation") ?? "null") as Attestation | null;
  const reportCounter = (): number => Number(valueFor("report-counter") ?? "0");
  return {
    reportCounter,
    attestation: () => attestation,
    setAttestation: (next) => {
      write.run("attestation", JSON.stringify(next));
      attestation = next;
    },
    nextReportCounter: () => {
      const next = reportCounter() + 1;
      write.run("report-counter", String(next));
      return next;
    },
  };
}
