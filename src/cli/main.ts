import { runCommandLine } from "./program.ts";

/** Entry of `bin/maint.js`. `args` are the words behind `maint`. Sets process.exitCode, never throws. */
export async function main(args: readonly string[]): Promise<void> {
  process.exitCode = await runCommandLine(args);
}
