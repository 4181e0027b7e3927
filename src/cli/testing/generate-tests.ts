import { readFile } from "node:fs/promises";
import { MaintError } from "../../base/maint-error.ts";
import { boundaryTests, type LeftOut } from "../../compiler/index.ts";
import { writeAtomically } from "../../disk/atomic-write.ts";
import { readContracts } from "../read-contracts.ts";
import { type ContractReport, compiledOf, testContract } from "./run-tests.ts";

export interface GenerateOptions {
  readonly out?: string;
  readonly check?: boolean;
  readonly zone: string;
}

export interface Generated {
  readonly tests: number;
  readonly leftOut: readonly LeftOut[];
  /** Tests that the gate does not decide as the rules say: a mistake of the gate or of the generator. */
  readonly failed: readonly ContractReport[];
  readonly text: string;
  /** With `check`: whether the file holds what would be written. */
  readonly stale: boolean;
}

/**
 * Makes the boundary tests of the contracts behind paths and runs them. Writes them where `out` says, unless one fails.
 * @throws MaintError where the contracts do not compile, or `check` names no file
 */
export async function generateTests(
  paths: readonly string[],
  { out, check, zone }: GenerateOptions,
): Promise<Generated> {
  if (check === true && out === undefined) {
    throw new MaintError("MAINT_ERR_USAGE", "--check needs --out: the file that is looked at");
  }
  const sources = (await readContracts(paths)).filter(({ name }) => name !== out);
  const { contracts } = compiledOf(paths, sources);
  const { text, tests, leftOut } = boundaryTests(contracts, { zone });
  const beside = { name: out ?? "boundary tests", text };
  const { contracts: again, testsBeside } = compiledOf(paths, [...sources, beside]);
  const reports: ContractReport[] = [];
  for (const contract of again) {
    const own = testsBeside.filter(({ file }) => file === beside.name);
    reports.push(await testContract({ ...contract, tests: [] }, own, undefined));
  }
  const failed = reports.filter((report) => report.tests.some(({ outcome }) => outcome !== "passed"));
  const before = check === true && out !== undefined ? await readFile(out, "utf8") : text;
  if (out !== undefined && check !== true && failed.length === 0) writeAtomically(out, text);
  return { tests, leftOut, failed, text, stale: before !== text };
}
