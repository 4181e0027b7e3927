import { MaintError } from "../../base/maint-error.ts";
import {
  type CompiledContract,
  compile,
  renderDiagnostics,
  type Source,
  type TestBeside,
} from "../../compiler/index.ts";
import { zoneFromIntl } from "../../disk/zone-from-intl.ts";
import type { BundleTest } from "../../model/bundle.ts";
import { type BundleTestResult, type LoadedBundle, loadBundle, runBundleTests } from "../../runtime/index.ts";
import { DoesNotCompile } from "../evaluation.ts";
import { compileOptions, readContracts } from "../read-contracts.ts";
import { type ClauseCoverage, coverageOf } from "./coverage.ts";

export interface TestReport {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly outcome: BundleTestResult["outcome"];
  readonly problems: BundleTestResult["problems"];
}

export interface ContractReport {
  readonly contract: string;
  readonly file: string;
  readonly tests: readonly TestReport[];
  /** Null where a filter left tests out: what the others see, nobody knows. */
  readonly coverage: readonly ClauseCoverage[] | null;
}

export interface RunOptions {
  /** Part of a test's name or a contract's id, compared without case. */
  readonly filter?: string;
}

/**
 * Compiles the contracts behind paths and runs their tests, those inside and those in files beside them.
 * @throws DoesNotCompile, or a MaintError where nothing is there to run
 */
export async function runContractTests(
  paths: readonly string[],
  { filter }: RunOptions,
): Promise<readonly ContractReport[]> {
  const { contracts, testsBeside } = compiledOf(paths, await readContracts(paths));
  const reports: ContractReport[] = [];
  for (const contract of contracts) reports.push(await testContract(contract, testsBeside, filter));
  const chosen = filter === undefined ? reports : reports.filter(({ tests }) => tests.length > 0);
  if (chosen.length > 0) return chosen;
  throw new MaintError("MAINT_ERR_NO_TEST", `no test or contract is called like ${JSON.stringify(filter)}`, {
    help: "`maint test --json` lists the names; a filter is part of a test's name or of a contract's id",
  });
}

interface Compiled {
  readonly contracts: readonly CompiledContract[];
  readonly testsBeside: readonly TestBeside[];
}

/** All contracts behind the paths, or the error that keeps them from being compiled. */
export function compiledOf(paths: readonly string[], sources: readonly Source[]): Compiled {
  const { contracts, testsBeside, diagnostics } = compile(sources, compileOptions);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    const textOf = (name: string) => sources.find((source) => source.name === name)?.text;
    throw new DoesNotCompile(paths.join(" "), renderDiagnostics("text", errors, { textOf }));
  }
  if (contracts.length === 0) throw new MaintError("MAINT_ERR_NO_CONTRACT", `${paths.join(" ")}: no contract here`);
  return { contracts, testsBeside };
}

/** Runs a contract's tests: those of its bundle, or `tests` in their place, and those of files beside it. */
export async function testContract(
  { id, bytes, file, tests }: CompiledContract & { readonly tests?: readonly BundleTest[] },
  testsBeside: readonly TestBeside[],
  filter: string | undefined,
): Promise<ContractReport> {
  const loaded = loadBundle(bytes);
  if (!loaded.ok) throw new Error(`the compiled ${id} was refused at ${loaded.error.place}: ${loaded.error.message}`);
  const own = (tests ?? loaded.value.bundle.tests).map((test) => ({ test, file }));
  const all = [...own, ...testsBeside.filter(({ contract }) => contract === id)];
  const wanted = all.filter(({ test }) => isWanted(filter, id, test));
  const results = await resultsOf(
    loaded.value,
    wanted.map(({ test }) => test),
  );
  const decisions = results.flatMap(({ decision }) => decision ?? []);
  return {
    contract: id,
    file,
    tests: results.map(({ test, outcome, problems }, index) => ({
      name: test.name,
      file: wanted[index]?.file ?? file,
      line: test.line,
      outcome,
      problems,
    })),
    coverage: wanted.length === all.length ? coverageOf(loaded.value.bundle, decisions) : null,
  };
}

const resultsOf = (loaded: LoadedBundle, tests: readonly BundleTest[]): Promise<readonly BundleTestResult[]> =>
  runBundleTests(loaded, zoneFromIntl, "both", tests);

function isWanted(filter: string | undefined, contract: string, { name }: BundleTest): boolean {
  if (filter === undefined) return true;
  const part = filter.toLowerCase();
  return name.toLowerCase().includes(part) || contract.toLowerCase().includes(part);
}
