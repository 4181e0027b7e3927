import { MAX_ALERT_TAILS } from "../../model/limits.ts";
import { nextTurn } from "../store/turns.ts";
import { type AlertFilter, type AlertRecord, alertId, severityRank } from "./alert-record.ts";
import type { AlertStore } from "./alert-store.ts";

/** What came, and where to go on. */
export interface TailPage {
  readonly alerts: readonly AlertRecord[];
  /** Everything up to this number was looked at; ask again with it. */
  readonly next: string;
}

export interface TailRequest {
  /** The number behind which it begins; undefined is now. */
  readonly after: number | undefined;
  /** How long to wait where nothing is there yet. */
  readonly waitMs: number;
  readonly filter: Pick<AlertFilter, "contract" | "node" | "reason" | "severity">;
}

export interface Tail {
  /** Lets everybody who waits look again. */
  readonly wake: () => void;
  readonly read: (request: TailRequest) => Promise<TailPage>;
}

const PER_PAGE = 256;

/** Alerts as they come. Whoever asks again with `next` misses none and sees none twice, however long it was away. */
export function createTail(store: Pick<AlertStore, "after" | "find">, lastNumber: () => number): Tail {
  const waiting = new Set<() => void>();
  let wakes = 0;
  const look = async (after: number, filter: TailRequest["filter"]): Promise<TailPage & { readonly at: number }> => {
    for (let at = after; ; ) {
      const page = await store.after(at, PER_PAGE);
      at = page.at(-1)?.number ?? at;
      const fitting = page.filter(({ alert }) => fits(alert, filter));
      if (fitting.length > 0 || page.length < PER_PAGE)
        // What retention removed after the page was read is told no more.
        return { alerts: fitting.flatMap(({ id }) => store.find(id) ?? []), next: alertId(at), at };
      // Nothing of a million alerts may fit: others have the loop between two pages.
      await nextTurn();
    }
  };
  return {
    wake: () => {
      wakes += 1;
      for (const go of [...waiting]) go();
    },
    async read({ after, waitMs, filter }) {
      const untilMs = performance.now() + waitMs;
      let known = wakes;
      let page = await look(after ?? lastNumber(), filter);
      while (page.alerts.length === 0 && waiting.size < MAX_ALERT_TAILS) {
        const leftMs = untilMs - performance.now();
        if (leftMs <= 0) break;
        // What came during the look may stand behind what it saw.
        if (wakes === known) await somethingNew(waiting, leftMs);
        known = wakes;
        page = await look(page.at, filter);
      }
      return { alerts: page.alerts, next: page.next };
    },
  };
}

const fits = (alert: AlertRecord["alert"], { contract, node, reason, severity }: TailRequest["filter"]): boolean =>
  (contract === undefined || alert.contract === contract) &&
  (node === undefined || alert.node === node) &&
  (reason === undefined || alert.reason === reason) &&
  (severity === undefined || severityRank[alert.severity] >= severityRank[severity]);

function somethingNew(waiting: Set<() => void>, atMostMs: number): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      clearTimeout(timer);
      waiting.delete(go);
      resolve();
    };
    const timer = setTimeout(go, atMostMs);
    timer.unref();
    waiting.add(go);
  });
}
