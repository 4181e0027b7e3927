import { Command } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import { writeAtomically } from "../../disk/atomic-write.ts";
import { DoesNotCompile } from "../evaluation.ts";
import { describeError } from "../report-error.ts";
import { serving } from "../serving.ts";
import { generateTests } from "../testing/generate-tests.ts";
import { junitXml } from "../testing/junit.ts";
import { type Demands, isFine, reportLines } from "../testing/report-lines.ts";
import { runContractTests } from "../testing/run-tests.ts";
import { watchContracts } from "../testing/watch.ts";

interface TestOptions {
  readonly filter?: string;
  readonly watch?: boolean;
  readonly junit?: string;
  readonly coverageMin?: string;
  readonly allowUntested?: boolean;
  readonly generate?: boolean;
  readonly out?: string;
  readonly check?: boolean;
  readonly zone: string;
  readonly json?: boolean;
}

export function command(): Command {
  return new Command("test")
    .description("Run the tests inside contracts, and in .maint files beside them. Exit 1 when one fails.")
    .argument("[paths...]", "contract files, or folders that are searched for *.maint", ["."])
    .option("--filter <text>", "only tests, or contracts, with this in their name")
    .option("--watch", "run again whenever a contract or a facts file changes; Ctrl-C ends")
    .option("--junit <file>", "also write the results as JUnit XML")
    .option("--coverage-min <percent>", "exit 1 where a contract's tests cover less of its clauses")
    .option("--allow-untested", "a contract without tests is no finding")
    .option("--generate", "make tests for every limit and due date: just inside, on, just outside, missing, stale")
    .option("-o, --out <file>", "with --generate: where they are written (else on standard output)")
    .option("--check", "with --generate: write nothing, exit 1 where the file is stale")
    .option("--zone <zone>", "with --generate: the plant's time zone", "America/Chicago")
    .option("--json", "print the results as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  maint test contracts\n  maint test contracts/torque --watch --filter overdue\n  maint test contracts --junit results.xml --coverage-min 100\n  maint test contracts/torque/torque-wrench.maint --generate -o boundaries.maint\n",
    )
    .action(async (paths: string[], options: TestOptions) => {
      if (options.generate === true) {
        process.exitCode = await withFindings(options.json === true, () => generate(paths, options));
        return;
      }
      if (options.out !== undefined || options.check === true) {
        throw new MaintError("MAINT_ERR_USAGE", "--out and --check belong to --generate");
      }
      const demands = demandsOf(options);
      if (options.watch === true) await watchAndRun(paths, options, demands);
      else process.exitCode = await withFindings(options.json === true, () => runOnce(paths, options, demands));
    });
}

function demandsOf({ coverageMin, allowUntested }: TestOptions): Demands {
  if (coverageMin !== undefined && !/^(\d{1,2}|100)$/.test(coverageMin)) {
    throw new MaintError("MAINT_ERR_USAGE", `--coverage-min ${coverageMin}: a whole number from 0 to 100 is asked for`);
  }
  return {
    coverageMin: coverageMin === undefined ? undefined : Number(coverageMin),
    allowUntested: allowUntested === true,
  };
}

/** Makes boundary tests, says what was left out, and answers the exit code. */
async function generate(paths: readonly string[], { out, check, zone, json }: TestOptions): Promise<number> {
  const wanted = { ...(out === undefined ? {} : { out }), ...(check === undefined ? {} : { check }), zone };
  const { tests, leftOut, failed, text, stale } = await generateTests(paths, wanted);
  if (json === true) {
    process.stdout.write(
      `${JSON.stringify({ tests, leftOut, failed, stale, ...(out === undefined ? { text } : {}) })}\n`,
    );
  } else {
    if (out === undefined) process.stdout.write(text);
    const lines = leftOut.map(({ contract, line, name, why }) => `left out: ${contract} line ${line}, ${name}: ${why}`);
    if (failed.length > 0) lines.push(...reportLines(failed, { coverageMin: undefined, allowUntested: true }));
    if (stale) lines.push(`${out}: is stale, make it again with --generate`);
    process.stderr.write([...lines, `${tests} boundary tests, ${leftOut.length} left out\n`].join("\n"));
  }
  return failed.length > 0 || stale ? 1 : 0;
}

/** Runs, prints, and answers the exit code. */
async function runOnce(paths: readonly string[], options: TestOptions, demands: Demands): Promise<number> {
  const { filter, junit, json } = options;
  const reports = await runContractTests(paths, filter === undefined ? {} : { filter });
  const text = json === true ? JSON.stringify({ contracts: reports }) : reportLines(reports, demands).join("\n");
  process.stdout.write(`${text}\n`);
  if (junit !== undefined) writeAtomically(junit, junitXml(reports));
  return isFine(reports, demands) ? 0 : 1;
}

/** Shows what keeps contracts from being compiled, before the error that says so. */
async function withFindings(json: boolean, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DoesNotCompile && !json) process.stderr.write(`${error.findings.trimEnd()}\n`);
    throw error;
  }
}

/** Ends with the exit code of the last run. */
async function watchAndRun(paths: readonly string[], options: TestOptions, demands: Demands): Promise<void> {
  const { say, untilTold } = serving(options);
  let last = 0;
  const run = async (): Promise<void> => {
    try {
      last = await withFindings(options.json === true, () => runOnce(paths, options, demands));
    } catch (error) {
      const { message, exitCode } = describeError(error);
      last = exitCode;
      process.stderr.write(`maint: ${message}\n`);
    }
    say("waiting for a change; Ctrl-C ends", { waiting: true, exitCode: last });
  };
  const watching = await watchContracts(paths, run);
  await run();
  await untilTold(async () => watching.close());
  process.exitCode = last;
}
