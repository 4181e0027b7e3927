/** Overrides. Source: decisions.md B12. */
import type { Clause, NodeOf } from "../../grammar/ast.ts";
import { approvalsOf } from "./interpreter-calibration.ts";
import { durationOf, type ReadContract, sameRole } from "./interpreter-contract.ts";
import {
  type Fields,
  instantIn,
  isAhead,
  operatorOf,
  recordsIn,
  type Situation,
  textIn,
} from "./interpreter-evidence.ts";

export interface GivenReason {
  /** `code:subject` */
  readonly code: string;
  readonly contract: ReadContract;
  readonly clause: Clause;
}

/** What stops an override, in the order it is checked; the last stops nothing. */
const ANSWERS = ["not-allowed", "not-in-force", "too-long", "signatures", "self-approved", "holds"] as const;
const HOLDS = ANSWERS.length - 1;

/** `others` are reasons no contract gave: no policy names them. */
export function overridden(given: readonly GivenReason[], others: readonly string[], asked: Situation) {
  const reasons: string[] = [...others];
  const warnings: string[] = [];
  const records = recordsIn(asked.snapshot, "overrides").filter((record) => textIn(record, "id") !== undefined);
  const meaning = (code: string): readonly Fields[] =>
    records.filter((record) => `${textIn(record, "rule")}:${textIn(record, "subject")}` === code);
  for (const code of others)
    reasons.push(...meaning(code).map((record) => `override.not-allowed:${textIn(record, "id")}`));
  for (const code of new Set(given.map((one) => one.code))) {
    const givers = given.filter((one) => one.code === code);
    // A reason is lifted where each clause that gave it lets it be.
    const answers = meaning(code).map((record) => ({
      id: textIn(record, "id"),
      answer: Math.min(...givers.map((giver) => answerOf(record, giver, asked))),
    }));
    const holding = answers.find(({ answer }) => answer === HOLDS);
    if (holding !== undefined) {
      warnings.push(`override.applied:${holding.id}`);
    } else {
      reasons.push(code, ...answers.map(({ id, answer }) => `override.${ANSWERS[answer]}:${id}`));
    }
  }
  return { reasons, warnings };
}

function answerOf(record: Fields, { contract, clause }: GivenReason, asked: Situation): number {
  const rule = textIn(record, "rule");
  if (clause.neverOverridable || rule === "equipment.locked-out") return 0;
  const policies = contract.members.filter(
    (member): member is NodeOf<"override"> => member.kind === "override" && member.reason.text === rule,
  );
  return Math.max(0, ...policies.map((policy) => answerUnder(policy, contract, record, asked)));
}

function answerUnder(policy: NodeOf<"override">, contract: ReadContract, record: Fields, asked: Situation): number {
  const [grantedAt, expiresAt] = [instantIn(record, "grantedAt"), instantIn(record, "expiresAt")];
  const isInForce =
    grantedAt !== undefined && expiresAt !== undefined && !isAhead(asked, grantedAt) && asked.now < expiresAt;
  if (!isInForce) return 1;
  const cap = durationOf(contract, policy.atMost);
  if (cap.kind === "elapsed" && expiresAt - grantedAt > cap.ms) return 2;
  const roles = policy.roles.map(({ text }) => text);
  const approvals = approvalsOf(record);
  if (!canFill(roles, approvals)) return 3;
  const operator = operatorOf(asked);
  if (operator === undefined) return 4;
  const others = approvals.filter(({ by }) => by !== operator);
  return canFill(roles, others) ? HOLDS : 4;
}

/** Each role by a different person. */
function canFill(
  roles: readonly string[],
  approvals: readonly { readonly by: string; readonly role: string }[],
): boolean {
  const [role, ...others] = roles;
  if (role === undefined) return true;
  return approvals.some(
    (one) =>
      sameRole(one.role, role) &&
      canFill(
        others,
        approvals.filter(({ by }) => by !== one.by),
      ),
  );
}
