import { join } from "node:path";
import { Command } from "commander";
import { MaintError } from "../../base/maint-error.ts";
import { compile } from "../../compiler/index.ts";
import { makeFolder, writeAtomically } from "../../disk/atomic-write.ts";
import { exportSmartYaml } from "../../import/to-smart-yaml.ts";
import { compileOptions, readContracts } from "../read-contracts.ts";
import { refuseTwice } from "../refuse-twice.ts";
import { isBad, report } from "./check.ts";

interface ExportOptions {
  readonly yaml?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

export function command(): Command {
  return new Command("export")
    .description("Write contracts as SMART YAML with `checklist_steps`; what it cannot hold is listed.")
    .argument("[paths...]", "contract files, or folders that are searched for *.maint", ["."])
    .option("--yaml", "as SMART YAML, the one form there is")
    .option("-o, --out <folder>", "write ID.yaml each; without it, standard output")
    .option("--json", "print `[{contract, file, path, yaml, steps, notes}]`")
    .addHelpText("after", "\nExample:\n  maint export --yaml contracts/penetrant -o checklists\n")
    .action(exportContracts);
}

async function exportContracts(paths: string[], { yaml, out, json }: ExportOptions): Promise<void> {
  if (yaml !== true) {
    throw new MaintError("MAINT_ERR_USAGE", "say what to export as", { help: "maint export --yaml contracts" });
  }
  const sources = await readContracts(paths);
  const { contracts, diagnostics } = compile(sources, compileOptions);
  if (isBad(diagnostics, false)) {
    const stream = json === true ? process.stdout : process.stderr;
    stream.write(report(json === true ? "json" : "text", diagnostics, sources));
    process.exitCode = 1;
    return;
  }
  if (contracts.length === 0) {
    throw new MaintError("MAINT_ERR_NO_CONTRACT", `${paths.join(", ")}: no contract there, only templates or tests`);
  }
  refuseTwice(contracts);
  if (out !== undefined) makeFolder(out);
  const written = contracts.map(({ bundle, file }) => {
    const exported = exportSmartYaml(bundle);
    const path = out === undefined ? null : join(out, `${exported.contract}.yaml`);
    if (path !== null) writeAtomically(path, exported.yaml);
    return { ...exported, file, path };
  });
  if (json === true) {
    const rows = written.map(({ contract, file, path, yaml: text, steps, notes }) => ({
      ...{ contract, file, path, yaml: text, steps, notes },
    }));
    process.stdout.write(`${JSON.stringify(rows, null, 1)}\n`);
    return;
  }
  const texts = written.map(({ contract, path, yaml: text }) => (path === null ? text : `${contract} ${path}\n`));
  process.stdout.write(texts.join(out === undefined ? "---\n" : ""));
  for (const { file, notes } of written) {
    for (const { line, field, message } of notes) process.stderr.write(`${file}:${line} ${field}: ${message}\n`);
  }
}
