import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { type Figure, logBars } from "./bars.ts";

/** One line of a verdict: what was asked and whether it was reached. */
export interface Target {
  readonly what: string;
  readonly reached: boolean;
  readonly measured: string;
}

/**
 * Writes `results/pN.json` and `.svg`, prints the table or the JSON, and sets exit code 1 where a target is missed. A trial, with less
 * than the targets are about, leaves the files alone.
 */
export function report(
  name: string,
  printed: string,
  figures: object,
  targets: readonly Target[],
  figure: Figure,
  isTrial = false,
): void {
  const folder = join(import.meta.dirname, "results");
  const machine = { cpu: cpus()[0]?.model.trim() ?? "unknown", cores: cpus().length, node: process.version };
  const result = { bench: name, machine, ...figures, targets };
  if (isTrial) process.stderr.write(`a trial: ${name}.json and ${name}.svg stay as they are\n`);
  else {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
    writeFileSync(join(folder, `${name}.svg`), logBars(figure));
  }
  const verdicts = targets.map(
    ({ what, reached, measured }) => `${reached ? "met   " : "MISSED"}  ${what}: ${measured}`,
  );
  process.stdout.write(
    process.argv.includes("--json") ? `${JSON.stringify(result)}\n` : `${printed}\n${verdicts.join("\n")}\n\n`,
  );
  if (targets.some(({ reached }) => !reached)) process.exitCode = 1;
}
