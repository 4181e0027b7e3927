import { expect, test } from "vitest";
import { parse, type SyntaxFix } from "../../grammar/parser.ts";

const inClause = (line: string): string =>
  `contract C "x" {\n  for every station\n\n  before every test {\n    one:\n      ${line}\n    two:\n      the lamp must be in service\n  }\n}\n`;
const inContract = (line: string): string => `contract C "x" {\n  ${line}\n}\n`;
const inTest = (line: string): string => `test "x" of C {\n  ${line}\n  expect allowed\n}\n`;

/** What an author writes, and what the fix makes of it. */
const clauses: readonly (readonly [wrong: string, right: string])[] = [
  ["each day, q must be >= 5 psi", "each day, q must be at least 5 psi"],
  ["each day, q must ≤ 5 psi", "each day, q must be at most 5 psi"],
  ["each day, q > 5 psi", "each day, q must be more than 5 psi"],
  ["each day, q must be min 5 psi", "each day, q must be at least 5 psi"],
  ["each day, q must be a maximum of 5 psi", "each day, q must be at most 5 psi"],
  ["each day, q must be greater than or equal to 5 psi", "each day, q must be at least 5 psi"],
  ["each day, q must be less than or equal to 5 psi", "each day, q must be at most 5 psi"],
  ["each day, q must be no more than 5 psi", "each day, q must be at most 5 psi"],
  ["each day, q must not exceed 5 psi", "each day, q must be at most 5 psi"],
  ["each day, q must not be less than 5 psi", "each day, q must be at least 5 psi"],
  ["each day, q must be between 5 to 10 psi", "each day, q must be between 5 and 10 psi"],
  ["each day, q must be more 5 psi", "each day, q must be more than 5 psi"],
  ["each day, q must be at least 1,000 psi", "each day, q must be at least 1000 psi"],
  ["each day, q must be at least 1 000 psi", "each day, q must be at least 1000 psi"],
  ["each day, q must be at least .5 psi", "each day, q must be at least 0.5 psi"],
  ["each day, q must be at least +5 psi", "each day, q must be at least 5 psi"],
  ["each day, q must be at least 5\n        psi", "each day, q must be at least 5 psi"],
  ["each day, q must be at least 5 psi guarded by 1 psi", "each day, q must be at least 5 psi, guarded by 1 psi"],
  ["each day, q must be at least 5 psi, guard band 1 psi", "each day, q must be at least 5 psi, guarded by 1 psi"],
  ["each day: q must be at least 5 psi", "each day, q must be at least 5 psi"],
  ["each day q must be at least 5 psi", "each day, q must be at least 5 psi"],
  ["daily, q must be at least 5 psi", "each day, q must be at least 5 psi"],
  ["each 8 hours, q must be at least 5 psi", "every 8 hours, q must be at least 5 psi"],
  ["once a week, q must be at least 5 psi", "each week, q must be at least 5 psi"],
  ["each day, q read by the m must be at least 5 psi", "each day, q read with the m must be at least 5 psi"],
  ["the lamp shall be in service", "the lamp must be in service"],
  ["the lamp is in service", "the lamp must be in service"],
  ["the lamp has to be in service", "the lamp must be in service"],
  ["the lamp must in service", "the lamp must be in service"],
  ["the lamp MUST be in service", "the lamp must be in service"],
  ["the lamp must be in-service", "the lamp must be in service"],
  ["the lamp must be in service;", "the lamp must be in service"],
  ["the lamp must be in service, not overridable", "the lamp must be in service, never overridable"],
  ['the lamp must be in service, because "x"', 'the lamp must be in service because "x"'],
  ["the light lamp must be in service", "the light-lamp must be in service"],
  ["the lamp must be caliberated every 12 months", "the lamp must be calibrated every 12 months"],
  ["the lamp must be calibrated 12 months", "the lamp must be calibrated every 12 months"],
  ["the lamp must be calibrated yearly", "the lamp must be calibrated every year"],
  ["the lamp must be calibrated every 12 month(s)", "the lamp must be calibrated every 12 months"],
  ["the lamp must be calibrated every 1 month(s)", "the lamp must be calibrated every 1 month"],
  [
    "the lamp must be calibrated every 1 year or 5000 cycles",
    "the lamp must be calibrated every 1 year or 5000 cycles, whichever comes first",
  ],
  [
    "the lamp must be calibrated every year, warn 30 days",
    "the lamp must be calibrated every year, warn 30 days before",
  ],
  ["the lamp must be on for at least 5 minutes", "the lamp must have been on for at least 5 minutes"],
  ["the lamp must have been on for 5 minutes", "the lamp must have been on for at least 5 minutes"],
  ["the lamp must be within shelf life", "the lamp must be within its shelf life"],
  ["the lamp must not have been dropped", "the lamp must not have been dropped since its calibration"],
  ['each week, the lamp must be checked "a"', 'each week, the lamp must be checked: "a"'],
  ['each week, the lamp must be checked: "a" "b"', 'each week, the lamp must be checked: "a", "b"'],
  ['each week, the lamp must be checked: "a" and "b"', 'each week, the lamp must be checked: "a", "b"'],
  ["each shift, the operator must confirm “x”", 'each shift, the operator must acknowledge "x"'],
  ["each shift, the operator must acknowledge 'x'", 'each shift, the operator must acknowledge "x"'],
  ['each shift, 2 people must acknowledge "x"', 'each shift, two people must acknowledge "x"'],
  ["for order PO-1, the lamp must be in service", 'for order "PO-1", the lamp must be in service'],
  ["if the lamp is new, the lamp must be in service", "when the lamp is new, the lamp must be in service"],
];
const members: readonly (readonly [wrong: string, right: string])[] = [
  ["for all stations", "for every station"],
  ["for evry station", "for every station"],
  ["for penetrant stations", "for every penetrant station"],
  ['lamp is a uv-a-lamp by default "x"', 'lamp is a uv-a-lamp, by default "x"'],
  ["lamp = uv-a-lamp", "lamp is uv-a-lamp"],
  ["Lamp is a uv-a-lamp", "lamp is a uv-a-lamp"],
  ["q measured in psi", "q is measured in psi"],
  ["q is in psi", "q is measured in psi"],
  ["q is measured in psi, plausible between 0 and 9", "q is measured in psi, plausible from 0 to 9"],
  ["when blocked: tell supervisor", "when blocked, tell supervisor"],
  ["if blocked, notify supervisor", "when blocked, tell supervisor"],
  ["QA can override calibration.overdue for 8 hours", "QA may override calibration.overdue for at most 8 hours"],
  ["before tests {\n  }", "before every test {\n  }"],
  ["before every test:\n  }", "before every test {\n  }"],
];
const statements: readonly (readonly [wrong: string, right: string])[] = [
  ["at 2026-11-24 09:00 America/Chicago", "at 2026-11-24 09:00 in America/Chicago"],
  ["operator = STF", 'operator is "STF"'],
  ["lamp is on for 5 minutes", "lamp has been on for 5 minutes"],
  ["q is 5 psi at 06:20", "q reads 5 psi at 06:20"],
  ["q reads 5 psi 06:20", "q reads 5 psi at 06:20"],
  ["m was calibrated 2025-11-23 with pass", "m was calibrated on 2025-11-23 with result pass"],
  ["expect blocked by one and two", "expect blocked by one, two"],
];

const applied = (text: string, { span, text: instead }: SyntaxFix): string =>
  text.slice(0, span.start) + instead + text.slice(span.end);

/** Applies the first fix until none is left; a line may hold two slips. */
function fixed(text: string): string {
  let now = text;
  for (let round = 0; round < 4; round += 1) {
    const fix = parse(now).diagnostics[0]?.fix;
    if (fix === undefined) break;
    now = applied(now, fix);
  }
  return now;
}

const all = [
  ...clauses.map(([wrong, right]) => [wrong, inClause(wrong), inClause(right)] as const),
  ...members.map(([wrong, right]) => [wrong, inContract(wrong), inContract(right)] as const),
  ...statements.map(([wrong, right]) => [wrong, inTest(wrong), inTest(right)] as const),
];

test.each(all)("%s", (_, wrong, right) => {
  expect(parse(wrong).diagnostics.length).toBe(1);
  const [expected, found] = [right, fixed(wrong)].map((text) => text.replace(/ +\{/g, " {"));
  expect(found).toBe(expected);
  expect(parse(right).diagnostics).toEqual([]);
});
