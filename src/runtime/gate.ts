import type { Decision, EngineChoice } from "../model/decision.ts";
import { DECISION_BUDGET_MS } from "../model/limits.ts";
import { openPlantCalendar, type PlantCalendar } from "../model/plant-calendar.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { snapshotFromValues } from "../model/snapshot-parse.ts";
import type { ZoneTransitions } from "../model/zone.ts";
import { blockedDecision, decide } from "./decide.ts";
import { type Finding, finding } from "./facts/part.ts";
import type { AlertSink, Clock, EvidenceStore, Journal, TestRequest } from "./ports.ts";
import type { Release } from "./selection.ts";

export interface GateOptions {
  /** What is in force or will be; changed as a whole with `Gate.use`. */
  readonly bundles: readonly Release[];
  readonly evidence: EvidenceStore;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly zone: ZoneTransitions;
  readonly engine?: EngineChoice;
  readonly node?: string | null;
  readonly alerts?: AlertSink;
}

/** A decision and its ledger position; null where it could not be written, and then it is a blocked one. */
export interface GateAnswer {
  readonly decision: Decision;
  readonly ledgerSeq: number | null;
}

export interface Gate {
  /** Never rejects and never allows what is not on disk. */
  readonly decide: (request: TestRequest) => Promise<GateAnswer>;
  /** Another set of releases; a decision under way keeps the one it began with. */
  readonly use: (bundles: readonly Release[]) => void;
}

/** Opens a gate over ports: file adapters live elsewhere. */
export function openGate(options: GateOptions): Gate {
  const { clock, evidence, journal, alerts, engine = "both", node = null } = options;
  const calendar = openPlantCalendar(options.zone);
  let releases = options.bundles;
  const judge = async (request: TestRequest, now: number): Promise<Decision> => {
    const inUse = releases;
    const blocked = (why: Finding): Decision => block(request, now, calendar, node, engine, why);
    if (inUse.length === 0) return blocked(finding("bundle.none", "node"));
    const work = evidence
      .snapshot(request, now)
      .then((snapshot) => decide({ releases: inUse, snapshot, now, calendar, node, assumeBinding: false }, engine))
      .catch((error: unknown) => blocked(finding("runtime.error", "node", String(error))));
    return within(work, clock, () => blocked(finding("runtime.timeout", "node")));
  };
  return {
    decide: async (request) => {
      const now = clock.nowMs();
      const decision = await judge(request, now);
      try {
        const { seq } = await journal.append(decision);
        if (!decision.allow) alerts?.blocked(decision, seq);
        return { decision, ledgerSeq: seq };
      } catch {
        const why = finding("runtime.unavailable", "node", "the decision could not be written down");
        return { decision: block(request, now, calendar, node, engine, why), ledgerSeq: null };
      }
    },
    use: (bundles) => {
      releases = bundles;
    },
  };
}

/** The budget of one decision, evidence included. A late answer is a blocked one. Source: decisions.md. */
async function within(work: Promise<Decision>, clock: Clock, late: () => Decision): Promise<Decision> {
  const began = clock.monotonicMs();
  const timer = clock.after(DECISION_BUDGET_MS);
  const decision = await Promise.race([work, timer.elapsed.then(late)]);
  timer.cancel();
  return clock.monotonicMs() - began > DECISION_BUDGET_MS ? late() : decision;
}

function block(
  request: TestRequest,
  now: number,
  calendar: PlantCalendar,
  node: string | null,
  engine: EngineChoice,
  why: Finding,
): Decision {
  const { test: id, kind, order: clientPO, operator } = request;
  const snapshot: Snapshot = snapshotFromValues({ test: { id, kind, clientPO, operator } });
  return blockedDecision({ snapshot, now, calendar, node }, why, engine);
}
