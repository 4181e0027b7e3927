import type { Bundle, BundleOverride } from "../model/bundle.ts";
import { isOverridable } from "../model/reason-codes.ts";
import type { Approval, OverrideRecord } from "../model/snapshot.ts";
import { type Moment, sameRole, settleInstant } from "./facts/context.ts";
import { type Finding, finding } from "./facts/part.ts";
import type { Given } from "./judge.ts";

export interface Overridden {
  /** Reasons that stay. */
  readonly reasons: readonly Given[];
  /** `override.*` beside the reasons that stay. */
  readonly refused: readonly Finding[];
  /** `override.applied`. */
  readonly applied: readonly Finding[];
}

/** In the order they are checked. Source: decisions.md B12. */
const STEPS = ["not-allowed", "not-in-force", "too-long", "signatures", "self-approved"] as const;
const HOLDS = STEPS.length;

/**
 * Turns reasons that an override covers into warnings. `others` are reasons no contract gave (`order.*`, `contract.*`): no policy
 * can name them, and an override that tries is told so. Source: decisions.md B12.
 */
export function applyOverrides(reasons: readonly Given[], others: readonly Finding[], moment: Moment): Overridden {
  const { overrides } = moment.snapshot;
  if (overrides.length === 0) return { reasons, refused: [], applied: [] };
  const groups = new Map<string, Given[]>();
  for (const given of reasons) {
    const key = JSON.stringify([given.finding.code, given.finding.subject]);
    groups.set(key, [...(groups.get(key) ?? []), given]);
  }
  const stay: Given[] = [];
  const refused: Finding[] = others.flatMap(({ code, subject }) =>
    meantFor(overrides, code, subject).map(({ id }) => refusal("not-allowed", id, code, subject)),
  );
  const applied: Finding[] = [];
  for (const group of groups.values()) {
    const { code, subject } = (group[0] as Given).finding;
    // A reason that several contracts give is lifted only where each of them lets the override do so.
    const judged = meantFor(overrides, code, subject).map((record) => ({
      record,
      step: Math.min(...group.map((given) => stepReached(record, given, moment))),
    }));
    const holding = judged.find(({ step }) => step === HOLDS);
    if (holding !== undefined) {
      const { id, reason } = holding.record;
      applied.push(
        finding("override.applied", id, `${code} of ${subject}${reason === undefined ? "" : `: ${reason}`}`),
      );
      continue;
    }
    stay.push(...group);
    for (const { record, step } of judged) refused.push(refusal(STEPS[step], record.id, code, subject));
  }
  return { reasons: stay, refused, applied };
}

const meantFor = (overrides: readonly OverrideRecord[], code: string, subject: string): readonly OverrideRecord[] =>
  overrides.filter((record) => record.rule === code && record.subject === subject);

const refusal = (step: (typeof STEPS)[number] | undefined, id: string, code: string, subject: string): Finding =>
  finding(`override.${step}`, id, `${code} of ${subject}`);

/** How far an override gets under the contract's most willing policy: the index of the step that stops it, or HOLDS. */
function stepReached(record: OverrideRecord, { binding, compiled }: Given, moment: Moment): number {
  if (compiled.clause.neverOverridable || !isOverridable(record.rule)) return 0;
  const { overrides }: Bundle = binding.release.loaded.bundle;
  const policies = overrides.filter(({ reason }) => reason === record.rule);
  return Math.max(0, ...policies.map((policy) => stepUnder(policy, record, moment)));
}

function stepUnder(policy: BundleOverride, record: OverrideRecord, moment: Moment): number {
  const { grantedAt, expiresAt, approvals } = record;
  if (grantedAt === undefined || expiresAt === undefined) return 1;
  if (settleInstant(moment, grantedAt) > moment.now || moment.now >= expiresAt) return 1;
  if (expiresAt - grantedAt > policy.capMs) return 2;
  if (!areFilled(policy.roles, approvals)) return 3;
  const { operator } = moment.snapshot.test;
  if (operator === undefined) return 4;
  return areFilled(
    policy.roles,
    approvals.filter(({ by }) => by !== operator),
  )
    ? HOLDS
    : 4;
}

/** More approvals than this are no approval of anybody's: the search below must end. */
const MAX_APPROVALS = 64;

/** Each role by a different person. */
const areFilled = (roles: readonly string[], approvals: readonly Approval[]): boolean =>
  fills(roles, approvals.slice(0, MAX_APPROVALS), new Set());

function fills(roles: readonly string[], approvals: readonly Approval[], used: ReadonlySet<string>): boolean {
  const [role, ...others] = roles;
  if (role === undefined) return true;
  return approvals.some(
    (approval) =>
      sameRole(approval.role, role) &&
      !used.has(approval.by) &&
      fills(others, approvals, new Set([...used, approval.by])),
  );
}
