import { DAY_MS } from "../../base/civil-time.ts";
import { MaintError } from "../../base/maint-error.ts";
import type { Bundle } from "../../model/bundle.ts";
import { DEFAULT_IMPACT_BUDGET, IMPACT_DAYS, REPLAY_PATIENCE_MS } from "../../model/limits.ts";
import type { NodeArchive } from "../archive/archived.ts";
import type { Clock, ContractSource } from "../ports.ts";
import type { ReplayService } from "../replay/replay-service.ts";
import type { ReplayShare, ReplaySummary } from "../replay/replay-summary.ts";
import type { ImpactBudgets } from "./impact-budgets.ts";

/** What the author says of what a version would do to recorded decisions. */
export interface ImpactTerms {
  /** Share of allowed decisions that may be newly blocked, 0 to 1; only ever less than the domain's, or the hub's own. */
  readonly budget?: number | undefined;
  /** Why more is right. */
  readonly accepted?: string | undefined;
}

export interface Impact {
  readonly decisions: number;
  /** Of them, those of which nobody can say what they would have been. */
  readonly notJudged: number;
  readonly newlyBlocked: ReplayShare;
  readonly newlyAllowed: ReplayShare;
  readonly budget: number;
  /** Null where it is within the budget. */
  readonly accepted: string | null;
  /** The archive was still being read: the shares say nothing, and a person answered for it. */
  readonly isUnknown?: true;
}

export interface ImpactPorts {
  readonly replays: Pick<ReplayService, "summarize">;
  readonly archive: Pick<NodeArchive, "exposure">;
  readonly contracts: Pick<ContractSource, "current">;
  readonly clock: Clock;
  readonly budgets: Pick<ImpactBudgets, "of">;
}

export interface ImpactGate {
  /**
   * What recorded decisions of the last days would be under this bundle, held against the version in force. Where none is archived
   * nobody knows: that holds nothing up, and is said. Null for the first version, which has nothing to be held against. @throws
   * MaintError MAINT_ERR_IMPACT beyond the budget, or while the archive is still being read, without a reason
   */
  readonly check: (candidate: Bundle, terms: ImpactTerms, domain: string | null) => Promise<Impact | null>;
}

export function createImpactGate({ replays, archive, contracts, clock, budgets }: ImpactPorts): ImpactGate {
  return {
    check: async (candidate, { budget: asked = 1, accepted = "" }, domain) => {
      const toMs = clock.nowMs();
      const fromMs = toMs - IMPACT_DAYS * DAY_MS;
      const [any] = archive.exposure({ fromMs, toMs, bucketMs: toMs - fromMs });
      const current = await contracts.current(candidate.contract);
      const against = current?.version ?? undefined;
      if (any === undefined) return against === undefined ? null : NOTHING_RECORDED;
      const summary = await patiently(
        replays.summarize({ candidate, against, filter: { fromMs, toMs }, examples: SHOWN }),
      );
      const own = domain === null ? DEFAULT_IMPACT_BUDGET : (await budgets.of(domain)).budget;
      const budget = Math.min(asked, own);
      const reason = accepted.trim();
      if (summary === undefined) return unknownImpact(budget, reason);
      const { counts, newlyBlocked, newlyAllowed } = summary;
      const isBeyond = (newlyBlocked.share ?? 0) > budget;
      if (isBeyond && reason === "") throw beyond(summary, budget);
      const notJudged = counts.notJudged + counts.notReproducible;
      const found = { decisions: counts.decisions, notJudged, newlyBlocked, newlyAllowed };
      return { ...found, budget, accepted: isBeyond ? reason : null };
    },
  };
}

const SHOWN = 3;
const percent = (share: number | null): string => `${((share ?? 0) * 100).toFixed(1)} %`;

/** For the ledger and the version's history. */
export function impactWords({ newlyBlocked, newlyAllowed, accepted, budget, isUnknown, ...of }: Impact): string {
  if (of.decisions === 0 && isUnknown !== true)
    return `impact: not known, no decision of the last ${IMPACT_DAYS} days is archived`;
  if (isUnknown === true) return `impact: not known, the archive was still being read; accepted: ${accepted}`;
  const blocked = `${newlyBlocked.count} of ${newlyBlocked.of} recorded allowed decisions newly blocked (${percent(newlyBlocked.share)})`;
  const allowed = `${newlyAllowed.count} of ${newlyAllowed.of} blocked ones newly allowed`;
  const why = accepted === null ? "" : `, beyond the budget of ${percent(budget)}, accepted: ${accepted}`;
  const left = of.notJudged === 0 ? "" : `; ${of.notJudged} of ${of.decisions} decisions could not be judged`;
  return `impact: ${blocked}, ${allowed}${why}${left}`;
}

function beyond({ newlyBlocked, examples, contract }: ReplaySummary, budget: number): MaintError {
  const { count, of, share, low, high } = newlyBlocked;
  const shown = examples.newlyBlocked.map(({ node, test, now }) => `${node} ${test ?? ""}: ${now.join(", ")}`);
  return new MaintError(
    "MAINT_ERR_IMPACT",
    `${count} of ${of} recorded decisions of the last ${IMPACT_DAYS} days would be newly blocked: ${percent(share)} (95 %: ${percent(low)} to ${percent(high)}), the budget is ${percent(budget)}; ${shown.join("; ")}`,
    { exitCode: 1, help: `maint replay ${contract} shows which; --accept-impact "why" goes on all the same` },
  );
}

const NO_SHARE: ReplayShare = { count: 0, of: 0, share: null, low: 0, high: 1 };

const NOTHING_RECORDED: Impact = {
  ...{ decisions: 0, notJudged: 0, newlyBlocked: NO_SHARE, newlyAllowed: NO_SHARE },
  ...{ budget: DEFAULT_IMPACT_BUDGET, accepted: null },
};

/** A plant that must have its next version now need not wait for the reading of years. */
function unknownImpact(budget: number, reason: string): Impact {
  if (reason !== "") return { ...NOTHING_RECORDED, budget, accepted: reason, isUnknown: true };
  throw new MaintError("MAINT_ERR_IMPACT", "the archive is still being read to say what this would change", {
    exitCode: 1,
    help: 'try again in a while, what was read stays; or answer for it with --accept-impact "why"',
  });
}

/** Undefined where it takes too long; it goes on all the same, so that the next who asks waits less. */
async function patiently<T>(work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), REPLAY_PATIENCE_MS);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
