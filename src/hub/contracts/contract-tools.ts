import { compile } from "../../compiler/index.ts";
import { formatSource } from "../../compiler/print.ts";
import { zoneFromIntl } from "../../disk/zone-from-intl.ts";
import type { Bundle } from "../../model/bundle.ts";
import { loadCompiledBundle, runBundleTests } from "../../runtime/index.ts";
import type { ProposalTools } from "../proposals/proposal-ports.ts";
import type { ContractTools, Problem, TestOutcome } from "./validate-contract.ts";

/** The compiler and the runtime as the hub uses them: the very ones that authors and nodes run. */
export const contractTools: ContractTools = {
  compile: (text) => compiled(text),
  runTests: (bundle) => testOutcomes(bundle),
};

/** The same for proposals, which edit text. */
export const textTools: ProposalTools = {
  compile: (text) => {
    const { contracts, problems } = compiled(text);
    return { bundles: contracts.map(({ bundle }) => bundle), problems };
  },
  format: (text) => {
    const formatted = formatSource(text);
    return formatted.ok ? formatted.text : undefined;
  },
  runTests: (bundle) => testOutcomes(bundle),
};

function compiled(text: string) {
  const { contracts, diagnostics } = compile([{ name: "contract.maint", text }]);
  const problems = diagnostics.map(
    ({ code, severity, place, message }): Problem => ({ code, severity, line: place.line, message }),
  );
  return { contracts, problems };
}

async function testOutcomes(bundle: Bundle): Promise<readonly TestOutcome[]> {
  const loaded = loadCompiledBundle(bundle);
  if (!loaded.ok) return [{ name: "the gate takes the bundle", passed: false, failures: [loaded.error.message] }];
  const results = await runBundleTests(loaded.value, zoneFromIntl);
  return results.map(({ test, outcome, problems }) => ({
    name: test.name,
    passed: outcome === "passed",
    failures:
      outcome === "skipped"
        ? [`the time zone ${test.plantZone} is unknown`]
        : problems.map(({ line, message }) => `line ${line}: ${message}`),
  }));
}
