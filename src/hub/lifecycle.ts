import { fail, ok, type Result } from "../base/result.ts";
import type { ContractStatus } from "../model/lifecycle.ts";

/** `hub`: what the hub does alone, on what its nodes report. The others are roles of people. */
export type LifecycleRole = "author" | "approver" | "admin" | "hub";

export interface Transition {
  readonly from: ContractStatus;
  readonly to: ContractStatus;
  readonly by: readonly LifecycleRole[];
  /** What it means, for the refusal's sentence and the documentation. */
  readonly meaning: string;
}

const people = ["author", "approver", "admin"] as const;
const releasers = ["approver", "admin"] as const;

/** Every step there is. What is not here does not happen. Source: distribution.md "Who may do what". */
export const TRANSITIONS: readonly Transition[] = [
  { from: "draft", to: "validated", by: people, meaning: "its checks and its own tests passed" },
  { from: "draft", to: "archived", by: people, meaning: "rejected" },
  { from: "validated", to: "deployed", by: people, meaning: "stored, signed and pushed; waiting for nodes" },
  { from: "validated", to: "archived", by: people, meaning: "rejected" },
  { from: "deployed", to: "active", by: ["hub"], meaning: "every reachable node activated it" },
  { from: "active", to: "monitoring", by: ["hub"], meaning: "the soak is over, alerts are tracked" },
  // A newer version that is active deprecates the older one by itself.
  { from: "deployed", to: "deprecated", by: [...releasers, "hub"], meaning: "withdrawn with a reason" },
  { from: "active", to: "deprecated", by: [...releasers, "hub"], meaning: "withdrawn with a reason" },
  { from: "monitoring", to: "deprecated", by: [...releasers, "hub"], meaning: "withdrawn with a reason" },
  { from: "deprecated", to: "archived", by: [...releasers, "hub"], meaning: "no node and no running test uses it" },
];

export interface TransitionRefusal {
  readonly code: "no-such-transition" | "role-missing";
  readonly message: string;
}

/** Whether a release may go from one status to another, done by somebody with these roles. */
export function transition(
  from: ContractStatus,
  to: ContractStatus,
  actor: { readonly roles: readonly string[] },
): Result<Transition, TransitionRefusal> {
  const found = TRANSITIONS.find((one) => one.from === from && one.to === to);
  if (found === undefined) {
    const next = nextStatuses(from);
    const choice = next.length === 0 ? "nothing follows" : `next is ${next.join(" or ")}`;
    return fail({ code: "no-such-transition", message: `${from} does not become ${to}: ${choice}` });
  }
  if (found.by.some((role) => actor.roles.includes(role))) return ok(found);
  return fail({ code: "role-missing", message: `${from} to ${to} needs the role ${found.by.join(" or ")}` });
}

/** What can follow a status. */
export const nextStatuses = (from: ContractStatus): readonly ContractStatus[] =>
  TRANSITIONS.filter((one) => one.from === from).map(({ to }) => to);
