import { Command } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import { type Change, type CompiledContract, compile, renderDiagnostics } from "../../compiler/index.ts";
import { zoneFromIntl } from "../../disk/zone-from-intl.ts";
import { openPlantCalendar, type PlantCalendar } from "../../model/plant-calendar.ts";
import { type ComparedContract, compareVersions, type Verdict } from "../compared.ts";
import { DoesNotCompile } from "../evaluation.ts";
import { compileOptions, readContracts } from "../read-contracts.ts";

interface DiffOptions {
  readonly json?: boolean;
  readonly zone: string;
}

export function command(): Command {
  return new Command("diff")
    .description(
      "Say what a newer version of contracts changes and in which direction. Exit 0 never looser (proved) or equal, 1 looser or undecided.",
    )
    .argument("<old>", "a contract file, or a folder of them")
    .argument("<new>", "the newer version")
    .option("--json", "print the comparison as JSON")
    .option("--zone <zone>", "the plant's time zone, for the counterexample", "UTC")
    .addHelpText("after", "\nExample:\n  maint diff v1.0/UV-DAILY.maint v1.1/UV-DAILY.maint\n")
    .action(async (older: string, newer: string, { json, zone }: DiffOptions) => {
      const calendar = calendarOf(zone);
      const quiet = json === true;
      const contracts = await compareVersions(
        await compiledFrom(older, quiet),
        await compiledFrom(newer, quiet),
        calendar,
      );
      process.stdout.write(quiet ? `${JSON.stringify({ contracts })}\n` : `${linesOf(contracts).join("\n")}\n`);
      process.exitCode = contracts.some(({ verdict }) => verdict === "looser" || verdict === "undecided") ? 1 : 0;
    });
}

function calendarOf(zone: string): PlantCalendar {
  const transitions = zoneFromIntl(zone);
  if (transitions !== undefined) return openPlantCalendar(transitions);
  throw new MaintError("MAINT_ERR_UNKNOWN_ZONE", `no such time zone: ${JSON.stringify(zone)}`, {
    help: 'use a name such as "America/Chicago"',
  });
}

/** Warnings are for `maint check`; what does not compile cannot be compared. */
async function compiledFrom(path: string, quiet: boolean): Promise<readonly CompiledContract[]> {
  const sources = await readContracts([path]);
  const { contracts, diagnostics } = compile(sources, compileOptions);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    const textOf = (file: string) => sources.find(({ name }) => name === file)?.text;
    const findings = renderDiagnostics("text", errors, { textOf });
    if (!quiet) process.stderr.write(`${findings.trimEnd()}\n`);
    throw new DoesNotCompile(path, findings);
  }
  if (contracts.length === 0) throw new MaintError("MAINT_ERR_NO_CONTRACT", `${path}: holds no contract`);
  return contracts;
}

const verdictWords: { readonly [V in Verdict]: string } = {
  equal: "nothing changed",
  "never-looser": "never looser: whatever the new version allows the old one allows too (proved)",
  looser: "looser: the new version does not block what the old one blocks",
  undecided: "undecided: neither proved never looser, nor was a counterexample found",
};

function linesOf(contracts: readonly ComparedContract[]): readonly string[] {
  return contracts.flatMap(({ contract, verdict, changes, counterexample }) => [
    `${contract}: ${verdictWords[verdict]}`,
    ...changes.flatMap(changeLines),
    ...(counterexample === null
      ? []
      : [
          `  counterexample at ${counterexample.at}, blocked before by ${counterexample.blockedBy.join(", ")}${
            counterexample.line === null ? "" : ` (old line ${counterexample.line})`
          }:`,
          ...JSON.stringify(counterexample.facts, null, 2)
            .split("\n")
            .map((line) => `    ${line}`),
        ]),
  ]);
}

function changeLines({ direction, condition, kind, subject, line, was, now, words }: Change): readonly string[] {
  const place = [line.old, line.new].map((one) => (one === null ? "–" : String(one))).join(" → ");
  const where = line.old === null && line.new === null ? "" : `  line ${place}`;
  const clause = condition === null ? [] : [was === null ? null : `- ${was}`, now === null ? null : `+ ${now}`];
  return [
    `  ${direction.padEnd(7)}  ${condition === null ? "" : `${condition}: `}${kind} ${subject}${where}`,
    `           ${words}`,
    ...clause.flatMap((text) => (text === null ? [] : [`           ${text}`])),
  ];
}
