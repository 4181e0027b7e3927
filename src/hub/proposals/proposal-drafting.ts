import type { Rational } from "../../base/rational.ts";
import type { Result } from "../../base/result.ts";
import { nextVersion } from "../../model/ids.ts";
import { MAX_PATTERN_ALERTS, MAX_PROPOSAL_ALERTS, PROPOSAL_LOOK_BACK_MS } from "../../model/limits.ts";
import { badRequest, conflict } from "../refusals.ts";
import { archivedReadings } from "./archived-readings.ts";
import { draftShorterInterval } from "./draft-interval.ts";
import { draftMissingCondition } from "./draft-missing.ts";
import { type Draft, draftProposal } from "./draft-proposal.ts";
import type { ProposalKind } from "./proposal.ts";
import { type InForce, inForce, type ProposalPorts } from "./proposal-ports.ts";
import { studyOf } from "./proposal-study.ts";

/** What a proposal is asked for. */
export type ProposalRequest =
  | { readonly kind: "pattern"; readonly pattern: string }
  | {
      readonly kind: "shorter-interval" | "missing-condition";
      readonly contract: string;
      /** Its name in the contract; may be left out where there is but one to propose for. */
      readonly equipment?: string | undefined;
    };

/** A cause and how it is drafted: the cause comes first, for one proposal that is alive for it is enough. */
export interface Drafting {
  readonly kind: ProposalKind;
  readonly cause: string;
  readonly alerts: readonly string[];
  readonly current: InForce;
  readonly draft: () => Promise<Result<Draft, string>>;
}

/** @throws MaintError NOT_FOUND for an unknown pattern, CONFLICT where there is nothing to propose */
export async function draftingOf(ports: ProposalPorts, request: ProposalRequest): Promise<Drafting> {
  if (request.kind === "pattern") return againstPattern(ports, request.pattern);
  const current = await inForce(ports, request.contract);
  const study = await studyOf(ports, request.contract);
  const place = { current, nextVersion: nextVersion(current.version) };
  if (request.kind === "shorter-interval") {
    const interval = pickOne(
      study.intervals,
      request.equipment,
      (one) => one.shorter !== null,
      "a calibration interval",
    );
    return {
      ...{ kind: request.kind, alerts: [], current },
      cause: `interval ${request.contract} ${interval.equipment}`,
      draft: async () => draftShorterInterval({ study: interval, ...place }, ports.tools),
    };
  }
  const missing = pickOne(study.missing, request.equipment, () => true, "a condition that others have");
  return {
    ...{ kind: request.kind, alerts: [], current },
    cause: `missing ${request.contract} ${missing.equipment} ${missing.kind}`,
    draft: async () => draftMissingCondition({ missing, ...place }, ports.tools),
  };
}

/** That of the equipment named; else the first there is something to propose for, else the first at all, which says why not. */
function pickOne<T extends { readonly equipment: string }>(
  all: readonly T[],
  equipment: string | undefined,
  isAsking: (one: T) => boolean,
  what: string,
): T {
  const own = equipment === undefined ? all : all.filter((one) => one.equipment === equipment);
  const found = own.find(isAsking) ?? own[0];
  if (found !== undefined) return found;
  if (equipment === undefined) throw conflict(`there is no ${what.replace(/^an? /, "")} to propose`);
  const names = [...new Set(all.map((one) => one.equipment))];
  throw badRequest(
    `there is no ${what.replace(/^an? /, "")} for ${equipment}`,
    `there is for: ${names.join(", ") || "nothing"}`,
  );
}

async function againstPattern(ports: ProposalPorts, id: string): Promise<Drafting> {
  const pattern = await ports.patterns.find(id);
  if (pattern.contract === null) throw conflict(`${id}: no contract gave these alerts, none can be improved`);
  const current = await inForce(ports, pattern.contract);
  const { contract } = pattern;
  return {
    ...{ kind: "early-warning", cause: id, current },
    alerts: pattern.alerts.slice(-MAX_PATTERN_ALERTS),
    draft: async () => {
      const sinceMs = ports.clock.nowMs() - PROPOSAL_LOOK_BACK_MS;
      const alerts = await ports.alerts.list({ contract, sinceMs, limit: MAX_PROPOSAL_ALERTS });
      const archived = await readingsOf(ports, current, pattern.subjects);
      const input = {
        ...{ pattern, alerts: alerts.map(({ alert }) => alert), current, nextVersion: nextVersion(current.version) },
        archived: (quantity: string) => archived.get(quantity) ?? [],
      };
      return draftProposal(input, ports.tools);
    },
  };
}

async function readingsOf(
  { archive, clock }: ProposalPorts,
  { contract, bundle }: InForce,
  subjects: readonly string[],
): Promise<ReadonlyMap<string, readonly Rational[]>> {
  const toMs = clock.nowMs() + 1;
  const asked = { contract, fromMs: toMs - PROPOSAL_LOOK_BACK_MS, toMs };
  const readings = new Map<string, readonly Rational[]>();
  if (archive === null) return readings;
  for (const quantity of bundle.quantities.filter(({ name }) => subjects.includes(name)))
    readings.set(quantity.name, (await archivedReadings(archive, { ...asked, quantity })).values);
  return readings;
}
