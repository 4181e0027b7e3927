import { Command } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import { compile, renderDiagnostics } from "../../compiler/index.ts";
import { zoneFromIntl } from "../../disk/zone-from-intl.ts";
import type { BundleTest } from "../../model/bundle.ts";
import { type BundleTestResult, type LoadedBundle, loadBundle, runBundleTests } from "../../runtime/index.ts";
import { DoesNotCompile } from "../evaluation.ts";
import { compileOptions, readContracts } from "../read-contracts.ts";

interface ContractReport {
  readonly contract: string;
  readonly tests: readonly {
    readonly name: string;
    readonly file: string;
    readonly line: number;
    readonly outcome: BundleTestResult["outcome"];
    readonly problems: BundleTestResult["problems"];
  }[];
  /** Clauses seen satisfied and seen not satisfied in some test. */
  readonly coverage: readonly ClauseCoverage[];
}

interface ClauseCoverage {
  readonly line: number;
  readonly text: string;
  readonly satisfied: boolean;
  readonly violated: boolean;
}

export function command(): Command {
  return new Command("test")
    .description("Run the tests inside contracts, and in .maint files beside them. Exit 1 when one fails.")
    .argument("[paths...]", "contract files, or folders that are searched for *.maint", ["."])
    .option("--json", "print the results as JSON")
    .addHelpText("after", "\nExample:\n  maint test contracts\n")
    .action(async (paths: string[], { json }: { readonly json?: boolean }) => {
      const reports = await testContracts(paths, json === true);
      const text = json === true ? JSON.stringify({ contracts: reports }) : linesOf(reports).join("\n");
      process.stdout.write(`${text}\n`);
      const isFine = reports.every(({ tests }) => tests.every(({ outcome }) => outcome === "passed"));
      process.exitCode = isFine ? 0 : 1;
    });
}

async function testContracts(paths: readonly string[], json: boolean): Promise<readonly ContractReport[]> {
  const sources = await readContracts(paths);
  const { contracts, testsBeside, diagnostics } = compile(sources, compileOptions);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    const textOf = (name: string) => sources.find((source) => source.name === name)?.text;
    const failure = new DoesNotCompile(paths.join(" "), renderDiagnostics("text", errors, { textOf }));
    if (!json) process.stderr.write(`${failure.findings.trimEnd()}\n`);
    throw failure;
  }
  if (contracts.length === 0) throw new MaintError("MAINT_ERR_NO_CONTRACT", `${paths.join(" ")}: no contract here`);
  const reports: ContractReport[] = [];
  for (const { id, bytes, file } of contracts) {
    const loaded = loadBundle(bytes);
    if (!loaded.ok) throw new Error(`the compiled ${id} was refused at ${loaded.error.place}: ${loaded.error.message}`);
    const own = loaded.value.bundle.tests.map((test) => ({ test, file }));
    const beside = testsBeside.filter(({ contract }) => contract === id);
    reports.push(await testContract(loaded.value, [...own, ...beside]));
  }
  return reports;
}

async function testContract(
  loaded: LoadedBundle,
  tests: readonly { readonly test: BundleTest; readonly file: string }[],
): Promise<ContractReport> {
  const results = await runBundleTests(
    loaded,
    zoneFromIntl,
    "both",
    tests.map(({ test }) => test),
  );
  return {
    contract: loaded.bundle.contract,
    tests: results.map(({ test, outcome, problems }, index) => ({
      name: test.name,
      file: tests[index]?.file ?? "",
      line: test.line,
      outcome,
      problems,
    })),
    coverage: coverageOf(loaded, results),
  };
}

function coverageOf({ bundle }: LoadedBundle, results: readonly BundleTestResult[]): readonly ClauseCoverage[] {
  const seen = results.flatMap(({ decision }) => decision?.conditions.flatMap(({ clauses }) => clauses) ?? []);
  return bundle.clauses.map(({ line, text }) => {
    const same = seen.filter((outcome) => outcome.line === line && outcome.text === text);
    return {
      line,
      text,
      satisfied: same.some(({ state }) => state === "satisfied"),
      violated: same.some(({ state }) => state !== "satisfied"),
    };
  });
}

function linesOf(reports: readonly ContractReport[]): readonly string[] {
  const lines: string[] = [];
  let failed = 0;
  let total = 0;
  for (const { contract, tests, coverage } of reports) {
    lines.push(
      `${contract}: ${tests.length === 0 ? "no tests" : `${tests.length} test${tests.length === 1 ? "" : "s"}`}`,
    );
    for (const { name, file, line, outcome, problems } of tests) {
      total += 1;
      if (outcome !== "passed") failed += 1;
      lines.push(`  ${outcome === "passed" ? "+" : "x"} ${name}`);
      for (const problem of problems) lines.push(`      ${file}:${problem.line || line}: ${problem.message}`);
    }
    const open = tests.length === 0 ? [] : coverage.filter(({ satisfied, violated }) => !(satisfied && violated));
    for (const { line, text, satisfied } of open) {
      lines.push(`  - line ${line} was never seen ${satisfied ? "violated" : "satisfied"}: ${text}`);
    }
  }
  lines.push(failed === 0 ? `${total} passed` : `${total - failed} passed, ${failed} failed`);
  return lines;
}
