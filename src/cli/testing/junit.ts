import type { ContractReport, TestReport } from "./run-tests.ts";

/**
 * A run as JUnit XML, the form that build servers read: a suite a contract, a case a test. No times: they would differ
 * between two runs that found the same.
 */
export function junitXml(reports: readonly ContractReport[]): string {
  const all = reports.flatMap(({ tests }) => tests);
  const suites = reports.map(
    ({ contract, file, tests }) =>
      `  <testsuite name="${escaped(contract)}" file="${escaped(file)}" ${counts(tests)}>\n${tests
        .map((one) => testCase(contract, one))
        .join("")}  </testsuite>\n`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="maint test" ${counts(all)}>\n${suites.join("")}</testsuites>\n`;
}

const counts = (tests: readonly TestReport[]): string => {
  const of = (outcome: TestReport["outcome"]): number => tests.filter((one) => one.outcome === outcome).length;
  return `tests="${tests.length}" failures="${of("failed")}" errors="0" skipped="${of("skipped")}"`;
};

function testCase(contract: string, { name, file, line, outcome, problems }: TestReport): string {
  const open = `    <testcase classname="${escaped(contract)}" name="${escaped(name)}" file="${escaped(file)}" line="${line}"`;
  if (outcome === "passed") return `${open}/>\n`;
  const messages = problems.map((problem) => `${file}:${problem.line || line}: ${problem.message}`);
  const message = escaped(problems[0]?.message ?? outcome);
  const inside =
    outcome === "skipped"
      ? `<skipped message="${message}"/>`
      : `<failure message="${message}">${escaped(messages.join("\n"))}</failure>`;
  return `${open}>\n      ${inside}\n    </testcase>\n`;
}

const ENTITIES: { readonly [sign: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\n": "&#10;",
  "\t": "&#9;",
  "\r": "&#13;",
};

/** XML 1.0 has no place for control characters, lone surrogates and the two last code points, not even as entities. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[&<>"'\n\t\r]/g, (sign) => ENTITIES[sign] ?? sign)
    .replace(/[\p{Cc}\ufffe\uffff]/gu, "\ufffd");
