import { printUtc } from "../base/civil-time.ts";
import type { LedgerFile } from "../disk/ledger-file.ts";
import { TAKE_OVER_CHECK_MS } from "../model/limits.ts";
import type { Activation } from "./activation.ts";
import type { AgentClock } from "./agent-clock.ts";
import type { NewAlert } from "./alert-spool.ts";
import { FRESH, stepFreshness } from "./core/freshness.ts";
import type { HubLink } from "./hub-link.ts";

export interface FreshnessSources {
  readonly node: string;
  readonly activation: Pick<Activation, "standing">;
  readonly clock: AgentClock;
  readonly ledger: Pick<LedgerFile, "head">;
  readonly voice: {
    readonly link: () => Pick<HubLink, "state"> | null;
    readonly raise: (alerts: readonly NewAlert[]) => void;
    readonly fatal: (error: unknown) => void;
  };
}

/** When the hub's word for the set that was accepted last runs out; null where there is no set. */
export function freshUntilMs({ standing }: Pick<Activation, "standing">): number | null {
  const now = standing();
  return now.kind === "ready" ? now.set.freshUntilMs : null;
}

/** Tells people of a hub that answers and vouches for nothing any more; the gate goes on. Answers what ends the watch. */
export function watchFreshness(sources: FreshnessSources): () => void {
  let state = FRESH;
  const look = (): void => {
    const { nowMs, source } = sources.clock.now();
    const until = freshUntilMs(sources.activation);
    const isAnswered = source === "attested" && sources.voice.link()?.state().phase === "welcomed";
    const monotonicMs = sources.clock.sources.monotonicMs();
    const step = stepFreshness(state, { nowMs, monotonicMs, isAnswered, freshUntilMs: until });
    state = step.state;
    if (step.tell) sources.voice.raise([staleAlert(sources, nowMs, until ?? nowMs)]);
  };
  const timer = setInterval(() => {
    try {
      look();
    } catch (error) {
      sources.voice.fatal(error);
    }
  }, TAKE_OVER_CHECK_MS);
  return () => clearInterval(timer);
}

const staleAlert = ({ node, ledger }: FreshnessSources, atMs: number, untilMs: number): NewAlert => ({
  ...{ node, atMs, ledgerSeq: ledger.head().size - 1 },
  kind: "release-rejected",
  severity: "high",
  ...{ contract: null, version: null, bundleDigest: null, condition: null },
  reason: "bundle.stale",
  subject: "timestamp",
  text: `the hub answers, but has vouched for no set since ${printUtc(untilMs)}; what is in force goes on`,
  ...{ testId: null, stationId: null, stationType: null, reading: null },
  assets: [],
  tell: [],
});
