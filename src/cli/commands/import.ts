import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { Command, Option } from "commander";
import { assert } from "../../base/assert.ts";
import { MaintError } from "../../base/maint-error.ts";
import { check, type Diagnostic } from "../../compiler/index.ts";
import { formatSource } from "../../compiler/print.ts";
import { writeAtomically } from "../../disk/atomic-write.ts";
import { type ImportedContract, type ImportOptions, importSmartYaml } from "../../import/smart-yaml.ts";
import { MAX_YAML_LENGTH, type TransferNote } from "../../import/yaml-fields.ts";
import { compileOptions } from "../read-contracts.ts";
import { isBad, report } from "./check.ts";

interface Options {
  readonly out?: string;
  readonly each?: NonNullable<ImportOptions["each"]>;
  readonly force?: boolean;
  readonly strict?: boolean;
  readonly json?: boolean;
}

const PERIODS = ["day", "shift", "week", "month", "quarter"] as const;

export function command(): Command {
  return new Command("import")
    .description(
      "Turn a SMART contract's YAML into a contract in the one format. What a person must decide stands in it as" +
        " `// decide:` comments, and is listed with what was not taken over.",
    )
    .argument("<file>", "a SMART contract, YAML with `checklist_steps`")
    .option("-o, --out <file>", "where the contract is written; without it, standard output")
    .addOption(new Option("--each <period>", "how often the steps are due that do not say so").choices(PERIODS))
    .option("--force", "replace the file that is there")
    .option("--strict", "exit 1 while a person must decide something")
    .option("--json", "print `{file, contract, path, text, steps, clauses, notes, diagnostics}`")
    .addHelpText("after", "\nExample:\n  maint import MAIN-PEN-CHECK-001.yaml -o MAIN-PEN-CHECK-001.maint --each day\n")
    .action(importFile);
}

async function importFile(file: string, options: Options): Promise<void> {
  const { out, each, force, strict, json } = options;
  const imported = importSmartYaml(await readYaml(file), each === undefined ? {} : { each });
  if (!imported.ok) {
    const { line, column, message } = imported.error;
    throw new MaintError("MAINT_ERR_YAML", `${file}:${line}:${column}: ${message}`, {
      help: "`maint import --help` has an example; the fields that are read are in docs/import.md",
    });
  }
  const formatted = formatSource(imported.value.text);
  assert(formatted.ok, "what an import writes parses");
  const { text } = formatted;
  const name = out ?? file;
  const { diagnostics } = check([{ name, text }], compileOptions);
  if (out !== undefined) {
    if (force !== true && existsSync(out)) {
      throw new MaintError("MAINT_ERR_FILE_EXISTS", `${out}: is there already`, {
        help: "name another, or say --force",
      });
    }
    writeAtomically(out, text);
  }
  if (json === true) process.stdout.write(asJson(file, out ?? null, text, imported.value, diagnostics));
  else {
    process.stdout.write(out === undefined ? text : `${imported.value.contract} ${out}\n`);
    process.stderr.write(noteLines(file, imported.value));
    if (diagnostics.length > 0) process.stderr.write(report("text", diagnostics, [{ name, text }]));
  }
  const undecided = imported.value.notes.some(({ kind }) => kind === "decide");
  process.exitCode = isBad(diagnostics, false) || (strict === true && undecided) ? 1 : 0;
}

async function readYaml(file: string): Promise<string> {
  if ((await stat(file)).isDirectory()) {
    throw new MaintError("MAINT_ERR_YAML", `${file}: is a folder, one YAML file was expected`);
  }
  const bytes = await readFile(file);
  // A character takes at most four bytes: beyond that the text is refused anyway, and need not be decoded.
  const read = bytes.subarray(0, 4 * MAX_YAML_LENGTH + 4);
  try {
    return new TextDecoder("utf-8", { fatal: bytes.length === read.length }).decode(read);
  } catch {
    throw new MaintError("MAINT_ERR_NOT_UTF8", `${file}: is not UTF-8 text`, { help: "save it as UTF-8" });
  }
}

function asJson(
  file: string,
  path: string | null,
  text: string,
  { contract, steps, clauses, notes }: ImportedContract,
  diagnostics: readonly Diagnostic[],
): string {
  const findings: unknown = JSON.parse(report("json", diagnostics, []));
  return `${JSON.stringify({ file, contract, path, text, steps, clauses, notes, diagnostics: findings }, null, 1)}\n`;
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

/** What came over and what did not, a line each, decisions first to be seen. */
function noteLines(file: string, { steps, clauses, notes }: ImportedContract): string {
  const decide = notes.filter(({ kind }) => kind === "decide");
  const rest = notes.filter(({ kind }) => kind === "not-taken-over");
  const line = ({ line, field, message }: TransferNote): string => `  ${file}:${line} ${field}: ${message}\n`;
  return [
    `${counted(steps, "step")}, ${counted(clauses, "clause")}\n`,
    ...(decide.length === 0 ? [] : [`to decide: ${decide.length}\n`, ...decide.map(line)]),
    ...(rest.length === 0 ? [] : [`not taken over: ${rest.length}\n`, ...rest.map(line)]),
  ].join("");
}
