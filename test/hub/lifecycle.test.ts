import { expect, test } from "vitest";
import { nextStatuses, TRANSITIONS, transition } from "../../src/hub/lifecycle.ts";
import { CONTRACT_STATUSES, type ContractStatus } from "../../src/model/lifecycle.ts";

// Written by hand from the design, on purpose not from the table: a step that is not in here must be refused.
const allowed: readonly string[] = [
  "draft validated author",
  "draft archived author",
  "validated deployed author",
  "validated archived author",
  "deployed active hub",
  "active monitoring hub",
  "deployed deprecated approver",
  "active deprecated approver",
  "monitoring deprecated approver",
  "deployed deprecated hub",
  "active deprecated hub",
  "monitoring deprecated hub",
  "deprecated archived approver",
  "deprecated archived hub",
];
const approversToo = (step: string): readonly string[] =>
  step.endsWith("author")
    ? [step, step.replace("author", "approver"), step.replace("author", "admin")]
    : step.endsWith("approver")
      ? [step, step.replace("approver", "admin")]
      : [step];
const expected = new Set(allowed.flatMap(approversToo));

test("every pair of statuses, for every role: what the design names and nothing else", () => {
  const roles = ["author", "approver", "admin", "hub", "operator", "QA", "supervisor", "auditor", "toString"];
  const seen = CONTRACT_STATUSES.flatMap((from) =>
    CONTRACT_STATUSES.flatMap((to) =>
      roles.flatMap((role) => (transition(from, to, { roles: [role] }).ok ? [`${from} ${to} ${role}`] : [])),
    ),
  );
  expect(new Set(seen)).toEqual(expected);
});

test("a refusal says what would follow, or which role is missing", () => {
  const cases: readonly (readonly [ContractStatus, ContractStatus, readonly string[], string])[] = [
    ["draft", "active", ["admin"], "draft does not become active: next is validated or archived"],
    ["archived", "draft", ["admin"], "archived does not become draft: nothing follows"],
    ["active", "deprecated", ["operator"], "active to deprecated needs the role approver or admin or hub"],
    ["active", "active", ["hub"], "active does not become active: next is monitoring or deprecated"],
    ["deployed", "active", [], "deployed to active needs the role hub"],
  ];
  for (const [from, to, roles, message] of cases)
    expect(transition(from, to, { roles })).toMatchObject({ ok: false, error: { message } });
});

test("every status but the first can be reached, and archived is the end", () => {
  const reached = new Set(TRANSITIONS.map(({ to }) => to));
  expect(CONTRACT_STATUSES.filter((status) => !reached.has(status))).toEqual(["draft"]);
  expect(CONTRACT_STATUSES.filter((status) => nextStatuses(status).length === 0)).toEqual(["archived"]);
});
