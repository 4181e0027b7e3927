import { join } from "node:path";
import { Command } from "commander";
import { compile } from "../../compiler/index.ts";
import { makeFolder, writeAtomically } from "../../disk/atomic-write.ts";
import { compileOptions, readContracts } from "../read-contracts.ts";
import { refuseTwice } from "../refuse-twice.ts";
import { isBad, report } from "./check.ts";

interface BuildOptions {
  readonly out: string;
  readonly json?: boolean;
}

export function command(): Command {
  return new Command("build")
    .description("Compile contracts to bundles, ID.bundle.json each; nothing is written while one has an error.")
    .argument("<paths...>", "contract files, or folders that are searched for *.maint")
    .option("-o, --out <folder>", "where the bundles are written", ".")
    .option("--json", "print `[{contract, digest, file, path}]`")
    .addHelpText("after", "\nExample:\n  maint build contracts/penetrant -o bundles\n")
    .action(async (paths: string[], { out, json }: BuildOptions) => {
      const sources = await readContracts(paths);
      const { contracts, diagnostics } = compile(sources, compileOptions);
      if (diagnostics.length > 0) {
        const stream = json === true ? process.stdout : process.stderr;
        if (isBad(diagnostics, false) || json !== true) {
          stream.write(report(json === true ? "json" : "text", diagnostics, sources));
        }
      }
      if (isBad(diagnostics, false)) {
        process.exitCode = 1;
        return;
      }
      refuseTwice(contracts);
      makeFolder(out);
      const built = contracts.map(({ id, bytes, digest, file }) => {
        const path = join(out, `${id}.bundle.json`);
        writeAtomically(path, bytes);
        return { contract: id, digest, file, path };
      });
      if (json === true) process.stdout.write(`${JSON.stringify(built, null, 1)}\n`);
      else for (const { contract, digest, path } of built) process.stdout.write(`${contract} ${digest} ${path}\n`);
    });
}
